"""Start the independent RTSP server of `gst_server.py`, or skip with the reason."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SYSTEM_PYTHON = Path("/usr/bin/python3")
NEEDS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@contextmanager
def gst_server(*arguments: str | Path) -> Iterator[int]:
    """Serve while the block runs; yields the port."""
    if not SYSTEM_PYTHON.exists():
        pytest.skip("the system's Python is not here, which drives gst-rtsp-server")
    if subprocess.run([SYSTEM_PYTHON, "-c", NEEDS], capture_output=True, check=False).returncode:
        pytest.skip("gst-rtsp-server is not installed (gir1.2-gst-rtsp-server-1.0, python3-gi)")
    command = [str(SYSTEM_PYTHON), str(Path(__file__).with_name("gst_server.py")), *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            said = server.stdout.readline().split()
            if not said:
                pytest.skip("gst-rtsp-server does not start here")
            yield int(said[1])
        finally:
            server.kill()
