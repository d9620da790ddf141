"""What is on its way: resent when overdue, probed while central is silent, and a stubborn event in nobody's way."""

from __future__ import annotations

from mqtt.flight import PARK_AFTER, PROBES, Flight
from mqtt.outbox_file import Pending


def pending(name: str) -> Pending:
    return Pending(1, name, 1, 0, "event", "intrusion", 0.0, b"{}")


def flying(count: int, *, at_s: float = 0.0) -> Flight:
    flight = Flight(window=10, resend_after_s=15.0)
    for n in range(count):
        flight.sent(pending(str(n)), at_s)
    return flight


def test_only_what_is_overdue_is_sent_again() -> None:
    flight = flying(2)
    flight.sent(pending("young"), 10.0)
    flight.confirmed(["0"], 12.0)

    assert flight.overdue(14.0) == []
    assert [p.id for p in flight.overdue(16.0)] == ["1"]


def test_the_window_closes_and_confirmations_open_it() -> None:
    flight = flying(10)

    assert flight.room == 0
    assert flight.confirmed(["3", "4", "unknown"], 1.0) == 2
    assert flight.room == 2


def test_while_central_is_silent_only_a_few_are_sent_again() -> None:
    flight = flying(10)

    assert flight.silent(20.0)
    assert len(flight.overdue(20.0)) == PROBES
    assert flight.overdue(21.0) == []


def test_the_first_confirmation_after_a_silence_makes_everything_due() -> None:
    flight = flying(10)
    for probe in flight.overdue(20.0):
        flight.sent(probe, 20.0)

    flight.confirmed(["0"], 36.0)

    assert len(flight.overdue(36.0)) == 9
    assert not flight.silent(36.0)


def test_a_greeting_makes_everything_due_at_once() -> None:
    flight = flying(3)

    flight.central_is_back(1.0)

    assert len(flight.overdue(1.0)) == 3


def test_an_event_that_is_never_confirmed_stops_blocking_the_others() -> None:
    flight, now_s = flying(10), 0.0
    for _ in range(PARK_AFTER):
        now_s += 16.0
        flight.sent(pending("other"), now_s - 1)
        flight.confirmed(["other"], now_s)  # central is well: it ignores only those ten
        for stubborn in flight.overdue(now_s):
            flight.sent(stubborn, now_s)

    assert flight.room == 10
    flight.confirmed(["other"], now_s + 10.0)
    assert flight.overdue(now_s + 20.0) == []
    assert flight.confirmed([str(n) for n in range(10)], now_s) == 10
    assert (len(flight), flight.room) == (0, 10)
