"""A camera that cannot see holds back what it finds, says so, and tells what outlasts it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from detectors.detections import Detections
from edge.camera import CameraWatch, Told
from edge.muting import MOST_HELD, Muting
from edge.rules.base import Finding, Look
from tests.edge.scenes import SpyRule, finding, frame, person


class Blind(SpyRule):
    """Says that it is covered between two moments."""

    since_s, until_s = 10.0, 20.0

    def update(self, look: Look) -> Iterable[Finding]:
        self.looks.append(look)
        if look.time_s == self.since_s:
            yield finding(look.time_s, kind="covered", key="cover")

    @property
    def mutes(self) -> str | None:
        return "covered" if self.looks and self.since_s <= self.looks[-1].time_s < self.until_s else None


class Script(SpyRule):
    """Says what a test wrote down."""

    def __init__(self, phases: dict[float, str], kind: str = "intrusion") -> None:
        super().__init__()
        self._phases, self._kind = phases, kind

    def update(self, look: Look) -> Iterable[Finding]:
        if phase := self._phases.get(look.time_s):
            yield finding(look.time_s, phase=phase, key="one", kind=self._kind, ended_s=look.time_s)


def watched(rule: SpyRule, moments: Iterable[float]) -> tuple[CameraWatch, list[Told]]:
    camera = CameraWatch([Blind(), rule])
    return camera, [t for s in (0.0, *moments) for t in camera.see(frame(s), {"objects": person()})]


def phases(told: list[Told], kind: str = "intrusion") -> list[tuple[float, str]]:
    return [(t.finding.time_s, t.finding.phase) for t in told if t.finding.kind == kind]


def test_what_begins_and_ends_while_the_camera_is_covered_is_held_back_and_counted() -> None:
    camera, told = watched(Script({12.0: "start", 14.0: "update", 16.0: "end"}), (5.0, 10.0, 12.0, 14.0, 16.0, 25.0))

    assert phases(told) == []
    assert camera.held_back == 1


def test_what_outlasts_the_cover_starts_when_the_camera_sees_again() -> None:
    camera, told = watched(Script({12.0: "start", 22.0: "update", 24.0: "end"}), (5.0, 10.0, 12.0, 22.0, 24.0))

    assert phases(told) == [(22.0, "start"), (24.0, "end")]
    assert camera.muted_by is None


def test_what_was_told_before_goes_on_and_ends_and_says_that_it_is_muted() -> None:
    camera, told = watched(Script({5.0: "start", 12.0: "update", 15.0: "end"}), (5.0, 10.0, 12.0, 15.0))

    assert phases(told) == [(5.0, "start"), (12.0, "update"), (15.0, "end")]
    assert [t.finding.detail.get("muted") for t in told if t.finding.kind == "intrusion"] == [None, True, True]
    assert camera.muted_by == "covered"


def test_the_cameras_own_event_names_the_rules_that_it_mutes() -> None:
    rule = SpyRule()
    rule.settings = rule.settings.model_copy(update={"name": "gate"})
    _, told = watched(rule, (5.0, 10.0))

    assert [t.finding.detail["mutes"] for t in told if t.finding.kind == "covered"] == [["gate"]]


def test_smoke_is_told_by_a_covered_camera_all_the_same() -> None:
    _, told = watched(Script({12.0: "start"}, "smoke"), (5.0, 10.0, 12.0))

    assert phases(told, "smoke") == [(12.0, "start")]


def test_what_is_held_is_bounded() -> None:
    muting = Muting()
    for n in range(MOST_HELD + 50):
        muting.pass_on("it", replace(finding(1.0), key=str(n)), "covered")

    late = muting.pass_on("it", replace(finding(2.0, phase="end"), key="0"), None)

    assert late is not None  # forgotten first: its end is told rather than lost
    assert muting.count == MOST_HELD + 50


def test_nothing_is_held_without_a_camera_rule() -> None:
    camera = CameraWatch([SpyRule()])

    told = camera.see(frame(1.0), {"objects": Detections.none()})

    assert len(told) == 1 and camera.muted_by is None
