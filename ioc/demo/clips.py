"""Get the demo's footage by hash and make streams of it; where none can be had, draw a scene and say so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from common.config import read_config
from common.media import MediaError, cache_dir, fetch
from common.places import AnyPlace, Progress
from rtsp.simulator.scene import make_scene
from rtsp.simulator.transcode import encode_pictures

log = logging.getLogger(__name__)

MANIFEST: Final = Path(__file__).with_name("clips.yaml")
STILL_FPS: Final = 4  # a forest camera sends few pictures; four a second keep a player lively


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FootageFile(_Part):
    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    places: list[AnyPlace]


class DemoClip(_Part):
    """One camera's footage: a single video, or pictures that are each shown for `show_each_s` seconds."""

    stem: str
    credit: str
    licence: str
    show_each_s: float | None = None
    files: list[FootageFile] = Field(min_length=1)


class DemoClips(_Part):
    clips: list[DemoClip]


def prepare(
    tell: Callable[[str], None], progress: Progress = lambda done, total: None, manifest: Path = MANIFEST
) -> dict[str, Path]:
    """Return stem → video file for every clip of the manifest."""
    clips = read_config(manifest, DemoClips).clips
    return {clip.stem: _prepare_one(clip, tell, progress) for clip in clips}


def _prepare_one(clip: DemoClip, tell: Callable[[str], None], progress: Progress) -> Path:
    try:
        files = [fetch(f.sha256, f.places, name=f.name, progress=progress) for f in clip.files]
    except MediaError as error:
        log.info("no footage", extra={"clip": clip.stem, "error": str(error)})
        tell(f"{clip.stem}: no footage can be had here, so a drawn scene takes its place")
        return _generated(clip.stem)
    tell(f"{clip.stem}: {clip.credit} ({clip.licence})")
    if clip.show_each_s is None:
        return _named(files[0], clip.stem)
    return _from_stills(clip, files)


def _named(file: Path, stem: str) -> Path:
    """Return `file` under the name that its stream shall have."""
    link = _folder() / f"{stem}{file.suffix}"
    link.unlink(missing_ok=True)
    link.symlink_to(file.resolve())
    return link


def _from_stills(clip: DemoClip, files: Sequence[Path]) -> Path:
    target = _folder() / f"{clip.stem}.mp4"
    stamp = target.with_suffix(".made-of")
    made_of = "\n".join(f.sha256 for f in clip.files) + f"\n{clip.show_each_s}"
    if not (target.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == made_of):
        repeats = max(1, round((clip.show_each_s or 1.0) * STILL_FPS))
        pictures = (picture for file in files for picture in [_read(file)] * repeats)
        encode_pictures(pictures, target, fps=STILL_FPS, gop=repeats)
        stamp.write_text(made_of, encoding="utf-8")
    return target


def _read(file: Path) -> npt.NDArray[np.uint8]:
    picture: Any = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise MediaError(f"{file}: not a picture")
    return np.asarray(picture, np.uint8)


def _generated(stem: str) -> Path:
    """Draw a scene in the clip's place.

    A link to real footage from an earlier run goes first: nothing may be written through it. So does the stamp of a
    film made of real stills, which would pass the drawn one off as real later.
    """
    target = _folder() / f"{stem}.mp4"
    for earlier in (target, target.with_suffix(".made-of")):
        earlier.unlink(missing_ok=True)
    return make_scene(target, kind=stem)


def _folder() -> Path:
    folder = cache_dir() / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
