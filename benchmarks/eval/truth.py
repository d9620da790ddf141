"""What is true about a clip: the `NAME.truth.yaml` beside it, read strictly."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from common.config import ConfigError, read_config
from edge.config import ViewSettings
from mqtt.kinds import KINDS

SUFFIX = ".truth.yaml"
Direction: TypeAlias = Literal["left", "right"]
Span: TypeAlias = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]

_KNOWN = frozenset(kind for kinds in KINDS.values() for kind in kinds)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CountTruth(_Part):
    line: str = Field(description="a line of the camera")
    direction: Direction = Field(description="'right' is crossing towards the right-hand side of the line's from→to")
    label: str = Field(default="any", description="a label, or 'any' for all that the rule counts")
    count: int = Field(ge=0, description="how many really crossed")
    tolerance: int = Field(default=0, ge=0, description="an error within it is none")
    times_s: tuple[float, ...] = Field(default=(), description="when each crossed, in seconds from the clip's start")
    notes: str | None = Field(default=None, description="for people")


class EventTruth(_Part):
    kind: str = Field(description="what happens")
    start_s: float = Field(ge=0, description="when it begins, in seconds from the clip's start")
    end_s: float | None = Field(default=None, ge=0, description="when it is over")
    zone: str | None = Field(default=None, description="where: a zone of the camera")
    line: str | None = Field(default=None, description="where: a line of the camera")
    direction: Direction | None = Field(default=None, description="of a line crossing")
    accept: frozenset[str] = Field(default=frozenset(), description="other kinds that describe it as well")
    notes: str | None = Field(default=None, description="for people")

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind that describes it."""
        return self.accept | {self.kind}

    @model_validator(mode="after")
    def _is_an_event(self) -> EventTruth:
        for kind in sorted(self.kinds - _KNOWN):
            raise ValueError(f"there is no kind {kind!r}; there are: {', '.join(sorted(_KNOWN))}")
        if self.end_s is not None and self.end_s < self.start_s:
            raise ValueError(f"it ends at {self.end_s} s, before it starts at {self.start_s} s")
        return self


class Truth(_Part):
    """One clip, what its camera watches for, and what really happens in it."""

    clip: str = Field(description="the video, relative to this file")
    camera: ViewSettings = Field(description="zones, lines and rules, exactly as in a node's configuration")
    counts: tuple[CountTruth, ...] | None = Field(default=None, description="what crosses the lines")
    events: tuple[EventTruth, ...] | None = Field(default=None, description="every true event: anything else is false")
    ignore: tuple[Span, ...] = Field(default=(), description="spans of seconds in which nothing is scored")
    clip_label: str | None = Field(default=None, description="one decision for the whole clip, for very short ones")
    truth_by: str | None = Field(default=None, description="who says so")
    notes: str | None = Field(default=None, description="for people")

    @model_validator(mode="after")
    def _names_what_exists(self) -> Truth:
        places = [("counts", i, "line", c.line) for i, c in enumerate(self.counts or ())]
        places += [("events", i, "line", e.line) for i, e in enumerate(self.events or ()) if e.line is not None]
        places += [("events", i, "zone", e.zone) for i, e in enumerate(self.events or ()) if e.zone is not None]
        known: dict[str, Collection[str]] = {"line": self.camera.lines, "zone": self.camera.zones}
        wrong = [
            f"{part}.{i}: there is no {what} {name!r}" for part, i, what, name in places if name not in known[what]
        ]
        wrong += [f"ignore: {end} is before {start}" for start, end in self.ignore if end < start]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def ignores(self, time_s: float) -> bool:
        return any(start <= time_s <= end for start, end in self.ignore)


def read_truths(dataset: Path, wanted: Literal["counts", "events"]) -> list[tuple[Path, Truth]]:
    """Return (clip, truth) of each truth file in `dataset` that speaks of `wanted`, in order of name.

    Raises `ConfigError` that names every mistake in every file.
    """
    if not dataset.is_dir():
        raise ConfigError(f"{dataset}: is not a folder of clips with *{SUFFIX} files")
    truths, mistakes = [], []
    for path in sorted(dataset.glob(f"*{SUFFIX}")):
        try:
            truth = read_config(path, Truth)
        except ConfigError as mistake:
            mistakes.append(str(mistake))
            continue
        clip = path.parent / truth.clip
        if not clip.is_file():
            mistakes.append(f"{path}:1: clip: there is no file {truth.clip!r} beside it")
        elif getattr(truth, wanted) is not None:
            truths.append((clip, truth))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    if not truths:
        raise ConfigError(f"{dataset}: no *{SUFFIX} file in it has '{wanted}:'")
    return truths
