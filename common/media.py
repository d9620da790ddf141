"""Get a file by its sha256 from a list of places: local folders first, then wherever its card or manifest says."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from common.places import AnyPlace, FolderPlace, MediaError, PackagePlace, Progress

__all__ = ["MediaError", "cache_dir", "fetch", "folders", "sha256_of"]

ROOT = Path(__file__).resolve().parent.parent

log = logging.getLogger(__name__)


def fetch(
    sha256: str,
    places: Sequence[AnyPlace],
    *,
    name: str,
    into: Path | None = None,
    progress: Progress = lambda done, total: None,
    environ: Mapping[str, str] = os.environ,
) -> Path:
    """Return a file whose content has `sha256`; raise `MediaError` that lists every place tried.

    `name` is what people call it, such as yolov8n.onnx: a local folder may hold it under that name, whatever the
    places say. A file in a local folder or a package is used where it lies; a downloaded one is kept in `into` under
    `name`, or in the user's cache under its hash. A partial download is kept and continued; a wrong one is removed.
    """
    kept = into / name if into is not None else cache_dir(environ) / "media" / sha256
    if kept.is_file():
        if sha256_of(kept) == sha256:
            return kept
        log.warning("removed a file that is not what its name says", extra={"path": str(kept), "sha256": sha256})
        kept.unlink()
    tried: list[str] = []
    for file in _local_files(name, places, environ):
        found = _judged(file, sha256, tried)
        if found is not None:
            return found
    for place in places:
        if isinstance(place, FolderPlace | PackagePlace):
            continue
        try:
            return _brought(place, kept, sha256, progress)
        except (MediaError, OSError) as error:
            tried.append(f"{place}: {error}")
    listed = "\n".join(f"  - {line}" for line in tried) or "  - no place is known for it"
    raise MediaError(f"{name} (sha256 {sha256[:16]}…) cannot be had; tried:\n{listed}")


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where downloads are kept: IOC_CACHE, or ioc-edge in the user's cache (XDG)."""
    if environ.get("IOC_CACHE"):
        return Path(environ["IOC_CACHE"])
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ioc-edge"


def folders(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return the local folders where files are looked for first: IOC_MEDIA, then the evaluation data beside us."""
    named = [Path(environ["IOC_MEDIA"])] if environ.get("IOC_MEDIA") else []
    beside = ROOT.parent / "shared" / "data"
    return named + ([beside] if beside.is_dir() else [])


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _local_files(name: str, places: Sequence[AnyPlace], environ: Mapping[str, str]) -> Iterator[Path]:
    hints = dict.fromkeys([*(place.path for place in places if isinstance(place, FolderPlace)), name])
    yield from (place.file() for place in places if isinstance(place, PackagePlace))
    yield from (folder / hint for folder in folders(environ) for hint in hints)


def _judged(file: Path, sha256: str, tried: list[str]) -> Path | None:
    try:
        actual = sha256_of(file)
    except OSError as error:
        tried.append(f"{file}: {error.strerror or error}")
        return None
    if actual == sha256:
        return file
    tried.append(f"{file}: is another file (sha256 {actual[:16]}…)")
    return None


def _brought(place: AnyPlace, kept: Path, sha256: str, progress: Progress) -> Path:
    assert not isinstance(place, FolderPlace | PackagePlace)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with _part_file(kept) as part:
        if kept.is_file() and sha256_of(kept) == sha256:
            return kept  # another process brought it while we waited for its lock
        resumed = part.stat().st_size > 0
        place.bring(part, progress)
        if resumed and sha256_of(part) != sha256:
            part.write_bytes(b"")  # the remains of another attempt were of another file: once more from the start
            place.bring(part, progress)
        actual = sha256_of(part)
        if actual != sha256:
            part.unlink()
            raise MediaError(f"sent another file (sha256 {actual[:16]}…); removed")
        part.replace(kept)
    return kept


@contextmanager
def _part_file(kept: Path) -> Iterator[Path]:
    """Yield the partial file beside `kept`, held against other processes that want the same."""
    part = kept.with_name(kept.name + ".part")
    while True:
        with part.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if part.exists() and part.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                yield part
                return
