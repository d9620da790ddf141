"""The camera itself: what is tampering, and what is only weather, traffic and nightfall."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from edge.rules.base import Finding
from edge.rules.light import Lights
from edge.rules.turned import Creep
from edge.rules.view import features
from rtsp.picture import VideoPicture
from tests.edge.rules.scenes import picture_looks, rule, starts, tell

Gray = np.ndarray[Any, np.dtype[np.uint8]]
WIDTH, HEIGHT = 480, 270


def street(shift: int = 0) -> Gray:
    """Return a scene full of edges, seen `shift` pixels further right."""
    rng = np.random.default_rng(7)
    scene = np.full((HEIGHT, WIDTH * 2), 110, np.uint8)
    for _ in range(160):
        x, y = int(rng.integers(0, WIDTH * 2)), int(rng.integers(0, HEIGHT))
        w, h, value = int(rng.integers(12, 60)), int(rng.integers(10, 50)), int(rng.integers(30, 220))
        cv2.rectangle(scene, (x, y), (x + w, y + h), value, -1)
    return scene[:, shift : shift + WIDTH].copy()


def film(
    change: Callable[[float, Gray], Gray], until_s: float = 40.0, *, noise: float = 3.0
) -> Iterator[tuple[float, Gray]]:
    """Yield (time, picture) twice a second: the street as `change` shows it, with sensor noise where it is alive."""
    rng, base = np.random.default_rng(1), street()
    for i in range(int(until_s * 2)):
        living = base + rng.normal(0, noise, base.shape)
        yield i / 2, change(i / 2, np.asarray(living.clip(0, 255), np.uint8))


def kinds(change: Callable[[float, Gray], Gray], until_s: float = 40.0) -> list[tuple[str, float]]:
    findings = starts(tell(rule("tamper"), picture_looks(film(change, until_s))))
    return [(f.kind, f.time_s) for f in findings]


def from_20s(other: Callable[[Gray], Gray]) -> Callable[[float, Gray], Gray]:
    return lambda t, gray: other(gray) if t >= 20 else gray


def dimmed(gray: Gray) -> Gray:
    return np.asarray(16 + gray * 0.03, np.uint8)


def cloth(gray: Gray) -> Gray:
    return np.asarray(np.full_like(gray, 90) + np.linspace(0, 12, WIDTH)[None], np.uint8)


def blurred(gray: Gray) -> Gray:
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), 3.0), np.uint8)


def turned(gray: Gray) -> Gray:
    return np.asarray(
        (street(110) + np.random.default_rng(int(gray.sum()) % 997).normal(0, 3, gray.shape)).clip(0, 255), np.uint8
    )


@pytest.mark.parametrize(
    ("other", "kind", "within_s"),
    [(dimmed, "dark", 5), (cloth, "covered", 5), (blurred, "defocused", 5), (turned, "moved", 8)],
)
def test_what_happens_to_a_camera_is_called_by_its_name_once(
    other: Callable[[Gray], Gray], kind: str, within_s: float
) -> None:
    told = kinds(from_20s(other))

    assert [k for k, _ in told] == [kind]
    assert 20 < told[0][1] <= 20 + within_s


def test_a_picture_without_any_change_is_frozen_and_lives_again() -> None:
    still = next(film(lambda t, gray: gray))[1]

    findings = tell(rule("tamper"), picture_looks(film(lambda t, gray: still if 15 <= t < 30 else gray)))

    assert [(f.kind, f.phase) for f in findings] == [("frozen", "start"), ("frozen", "end")]
    assert findings[0].time_s <= 23


def test_a_camera_that_never_changes_by_itself_is_not_called_frozen() -> None:
    still = street()

    assert kinds(lambda t, gray: still) == []


def test_nightfall_over_minutes_and_a_switch_to_infrared_are_nothing() -> None:
    def dusk(t: float, gray: Gray) -> Gray:
        dim = gray * np.interp(t, [10, 90], [1.0, 0.35])
        infrared = 60 + 0.8 * (255 - gray) * 0.5 + 0.2 * gray
        return np.asarray(infrared if t > 100 else dim, np.float64).clip(0, 255).astype(np.uint8)

    assert kinds(dusk, 130) == []


def test_a_lorry_that_passes_in_front_of_the_lens_is_nothing() -> None:
    def lorry(t: float, gray: Gray) -> Gray:
        front = int((t - 20) * 400)
        shown = gray.copy()
        shown[30:, max(0, front - 420) : max(0, front)] = 160
        return shown

    assert kinds(lorry) == []


def test_people_and_cars_that_come_and_go_are_nothing() -> None:
    def busy(t: float, gray: Gray) -> Gray:
        shown = gray.copy()
        for i in range(4):
            x, y = int((t * 60 + i * 130) % WIDTH), 60 + 45 * i
            shown[y : y + 60, x : x + 90] = 40 * i + 50
        return shown

    assert kinds(busy, 60) == []


def test_a_covered_camera_is_not_also_frozen() -> None:
    assert [k for k, _ in kinds(from_20s(lambda gray: np.full_like(gray, 90)), 60)] == ["covered"]


def test_the_end_is_told_when_the_view_is_back() -> None:
    findings = tell(rule("tamper"), picture_looks(film(lambda t, gray: cloth(gray) if 15 <= t < 25 else gray)))

    assert [(f.kind, f.phase) for f in findings] == [("covered", "start"), ("covered", "end")]
    assert findings[0].key == findings[1].key


def test_silence_is_offline_until_a_picture_comes() -> None:
    of = rule("tamper")
    list(of.update(next(iter(picture_looks([(0.0, street())])))))

    quiet = [f for s in range(1, 30) for f in of.absent(float(s), float(s))]
    back: list[Finding] = list(of.update(next(iter(picture_looks([(30.0, street())])))))

    assert [(f.kind, f.phase, f.time_s) for f in quiet] == [("offline", "start", 10.0)]
    assert [(f.kind, f.phase) for f in back] == [("offline", "end")]


def test_a_change_of_resolution_is_survived() -> None:
    small = [(t, cv2.resize(g, (320, 240)) if t > 20 else g) for t, g in film(lambda t, gray: gray)]

    assert starts(tell(rule("tamper"), picture_looks(small))) == []  # type: ignore[arg-type]


def test_a_pole_that_swings_in_a_storm_is_not_turned() -> None:
    def storm(t: float, gray: Gray) -> Gray:
        swing = 24 * np.sin(5.1 * t) if 15 < t < 35 else 0.0
        matrix = np.array([[1, 0, swing], [0, 1, swing / 3]], np.float32)
        return np.asarray(cv2.warpAffine(gray, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.uint8)

    assert kinds(storm) == []


def test_infrared_that_changes_every_shape_is_not_out_of_focus() -> None:
    def night(t: float, gray: Gray) -> Gray:
        lamp = np.exp(-np.square(np.linspace(-1.6, 1.6, WIDTH)))[None]
        infrared = 200 * (0.7 * np.power(gray / 255, 0.6) + 0.3 * (1 - gray / 255)) * lamp
        return np.asarray(infrared, np.uint8) if t >= 20 else gray

    assert kinds(night, 60) == []


def test_an_arm_that_uncovers_the_lens_for_a_moment_is_one_cover() -> None:
    told = kinds(lambda t, gray: cloth(gray) if t >= 20 and t % 3 != 0 else gray)

    assert [k for k, _ in told] == ["covered"]
    assert told[0][1] <= 26


def test_a_mount_that_sags_too_slowly_to_be_seen_is_turned_at_last() -> None:
    creep, still = Creep(), Creep()

    crept = [minute for minute in range(12) if creep.has_crept(street(2 * minute), 60.0 * minute)]

    assert crept and 5 < crept[0] < 11
    assert not any(still.has_crept(street(2 * (minute % 2)), 60.0 * minute) for minute in range(12))


def test_each_light_has_its_own_view() -> None:
    lights, day, night = Lights(), features(street()), features(blurred(street()))
    colour = VideoPicture.of(np.dstack([street(), street() // 2, street() // 3]))
    grey = VideoPicture.of(np.repeat(street()[..., None], 3, axis=2))

    for picture, seen in ((colour, day), (grey, night), (colour, day)):
        for _ in range(80):
            lights.look(picture, seen, 0.5)
            lights.now.view.learn(seen, 0.5)

    by_day = lights.now.view.compare(night).sharpness
    for _ in range(2):
        lights.look(grey, night, 0.5)
    assert by_day < 0.5 < 0.9 < lights.now.view.compare(night).sharpness
