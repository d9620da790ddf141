"""What an installer is told about a camera, and how the command line says it."""

import contextlib
import http.server
import json
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial

import cv2
import pytest

from rtsp.advice import ProbeResult, advise
from rtsp.probe import probe
from rtsp.source import SourceSettings
from tests.rtsp.footage import counting_square, film

GOOD = ProbeResult(
    url="rtsp://camera/sub",
    codec="h264",
    width=640,
    height=360,
    fps=25.0,
    key_frame_interval_s=2.0,
    bitrate_bps=5e5,
    clock="rtcp",
    clock_offset_ms=20.0,
    watched_s=8.0,
)


def codes(**changes):
    return [advice.code for advice in advise(replace(GOOD, **changes))]


def test_a_good_camera_needs_no_advice():
    assert [] == codes()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"codec": "mjpeg"}, "mjpeg"),
        ({"key_frame_interval_s": 10.0}, "key_frames"),
        ({"key_frame_interval_s": 0.0}, "key_frames"),
        ({"b_frames": True}, "b_frames"),
        ({"width": 2560, "height": 1440}, "sub_stream"),
        ({"fps": 3.0}, "fps"),
        ({"bitrate_bps": 12e6}, "bitrate"),
        ({"clock_offset_ms": -45_000.0}, "clock"),
        ({"clock": "arrival", "clock_offset_ms": None}, "no_clock"),
        ({"dropped": {"backward_time": 7}}, "timestamps"),
        ({"round_trip_ms": 800.0}, "far"),
    ],
)
def test_what_is_wrong_is_said(changes, code):
    assert [code] == codes(**changes)


def test_advice_is_in_vietnamese_and_english():
    for advice in advise(replace(GOOD, codec="mjpeg", b_frames=True, clock="arrival")):
        assert advice.vi and advice.en and advice.vi != advice.en


def test_a_failure_is_answered_by_what_to_check():
    [advice] = advise(ProbeResult(url="rtsp://camera/", failure="unauthorised", failure_text="401"))

    assert "password" in advice.en and "mật khẩu" in advice.vi


def test_a_recording_is_probed(tmp_path):
    path = film(tmp_path / "a.mp4", counting_square, 100)

    seen = probe(f"file:{path}", SourceSettings(paced=False))

    assert (None, "h264", 160, 120, "file") == (seen.failure, seen.codec, seen.width, seen.height, seen.clock)
    assert 25 == pytest.approx(seen.fps)
    assert 1.0 == seen.key_frame_interval_s


def test_b_frames_are_noticed(tmp_path):
    path = film(tmp_path / "b.mp4", counting_square, 60, options={"preset": "medium", "bf": "2"})

    assert probe(f"file:{path}", SourceSettings(paced=False)).b_frames


def test_an_unreachable_camera_is_a_result_and_no_exception():
    seen = probe("rtsp://u:secret@127.0.0.1:9/x")

    assert "refused" == seen.failure
    assert "secret" not in seen.url + str(seen.failure_text)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        return


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_a_recording_behind_http_is_received(tmp_path, codec):
    name = "a.mkv"
    film(tmp_path / name, counting_square, 50, codec=codec)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        seen = probe(f"http://127.0.0.1:{server.server_port}/{name}", SourceSettings(read_timeout_s=2.0))
        missing = probe(f"http://127.0.0.1:{server.server_port}/none.mkv")
        server.shutdown()

    assert (None, 160, 120) == (seen.failure, seen.width, seen.height)
    assert "not_found" == missing.failure


class OldCamera(Quiet):
    """Pushes JPEG pictures, ten a second, and says no times."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        picture = cv2.imencode(".jpg", counting_square(1))[1].tobytes()
        head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
        with contextlib.suppress(OSError):
            while not self.server.closing.wait(0.1):
                self.wfile.write(head + picture + b"\r\n")


def test_pictures_pushed_over_http_are_timed_by_their_arrival():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OldCamera) as server:
        server.closing = threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()

        seen = probe(f"http://127.0.0.1:{server.server_port}/video.mjpg", watch_s=3.0)
        server.closing.set()
        server.shutdown()

    assert (None, "mjpeg", "arrival") == (seen.failure, seen.codec, seen.clock)
    assert 10 == pytest.approx(seen.fps, abs=2)


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "ioc.main", "camera", "probe", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.system
def test_the_command_prints_one_json_object(tmp_path):
    path = film(tmp_path / "a.mp4", counting_square, 60)

    done = command(f"file:{path}", "--json", "--seconds", "2")

    found = json.loads(done.stdout)
    assert 0 == done.returncode
    assert ("h264", [], True) == (found["codec"], found["advice"], "machine" in found)


@pytest.mark.system
def test_the_command_exits_by_whose_fault_it_is():
    assert 2 == command("camera-1").returncode
    assert 1 == command("rtsp://127.0.0.1:9/x").returncode
