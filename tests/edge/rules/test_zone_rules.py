"""Intrusion, loitering, crowds and pedestrians: who is in a zone, and for how long."""

from __future__ import annotations

import pytest

from tests.edge.rules.scenes import Thing, at, looks, rule, starts, stays, straight, tell, thing

INSIDE, OUTSIDE = at(0.5, 0.8), at(0.5, 0.3)


def test_an_intruder_is_reported_after_the_wait_and_over_when_the_zone_is_empty() -> None:
    path = [*stays(0, 2, OUTSIDE), *stays(2.2, 8, INSIDE), *stays(8.2, 20, OUTSIDE)]

    findings = tell(rule("intrusion", zone="gate", after_s=1), looks([thing(1, "person", path)], 20))

    assert [f.phase for f in findings] == ["start", "end"]
    assert findings[0].time_s == pytest.approx(3.2, abs=0.21)
    assert findings[0].started_s == pytest.approx(2.2)
    assert findings[1].ended_s == pytest.approx(8.0)
    assert findings[0].objects[0].track == 1


def test_passing_through_faster_than_the_wait_is_no_intrusion() -> None:
    path = [*stays(0, 2, OUTSIDE), *stays(2.2, 2.8, INSIDE), *stays(3, 9, OUTSIDE)]

    assert tell(rule("intrusion", zone="gate", after_s=1), looks([thing(1, "person", path)], 9)) == []


def test_feet_that_tremble_on_the_border_do_not_start_the_wait_anew() -> None:
    path = [(i * 0.2, at(0.5, 0.505 if i % 3 else 0.495)) for i in range(40)]

    assert len(starts(tell(rule("intrusion", zone="gate", after_s=3), looks([thing(1, "person", path)], 8)))) == 1


def test_a_second_intruder_is_an_update_of_the_same_alarm() -> None:
    two = [thing(1, "person", stays(0, 12, INSIDE)), thing(2, "person", stays(5, 12, at(0.2, 0.9)))]

    findings = tell(rule("intrusion", zone="gate", after_s=1), looks(two, 12))

    assert [f.phase for f in findings] == ["start", "update"]
    assert len({f.key for f in findings}) == 1
    assert findings[1].detail["objects"] == 2


def test_other_labels_and_small_objects_may_enter() -> None:
    dog, ant = thing(1, "dog", stays(0, 5, INSIDE)), thing(2, "person", stays(0, 5, at(0.5, 0.8, 0.01)))

    assert tell(rule("intrusion", zone="gate", labels=["person"], min_size=0.05), looks([dog, ant], 5)) == []


def test_who_stays_long_loiters_and_who_passes_does_not() -> None:
    stayer = thing(1, "person", stays(0, 20, INSIDE))
    passer = thing(2, "person", straight(0, 8, at(0.0, 0.9), at(1.0, 0.9)))

    findings = starts(tell(rule("loitering", zone="gate", after_s=15), looks([stayer, passer], 20)))

    assert len(findings) == 1
    assert [seen.track for seen in findings[0].objects] == [1]
    assert findings[0].time_s == pytest.approx(15, abs=0.21)


def test_a_short_step_out_of_the_zone_does_not_end_a_stay() -> None:
    path = [*stays(0, 8, INSIDE), *stays(8.2, 10, OUTSIDE), *stays(10.2, 18, INSIDE)]

    findings = starts(tell(rule("loitering", zone="gate", after_s=15), looks([thing(1, "person", path)], 18)))

    assert findings[0].started_s == pytest.approx(0.0)


def people(count: int, t0: float, t1: float) -> list[Thing]:
    return [thing(100 + i, "person", stays(t0, t1, at(0.1 + 0.15 * i, 0.8))) for i in range(count)]


def test_enough_people_for_long_enough_are_a_crowd() -> None:
    findings = tell(rule("crowd", zone="gate", at_least=5, for_s=5), looks(people(5, 2, 20), 40))

    assert [f.phase for f in findings] == ["start", "end"]
    assert findings[0].time_s == pytest.approx(6.5, abs=1.2)
    assert findings[0].detail["count"] == 5


