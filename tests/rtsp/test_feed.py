"""A sleeping camera loses nothing: a film in which something moves, through ring, governor and decoder."""

import dataclasses
import weakref

import numpy as np
import pytest

from rtsp.feed import LATE_AFTER_S, Feed
from rtsp.governor import Governor, GovernorSettings
from rtsp.pressure import HOLDS_S, LAGGING_S, Pressure
from rtsp.ring import PacketRing
from tests.rtsp.footage import film, packets_of

STILL_S, WALK_S = 13, 4
ROWS, COLUMNS = np.mgrid[0:180, 0:320]
HOUSES = (100 + 40 * np.sin(COLUMNS / 9.0) + 30 * np.cos(ROWS / 7.0)).astype(np.float32)
NOISE = np.random.default_rng(1).normal(0, 2, (5, *HOUSES.shape)).astype(np.float32)
SLEEPY = GovernorSettings(may_sleep=True, settle_s=3.0, idle_look_s=5.0)


def street(number):
    """A noisy, still street in which a small figure walks during two stretches."""
    luma = HOUSES.copy()
    within_s = number / 25 % (STILL_S + WALK_S) - STILL_S
    if within_s >= 0:
        x = 20 + int(within_s * 40)
        luma[90:126, x : x + 14] -= 60
    return np.clip(luma + NOISE[number * 7 % 5], 0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=["variable", "constant"])
def packets(request, tmp_path_factory):
    """34 s, still and walking in turn; with a variable and with a constant bit rate."""
    rate = {
        "variable": {"crf": "28"},
        "constant": {"b": "400k", "maxrate": "400k", "bufsize": "400k", "nal-hrd": "cbr"},
    }[request.param]
    path = tmp_path_factory.mktemp("feed") / "street.mp4"
    return packets_of(film(path, street, 25 * 2 * (STILL_S + WALK_S), key_every=50, options=rate))


class Node:
    """Ring, governor and feed of one camera, driven packet by packet."""

    def __init__(self, settings, looks_per_s=5.0, ring_bytes=5 * 2**20):
        self.ring = PacketRing(ring_bytes)
        self.governor = Governor(looks_per_s, settings=settings)
        self.looks, self.modes = [], []
        self.now_s = 0.0
        self.pressure = Pressure(lambda: self.now_s)
        self.feed = Feed(
            "cam",
            self.ring,
            self.governor,
            lambda frame: self.looks.append((frame.time_s, self.now_s)),
            pressure=self.pressure,
        )

    def play(self, packets):
        self.governor.begin()
        for number, packet in enumerate(packets):
            self.now_s = packet.time_s
            if number == 100:
                self.governor.measured(25.0, 2.0)
            self.feed.arrived(self.ring.append(packet), packet)
            while self.feed.need():
                self.feed.turn()
            self.modes.append(self.governor.plan().mode)
        return self


def walks():
    return [(n * (STILL_S + WALK_S) + STILL_S, (n + 1) * (STILL_S + WALK_S)) for n in range(2)]


def test_every_look_at_the_movement_is_there_although_it_slept_before(packets):
    node = Node(SLEEPY).play(packets)

    assert node.modes.count("asleep") > 0.3 * len(packets)
    for begin_s, end_s in walks():
        seen = [time_s for time_s, _ in node.looks if begin_s <= time_s < end_s]
        assert WALK_S * 5 - 1 <= len(seen)
        assert seen[0] - begin_s <= 0.25


def test_the_first_look_at_the_movement_is_not_late(packets):
    node = Node(SLEEPY).play(packets)

    for begin_s, end_s in walks():
        time_s, now_s = next(look for look in node.looks if begin_s <= look[0] < end_s)
        assert now_s - time_s <= 2.0  # one group of pictures where sizes tell nothing


def test_times_never_run_backwards_and_nothing_is_seen_twice(packets):
    node = Node(SLEEPY).play(packets)

    times = [time_s for time_s, _ in node.looks]
    assert sorted(set(times)) == times


def test_a_sleeping_camera_is_still_looked_at_now_and_then(packets):
    node = Node(SLEEPY).play(packets)

    times = [0.0] + [time_s for time_s, _ in node.looks]
    assert max(np.diff(times)) <= SLEEPY.idle_look_s + SLEEPY.unsure_check_every_s  # at the first check after it is due


def test_whoever_has_slept_is_looked_at_in_the_same_pictures_as_whoever_has_not(packets):
    awake, sleepy = Node(GovernorSettings()).play(packets), Node(SLEEPY).play(packets)
    seen = {round(time_s, 3) for time_s, _ in awake.looks}
    walking = [round(t, 3) for t, _ in sleepy.looks if t % (STILL_S + WALK_S) >= STILL_S]

    assert len(walking) > 2 * WALK_S * 5 * 0.9
    assert set(walking) <= seen


def test_much_less_is_decoded_than_without_sleep(packets):
    awake, sleepy = Node(GovernorSettings()).play(packets), Node(SLEEPY).play(packets)

    assert len(packets) == awake.feed.decoded
    assert sleepy.feed.decoded < 0.75 * awake.feed.decoded


