"""Read the files that cameras are made from, and transcode once what RTP cannot carry."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import av

from rtsp.simulator.clip import Clip, NotServable
from rtsp.simulator.transcode import to_h264


def load(files: Iterable[Path], on_progress: Callable[[str, float], None]) -> dict[str, Clip]:
    """Return each file's clip by the name it is served under; raise `ValueError` where that cannot be.

    `on_progress` is told a file's name and the share of it that is transcoded, 0..1.
    """
    clips: dict[str, Clip] = {}
    for file in files:
        if file.stem in clips:
            raise ValueError(f"{file}: another file is already served as {file.stem!r}")
        clips[file.stem] = _read(file, on_progress)
    if not clips:
        raise ValueError("there is no file to serve")
    return clips


def _read(file: Path, on_progress: Callable[[str, float], None]) -> Clip:
    try:
        return Clip.read(file)
    except NotServable:
        pass
    except (av.error.FFmpegError, OSError) as error:
        raise ValueError(f"{file}: cannot be read as video: {error}") from error
    try:
        return Clip.read(_transcoded(file, on_progress))
    except (av.error.FFmpegError, OSError, ValueError, NotServable) as error:
        raise ValueError(f"{file}: cannot be served: {error}") from error


def _transcoded(file: Path, on_progress: Callable[[str, float], None]) -> Path:
    """Return the file as H.264, from the cache where an earlier run has left it."""
    facts = file.stat()
    key = hashlib.sha256(f"{file.resolve()}|{facts.st_size}|{facts.st_mtime_ns}|1".encode()).hexdigest()[:16]
    target = cache_dir() / f"{file.stem}-{key}.mp4"
    if not target.exists():
        to_h264(file, target, progress=lambda share: on_progress(file.name, share))
    return target


def cache_dir() -> Path:
    """Where transcoded files stay between runs: the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "ioc-edge" / "simulator"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
