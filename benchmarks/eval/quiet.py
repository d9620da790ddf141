"""Clips in which nothing happens, watched by rules that nobody has drawn a zone for: whatever they say is false."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.eval.truth import SUFFIX, Truth
from common.config import ConfigError
from edge.config import ViewSettings
from edge.rules import CATALOG

CLIPS: Final = frozenset({".mp4", ".avi", ".mkv", ".mov"})
# What is wrong wherever it happens. Others tell of ordinary life (intrusion, stopped_vehicle …) unless a zone is drawn.
KINDS: Final = ("abandoned_object", "removed_object", "obstacle", "accident", "fall", "fight", "tamper")


def quiet_truths(folder: Path, kinds: Sequence[str] = KINDS) -> list[tuple[Path, Truth]]:
    """Return (clip, truth) of every video in `folder`: a rule of each kind over the whole picture, and no events.

    Raises `ConfigError` for a kind that is none or cannot do without a drawing, and where there are no videos.
    """
    unknown = sorted(set(kinds) - set(CATALOG))
    if unknown:
        raise ConfigError(f"there is no rule {', '.join(unknown)}; there are: {', '.join(sorted(CATALOG))}")
    try:
        view = ViewSettings.model_validate({"rules": [{"kind": k, "name": k.replace("_", "-")} for k in kinds]})
    except ValueError as error:
        raise ConfigError(f"one of {', '.join(kinds)} must be drawn: give its clip a *{SUFFIX} file") from error
    clips = [clip for clip in sorted(folder.glob("*")) if clip.suffix.lower() in CLIPS]
    if not clips:
        raise ConfigError(f"{folder}: there are no videos ({', '.join(sorted(CLIPS))})")
    return [(clip, Truth(clip=clip.name, camera=view, events=())) for clip in clips]
