import av
import pytest

from rtsp.clip import cut
from rtsp.file_source import frames
from rtsp.ring import PacketRing
from tests.rtsp.footage import counting_square, film, packets_of


@pytest.fixture(scope="module")
def packets(tmp_path_factory):
    """Four seconds, a key frame each second."""
    return packets_of(film(tmp_path_factory.mktemp("ring") / "square.mp4", counting_square, 100))


def filled(packets, max_bytes=2**20):
    ring = PacketRing(max_bytes)
    for packet in packets:
        ring.append(packet)
    return ring


def test_since_starts_at_the_key_frame_before(packets):
    ring = filled(packets)

    got = ring.since(2.5)

    assert got[0].is_key and 2.0 == got[0].time_s
    assert packets[-1] is got[-1]


def test_since_a_moment_that_is_gone_starts_at_the_first_key_frame_there_is(packets):
    ring = filled(packets[10:])

    assert 1.0 == ring.since(0.0)[0].time_s


def test_the_oldest_whole_groups_go_when_the_bytes_are_spent(packets):
    last_two = sum(packet.size_bytes for packet in packets[50:])

    ring = filled(packets, max_bytes=last_two)

    assert ring.size_bytes <= last_two
    assert [50, packets[50]] == list(ring.at(0))


def test_without_key_frames_it_stays_bounded_and_offers_nothing_to_start_from(packets):
    inter = [packet for packet in packets if not packet.is_key]

    ring = filled(inter, max_bytes=3000)

    assert ring.size_bytes <= 3000
    assert [] == ring.since(0.0)
    assert packets[-1] is ring.newest()


def test_a_reader_that_was_overrun_is_told_where_the_ring_begins(packets):
    ring = filled(packets, max_bytes=sum(packet.size_bytes for packet in packets[75:]))

    number, packet = ring.at(3)

    assert 75 == number
    assert packet.is_key
    assert ring.at(ring.end) is None


def test_a_clip_plays_and_begins_at_the_key_frame_before_the_moment(packets, tmp_path):
    ring = filled(packets)

    clip = cut(ring, tmp_path / "clip.mp4", 1.5, 3.0)

    assert (1.0, 3.0) == (clip.from_s, clip.to_s)
    played = list(frames(clip.path))
    assert clip.packets == len(played)
    assert 0.0 == played[0].time_s and played[0].key
    assert [clip.path] == list(tmp_path.iterdir())


def test_a_clip_can_be_cut_twice_from_the_same_packets(packets, tmp_path):
    ring = filled(packets)

    sizes = [cut(ring, tmp_path / name, 0.0, 3.9).size_bytes for name in ("a.mp4", "b.mp4")]

    assert sizes[0] == sizes[1]
    with av.open(str(tmp_path / "b.mp4")) as again:
        assert packets[0].encoding.width == again.streams.video[0].width


def test_a_clip_does_not_reach_over_a_reconnect(packets, tmp_path):
    later = packets_of_second_session(packets)
    ring = filled(packets[:30] + later)

    clip = cut(ring, tmp_path / "clip.mp4", 0.0, 99.0)

    assert later[0].time_s == clip.from_s
    assert len(later) == clip.packets


def packets_of_second_session(packets):
    from dataclasses import replace

    return [replace(packet, session=1, time_s=packet.time_s + 10) for packet in packets[:30]]


def test_an_empty_ring_gives_no_clip(tmp_path):
    assert cut(PacketRing(), tmp_path / "clip.mp4", 0.0, 1.0) is None
