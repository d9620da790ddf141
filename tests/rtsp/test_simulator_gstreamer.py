"""GStreamer, which shares no code with FFmpeg or with us, watches simulated cameras."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest

from rtsp.simulator import Simulator
from tests.rtsp.simulator_films import small_scene

SYSTEM_PYTHON = "/usr/bin/python3"
RECEIVER = Path(__file__).with_name("gst_client.py")
LOGIN = ("khach", "mat khau")


@pytest.fixture(scope="module")
def _gstreamer() -> None:
    check = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None); "
    check += "assert Gst.ElementFactory.find('rtspsrc') and Gst.ElementFactory.find('h265parse')"
    if not Path(SYSTEM_PYTHON).exists() or subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True).returncode:
        pytest.skip("GStreamer's rtspsrc and its Python bindings are not installed")


@pytest.mark.system
@pytest.mark.usefixtures("_gstreamer")
@pytest.mark.parametrize(("codec", "transport"), [("H264", "tcp"), ("H264", "udp"), ("H265", "udp"), ("JPEG", "tcp")])
def test_gstreamer_watches_over_the_seam_of_the_loop(tmp_path: Path, codec: str, transport: str) -> None:
    clip = small_scene(tmp_path, "road.mov" if codec == "JPEG" else "road.mp4", codec=codec)

    with Simulator([clip], credentials=LOGIN) as simulator:
        command = [SYSTEM_PYTHON, str(RECEIVER), simulator.url(credentials=LOGIN), transport, codec, "30"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    pictures = [[int(part) for part in line.split()] for line in done.stdout.splitlines()]
    assert len(pictures) >= 30, done.stderr
    times = [time_ns for time_ns, _, _ in pictures]
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert pictures[0][2] == 1
