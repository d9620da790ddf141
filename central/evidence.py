"""Pictures and clips on disk, named by their hash, and only ever what they say they are."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from central.inbox import now_utc
from central.store import Store
from central.store.incident_rows import touch
from central.store.tables import evidence, evidence_of

log = logging.getLogger(__name__)

LARGEST_BYTES: Final = 50 * 1024 * 1024
_SUFFIX: Final = {"image/jpeg": ".jpg", "video/mp4": ".mp4"}


class EvidenceRefused(Exception):  # noqa: N818  it is the sender's mistake; sending it again changes nothing
    """`status` is the HTTP status: 413 too large, 415 no JPEG or MP4, 422 another hash."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class EvidenceFiles:
    """A folder of pictures and clips, forgotten after `keep_days`."""

    def __init__(
        self, folder: Path, store: Store, *, keep_days: int = 30, clock: Callable[[], datetime] = now_utc
    ) -> None:
        self._folder = folder
        self._store = store
        self._keep = timedelta(days=keep_days)
        self._clock = clock

    def prepare(self) -> None:
        """Make the folder, and clear what an earlier run left half written."""
        (self._folder / "incoming").mkdir(parents=True, exist_ok=True)
        for file in (self._folder / "incoming").iterdir():
            file.unlink(missing_ok=True)

    def find(self, sha256: str) -> tuple[Path, str] | None:
        """Return (file, media type), or None when it is not here (yet, or any more)."""
        for media_type, suffix in _SUFFIX.items():
            file = self._folder / sha256[:2] / f"{sha256}{suffix}"
            if file.is_file():
                return file, media_type
        return None

    async def add(self, sha256: str, chunks: AsyncIterator[bytes]) -> list[str]:
        """Store a body under its hash, and return the incidents that wait for it.

        Raises EvidenceRefused for what it must not be, OSError for a full disk, StoreUnavailable.
        """
        incoming = self._folder / "incoming" / secrets.token_hex(8)
        try:
            media_type, size = await self._receive(sha256, chunks, incoming)
            return await asyncio.to_thread(self._keep_file, incoming, sha256, media_type, size)
        finally:
            incoming.unlink(missing_ok=True)

    async def _receive(self, sha256: str, chunks: AsyncIterator[bytes], incoming: Path) -> tuple[str, int]:
        digest, size, head = hashlib.sha256(), 0, b""
        with incoming.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > LARGEST_BYTES:
                    raise EvidenceRefused(413, f"larger than {LARGEST_BYTES} bytes")
                head = head if len(head) >= 12 else head + chunk[:12]
                if len(head) >= 12:
                    media_type_of(head)  # refuse early
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
            media_type = media_type_of(head)
            if digest.hexdigest() != sha256:
                raise EvidenceRefused(422, f"the body's hash is {digest.hexdigest()}, not the one in the address")
            await asyncio.to_thread(_flush, file.fileno(), file.flush)
        return media_type, size

    def _keep_file(self, incoming: Path, sha256: str, media_type: str, size: int) -> list[str]:
        target = self._folder / sha256[:2] / f"{sha256}{_SUFFIX[media_type]}"
        target.parent.mkdir(exist_ok=True)
        incoming.replace(target)
        with self._store.write() as db:
            known = db.execute(sa.select(evidence.c.sha256).where(evidence.c.sha256 == sha256)).first()
            if known is not None:
                return []
            db.execute(
                sa.insert(evidence).values(sha256=sha256, media_type=media_type, bytes=size, stored_at=self._clock())
            )
            waiting = sa.select(evidence_of.c.incident_id).where(evidence_of.c.sha256 == sha256).distinct()
            ids = list(db.execute(waiting).scalars())
            touch(db, ids)
        return ids

    def forget_old(self) -> int:
        """Delete what is older than `keep_days`, and return how much that was."""
        before, count = self._clock() - self._keep, 0
        with self._store.read() as db:
            old = list(
                db.execute(sa.select(evidence.c.sha256).where(evidence.c.stored_at < before).limit(5_000)).scalars()
            )
        for sha256 in old:
            for suffix in _SUFFIX.values():
                (self._folder / sha256[:2] / f"{sha256}{suffix}").unlink(missing_ok=True)
            with self._store.write() as db:
                count += db.execute(sa.delete(evidence).where(evidence.c.sha256 == sha256)).rowcount
        return count


def media_type_of(head: bytes) -> str:
    """Return what the first 12 bytes say it is, whatever its sender called it."""
    if head[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    raise EvidenceRefused(415, "neither a JPEG picture nor an MP4 clip")


def _flush(descriptor: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(descriptor)