def test_what_was_not_decoded_is_counted_by_reason(packets):
    node = Node(SLEEPY).play(packets)

    assert node.feed.skipped["asleep"] > 100
    assert 0 == node.feed.skipped["overloaded"] + node.feed.skipped["overrun"]


def test_a_decoder_that_was_overrun_goes_on_at_a_key_frame(packets):
    node = Node(GovernorSettings(), ring_bytes=sum(packet.size_bytes for packet in packets[:120]))
    for packet in packets[:500]:
        node.feed.arrived(node.ring.append(packet), packet)

    while node.feed.need():
        node.feed.turn()

    assert node.feed.skipped["overrun"] > 0
    assert 0 == node.feed.decode_errors
    assert node.looks[0][0] == node.ring.since(0.0)[0].time_s


def test_on_a_full_box_pictures_are_few_but_never_old(packets):
    node, time_left = Node(GovernorSettings(), looks_per_s=25.0), 0.0
    live = [dataclasses.replace(packet, arrived_s=packet.time_s) for packet in packets[:500]]
    for packet in live:
        node.now_s = packet.time_s
        node.feed.arrived(node.ring.append(packet), packet)
        time_left = min(time_left + 0.5, 1.0)  # for every other picture; what is not used is gone
        while time_left >= 1.0 and node.feed.need():
            before = node.feed.decoded
            node.feed.turn()
            time_left -= node.feed.decoded - before

    assert max(now_s - time_s for time_s, now_s in node.looks) <= LATE_AFTER_S + 0.08
    assert len(node.looks) > 0.2 * len(live) / 2  # half as many are asked for while it is full
    assert max(np.diff([time_s for time_s, _ in node.looks])) <= 2.0
    assert node.feed.skipped["overloaded"] > 100
    assert 0 == node.feed.decode_errors


def test_pictures_that_no_other_needs_are_not_decoded_for_a_few_looks(tmp_path):
    options = {"preset": "medium", "bf": "2", "b-pyramid": "none", "b_strategy": "0"}
    packets = packets_of(film(tmp_path / "b.mp4", street, 250, key_every=50, options=options))

    node = Node(GovernorSettings()).play(packets)

    assert node.feed.decoded < 0.7 * len(packets)
    assert 20 == pytest.approx(len([time_s for time_s, _ in node.looks if 5 <= time_s < 9]), abs=1)


def test_a_decoder_that_has_caught_up_makes_way_for_one_with_less_memory(packets):
    node, decoders = Node(SLEEPY), []
    follow = node.feed._follow
    node.feed._follow = lambda *work: (follow(*work), decoders.append((node.now_s, weakref.ref(node.feed._decoder))))[0]
    node.play(packets)

    awake = [decoder for now_s, decoder in decoders if STILL_S <= now_s < 2 * STILL_S]
    assert 2 == len({id(decoder) for decoder in awake})
    assert awake[0]() is None


def test_whoever_falls_behind_looks_half_as_often_until_that_is_over(packets):
    node = Node(GovernorSettings(), looks_per_s=5.0)
    live = [dataclasses.replace(packet, arrived_s=packet.time_s) for packet in packets[:500]]
    held_s = LAGGING_S + 0.1  # once, ten seconds in, the decoder has something else to do for so long
    for packet in live:
        node.now_s = packet.time_s
        node.feed.arrived(node.ring.append(packet), packet)
        while node.feed.need() and not 10.0 <= packet.time_s < 10.0 + held_s:
            node.feed.turn()

    def looks_per_s(from_s, to_s):
        return sum(from_s <= time_s < to_s for time_s, _ in node.looks) / (to_s - from_s)

    assert looks_per_s(0.0, 10.0) == pytest.approx(5.0, abs=0.2)
    assert looks_per_s(10.5, 10.0 + HOLDS_S) == pytest.approx(2.5, abs=0.3)
    assert looks_per_s(11.0 + HOLDS_S, 20.0) == pytest.approx(5.0, abs=0.4)
    assert 0 == node.feed.skipped["overloaded"]


def test_under_pressure_pictures_are_decoded_without_the_loop_filter_from_a_key_frame_on(packets):
    node, plain = Node(GovernorSettings(), looks_per_s=25.0), []
    for packet in packets[:500]:
        node.now_s = packet.time_s
        if packet.time_s >= 7.0:
            node.pressure.note(1.0)
        node.feed.arrived(node.ring.append(packet), packet)
        while node.feed.need():
            node.feed.turn()
        plain.append(node.feed._decoder.filters)

    changes = [packet for packet, before, now in zip(packets[1:], plain, plain[1:], strict=False) if before != now]
    assert [True] == [packet.is_key for packet in changes]  # at one key frame, and once
    assert plain[-1] is False
    assert node.feed.decoded == 500
    assert 0 == node.feed.decode_errors


@pytest.mark.parametrize(("asked", "given"), [(1.0, 1.0), (2.5, 2.5), (3.0, 2.5), (5.0, 2.5), (25.0, 12.5)])
def test_under_pressure_no_camera_is_looked_at_less_often_than_serves(asked, given):
    now_s = 100.0
    pressure = Pressure(lambda: now_s)

    assert asked == pressure.eased(asked)
    pressure.note(LAGGING_S + 0.01)

    assert given == pressure.eased(asked)
