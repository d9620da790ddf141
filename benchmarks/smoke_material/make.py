"""Compose sequences from groups of stills and write them as `ioc eval smoke` reads them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from zlib import crc32

import cv2
import numpy as np
import yaml

from benchmarks.eval.smoke_sequences import FILE
from benchmarks.smoke_material.fires import Fire
from benchmarks.smoke_material.nuisances import BESIDE_A_FIRE, NUISANCES, Scene
from benchmarks.smoke_material.order import in_order
from benchmarks.smoke_material.stills import Group, Image
from benchmarks.smoke_material.view import LivingView
from detectors.picture import Picture, Region
from edge.smoke.sight import COLUMNS, ROWS, horizon
from rtsp.picture import VideoPicture

Half = Literal["development", "check"]
Shown = tuple[float, Image | Path, tuple[Region, ...]]  # seconds, picture or its file, boxes around its smoke

START_S: Final = 1_500_000_000.0  # where the clock of made sequences begins
LEAST_STILLS: Final = 6  # of a group: fewer do not show how its light moves
QUALITY: Final = 88  # of the JPEGs: what cameras send


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is made of each group of clear stills."""

    fires: int = 2
    nuisances: int = 3
    clear_looks: int = 20
    burning_looks: int = 20
    step_s: float = 60.0
    longest_px: int = 0  # 0 keeps the size of the stills


@dataclass(frozen=True, slots=True)
class Take:
    """One sequence about to be written: `pictures` yields (seconds, picture or its file, boxes around its smoke)."""

    name: str
    camera: str
    tags: tuple[str, ...]
    pictures: Iterator[Shown]


def halves(groups: Sequence[Group]) -> dict[str, Half]:
    """Return which half each camera belongs to: every other one by name, so that no camera is in both."""
    cameras = sorted({group.camera for group in groups})
    return {camera: "check" if index % 2 else "development" for index, camera in enumerate(cameras)}


def takes(groups: Sequence[Group], amount: Amount, seed: int) -> Iterator[Take]:
    """Yield every sequence that can be made of `groups`."""
    kinds = list(NUISANCES)
    for group in groups:
        rng = np.random.default_rng((seed, crc32(group.name.encode())))
        if len(group.stills) >= LEAST_STILLS:
            yield assembled(group, amount.step_s)
        if len(group.clear) < LEAST_STILLS:
            continue
        for index in range(amount.fires):
            yield burning(group, amount, np.random.default_rng(rng.integers(2**31)), index)
        for kind in rng.permutation(kinds)[: amount.nuisances]:
            yield harmless(group, amount, str(kind), np.random.default_rng(rng.integers(2**31)))


def assembled(group: Group, step_s: float) -> Take:
    """Return the stills themselves in the order of time: a real sequence, with the camera's own light and smoke."""

    def pictures() -> Iterator[Shown]:
        clear, smoky = in_order(group)
        for index, still in enumerate([*clear, *smoky]):
            yield index * step_s, still.file, still.boxes

    kind = "real_fire" if group.smoky else "real_clear"
    young = ("from_the_first_look",) if group.smoky and not group.clear else ()
    return Take(f"{group.name}_{kind}", group.camera, (group.source, kind, *young), pictures())


def burning(group: Group, amount: Amount, rng: np.random.Generator, index: int) -> Take:
    """Return a drawn fire in the living view, every other one faint, sometimes beside a nuisance."""
    faint = bool(index % 2)
    kind = str(rng.choice(BESIDE_A_FIRE))

    def pictures() -> Iterator[Shown]:
        looks = amount.clear_looks + amount.burning_looks
        view, scene = _view(group, looks, amount, rng)
        fire = Fire.drawn(rng, view.size[0], scene.horizon, faint=faint)
        begins = int(rng.integers(amount.clear_looks // 2, amount.clear_looks + 1))
        for look in range(begins + amount.burning_looks):
            image, box = view.at(look), None
            if look >= begins:
                image, box = fire.seen_on(image, (look - begins) * amount.step_s, rng)
            image = view.developed(NUISANCES[kind](image, look, looks, scene, rng))
            yield look * amount.step_s, image, (box,) if box else ()

    tags = (group.source, "drawn_fire", "faint" if faint else "plain", f"beside_{kind}")
    return Take(f"{group.name}_fire{index}", group.camera, tags, pictures())


def harmless(group: Group, amount: Amount, kind: str, rng: np.random.Generator) -> Take:
    """Return the living view under one nuisance, without any fire."""

    def pictures() -> Iterator[Shown]:
        looks = amount.clear_looks + amount.burning_looks
        view, scene = _view(group, looks, amount, rng)
        for look in range(looks):
            image = NUISANCES[kind](view.at(look), look, looks, scene, rng)
            yield look * amount.step_s, view.developed(image), ()

    return Take(f"{group.name}_{kind}", group.camera, (group.source, "nuisance", kind), pictures())


def write(take: Take, folder: Path) -> int:
    """Write one sequence below `folder`, return how many pictures it holds. A fire never visible is no fire."""
    into = folder / take.name
    into.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    ignition_s: float | None = None
    for index, (time_s, image, smoke) in enumerate(take.pictures):
        name = f"{index:04d}.jpg"
        if isinstance(image, Path):
            shutil.copyfile(image, into / name)
        else:
            cv2.imwrite(str(into / name), image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        boxes = {"smoke": [[round(value, 5) for value in box] for box in smoke]} if smoke else {}
        rows.append({"file": name, "time_s": START_S + time_s, **boxes})
        if smoke and ignition_s is None:
            ignition_s = START_S + time_s
    said: dict[str, object] = {"camera": take.camera, "tags": list(take.tags), "pictures": rows}
    if ignition_s is not None:
        said["ignition_s"] = ignition_s
    (into / FILE).write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
    return len(rows)


def _view(group: Group, looks: int, amount: Amount, rng: np.random.Generator) -> tuple[LivingView, Scene]:
    clear, _ = in_order(group)
    view = LivingView([still.file for still in clear], looks, rng, longest_px=amount.longest_px)
    picture: Picture = VideoPicture.of(view.at(0))
    scene = Scene(horizon(picture.gray(COLUMNS, ROWS)), int(rng.integers(2**31)), amount.step_s)
    return view, scene
