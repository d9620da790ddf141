"""An RTSP server that we did not write (gst-rtsp-server), as a process of the system's own Python.

Run with /usr/bin/python3, which has the GObject bindings:
gst_server.py [--user U --password P] [--tls CERT KEY] [--file F …]
Prints `port N` when it serves /h264, /h265 and /mjpeg, test pictures with a moving ball; /file0, /file1, …
send the packets of the given H.264 files.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PICTURE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1"
FAST = "tune=zerolatency key-int-max=25 bitrate=500 speed-preset=ultrafast"
LAUNCHES = {
    "/h264": f"( {PICTURE} ! x264enc {FAST} ! rtph264pay name=pay0 pt=96 config-interval=-1 )",
    "/h265": f"( {PICTURE} ! x265enc {FAST} log-level=none ! rtph265pay name=pay0 pt=96 config-interval=-1 )",
    "/mjpeg": f"( {PICTURE} ! videoconvert ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0 pt=26 )",
}
FROM_FILE = "( filesrc location={path} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--user")
    asked.add_argument("--password")
    asked.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    asked.add_argument("--file", action="append", default=[])
    options = asked.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    role = "viewer" if options.user else "anonymous"
    if options.user or options.tls:
        server.set_auth(guard(options, role))
    launches = LAUNCHES | {f"/file{n}": FROM_FILE.format(path=path) for n, path in enumerate(options.file)}
    for path, launch in launches.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch)
        factory.set_shared(not path.startswith("/file"))
        if server.get_auth():
            factory.add_role_from_structure(rights_of(role))
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    print(f"port {server.get_bound_port()}", flush=True)
    GLib.io_add_watch(sys.stdin, GLib.IO_HUP, lambda *_: sys.exit(0))  # gone with whoever started it
    GLib.MainLoop().run()


def guard(options: argparse.Namespace, role: str) -> "GstRtspServer.RTSPAuth":
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, role)
    if options.user:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
    else:
        auth.set_default_token(token)
    if options.tls:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(*options.tls))
    return auth


def rights_of(role: str) -> "Gst.Structure":
    rights = Gst.Structure.new_empty(role)
    rights.set_value(GstRtspServer.RTSP_PERM_MEDIA_FACTORY_ACCESS, True)
    rights.set_value(GstRtspServer.RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, True)
    return rights


main()
