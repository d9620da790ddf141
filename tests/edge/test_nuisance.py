"""A node lowers its voice where operators have said "false alarm", and drops nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.camera import Told
from edge.nuisance import Nuisance
from edge.rules.base import Seen
from mqtt.nuisance import NuisanceAreas
from tests.edge.scenes import NOON, finding

AREA: dict[str, Any] = {
    "id": "a1", "camera": "cam", "kind": "intrusion", "box": (0.38, 0.28, 0.52, 0.52), "from_min": 270, "to_min": 330,
    "expires_at": NOON + timedelta(days=3), "verdicts": 3,
}  # fmt: skip


def known(folder: Path, **changes: Any) -> Nuisance:
    nuisance = Nuisance(folder / "nuisance.json", clock=lambda: NOON)
    nuisance.replace(NuisanceAreas.model_validate({"areas": [{**AREA, **changes}]}))
    return nuisance


def told(**more: Any) -> Told:
    return Told(finding(1.0, **more), "gate", NOON, NOON, None, None)


def test_a_finding_in_an_area_is_told_with_a_low_voice_and_counted(tmp_path: Path) -> None:
    nuisance = known(tmp_path)

    quiet = nuisance.judge("cam", told()).finding

    assert (quiet.severity, quiet.detail["nuisance"], quiet.detail["severity_was"]) == ("info", "a1", "high")
    assert (nuisance.quietened("cam"), nuisance.quietened("other")) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"camera": "other"}, {}),
        ({"kind": "crowd"}, {}),
        ({"from_min": 600, "to_min": 700}, {}),
        ({"expires_at": NOON}, {}),
        ({}, {"objects": ()}),
        ({}, {"objects": (Seen(1, "person", (0.6, 0.3, 0.7, 0.5), 0.9),)}),
        ({}, {"objects": (Seen(1, "person", (0.4, 0.3, 0.5, 0.5), 0.9), Seen(2, "person", (0.8, 0.3, 0.9, 0.5), 0.9))}),
        ({}, {"objects": (Seen(1, "person", (0.1, 0.1, 0.9, 0.9), 0.9),)}),
    ],
    ids=["camera", "kind", "hour", "expired", "no-place", "elsewhere", "also-elsewhere", "far-larger"],
)
def test_what_the_area_does_not_mean_is_told_aloud(
    tmp_path: Path, changes: dict[str, Any], more: dict[str, Any]
) -> None:
    assert known(tmp_path, **changes).judge("cam", told(**more)).finding.severity == "high"


def test_smoke_and_what_is_critical_never_sink_below_low(tmp_path: Path) -> None:
    smoke = known(tmp_path, kind="smoke").judge("cam", told(kind="smoke"))
    grave = known(tmp_path).judge("cam", told(severity="critical"))

    assert (smoke.finding.severity, grave.finding.severity) == ("low", "low")


def test_what_was_learned_survives_a_restart_and_is_taken_back_at_once(tmp_path: Path) -> None:
    known(tmp_path)

    again = Nuisance(tmp_path / "nuisance.json", clock=lambda: NOON)
    before = again.judge("cam", told()).finding.severity
    again.replace(NuisanceAreas(areas=()))

    assert (before, again.judge("cam", told()).finding.severity) == ("info", "high")


def test_a_broken_file_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "nuisance.json").write_text("not json")

    assert Nuisance(tmp_path / "nuisance.json").judge("cam", told()).finding.severity == "high"
