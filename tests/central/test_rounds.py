"""The thread behind central's own work."""

from __future__ import annotations

import logging
import threading

import pytest

from central.rounds import Rounds
from central.store import StoreUnavailable
from mqtt.errors import BrokerUnavailable


def test_whatever_goes_wrong_the_next_round_is_made_and_stopping_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    troubles = [BrokerUnavailable("away"), StoreUnavailable("the disk is full"), ZeroDivisionError("a mistake")]
    made, enough = [], threading.Event()

    def work() -> None:
        made.append(threading.current_thread().name)
        if len(made) == 4:
            enough.set()
        if troubles:
            raise troubles.pop(0)

    rounds = Rounds("sweeping", 0.001, work)
    with caplog.at_level(logging.ERROR, "central.rounds"):
        rounds.start()
        assert enough.wait(10)
        rounds.stop()

    assert made[0] == "sweeping"
    assert [record.message for record in caplog.records] == ["store unavailable", "a round failed"]
    assert not [thread for thread in threading.enumerate() if thread.name == "sweeping"]


def test_what_was_told_to_end_before_it_began_makes_no_round() -> None:
    made: list[bool] = []
    rounds = Rounds("idle", 0.001, lambda: made.append(True))

    rounds.stop()
    rounds.start()
    for thread in threading.enumerate():
        if thread.name == "idle":
            thread.join(10)

    assert made == []
    assert "idle" not in [thread.name for thread in threading.enumerate()]
