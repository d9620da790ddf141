"""Sources against a server that we did not write, and against what is wrong with addresses and files."""

from __future__ import annotations

import shutil
import subprocess
import threading

import pytest

from rtsp.errors import SourceError
from rtsp.probe import probe
from rtsp.source import SourceSettings, open_source, source_catalog
from tests.rtsp.footage import counting_square, film
from tests.rtsp.gst import gst_server

QUICK = SourceSettings(open_timeout_s=6.0, read_timeout_s=3.0)


@pytest.fixture(scope="module")
def open_server():
    with gst_server() as port:
        yield f"rtsp://127.0.0.1:{port}"


def first_packets(url, settings=QUICK, count=10):
    source = open_source(url, settings)
    try:
        encoding = source.connect()
        packets = source.packets(threading.Event())
        return encoding, [next(packets) for _ in range(count)]
    finally:
        source.close()


def reason_of(url, settings=QUICK):
    with pytest.raises(SourceError) as caught:
        first_packets(url, settings)
    return caught.value.reason


@pytest.mark.system
@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(("path", "codec"), [("h264", "h264"), ("h265", "hevc"), ("mjpeg", "mjpeg")])
def test_an_independent_server_is_received(open_server, path, codec, transport):
    settings = SourceSettings(transport=transport, open_timeout_s=6.0, read_timeout_s=3.0)

    encoding, packets = first_packets(f"{open_server}/{path}", settings)

    assert (codec, 320, 240) == (encoding.codec, encoding.width, encoding.height)
    assert packets[0].is_keyframe
    assert (codec == "mjpeg") == encoding.intra_only


@pytest.mark.system
def test_a_stream_that_does_not_exist_is_not_found(open_server):
    assert "not_found" == reason_of(f"{open_server}/nothing")


@pytest.mark.system
def test_digest_authentication_lets_in_who_knows_the_password():
    with gst_server("--user", "installer", "--password", "bí mật") as port:
        encoding, _ = first_packets(f"rtsp://installer:b%C3%AD%20m%E1%BA%ADt@127.0.0.1:{port}/h264")

        assert "h264" == encoding.codec
        assert "unauthorised" == reason_of(f"rtsp://installer:wrong@127.0.0.1:{port}/h264")
        assert "unauthorised" == reason_of(f"rtsp://127.0.0.1:{port}/h264")


@pytest.mark.system
def test_rtsps_is_encrypted_and_verified_where_an_authority_is_named(tmp_path):
    certificate, key = self_signed(tmp_path)
    _, other = self_signed(tmp_path / "other")
    with gst_server("--tls", certificate, key) as port:
        url = f"rtsps://127.0.0.1:{port}/h264"

        assert "h264" == first_packets(url)[0].codec
        assert "h264" == first_packets(url, trusting(certificate))[0].codec
        assert "tls" == reason_of(url, trusting(other.with_name("c.pem")))


def trusting(certificate):
    return SourceSettings(open_timeout_s=6.0, read_timeout_s=3.0, ca_file=str(certificate))


def self_signed(folder):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here to make a certificate")
    folder.mkdir(exist_ok=True)
    certificate, key = folder / "c.pem", folder / "k.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -days 2 -subj /CN=camera"
    subprocess.run([*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return certificate, key


@pytest.mark.system
def test_a_probe_reads_the_cameras_clock_from_its_sender_reports(open_server):
    seen = probe(f"{open_server}/h264", QUICK, watch_s=8.0)

    assert seen.failure is None
    assert ("h264", 320, 240, "rtcp") == (seen.codec, seen.width, seen.height, seen.clock)
    assert abs(seen.clock_offset_ms) < 1000  # the server runs on this machine's clock
    assert 25 == pytest.approx(seen.fps, abs=2)
    assert 1.0 == pytest.approx(seen.key_frame_interval_s, abs=0.2)


def test_nobody_listening_is_refused():
    assert "refused" == reason_of("rtsp://127.0.0.1:9/none")


def test_an_unknown_name_is_told_from_a_broken_line():
    assert "no_such_host" == reason_of("rtsp://camera.invalid/main")


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    assert "not_found" == reason_of(f"file:{tmp_path / 'none.mp4'}")


def test_a_file_that_is_no_video_is_garbage(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"not a film" * 1000)

    assert "garbage" == reason_of(f"file:{tmp_path / 'a.mp4'}")


def test_a_scheme_nobody_knows_names_those_that_are_known():
    with pytest.raises(SourceError, match="rtsp:"):
        open_source("ftp://127.0.0.1/x", QUICK)


def test_credentials_never_stand_in_an_error():
    with pytest.raises(SourceError) as caught:
        first_packets("rtsp://admin:hunter2@127.0.0.1:9/none")

    assert "hunter2" not in str(caught.value)


def test_a_server_that_accepts_and_says_nothing_times_out():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"rtsp://127.0.0.1:{deaf.getsockname()[1]}/x"

        assert "timeout" == reason_of(url, SourceSettings(open_timeout_s=2.0, read_timeout_s=1.0))


def test_a_recording_with_a_space_in_its_name_is_played_at_its_own_pace(tmp_path):
    path = film(tmp_path / "đường phố.mp4", counting_square, 10)
    source = open_source(f"file:{path}", SourceSettings())
    source.connect()
    import time

    started_s = time.monotonic()
    count = sum(1 for _ in source.packets(threading.Event()))
    source.close()

    assert 10 == count
    assert time.monotonic() - started_s >= 9 * 0.04


def test_every_scheme_of_a_configuration_has_a_source():
    assert {"rtsp", "rtsps", "http", "https", "file"} <= source_catalog().keys()
