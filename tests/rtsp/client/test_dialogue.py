"""The habits of other people's cameras, played by a server that does as each test says."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from rtsp.client.dialogue import UnsupportedError
from rtsp.client.source import RtspClient
from rtsp.errors import SourceError
from rtsp.source import SourceSettings, open_source
from tests.rtsp.client.test_stream import sent
from tests.rtsp.footage import counting_square, film, packets_of

QUICK = SourceSettings(open_timeout_s=4.0, read_timeout_s=2.0)


class Server:
    """Answers each request by what `answers` has for its method: a dict of methods, text after the CSeq, and body."""

    def __init__(self, answers, after_play=b""):
        self.requests = []
        self.left = 0  # connections that their clients have closed
        self._answers, self._after_play = answers, after_play
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/live?channel=1"
        self._heard = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        except OSError:
            return

    def _serve(self, connection):
        came = b""
        with connection, contextlib.suppress(OSError):  # the client may be gone
            while part := connection.recv(65_536):
                came += part
                while b"\r\n\r\n" in came:
                    at = came.find(b"$") if came[:1] == b"$" else 0
                    if came[:1] == b"$":
                        came = came[4 + int.from_bytes(came[at + 2 : at + 4], "big") :]
                        continue
                    head, _, came = came.partition(b"\r\n\r\n")
                    self._answer(connection, head.decode())
        with self._heard:
            self.left += 1
            self._heard.notify_all()

    def _answer(self, connection, request):
        with self._heard:
            self.requests.append(request)
            self._heard.notify_all()
        method = request.split()[0]
        number = next(line for line in request.split("\r\n") if line.startswith("CSeq"))
        status, headers, body = self._answers(method, request) or ("200 OK", [], "")
        lines = [status if status.startswith("HTTP") else f"RTSP/1.0 {status}", number, *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        if method == "PLAY":
            connection.sendall(self._after_play)

    def asked(self, method, count=1):
        with self._heard:
            assert self._heard.wait_for(lambda: len(self._of(method)) >= count, 4.0), self.requests
        return self._of(method)

    def is_left(self, within_s):
        with self._heard:
            return self._heard.wait_for(lambda: self.left > 0, within_s)

    def _of(self, method):
        return [request for request in self.requests if request.startswith(method + " ")]

    def close(self):
        self._listener.close()


@pytest.fixture
def serve():
    servers = []

    def begin(answers=lambda method, request: None, **more):
        servers.append(Server(answers, **more))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The NAL units of each picture of a short film, parameter sets with the key frames."""
    path = film(tmp_path_factory.mktemp("dialogue") / "square.mp4", counting_square, 10)
    packets = packets_of(path)
    sets = _avcc(packets[0].encoding.extradata)
    return [(sets if packet.is_key else []) + _lengthed(bytes(packet.raw)) for packet in packets]


def _avcc(record):
    units, at = [], 6
    for _ in range(2):
        size = int.from_bytes(record[at : at + 2], "big")
        units.append(record[at + 2 : at + 2 + size])
        at += 2 + size + 1
    return units


def _lengthed(sample):
    units, at = [], 0
    while at < len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        units.append(sample[at + 4 : at + 4 + size])
        at += 4 + size
    return units


SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"


def camera(method, request):
    return {
        "OPTIONS": ("200 OK", ["Public: DESCRIBE, SETUP, PLAY, GET_PARAMETER"], ""),
        "DESCRIBE": ("200 OK", ["Content-Type: application/sdp"], SDP),
        "SETUP": ("200 OK", ["Session: 77;timeout=20", "Transport: RTP/AVP/TCP;interleaved=4-5"], ""),
    }.get(method)


def stream(pictures, channel=0):
    data = bytearray(sent([(n * 3600, units) for n, units in enumerate(pictures, start=1)]))
    at = 0
    while at < len(data):
        data[at + 1] = channel
        at += 4 + int.from_bytes(data[at + 2 : at + 4], "big")
    return bytes(data)


def connected(url, settings=QUICK, **more):
    client = RtspClient(url, settings, **more)
    try:
        return client, client.connect()
    except BaseException:
        client.close()
        raise


def read(client, count):
    packets = client.packets(threading.Event())
    return [next(packets) for _ in range(count)]


def test_parameter_sets_that_only_the_stream_has_and_channels_that_the_camera_chose(serve, pictures):
    server = serve(camera, after_play=stream(pictures, channel=4))

    client, encoding = connected(server.url)
    packets = read(client, 9)
    client.close()

    assert (encoding.codec, encoding.width, encoding.height) == ("h264", 160, 120)
    assert [packet.is_keyframe for packet in packets] == [True] + [False] * 8
    assert "/live?channel=1/trackID=1 " in server.asked("SETUP")[0]
    assert "Session: 77\r\n" in server.asked("TEARDOWN")[0] + "\r\n"


