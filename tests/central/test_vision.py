"""What an operator is told of a camera whose view can't be judged."""

from datetime import UTC, datetime, timedelta

import pytest

from central.vision import UNSEEN, unseen, vision

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def kept(before=None, now=NOW, **health):
    health = {"state": "online", "sight": None, "muted": None, **health}
    return health | {UNSEEN: unseen(health, before, now)}


def test_a_reason_that_goes_on_keeps_its_beginning_and_a_new_one_begins():
    fog = kept(sight="fog")
    still, night = kept(fog, LATER, sight="fog"), kept(fog, LATER, sight="night")

    assert vision(still, online=True) == {"state": "unseen", "reason": "fog", "since": "2026-11-02T18:00:00Z"}
    assert vision(night, online=True) == {"state": "unseen", "reason": "night", "since": "2026-11-02T18:05:00Z"}


def test_a_camera_that_is_back_sees_at_once():
    back = kept(kept(sight="fog"), LATER, sight="clear")

    assert vision(back, online=True) == {"state": "seen", "reason": None, "since": None}


def test_its_own_trouble_comes_before_the_weather():
    assert vision(kept(sight="fog", muted="covered"), online=True)["reason"] == "covered"


@pytest.mark.parametrize("sight", ["clear", "fog"])
def test_a_silent_node_makes_every_state_stale(sight):
    assert vision(kept(sight=sight), online=False)["state"] == "stale"


@pytest.mark.parametrize("health", [{}, {"state": "offline", "sight": "clear"}, {"state": "offline", "sight": "fog"}])
def test_nothing_is_claimed_where_nobody_judges_the_view(health):
    assert vision(kept(**health), online=True) is None