def test_fewer_people_or_a_short_time_are_no_crowd() -> None:
    few, short = people(4, 0, 20), people(6, 5, 7)

    assert tell(rule("crowd", zone="gate", at_least=5, for_s=5), looks(few, 20)) == []
    assert tell(rule("crowd", zone="gate", at_least=5, for_s=5), looks(short, 20)) == []


def test_one_who_hides_behind_another_now_and_then_does_not_dissolve_a_crowd() -> None:
    hidden = thing(9, "person", [(t, b) for t, b in stays(0, 20, at(0.9, 0.8)) if int(t) % 7])

    findings = starts(tell(rule("crowd", zone="gate", at_least=5, for_s=5), looks([*people(4, 0, 20), hidden], 20)))

    assert len(findings) == 1


def test_somebody_on_foot_on_the_road_is_reported_and_a_rider_is_not() -> None:
    walker = thing(1, "person", stays(0, 6, INSIDE))
    bike, rider = (
        thing(2, "motorcycle", stays(0, 6, at(0.2, 0.8))),
        thing(3, "person", stays(0, 6, at(0.2, 0.78, 0.08, 0.14))),
    )

    findings = starts(tell(rule("pedestrian_on_road", zone="gate"), looks([walker, bike, rider], 6)))

    assert [[seen.track for seen in f.objects] for f in findings] == [[1]]


def test_a_driver_in_a_car_is_no_pedestrian() -> None:
    car, driver = thing(1, "car", stays(0, 6, at(0.5, 0.9, 0.3))), thing(2, "person", stays(0, 6, at(0.5, 0.8, 0.08)))

    assert tell(rule("pedestrian_on_road", zone="gate"), looks([car, driver], 6)) == []


def test_a_rider_whose_machine_is_seen_only_now_and_then_is_no_pedestrian() -> None:
    path = list(straight(0, 8, at(0.5, 0.55, 0.06, 0.2), at(0.5, 0.95, 0.06, 0.2)))
    machine = [
        (t, (x0 - 0.02, y1 - 0.08, x1 + 0.02, y1 + 0.02)) for t, (x0, _, x1, y1) in path if int(t / 0.2) % 3 == 0
    ]

    findings = tell(
        rule("pedestrian_on_road", zone="gate"), looks([thing(1, "person", path), thing(2, "motorcycle", machine)], 8)
    )

    assert findings == []


def test_who_is_faster_than_a_runner_rides_something() -> None:
    rider = thing(1, "person", straight(0, 4, at(0.1, 0.8, 0.02, 0.06), at(0.9, 0.8, 0.02, 0.06)))

    assert tell(rule("pedestrian_on_road", zone="gate"), looks([rider], 4)) == []


def test_who_walks_and_runs_is_a_pedestrian() -> None:
    walker = thing(1, "person", straight(0, 8, at(0.2, 0.8, 0.05, 0.15), at(0.8, 0.8, 0.05, 0.15)))

    assert len(starts(tell(rule("pedestrian_on_road", zone="gate"), looks([walker], 8)))) == 1


@pytest.mark.parametrize("kmh, reported", [(5, 1), (24, 0)])
def test_a_calibrated_camera_tells_a_rider_who_goes_away_from_it_by_his_speed(kmh: float, reported: int) -> None:
    seconds, scene_m = 5.0, 50.0  # the scene's camera looks from straight above, the person is drawn tall
    way = kmh / 3.6 * seconds / scene_m
    person = thing(1, "person", straight(0, seconds, at(0.5, 0.95, 0.1, 0.25), at(0.5, 0.95 - way, 0.1, 0.25)))

    findings = tell(rule("pedestrian_on_road", zone="gate", calibrated=True), looks([person], seconds))

    assert len(starts(findings)) == reported
