"""Recipes on a quiet street: somebody stops, walks, or loses something on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.making.film import FPS, re_timed, stretch, write
from benchmarks.making.layers import Cutout, at_place, blobs, cropped, pasted, plate, with_thing
from detectors.picture import Image

STREET: Final = "counting/suburb_ahmetozlu.mp4"
WALKERS: Final = "tracking/PETS09-S2L1.avi"
WALKERS_FPS: Final = 10
BAG: Final = "events/abandoned_aboda_v4.avi"
LANE: Final = [[0.335, 0.5], [0.55, 0.5], [1, 0.88], [1, 0.98], [0.5, 0.98]]
QUIET_S, COMES_S, STOPS_S, GONE_S = 22.0, 28.0, 29.6, 31.0  # of the street: nobody near, a car, here it is whole
NOISE: Final = 1.5  # grey levels: what is repeated must not be stiller than a sensor


def stopped_vehicle(data: Path, folder: Path) -> Path:
    """One car stands for 18 s in its lane while the street behind goes on, and drives on."""
    street = data / STREET
    comes, leaves = stretch(street, STOPS_S - 7.6, STOPS_S), stretch(street, STOPS_S, GONE_S)
    car = _car(data, leaves[0])
    standing = [with_thing(image, car) for image in _quiet(street, 18)]
    before = stretch(street, QUIET_S - 6, STOPS_S - 7.6)
    start_s = (len(before) + len(comes)) / FPS
    rules = [{"kind": "stopped_vehicle", "name": "stop", "zone": "lane", "after_s": 8}]
    events = [_event("stopped_vehicle", start_s, start_s + 18)]
    return write(
        folder, "made_stopped_vehicle_street", [*before, *comes, *_noisy(standing), *leaves], _camera(rules), events,
        "A car that drives through is held in its lane for 18 s while the street around it goes on; then it drives on.",
    )  # fmt: skip


def pedestrian_on_road(data: Path, folder: Path) -> Path:
    """A person from another clip walks along the lane of the quiet street."""
    walk = _walker(data)
    quiet = _quiet(data / STREET, 10 + len(walk) / FPS + 6)
    first = 10 * FPS
    images = list(quiet)
    for i, person in enumerate(walk):
        share = i / len(walk)
        foot = (0.78 - 0.34 * share, 0.84 - 0.22 * share)
        images[first + i] = pasted(images[first + i], person, foot, 0.30 - 0.10 * share)
    rules = [{"kind": "pedestrian_on_road", "name": "walker", "zone": "lane", "after_s": 2}]
    events = [_event("pedestrian_on_road", 10.0, 10.0 + len(walk) / FPS)]
    return write(
        folder, "made_pedestrian_on_road_street", _noisy(images), _camera(rules), events,
        "A person cut out of PETS 2009 by the difference to its empty yard walks along the lane.",
    )  # fmt: skip


def obstacle(data: Path, folder: Path) -> Path:
    """A bag lies on the lane after a car has passed over the place."""
    street = data / STREET
    passes = stretch(street, QUIET_S - 6, STOPS_S + 0.2)
    leaves, empty = stretch(street, STOPS_S + 0.2, GONE_S), plate(stretch(street, QUIET_S - 6, GONE_S))
    bag, foot = _bag(data), (0.62, 0.78)
    under = [_under_car(image, empty, bag, foot) for image in leaves]
    lies = [pasted(image, bag, foot, 0.09) for image in _quiet(street, 22)]
    start_s = (len(passes) + 5) / FPS
    rules = [{"kind": "obstacle", "name": "thing", "zone": "lane", "after_s": 8}]
    events = [_event("obstacle", start_s, start_s + 22)]
    return write(
        folder, "made_obstacle_street", [*passes, *under, *_noisy(lies)], _camera(rules), events,
        "A bag cut out of another clip lies on the lane from the moment a car passes over the place.",
    )  # fmt: skip


def removed_object(data: Path, folder: Path) -> Path:
    """A bag that has long lain on the lane is gone after a car has passed over the place."""
    street = data / STREET
    passes, leaves = stretch(street, STOPS_S - 3, STOPS_S + 0.2), stretch(street, STOPS_S + 0.2, GONE_S)
    bag, foot, empty = _bag(data), (0.62, 0.78), plate(stretch(street, QUIET_S - 6, GONE_S))
    lies = [pasted(image, bag, foot, 0.09) for image in _quiet(street, 45)]
    over = [_under_car(image, empty, bag, foot) for image in passes]
    start_s = (len(lies) + len(over)) / FPS
    rules = [{"kind": "removed_object", "name": "gone", "zone": "lane", "after_s": 8}]
    images = [*_noisy(lies), *over, *leaves, *_noisy(_quiet(street, 24))]
    return write(
        folder, "made_removed_object_street", images, _camera(rules), [_event("removed_object", start_s, start_s + 20)],
        "A bag cut out of another clip has lain on the lane for 45 s; a car passes over the place, and it is gone.",
    )  # fmt: skip


def as_filmed(data: Path, folder: Path) -> Path:
    """The street as it is: cars pass, nothing happens."""
    rules = [
        {"kind": "stopped_vehicle", "name": "stop", "zone": "lane", "after_s": 8},
        {"kind": "wrong_way", "name": "one-way", "zone": "lane", "allowed_deg": 126, "tolerance_deg": 60},
        {"kind": "pedestrian_on_road", "name": "walker", "zone": "lane", "after_s": 2},
        {"kind": "obstacle", "name": "thing", "zone": "lane", "after_s": 8},
        {"kind": "congestion", "name": "jam", "zone": "lane", "for_s": 10, "at_least": 4},
    ]
    images = stretch(data / STREET, 0, 30)
    return write(folder, "made_nothing_street", images, _camera(rules), [], "As filmed: for false alarms.")


def _camera(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"zones": {"lane": LANE}, "rules": rules}


def _event(kind: str, start_s: float, end_s: float) -> dict[str, Any]:
    return {"kind": kind, "start_s": round(start_s, 2), "end_s": round(end_s, 2), "zone": "lane"}


def _quiet(street: Path, seconds: float) -> list[Image]:
    """Return the street without traffic in the lane, played to and fro for as long as is asked."""
    once = stretch(street, QUIET_S, COMES_S)
    there_and_back = [*once, *re_timed(once, -1.0)]
    return [there_and_back[i % len(there_and_back)] for i in range(round(seconds * FPS))]


def _car(data: Path, image: Image) -> Cutout:
    empty = plate(_quiet(data / STREET, 6))
    car = at_place(image, empty, (0.54, 0.57))
    if car is None:
        raise ValueError(f"{STREET}: no car stands out where one should be")
    return car


def _under_car(image: Image, empty: Image, bag: Cutout, foot: tuple[float, float]) -> Image:
    lying = pasted(image, bag, foot, 0.09)
    things = blobs(image, empty, smallest=2000)
    if not things:
        return lying
    box, mask = things[0]
    return with_thing(lying, Cutout(image, mask.astype(np.float32), box))


def _walker(data: Path) -> list[Cutout]:
    """Return one person of the yard, picture by picture, where nobody else is near."""
    truth = np.loadtxt(data / "tracking/PETS09-S2L1/gt/gt.txt", delimiter=",")
    path = truth[(truth[:, 1] == 2) & (truth[:, 0] >= 506) & (truth[:, 0] < 620)]
    begin_s = (path[0, 0] - 1) / WALKERS_FPS
    yard = stretch(data / WALKERS, 0, 79)[:: FPS * 2]
    empty = plate(yard)
    height, width = empty.shape[:2]
    found: list[Cutout] = []
    for i, image in enumerate(stretch(data / WALKERS, begin_s, begin_s + len(path) / WALKERS_FPS)):
        x, y, w, h = path[min(int(i * WALKERS_FPS / FPS), len(path) - 1), 2:6]
        person = at_place(image, empty, ((x + w / 2) / width, (y + h / 2) / height), reach=0.04)
        box = (max(int(x - w / 4), 0), max(int(y - h / 10), 0), int(x + 1.25 * w), int(y + 1.1 * h))
        found.append(found[-1] if person is None else cropped(person, box))
    return found


def _bag(data: Path) -> Cutout:
    before, after = stretch(data / BAG, 10, 10.2)[0], stretch(data / BAG, 26, 26.2)[0]
    bag = at_place(after, before, (0.66, 0.81), reach=0.08)
    if bag is None:
        raise ValueError(f"{BAG}: no bag stands out where one was put")
    return bag


def _noisy(images: list[Image]) -> list[Image]:
    rng = np.random.default_rng(7)
    return [np.clip(i + rng.normal(0, NOISE, i.shape), 0, 255).astype(np.uint8) for i in images]