def test_a_session_is_kept_alive_and_a_camera_that_asks_anew_is_told_who_we_are(serve, pictures):
    def grumpy(method, request):
        if method == "GET_PARAMETER" and 'nonce="fresh"' not in request:
            return "401 Unauthorized", ['WWW-Authenticate: Digest realm="x", nonce="fresh"'], ""
        return camera(method, request)

    now_s = [100.0]
    server = serve(grumpy, after_play=stream(pictures, channel=4))
    client, _ = connected(server.url.replace("//", "//me:secret@"), clock=lambda: now_s[0])
    read(client, 3)
    assert not server._of("GET_PARAMETER")

    now_s[0] += 10.5
    client._media_s = now_s[0]  # as if pictures had come meanwhile
    client.poll()
    server.asked("GET_PARAMETER")
    for _ in range(50):  # a fifth of a second each at most, until its answer has come and been answered
        client.poll()
        if len(server._of("GET_PARAMETER")) > 1:
            break
        client._wait()
    client.close()

    assert "secret" not in "".join(server.requests)
    assert 'username="me"' in server.asked("GET_PARAMETER", 2)[1]


def test_a_camera_that_has_moved_is_followed_and_one_that_goes_round_in_circles_is_not(serve, pictures):
    there = serve(camera, after_play=stream(pictures, channel=4))
    here = serve(
        lambda method, request: ("302 Moved", [f"Location: {there.url}"], "") if method == "DESCRIBE" else None
    )
    client, _ = connected(here.url)
    client.close()
    round_and_round = serve(
        lambda method, request: ("302 Moved", [f"Location: {request.split()[1]}"], "") if method == "DESCRIBE" else None
    )

    with pytest.raises(SourceError, match="from one address to the next"):
        connected(round_and_round.url)


@pytest.mark.parametrize(
    ("method", "status", "reason"),
    [
        ("DESCRIBE", "404 Not Found", "not_found"),
        ("SETUP", "403 Forbidden", "unauthorised"),
        ("PLAY", "453 Not Enough Bandwidth", "refused"),
        ("OPTIONS", "HTTP/1.1 400 Bad Request", "garbage"),
    ],
)
def test_a_refusal_is_named(serve, method, status, reason):
    server = serve(lambda asked, request: (status, [], "") if asked == method else camera(asked, request))

    with pytest.raises(SourceError) as caught:
        connected(server.url)

    assert reason == caught.value.reason


def test_a_camera_that_does_not_send_inside_the_connection_is_left_to_others(serve):
    server = serve(lambda asked, request: ("461 No", [], "") if asked == "SETUP" else camera(asked, request))

    with pytest.raises(UnsupportedError):
        connected(server.url)


@pytest.mark.parametrize("one_at_a_time", [False, True])
def test_what_is_left_to_others_is_asked_for_before_we_leave(serve, one_at_a_time):
    """A server that takes its stream apart when the last viewer leaves refuses whoever asks meanwhile."""

    def shared(method, request):
        if method != "DESCRIBE":
            return camera(method, request)
        if "Lavf" not in request:
            return "200 OK", ["Content-Type: application/sdp"], "v=0\r\nm=video 0 RTP/AVP 26\r\n"
        may_come = one_at_a_time == server.is_left(within_s=0.3)
        return ("404 Not Found" if may_come else "503 Service Unavailable"), [], ""

    server = serve(shared)

    with pytest.raises(SourceError) as caught:
        open_source(server.url, QUICK).connect()

    assert "not_found" == caught.value.reason
    assert server.is_left(within_s=2.0)


def test_a_stream_that_falls_silent_times_out(serve, pictures):
    now_s = [100.0]
    server = serve(camera, after_play=stream(pictures, channel=4))
    client, _ = connected(server.url, clock=lambda: now_s[0])
    read(client, 9)
    client.poll()

    now_s[0] += QUICK.read_timeout_s + 0.1
    with pytest.raises(SourceError) as caught:
        client.poll()
    client.close()

    assert caught.value.reason == "timeout"


@pytest.mark.parametrize("address", ["rtsp://127.0.0.1:99999/x", "rtsp://" + "a" * 70 + ".invalid/x"])
def test_an_address_that_cannot_be_one_is_named(address):
    with pytest.raises(SourceError) as caught:
        connected(address)

    assert caught.value.reason == "no_such_host"


def test_a_stream_without_any_key_frame_is_given_up_when_nothing_else_describes_it(serve, pictures):
    server = serve(camera, after_play=stream(pictures[1:], channel=4))
    times = iter(range(0, 1000))  # each look at the clock is a second later

    patient = SourceSettings(open_timeout_s=4.0, read_timeout_s=60.0)

    with pytest.raises(SourceError, match="no key frame") as caught:
        connected(server.url, patient, clock=lambda: float(next(times)))

    assert caught.value.reason == "timeout"
