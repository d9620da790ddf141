"""Start processes of the product in order, watch over them, and leave none behind."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

STOP_WITHIN_S: Final = 3.0  # of the five seconds that a user waits for; on a busy machine the rest takes time too
READY_WITHIN_S: Final = 60.0
PR_SET_PDEATHSIG: Final = 1
OURS: Final = ".made-by-ioc"  # only a folder with this in it is emptied


class ProcessError(Exception):
    """A process did not start or has stopped; the message names it and its log."""


@dataclass(slots=True)
class Part:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


@dataclass(slots=True)
class ProcessGroup:
    """The running processes of one demo or measurement, each with its own log in `data`."""

    data: Path
    parts: list[Part] = field(default_factory=list)

    def start(self, name: str, arguments: Sequence[str]) -> Part:
        """Start `ioc ARGUMENTS` as a process that dies with this one."""
        log = self.data / f"{name}.log"
        with log.open("wb") as sink:
            process = _spawn([sys.executable, "-m", "ioc.main", *arguments], sink)
        part = Part(name, process, log)
        self.parts.append(part)
        return part

    def check(self) -> None:
        """Raise ProcessError if a part has stopped."""
        for part in self.parts:
            if part.process.poll() is not None:
                tail = part.log.read_text(encoding="utf-8", errors="replace")[-800:]
                raise ProcessError(
                    f"{part.name} has stopped ({part.process.returncode}); its log {part.log} ends:\n{tail}"
                )

    def wait_until(self, is_ready: Callable[[], bool], what: str) -> None:
        """Wait for `is_ready`, as long as all parts run. Raises ProcessError."""
        until_s = time.monotonic() + READY_WITHIN_S
        while not is_ready():
            self.check()
            if time.monotonic() > until_s:
                raise ProcessError(
                    f"{what} did not become ready within {READY_WITHIN_S:.0f} s; logs are in {self.data}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask all parts to stop, last started first; after a few seconds, make them."""
        for part in reversed(self.parts):
            if part.process.poll() is None:
                part.process.send_signal(signal.SIGTERM)
        until_s = time.monotonic() + STOP_WITHIN_S
        for part in self.parts:
            try:
                part.process.wait(max(0.05, until_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                part.process.kill()
                part.process.wait()
        self.parts.clear()


def fresh_folder(path: Path) -> Path:
    """Return `path` emptied: every run begins anew. Raises ProcessError for a folder that holds what is not ours."""
    try:
        if path.exists() and any(path.iterdir()):
            if not (path / OURS).is_file():
                raise ProcessError(f"{path} holds files of somebody else, which would be deleted: name another folder")
            shutil.rmtree(path)
        path.mkdir(parents=True, mode=0o700, exist_ok=True)
        (path / OURS).touch()
    except OSError as error:
        raise ProcessError(f"{path} cannot be used as a folder: {error.strerror or error}") from error
    return path.resolve()


def write_secret(path: Path, secret: str | None = None) -> str:
    """Write a secret that only this user can read, and return it."""
    secret = secret or secrets.token_urlsafe(18)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(secret + "\n")
    return secret


def free_port(preferred: int = 0) -> int:
    """Return `preferred` if nobody listens there, or any free port."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ProcessError("no free port on 127.0.0.1")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> bool:
    """Return whether `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=1.0) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _spawn(command: Sequence[str], sink: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=subprocess.STDOUT,
        # Ctrl-C goes to the terminal's whole group: the parts must wait for us to stop them in order.
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    os.setpgrp()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
