"""Save the picture that proves a finding: private areas blackened first, the objects marked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.picture import Picture
from edge.masks import burn_in
from edge.rules.base import Seen
from mqtt.event import EvidenceRef

JPEG_QUALITY: Final = 85
LARGEST_SIDE_PX: Final = 1920  # a 4K snapshot costs four times the bytes and shows an operator no more
AMBER: Final = (0, 170, 255)  # BGR; readable on asphalt, forest and night alike
BLACK: Final = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class EvidenceStore:
    """Files named by their hash, in `pending` until central has them, then in `sent` within a budget of bytes."""

    folder: Path
    keep_bytes: int = 512 * 2**20

    def prepare(self) -> None:
        """Make the folders."""
        for part in (self.pending, self.sent):
            part.mkdir(parents=True, exist_ok=True)

    @property
    def pending(self) -> Path:
        return self.folder / "pending"

    @property
    def sent(self) -> Path:
        return self.folder / "sent"

    def add(self, content: bytes, *, media_type: str = "image/jpeg", role: str = "snapshot") -> EvidenceRef:
        """Write `content` whole or not at all, and return how an event refers to it. Raises OSError."""
        digest = hashlib.sha256(content).hexdigest()
        target = self.pending / f"{digest}{_suffix(media_type)}"
        if not target.exists() and not (self.sent / target.name).exists():
            partial = target.with_suffix(".part")
            partial.write_bytes(content)
            partial.replace(target)
            if media_type == "video/mp4":  # megabytes each: central may be away for long
                self.trim()
        return EvidenceRef.model_validate(
            {"role": role, "sha256": digest, "media_type": media_type, "bytes": len(content)}
        )

    def waiting(self) -> list[Path]:
        """Return the files that central does not have yet, oldest first."""
        files = [file for file in self.pending.iterdir() if file.suffix in {".jpg", ".mp4"}]
        return sorted(files, key=_age)

    def mark_sent(self, file: Path) -> None:
        """Move a file that central has out of the way, and forget the oldest beyond the budget."""
        file.replace(self.sent / file.name)
        self.trim()

    def trim(self) -> int:
        """Delete the oldest files beyond the budget, those that central has first; return how many unsent went."""
        kept_bytes, lost = 0, 0
        newest_first = sorted(self.pending.iterdir(), key=_age, reverse=True)
        newest_first += sorted(self.sent.iterdir(), key=_age, reverse=True)
        for file in newest_first:
            kept_bytes += file.stat().st_size
            if kept_bytes > self.keep_bytes:
                lost += file.parent == self.pending
                file.unlink(missing_ok=True)
        return lost


def snapshot(
    picture: Picture,
    objects: Sequence[Seen],
    masks: Sequence[npt.NDArray[np.float64]] = (),
    outline: npt.NDArray[np.float64] | None = None,
) -> bytes:
    """Return a JPEG of `picture` with `masks` burned in, then `objects` and the zone or line `outline` marked."""
    scale = min(1.0, LARGEST_SIDE_PX / max(picture.width, picture.height))
    width, height = round(picture.width * scale), round(picture.height * scale)
    image = burn_in(picture.bgr() if scale == 1.0 else picture.scaled(width, height), masks)
    if outline is not None:
        corners = np.round(outline * (width, height)).astype(np.int32)
        cv2.polylines(image, [corners], len(outline) > 2, AMBER, max(1, height // 540), cv2.LINE_AA)
    for seen in objects:
        _mark(image, seen)
    encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise OSError("the picture could not be encoded as JPEG")
    return jpeg.tobytes()


def _mark(image: npt.NDArray[np.uint8], seen: Seen) -> None:
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (round(v * side) for v, side in zip(seen.box, (width, height, width, height), strict=True))
    thick = max(2, height // 360)
    cv2.rectangle(image, (x0, y0), (x1, y1), BLACK, thick + 2)
    cv2.rectangle(image, (x0, y0), (x1, y1), AMBER, thick)
    size = max(0.4, height / 1400)
    text = f"{seen.label} {seen.score:.2f}"
    (text_width, text_height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    left = min(max(0, x0), max(0, width - text_width - 8))
    top = y0 - text_height - 8 if y0 > text_height + 8 else min(y1, height - text_height - 8)
    cv2.rectangle(image, (left, top), (left + text_width + 8, top + text_height + 8), AMBER, cv2.FILLED)
    at = (left + 4, top + text_height + 4)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, BLACK, 1, cv2.LINE_AA)


def _suffix(media_type: str) -> str:
    return {"image/jpeg": ".jpg", "video/mp4": ".mp4"}[media_type]


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # moved by the uploader while we looked
        return 0.0
