"""What a rule over objects is not shown: too small, too faint, the wrong way, impossible for its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from edge.rules.base import Look, ObjectRuleSettings
from tests.edge.rules.scenes import Thing, at, looks, rule, starts, stays, straight, tell, thing


@pytest.mark.parametrize(
    ("setting", "count"), [({"min_size": 0.2}, 0), ({"max_size": 0.05}, 0), ({"max_size": 0.2}, 1)]
)
def test_too_small_and_too_large_do_not_count(setting: dict[str, float], count: int):
    walker = thing(1, "person", stays(0, 5, at(0.5, 0.8, 0.1)))

    assert len(starts(tell(rule("intrusion", zone="gate", **setting), looks([walker], 5)))) == count


def test_sizes_that_are_swapped_are_said_to_be():
    with pytest.raises(ValidationError, match="swapped"):
        ObjectRuleSettings(name="it", min_size=0.5, max_size=0.1)


def test_the_mean_score_counts_and_not_one_lucky_look():
    faint = Thing(1, "person", {round(t, 3): box for t, box in stays(0, 5, at(0.5, 0.8))}, score=0.35)

    assert tell(rule("intrusion", zone="gate", min_score=0.5), looks([faint], 5)) == []


@pytest.mark.parametrize(("heading", "count"), [(180, 1), (0, 0), (90, 0), (140, 1)])
def test_only_what_moves_that_way_counts(heading: float, count: int):
    down = thing(1, "person", straight(0, 6, at(0.5, 0.3), at(0.5, 0.95)))

    findings = tell(rule("intrusion", zone="gate", heading_deg=heading), looks([down], 6))

    assert len(starts(findings)) == count


def with_ratio(look: Look, ratio: float) -> Look:
    return replace(look, ratios=np.full(len(look.tracks), ratio))


@pytest.mark.parametrize(("ratio", "count"), [(5.0, 0), (0.2, 0), (2.0, 1), (np.nan, 1)])
def test_what_cannot_be_so_tall_there_does_not_count(ratio: float, count: int):
    moth = thing(1, "person", stays(0, 5, at(0.5, 0.8)))

    findings = tell(rule("intrusion", zone="gate"), (with_ratio(look, ratio) for look in looks([moth], 5)))

    assert len(starts(findings)) == count


def test_the_filter_forgets_with_its_rule():
    of = rule("intrusion", zone="gate", min_score=0.1, heading_deg=180)
    tell(of, looks([thing(1, "person", stays(0, 2, at(0.5, 0.8)))], 2))

    of.let_go([1])

    assert of._filter is not None and len(of._filter._memory) == 0
