"""What a camera says of its video and of who may see it."""

from __future__ import annotations

import hashlib

import pytest

from rtsp.client.dialogue import _joined
from rtsp.client.digest import login
from rtsp.client.sdp import video_of
from rtsp.simulator.digest import Credentials

DESCRIPTION = """v=0
o=- 1 1 IN IP4 10.0.0.1
s=Media Presentation
a=control:*
m=audio 0 RTP/AVP 8
a=control:trackID=2
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=640028;sprop-parameter-sets=Z2QAKA==,aO4=
a=framerate:12.5
a=control:trackID=1
m=application 0 RTP/AVP 107
a=rtpmap:107 vnd.onvif.metadata/90000
a=control:trackID=3
"""


def test_the_video_among_other_media_is_found():
    video = video_of(DESCRIPTION)

    assert video is not None
    assert (video.codec, video.clock_rate, video.control, video.fps) == ("h264", 90_000, "trackID=1", 12.5)
    assert video.parameter_sets == [bytes.fromhex("67640028"), bytes.fromhex("68ee")]


def test_h265_names_its_sets_one_by_one_and_damaged_ones_are_left_out():
    video = video_of(
        DESCRIPTION.replace("H264", "H265").replace(
            "packetization-mode=1;profile-level-id=640028;sprop-parameter-sets=Z2QAKA==,aO4=",
            "sprop-vps=QAE=; sprop-sps=@@@; sprop-pps=RAE=",
        )
    )

    assert video is not None
    assert (video.codec, video.parameter_sets) == ("hevc", [b"\x40\1", b"\x44\1"])


@pytest.mark.parametrize("line", ["a=rtpmap:96 JPEG/90000", "a=rtpmap:96 VP9/90000", "a=rtpmap:garbage", ""])
def test_other_codecs_are_left_to_others(line):
    video = video_of(DESCRIPTION.replace("a=rtpmap:96 H264/90000", line))

    assert video is not None and video.codec is None


def test_a_stream_of_sound_alone_has_no_video():
    assert video_of(DESCRIPTION.replace("m=video", "m=audio")) is None
    assert video_of("") is None


@pytest.mark.parametrize(
    ("base", "control", "address"),
    [
        ("rtsp://h/live/", "trackID=1", "rtsp://h/live/trackID=1"),
        ("rtsp://h/live", "trackID=1", "rtsp://h/live/trackID=1"),
        ("rtsp://h/cam?channel=1&subtype=0", "trackID=0", "rtsp://h/cam?channel=1&subtype=0/trackID=0"),
        ("rtsp://h/live/", "rtsp://h/other/video", "rtsp://h/other/video"),
        ("rtsp://h/live/", "*", "rtsp://h/live/"),
        ("rtsp://h/live/", "", "rtsp://h/live/"),
    ],
)
def test_a_control_attribute_becomes_an_address(base, control, address):
    assert _joined(base, control) == address


@pytest.mark.parametrize("algorithms", [("SHA-256", "MD5"), ("MD5",)])
def test_a_digest_is_what_a_camera_accepts(algorithms):
    camera = Credentials("installer", "bí mật", algorithms)

    answer = login("installer", "bí mật", camera.challenges("abc123"))

    assert answer is not None
    assert camera.accept(answer.header("SETUP", "rtsp://h/x"), method="SETUP", nonce="abc123")
    assert not camera.accept(answer.header("SETUP", "rtsp://h/x"), method="PLAY", nonce="abc123")


def test_the_example_of_the_standard_is_answered_as_it_says():
    """RFC 7616, section 3.9.1, with the client's nonce that we drew."""
    asked = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    answer = login("Mufasa", "Circle of Life", [asked])
    assert answer is not None
    said = dict(part.replace('"', "").split("=", 1) for part in answer.header("GET", "/dir/index.html")[7:].split(", "))

    def digest(text):
        return hashlib.sha256(text.encode()).hexdigest()

    secret, request = digest("Mufasa:http-auth@example.org:Circle of Life"), digest("GET:/dir/index.html")
    assert said["response"] == digest(f"{secret}:{said['nonce']}:{said['nc']}:{said['cnonce']}:auth:{request}")
    assert said["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def test_basic_is_used_where_nothing_better_is_offered():
    answer = login("a", "b", ['Basic realm="x"'])

    assert answer is not None and answer.header("PLAY", "rtsp://h/") == "Basic YTpi"
    assert login("a", "b", ['Negotiate xyz="1"', 'Digest realm="x", algorithm=SHA-512-256, nonce="1"']) is None
