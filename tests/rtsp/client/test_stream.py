"""What a camera sends comes out as it went in, however RTP cut it and however the network brought it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtsp.client.stream import Stream, receiver_report
from rtsp.client.units import START, assembler
from rtsp.errors import SourceError
from rtsp.simulator.packets import _h264, _h265, frame
from rtsp.simulator.rtcp import sender_report

P, IDR, SPS, PPS, SEI = 1, 5, 7, 8, 6


def h264(kind, size=40, fill=7):
    return bytes([0x60 | kind]) + bytes([fill]) * size


def h265(kind, size=40):
    return bytes([kind << 1, 1]) + b"\x07" * size


def sent(pictures, limit=1400, cut=_h264):
    """Return the connection's bytes for [(stamp, NAL units), …]."""
    whole, sequence = b"", 65_530
    for stamp, units in pictures:
        packets = frame(cut(tuple(units), limit), 96)
        packets.patch(sequence, stamp, 0xC0FFEE)
        sequence += len(packets.heads)
        whole += bytes(packets.blob)
    return whole


def read(data, chunk=10_000, codec="h264", stream=None):
    stream = stream or Stream(assembler(codec), 0, 1)
    units = []
    for at in range(0, len(data), chunk):
        part = stream.rest + data[at : at + chunk]
        units += stream.take(bytearray(part + b"stale bytes of another connection$$"), len(part))
    return units


def joined(units):
    return b"".join(START + unit for unit in units)


@given(
    pictures=st.lists(
        st.lists(st.tuples(st.sampled_from([P, IDR, SPS, PPS, SEI]), st.integers(1, 5000)), min_size=1, max_size=5),
        min_size=1,
        max_size=4,
    ),
    limit=st.integers(60, 3000),
    chunk=st.integers(1, 5000),
)
@settings(max_examples=150, deadline=None)
def test_pictures_come_out_as_they_went_in(pictures, limit, chunk):
    made = [[h264(kind, size) for kind, size in units] + [h264(P, 3)] for units in pictures]
    stamped = [(number * 3600, units) for number, units in enumerate(made, start=1)]

    units = read(sent(stamped, limit), chunk)

    assert [unit.data for unit in units] == [joined(units) for units in made]
    assert [unit.stamp for unit in units] == [stamp for stamp, _ in stamped]
    assert [unit.is_key for unit in units] == [any(nal[0] & 31 == IDR for nal in units) for units in made]


@given(sizes=st.lists(st.integers(3, 4000), min_size=1, max_size=4), limit=st.integers(60, 1500))
@settings(max_examples=50, deadline=None)
def test_h265_comes_out_as_it_went_in(sizes, limit):
    made = [h265(32), h265(33), h265(34), *(h265(19, size) for size in sizes)]

    first, second = read(sent([(1, made), (2, [h265(1, 50)])], limit, _h265), codec="hevc")

    assert (first.data, first.is_key) == (joined(made), True)
    assert (second.data, second.is_key) == (joined([h265(1, 50)]), False)


def test_a_recovery_point_is_a_place_to_begin():
    recovery = bytes([SEI, 6, 1, 0xC4, 0x80])

    [unit] = read(sent([(1, [recovery, h264(P)])]))

    assert unit.is_key


def test_parameter_sets_that_are_marked_as_if_they_were_a_picture_wait_for_theirs():
    alone = sent([(7, [h264(SPS)])]) + sent([(7, [h264(PPS)])]) + sent([(7, [h264(IDR)])])

    [unit] = read(alone)

    assert unit.data == joined([h264(SPS), h264(PPS), h264(IDR)])


def test_a_camera_that_marks_every_slice_is_read_by_its_times():
    slices = [sent([(stamp, [h264(P, 30, fill)])]) for stamp in (1, 2, 3, 4) for fill in (1, 2)]

    units = read(b"".join(slices))

    assert [unit.data for unit in units[-2:]] == [joined([h264(P, 30, 1), h264(P, 30, 2)])] * 2


def test_a_camera_that_marks_nothing_is_read_by_its_times():
    data = bytearray(sent([(stamp, [h264(P, stamp)]) for stamp in (5, 6, 7)]))
    at = 0
    while at < len(data):
        data[at + 5] &= 0x7F
        at += 4 + struct.unpack_from(">H", data, at + 2)[0]

    assert [unit.stamp for unit in read(bytes(data))] == [5, 6]


def test_contributors_extension_and_padding_are_no_part_of_the_picture():
    nal = h264(P, 20)
    head = struct.pack(">BBHII", 0x80 | 0x20 | 0x10 | 2, 0xE0, 1, 9, 1)
    rtp = head + b"\1\1\1\1\2\2\2\2" + struct.pack(">HH", 0xBEDE, 1) + b"\3\3\3\3" + nal + b"\0\0\3"

    [unit] = read(b"$\0" + struct.pack(">H", len(rtp)) + rtp)

    assert unit.data == START + nal


def test_answers_and_reports_between_packets_are_read_and_packets_go_on():
    report = sender_report(source=0xAB, utc_s=1_790_000_000.25, rtp_timestamp=90_000, packets=1, octets=1, name="cam")
    answer = b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 4\r\n\r\n$\0$\0"
    rtcp = b"$\1" + struct.pack(">H", len(report)) + report
    stream = Stream(assembler("h264"), 0, 1)

    units = read(sent([(1, [h264(IDR)])]) + answer + rtcp + sent([(2, [h264(P)])]), chunk=13, stream=stream)

    assert [unit.stamp for unit in units] == [1, 2]
    assert stream.answers == [answer]
    assert stream.report is not None
    assert (stream.report.utc_s, stream.report.stamp) == (pytest.approx(1_790_000_000.25, abs=1e-6), 90_000)
    assert stream.source == 0xAB


def test_noise_is_passed_over_but_not_for_ever():
    good = sent([(1, [h264(IDR)])])

    assert [unit.stamp for unit in read(b"\r\n\0\xffnoise" + good + b"more$\xee noise")] == [1]
    with pytest.raises(SourceError, match="no RTSP") as caught:
        read(b"\xff" * 2**21)
    assert caught.value.reason == "garbage"


@given(data=st.binary(max_size=3000), chunk=st.integers(1, 500))
@settings(max_examples=200, deadline=None)
def test_whatever_comes_is_read_without_harm(data, chunk):
    units = read(b"$\0\0\x20\x80\x60" + data, chunk)

    assert sum(len(unit.data) for unit in units) <= 4 * len(data) + 64


def test_a_picture_without_end_is_refused():
    piece = bytes([0x60 | 28, 0x01]) + bytes(60_000)
    first = bytes([0x60 | 28, 0x81]) + bytes(10)

    def rtp(payload):
        packet = struct.pack(">BBHII", 0x80, 96, 1, 9, 1) + payload
        return b"$\0" + struct.pack(">H", len(packet)) + packet

    with pytest.raises(SourceError, match="MiB"):
        read(rtp(first) + rtp(piece) * 300, chunk=100_000)


def test_a_receivers_report_says_whom_it_heard():
    report = receiver_report(0x11, 0x22, 77, None, 0.0)

    flags, kind, words, own, camera, _, highest = struct.unpack_from(">BBHIIII", report)
    assert (flags & 31, kind, words, own, camera, highest) == (1, 201, 7, 0x11, 0x22, 77)
    assert len(report) % 4 == 0
