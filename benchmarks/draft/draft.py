"""Make the draft: survey the clip, propose a camera, let the product watch with it, and write down what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.draft.film import Film
from benchmarks.draft.propose import propose
from benchmarks.draft.survey import Survey, survey
from benchmarks.eval.clips import Detect, Watched, watch
from benchmarks.eval.counting import DIRECTIONS, counted_by_label
from benchmarks.eval.truth import Truth
from detectors.detections import Detections
from detectors.picture import Picture
from edge.config import InferenceSettings, ViewSettings
from rtsp.file_source import frames
from rtsp.frame import Frame

DRAFTED_BY: Final = "drafted by the product: look through it and correct it"
Advance = Callable[[str, float], None]


class Draft:
    """One clip that is being drafted: looked at once, judged as often as somebody moves a line."""

    def __init__(self, clip: Path, detect: Detect, film: Film, *, advance: Advance = lambda step, time_s: None) -> None:
        self.clip, self.film = clip, film
        self._detect, self._advance = detect, advance
        self._survey = survey(
            frames(clip), detect, film, looks_per_s=InferenceSettings().looks_per_s, advance=partial(advance, "look")
        )

    @property
    def duration_s(self) -> float:
        return self._survey.duration_s

    def propose(self) -> dict[str, Any]:
        """Return the camera that the clip suggests: zones, lines and rules."""
        return propose(self._survey, camera_id_of(self.clip))

    def judge(self, camera: dict[str, Any]) -> Truth:
        """Return the truth as the product would have it with this camera. Raises `pydantic.ValidationError`."""
        view = ViewSettings.model_validate(camera)
        watched = _watch_again(self.clip, view, self._survey, self._detect, partial(self._advance, "judge"))
        said = what_was_said(watched)
        return Truth.model_validate({"clip": self.clip.name, "camera": camera, "truth_by": DRAFTED_BY, **said})


def camera_id_of(clip: Path) -> str:
    """Return the clip's name as a camera's id."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in clip.stem.lower())
    return kept.strip("-_")[:60] or "camera"


def what_was_said(watched: Watched) -> dict[str, Any]:
    """Return the `counts` and `events` of a truth file from what a camera told."""
    flows = [told.finding for told in watched.told if told.finding.kind == "line_count"]
    counts = [
        {"line": line, "direction": direction, "label": label, "count": count}
        for line in sorted({flow.line for flow in flows if flow.line})
        for direction in DIRECTIONS
        for label, count in counted_by_label(flows, line, direction).items()
    ]
    ends = {(t.rule_name, t.finding.key): t.finding.ended_s for t in watched.told if t.finding.phase == "end"}
    events = []
    for told in watched.told:
        finding = told.finding
        if finding.phase == "start":
            ended_s = ends.get((told.rule_name, finding.key))
            place = {"zone": finding.zone, "line": finding.line, "direction": finding.detail.get("direction")}
            events.append(
                {
                    "kind": finding.kind,
                    "start_s": round(max(0.0, finding.started_s), 1),
                    "end_s": None if ended_s is None else round(max(ended_s, finding.started_s), 1),
                    **{key: value for key, value in place.items() if value is not None},
                }
            )
    return {"counts": counts, "events": sorted(events, key=lambda e: e["start_s"])}


def _watch_again(
    clip: Path, view: ViewSettings, looked: Survey, detect: Detect, advance: Callable[[float], None]
) -> Watched:
    """Let the rules see the clip; the detector is asked only where the survey has not looked."""
    now: list[float] = [0.0]

    def seen(picture: Picture) -> Detections:
        known = looked.looks.get(now[0])
        return detect(picture) if known is None else known

    def passing() -> Iterator[Frame]:
        for frame in frames(clip):
            now[0] = frame.time_s
            yield frame

    return watch(view, passing(), {"objects": seen, "smoke": lambda picture: Detections.none()}, advance=advance)
