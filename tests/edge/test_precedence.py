"""A full box gives way in a stated order, and leaves nobody out."""

from edge.camera import CameraWatch
from edge.inference import Analyst, Seat
from edge.precedence import class_of
from mqtt.kinds import KINDS
from tests.edge.scenes import camera

PERIOD_S = 0.2


def test_a_camera_is_of_the_class_of_its_gravest_rule():
    assert class_of(["line_count", "tamper"]) == "traffic"
    assert class_of(["line_count", "intrusion"]) == "security"
    assert class_of(["accident", "congestion"]) == "security"
    assert class_of(["intrusion", "smoke"]) == "smoke"


def test_every_kind_of_security_goes_before_traffic():
    assert {class_of([kind]) for kind in KINDS["security"]} == {"security"}


def served(rules: list[str], looks: int, every_s: float) -> dict[str, int]:
    """Let cameras that always have news share one worker that takes `every_s` a look; return looks by camera."""
    now = [0.0]
    room = Analyst([], lambda seat, frame, told: None, clock=lambda: now[0])
    seats: list[Seat] = [room.seat(camera(id=f"{n}-{r}"), CameraWatch([])) for n, r in enumerate(rules)]
    for seat, rule in zip(seats, rules, strict=True):
        seat.__dict__["precedence"] = rule
    count = {seat.settings.id: 0 for seat in seats}
    for _ in range(looks):
        now[0] += every_s
        ready = [s for s in seats if now[0] - s.served_s >= PERIOD_S]
        if ready:
            turn = min(ready, key=lambda s: s.turn_s)
            turn.served_s = now[0]
            count[turn.settings.id] += 1
    return count


def test_on_a_full_box_traffic_gives_way_first_and_still_has_its_turn():
    count = served(["security", "security", "traffic", "traffic"], looks=1000, every_s=0.08)

    assert count["0-security"] >= 0.95 * 1000 * 0.08 / 0.24  # ready at every third look of the worker
    assert count["2-traffic"] < 0.6 * count["0-security"]
    assert count["2-traffic"] >= 1000 * 0.08 / 1.6
    assert abs(count["2-traffic"] - count["3-traffic"]) <= 2


def test_smoke_has_all_its_looks_on_a_full_box():
    count = served(["smoke", "traffic", "traffic", "traffic", "security", "security"], looks=1000, every_s=0.15)

    assert count["0-smoke"] >= 0.95 * 1000 * 0.15 / 0.3  # ready at every second look of the worker


def test_with_time_enough_nobody_gives_way():
    count = served(["security", "traffic"], looks=1000, every_s=0.05)

    assert min(count.values()) >= 0.85 * 1000 * 0.05 / PERIOD_S  # looks come in steps of the worker
