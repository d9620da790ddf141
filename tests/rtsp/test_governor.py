"""What is decoded, and why: from needs, wishes, packet sizes and looks."""

import random

import pytest

from rtsp.governor import Governor, GovernorSettings
from rtsp.sizes import PacketSizes

FPS = 25
SLEEPY = GovernorSettings(may_sleep=True, settle_s=5.0, check_every_s=10.0, blind_check_every_s=1.0, lead_s=1.0)


class Stream:
    """A camera's packets: quiet ones of about 1,000 bytes, a key frame every two seconds."""

    def __init__(self, governor, seed=1):
        self.governor, self.time_s = governor, 0.0
        self._rng = random.Random(seed)
        self._number = 0

    def run(self, seconds, *, mean=1000.0, looks=True, moved=False):
        """Send `seconds` of packets, and let an awake camera look five times a second."""
        for _ in range(round(seconds * FPS)):
            key = self._number % 50 == 0
            self.governor.packet(self.time_s, 20_000 if key else self._rng.gauss(mean, 50), key)
            if looks and self._number % 5 == 0 and self.governor.plan().mode != "asleep":
                self.governor.saw(self.time_s, moved=moved)
            self._number += 1
            self.time_s = self._number / FPS


@pytest.fixture
def governor():
    return Governor(5.0, settings=SLEEPY)


@pytest.fixture
def stream(governor):
    return Stream(governor)


def test_a_still_picture_puts_the_camera_to_sleep(governor, stream):
    stream.run(4.0)
    assert "some" == governor.plan().mode

    stream.run(4.0)

    assert ("asleep", "picture still") == (governor.plan().mode, governor.plan().reason)


def test_stillness_counts_from_the_earlier_picture_that_shows_it(governor, stream):
    stream.run(4.8)
    governor.saw(stream.time_s, moved=True)
    moved_s = stream.time_s
    stream.run(7.0, looks=False)

    governor.saw(moved_s + 2.0, moved=False, since_s=moved_s + 0.6)
    governor.saw(moved_s + 5.4, moved=False, since_s=moved_s + 4.0)
    assert "some" == governor.plan().mode
    governor.saw(moved_s + 5.7, moved=False, since_s=moved_s + 4.3)

    assert "asleep" == governor.plan().mode


def test_a_camera_whose_quiet_packets_jump_now_and_then_is_not_woken_by_the_next_jump():
    sizes, rng = PacketSizes(), random.Random(4)
    for number in range(100):
        mean = 900 if number % 12 == 0 else rng.gauss(100, 5)
        for _ in range(10):
            window = sizes.add(0.04 * (number * 10 + _), mean, False)
            if window is not None:
                sizes.learn(window, moving=False)

    assert sizes.surprise(900) < 3.0
    assert sizes.surprise(10_000) > 8.0


def test_movement_keeps_it_awake(governor, stream):
    stream.run(30.0, moved=True, mean=3000)

    assert "some" == governor.plan().mode


def test_larger_packets_wake_it_within_a_second_and_decoding_restarts_before_them(governor, stream):
    stream.run(20.0)
    changed_s = stream.time_s

    stream.run(1.0, mean=3000, looks=False)

    plan = governor.plan()
    assert ("some", "packet sizes") == (plan.mode, plan.reason)
    assert changed_s - 2.0 <= plan.from_s <= changed_s


def test_packets_that_are_somewhat_larger_for_a_second_wake_it_although_sizes_are_not_trusted(governor, stream):
    stream.run(20.0)
    assert "no" == governor.trust

    stream.run(0.4, mean=1400, looks=False)
    assert "asleep" == governor.plan().mode
    stream.run(0.8, mean=1400, looks=False)

    assert ("some", "packet sizes") == (governor.plan().mode, governor.plan().reason)


def test_quiet_packets_never_wake_it(governor, stream):
    stream.run(300.0)

    assert "asleep" == governor.plan().mode
    assert {} == governor.woken


def test_a_changed_picture_at_a_check_wakes_it_and_goes_back_to_the_check_before(governor, stream):
    stream.run(20.0)
    governor.saw(stream.time_s, moved=False)
    checked_s = stream.time_s
    stream.run(4.0)

    governor.saw(stream.time_s, moved=True)

    assert "picture changed" == governor.plan().reason
    assert checked_s == governor.plan().from_s


