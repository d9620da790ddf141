"""An RTSP receiver that we did not write (GStreamer's rtspsrc), as a process of the system's own Python.

Run with /usr/bin/python3, which has the GObject bindings: gst_client.py URL tcp|udp|tls ENCODING COUNT
Prints one line for each picture: its time in nanoseconds, its size in bytes, and whether it is a key frame.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

PARSERS = {"H264": "rtph264depay ! h264parse", "H265": "rtph265depay ! h265parse", "JPEG": "rtpjpegdepay"}


def main() -> None:
    url, transport, encoding, count = sys.argv[1:]
    Gst.init(None)
    loop = GLib.MainLoop()
    pipeline = Gst.parse_launch(
        f'rtspsrc location="{url}" protocols={transport} latency=50 tls-validation-flags=0 ! '
        f"{PARSERS[encoding]} ! fakesink name=end signal-handoffs=true sync=false"
    )
    left = int(count)

    def taken(_sink: object, buffer: Gst.Buffer, _pad: object) -> None:
        nonlocal left
        key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        print(buffer.pts, buffer.get_size(), int(key), flush=True)
        left -= 1
        if left == 0:
            GLib.idle_add(loop.quit)

    def failed(_bus: object, message: Gst.Message) -> None:
        print(message.parse_error(), file=sys.stderr)
        loop.quit()

    pipeline.get_by_name("end").connect("handoff", taken)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message::error", failed)
    pipeline.set_state(Gst.State.PLAYING)
    GLib.timeout_add_seconds(15, loop.quit)
    loop.run()
    pipeline.set_state(Gst.State.NULL)


main()
