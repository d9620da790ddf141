import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.detections import Detections
from detectors.picture import Picture
from edge.camera import CameraWatch, SteadyClock
from tests.edge.scenes import NOON, SpyRule, frame, person


class GlancingRule(SpyRule):
    glances_s = 0.08

    def __init__(self) -> None:
        super().__init__()
        self.glances: list[float] = []

    def glance(self, picture: Picture, time_s: float) -> None:
        self.glances.append(time_s)


def test_a_finding_carries_the_utc_of_its_moments():
    watch = CameraWatch([SpyRule()])

    told = watch.see(frame(100.0), {"objects": person()})

    assert [(NOON + timedelta(seconds=100), NOON + timedelta(seconds=99))] == [(t.at, t.started_at) for t in told]


def test_objects_are_looked_at_as_often_as_the_node_says_and_no_more():
    watch = CameraWatch([SpyRule()], looks_per_s=5.0)

    looked = []
    for n in range(50):  # 25 frames a second for two seconds
        if watch.due(now := frame(n / 25)):
            watch.see(now, {"objects": Detections.none()})
            looked.append(now.time_s)

    assert len(looked) == 10
    assert all(b - a == pytest.approx(0.2) for a, b in itertools.pairwise(looked))


def test_a_rule_that_looks_at_pixels_keeps_its_own_pace():
    slow, fast = SpyRule("picture", 1.0), SpyRule("picture", 0.5)
    watch = CameraWatch([slow, fast])

    for n in range(20):
        if "picture" in watch.due(now := frame(n / 10)):
            watch.see(now, {"picture": Detections.none()})

    assert (len(slow.looks), len(fast.looks)) == (2, 4)


def test_a_rule_that_glances_gets_pictures_between_its_looks():
    rule = GlancingRule()
    watch = CameraWatch([rule], looks_per_s=5.0)

    for n in range(25):
        if due := watch.due(now := frame(n / 25)):
            watch.see(now, dict.fromkeys(due, Detections.none()))

    assert len(rule.looks) == 5
    assert len(rule.glances) == 13


def test_a_new_session_ends_all_tracks_and_rules_forget_them():
    rule = SpyRule()
    watch = CameraWatch([rule])
    for n in range(10):
        watch.see(frame(n / 5), {"objects": person(0.3 + n / 100)})
    before = set(rule.looks[-1].tracks.ids.tolist())

    for n in range(10):
        watch.see(frame(n / 5, session=1, at=NOON + timedelta(seconds=60 + n / 5)), {"objects": person()})

    after = set(rule.looks[-1].tracks.ids.tolist())
    assert before and after
    assert not before & after
    assert before <= set(rule.forgotten)


def test_silence_is_told_with_its_length():
    rule = SpyRule()
    watch = CameraWatch([rule])
    watch.see(frame(5.0), {"objects": person()})

    told = watch.absent(12.0, NOON + timedelta(seconds=17))

    assert rule.silences == [12.0]
    assert NOON + timedelta(seconds=17) == told[0].at


def test_a_camera_that_never_showed_anything_can_be_told_as_silent():
    told = CameraWatch([SpyRule()]).absent(30.0, NOON)

    assert [t.at for t in told] == [NOON]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(0, 1e6), st.floats(-100, 100)),
        min_size=1,
        max_size=30,
    )
)
def test_camera_time_never_runs_backwards_whatever_cameras_say(moments: list[tuple[int, float, float]]):
    clock, last_s, session = SteadyClock(), 0.0, 0

    for step, time_s, shift_s in moments:
        session += step
        now_s, _ = clock.tick(frame(time_s, session=session, at=NOON + timedelta(seconds=shift_s)))

        assert now_s >= last_s
        last_s = now_s


def test_what_was_seen_holds_while_the_camera_sleeps():
    rule, life = SpyRule(), SpyRule("picture", 0.5)
    life.holds = False  # type: ignore[misc]
    watch = CameraWatch([rule, life])
    for n in range(10):
        watch.see(frame(n / 5), {"objects": person(), "picture": Detections.none()})
    awake, ids = len(life.looks), set(rule.looks[-1].tracks.ids.tolist())

    for second in range(3, 60):
        watch.hold(NOON + timedelta(seconds=second))

    assert ids == set(rule.looks[-1].tracks.ids.tolist())
    assert 59.0 == pytest.approx(rule.looks[-1].time_s)
    assert awake == len(life.looks)


def test_seconds_without_a_picture_pass_also_where_the_cameras_clock_is_an_hour_ahead():
    clock = SteadyClock()
    clock.tick(frame(5.0, at=NOON + timedelta(hours=1)))

    silent = [clock.at(NOON + timedelta(seconds=s)) for s in range(4)]
    asleep = [clock.pass_to(NOON + timedelta(seconds=s)) for s in range(4, 8)]
    again, _ = clock.tick(frame(13.0, at=NOON + timedelta(hours=1, seconds=8)))

    first_s = silent[0]
    assert silent == [pytest.approx(first_s + s) for s in range(4)]
    assert asleep == [pytest.approx(first_s + s) for s in range(4, 8)]
    assert again >= asleep[-1]


def test_a_picture_ends_the_wait_that_was_measured_on_our_clock():
    clock = SteadyClock()
    clock.tick(frame(5.0, at=NOON + timedelta(hours=1)))
    clock.at(NOON)
    now_s, _ = clock.tick(frame(65.0, at=NOON + timedelta(hours=1, seconds=60)))

    assert clock.at(NOON + timedelta(seconds=60)) == now_s