def test_looks_that_catch_up_do_not_put_it_back_to_sleep(governor, stream):
    stream.run(20.0)
    governor.saw(stream.time_s, moved=False)
    stream.run(8.0)
    governor.saw(stream.time_s, moved=True)

    for n in range(7 * 5):
        governor.saw(stream.time_s - 8.0 + n / 5, moved=False)

    assert "some" == governor.plan().mode


def test_checks_are_rare_only_where_sizes_have_been_seen_to_tell(governor, stream):
    stream.run(20.0)
    assert "no" == governor.trust and governor.check_due(stream.time_s + 1.1)

    governor.want(5.0, "operator")
    stream.run(10.0, mean=3000, moved=True)
    governor.want(None, "operator")
    stream.run(20.0)
    governor.saw(stream.time_s, moved=False)

    assert "yes" == governor.trust
    assert not governor.check_due(stream.time_s + 9.0)
    assert governor.check_due(stream.time_s + 10.0)


def test_sizes_are_half_trusted_where_quiet_pictures_are_nearly_all_skipped(governor, stream):
    governor.measured(25.0, 2.0, pixels=1920 * 1080)

    stream.run(20.0)
    governor.saw(stream.time_s, moved=False)

    assert "probably" == governor.trust
    assert not governor.check_due(stream.time_s + 3.9)
    assert governor.check_due(stream.time_s + 4.0)


def test_movement_that_did_not_show_in_the_sizes_ends_the_trust(governor, stream):
    governor.measured(25.0, 2.0, pixels=1920 * 1080)
    stream.run(4.5)

    stream.run(10.0, moved=True)

    assert "no" == governor.trust


def test_a_key_frame_of_unusual_size_is_looked_at_before_the_next_check(governor, stream):
    governor.measured(25.0, 2.0, pixels=1920 * 1080)
    stream.run(20.0)
    governor.saw(stream.time_s, moved=False)
    assert not governor.check_due(stream.time_s + 1.0)

    governor.packet(stream.time_s + 1.0, 30_000, True)

    assert governor.check_due(stream.time_s + 1.0)


def test_a_wish_wakes_it_and_keeps_it_awake(governor, stream):
    stream.run(20.0)

    governor.want(10.0, "onvif")
    stream.run(20.0)
    assert ("some", 10.0, "onvif") == (governor.plan().mode, governor.plan().looks_per_s, governor.plan().reason)

    governor.want(None, "onvif")
    stream.run(10.0)
    assert "asleep" == governor.plan().mode


def test_a_new_session_begins_awake_and_learns_anew(governor, stream):
    stream.run(20.0)

    governor.begin()

    assert "some" == governor.plan().mode
    assert governor.plan().from_s is None


def test_it_never_sleeps_unless_it_may():
    governor = Governor(5.0)
    stream = Stream(governor)

    stream.run(60.0)

    assert "some" == governor.plan().mode


@pytest.mark.parametrize(
    ("looks", "keys_only", "mode"),
    [(25.0, False, "every"), (5.0, False, "some"), (0.5, False, "keys"), (0.1, True, "keys"), (1.0, False, "some")],
)
def test_the_mode_follows_from_the_looks_that_are_needed(looks, keys_only, mode):
    governor = Governor(looks, keys_only)

    governor.measured(fps=25.0, key_every_s=2.0)

    assert mode == governor.plan().mode


def test_an_operator_sees_more_than_key_frames_of_a_key_frame_camera():
    governor = Governor(0.1, key_frames_only=True)
    governor.measured(fps=25.0, key_every_s=2.0)

    governor.want(5.0, "operator")

    assert ("some", "operator") == (governor.plan().mode, governor.plan().reason)


def test_dusk_does_not_look_like_movement():
    sizes, rng, most = PacketSizes(), random.Random(2), 0.0
    for n in range(25 * 1800):  # noise doubles in half an hour
        window = sizes.add(n / FPS, rng.gauss(1000 * (1 + n / (25 * 1800)), 50), False)
        if window is not None:
            most = max(most, window.surprise)
            sizes.learn(window, moving=False)

    assert most < 4.0


def test_a_rhythm_of_b_frames_is_no_movement():
    sizes, rng = PacketSizes(), random.Random(3)
    surprises = []
    for n in range(25 * 60):
        window = sizes.add(n / FPS, rng.gauss(2000 if n % 4 == 0 else 300, 40), False)
        if window is not None:
            surprises.append(window.surprise)
            sizes.learn(window, moving=False)

    assert max(surprises) < 8.0
