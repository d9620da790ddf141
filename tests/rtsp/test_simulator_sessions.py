"""The simulator's RTSP: sessions, passwords, keep-alives, and what it does with those who misbehave."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsp.simulator import Simulator
from rtsp.simulator.digest import REALM, Credentials
from rtsp.simulator.request import LARGEST_BODY_BYTES, BadRequest, Request, RequestReader
from rtsp.simulator.tcp import BUFFER_BYTES
from tests.rtsp.simulator_client import Client, Packet, Report
from tests.rtsp.simulator_films import small_scene

LOGIN = ("khach", "mật khẩu: dài")


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_scene(tmp_path_factory.mktemp("films"))


@pytest.fixture
def camera(road: Path) -> Iterator[Simulator]:
    with Simulator([road]) as simulator:
        yield simulator


# --- methods ---


def test_options_names_what_is_spoken(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        answer = client.ask("OPTIONS")

    assert answer.status == 200
    assert {"DESCRIBE", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER"} <= set(answer.headers["public"][0].split(", "))


def test_the_description_carries_the_parameter_sets(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        answer = client.ask("DESCRIBE")

    assert re.search(rb"a=rtpmap:96 H264/90000\r\n", answer.body)
    assert re.search(rb"sprop-parameter-sets=Z[^,]+,a[^,]+\r\n", answer.body)


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("DESCRIBE", "rtsp://127.0.0.1/nowhere", 404),
        ("DESCRIBE", "*", 404),
        ("SETUP", "rtsp://127.0.0.1/road/trackID=7", 404),
        ("PLAY", "rtsp://127.0.0.1/road", 454),
        ("RECORD", "rtsp://127.0.0.1/road", 501),
    ],
)
def test_what_cannot_be_had_is_refused(camera: Simulator, method: str, url: str, status: int) -> None:
    with Client(camera.url()) as client:
        answer = client.ask(method, url)

    assert answer.status == status


def test_multicast_is_refused(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        answer = client.ask("SETUP", camera.url() + "/trackID=0", Transport="RTP/AVP;multicast;port=5000-5001")

    assert answer.status == 461


def test_pause_stops_the_pictures_and_play_brings_them_back(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        client.play()
        client.packets(3)

        assert client.ask("PAUSE").status == 200
        assert camera.viewers() == 0
        assert client.ask("PLAY").status == 200
        assert client.packet().payload


def test_requests_are_answered_between_pictures(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        client.play()
        client.packets(3)

        assert client.ask("GET_PARAMETER").status == 200
        assert client.ask("OPTIONS").status == 200
        assert client.packet().payload


def test_a_wrong_session_is_refused(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        client.play()
        client.session = "0000"

        assert client.ask("PAUSE").status == 454


def test_teardown_ends_the_watching(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        client.play()
        client.ask("TEARDOWN")

        assert camera.viewers() == 0


def test_a_receiver_that_hangs_up_is_forgotten(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        client.play()
        client.packets(1)

    wait_until(lambda: camera.viewers() == 0)


# --- UDP ---


def test_udp_packets_fit_into_a_network_and_come_with_reports(camera: Simulator) -> None:
    media, control = _udp_pair()
    with Client(camera.url()) as client, media, control:
        _set_up_udp(client, media)
        packets = [Packet.parse(media.recv(65536)) for _ in range(40)]
        report = Report.parse(control.recv(65536))

    assert max(len(packet.payload) for packet in packets) <= 1400
    assert sum(not packet.marker for packet in packets) > 3  # large pictures are cut into several
    assert report.utc_s == pytest.approx(time.time(), abs=5)


def test_a_udp_receiver_that_falls_silent_is_forgotten(road: Path) -> None:
    media, control = _udp_pair()
    with Simulator([road], session_timeout_s=0.5) as simulator, Client(simulator.url()) as client, media, control:
        _set_up_udp(client, media)
        assert simulator.viewers() == 1

        wait_until(lambda: simulator.viewers() == 0)


def test_receiver_reports_keep_a_udp_session_alive(road: Path) -> None:
    media, control = _udp_pair()
    with Simulator([road], session_timeout_s=1.0) as simulator, Client(simulator.url()) as client, media, control:
        server = _set_up_udp(client, media)
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            media.recv(65536)
            control.sendto(b"\x80\xc9\x00\x01\x00\x00\x00\x01", ("127.0.0.1", server + 1))

        assert simulator.viewers() == 1


def _udp_pair() -> tuple[socket.socket, socket.socket]:
    while True:
        media, control = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        media.bind(("127.0.0.1", 0))
        try:
            control.bind(("127.0.0.1", media.getsockname()[1] + 1))
        except OSError:
            media.close()
            control.close()
            continue
        media.settimeout(5)
        control.settimeout(5)
        return media, control


def _set_up_udp(client: Client, media: socket.socket) -> int:
    """Play over UDP; return the server's port for media."""
    port = media.getsockname()[1]
    answer = client.ask("SETUP", client.url + "/trackID=0", Transport=f"RTP/AVP;unicast;client_port={port}-{port + 1}")
    assert answer.status == 200
    assert client.ask("PLAY").status == 200
    found = re.search(r"server_port=(\d+)", answer.headers["transport"][0])
    assert found
    return int(found[1])


# --- passwords and TLS ---


def test_ffmpeg_gets_in_with_the_right_password(road: Path) -> None:
    with (
        Simulator([road], credentials=LOGIN) as simulator,
        av.open(simulator.url(credentials=LOGIN), options={"rtsp_transport": "tcp"}, timeout=5) as container,
    ):
        assert next(container.decode(video=0)).width == 320


@pytest.mark.parametrize("login", [None, ("khach", "sai"), ("ai", LOGIN[1])])
def test_ffmpeg_stays_out_with_any_other(road: Path, login: tuple[str, str] | None) -> None:
    with Simulator([road], credentials=LOGIN) as simulator, pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(simulator.url(credentials=login), options={"rtsp_transport": "tcp"}, timeout=5)


@pytest.mark.parametrize(("algorithm", "hashed"), [("MD5", hashlib.md5), ("SHA-256", hashlib.sha256)])
def test_digests_of_both_kinds_are_accepted(road: Path, algorithm: str, hashed: type) -> None:
    def digest(text: str) -> str:
        return str(hashed(text.encode()).hexdigest())

    with Simulator([road], credentials=LOGIN) as simulator, Client(simulator.url()) as client:
        challenge = next(c for c in client.ask("DESCRIBE").headers["www-authenticate"] if algorithm in c)
        nonce = challenge.partition('nonce="')[2].partition('"')[0]
        secret = digest(f"{LOGIN[0]}:{REALM}:{LOGIN[1]}")
        response = digest(f"{secret}:{nonce}:{digest(f'DESCRIBE:{client.url}')}")
        answer = client.ask(
            "DESCRIBE",
            Authorization=f'Digest username="{LOGIN[0]}", realm="{REALM}", nonce="{nonce}", uri="{client.url}", '
            f'algorithm={algorithm}, response="{response}"',
        )

    assert answer.status == 200


def test_a_digest_is_worth_nothing_on_another_connection() -> None:
    credentials = Credentials(*LOGIN)
    secret = hashlib.md5(f"{LOGIN[0]}:{REALM}:{LOGIN[1]}".encode()).hexdigest()
    response = hashlib.md5(f"{secret}:one:{hashlib.md5(b'PLAY:/road').hexdigest()}".encode()).hexdigest()
    header = f'Digest username="{LOGIN[0]}", realm="{REALM}", nonce="one", uri="/road", response="{response}"'

    assert credentials.accept(header, method="PLAY", nonce="one")
    assert not credentials.accept(header, method="PLAY", nonce="two")
    assert not credentials.accept(header, method="TEARDOWN", nonce="one")


def test_basic_authentication_is_refused_even_with_the_right_password(road: Path) -> None:
    import base64

    token = base64.b64encode(":".join(LOGIN).encode()).decode()
    with Simulator([road], credentials=LOGIN) as simulator, Client(simulator.url()) as client:
        answer = client.ask("DESCRIBE", Authorization=f"Basic {token}")

    assert answer.status == 401
    assert all(challenge.startswith("Digest") for challenge in answer.headers["www-authenticate"])


def test_the_password_is_not_in_the_representation_of_credentials() -> None:
    assert LOGIN[1] not in repr(Credentials(*LOGIN))


def test_ffmpeg_watches_over_tls(road: Path, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(tmp_path))

    with Simulator([road], tls=context) as simulator:
        assert simulator.url().startswith("rtsps://")
        with av.open(simulator.url(), options={"rtsp_transport": "tcp"}, timeout=5) as container:
            for count, picture in enumerate(container.decode(video=0), start=1):
                assert picture.width == 320
                if count == 20:
                    break


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    return certificate, key


# --- those who misbehave ---


def test_a_receiver_that_does_not_read_costs_a_bounded_buffer(tmp_path: Path) -> None:
    clip = small_scene(tmp_path, "noise.mov", codec="JPEG", seconds=1.0)
    with Simulator([clip]) as simulator, Client(simulator.url()) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.play()
        (connection,) = simulator._server.connections  # type: ignore[union-attr]
        viewer = connection.dialogue.viewer
        assert viewer is not None
        deadline = time.monotonic() + 60
        highest = 0
        while not viewer.skipped and time.monotonic() < deadline:
            simulator._call(lambda server: _hurry(server))
            highest = max(highest, connection.link.waiting_bytes)

    assert viewer.skipped
    assert 0 < highest <= BUFFER_BYTES


def _hurry(server: object) -> None:
    """Send what would be due in the next second."""
    for camera in server.cameras.values():  # type: ignore[attr-defined]
        camera._epoch_s -= 0.9
        camera.send_due(server.now_s())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("bytes_sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505),
        (b"OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nX: " + b"x" * 20_000, 413),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: -4\r\n\r\n", 400),
        (b"\xff\xfe\r\n\r\n", 400),
    ],
)
def test_what_is_not_rtsp_is_answered_and_hung_up_on(camera: Simulator, bytes_sent: bytes, status: int) -> None:
    with Client(camera.url()) as client:
        client.socket.sendall(bytes_sent)

        assert client.answer().status == status
        assert client.socket.recv(100) == b""


@given(st.binary(max_size=400), st.integers(1, 40))
def test_no_bytes_break_the_reader(data: bytes, step: int) -> None:
    reader = RequestReader()

    for at in range(0, len(data), step):
        try:
            requests = reader.feed(data[at : at + step])
        except BadRequest as error:
            assert error.status in {400, 413, 505}
            return
        assert all(isinstance(request.path, list) for request in requests)


requests = st.builds(
    Request,
    st.sampled_from(["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]),
    st.text("abc/%:?#[]@ăñ", min_size=1, max_size=30).filter(lambda url: " " not in url),
    st.dictionaries(st.text("abcdef-", min_size=1, max_size=8), st.text("abc ;=,ă", max_size=20).map(str.strip)),
    st.binary(max_size=60),
)


@given(st.lists(requests, max_size=4), st.integers(1, 50), st.binary(max_size=30))
def test_requests_survive_being_cut_anywhere(sent: list[Request], step: int, report: bytes) -> None:
    stream = b""
    for request in sent:
        head = [f"{request.method} {request.url} RTSP/1.0", *(f"{k}: {v}" for k, v in request.headers.items())]
        head.append(f"Content-Length: {len(request.body)}")
        stream += b"$\x01" + len(report).to_bytes(2, "big") + report
        stream += ("\r\n".join(head) + "\r\n\r\n").encode() + request.body
    reader = RequestReader()

    received = [one for at in range(0, len(stream), step) for one in reader.feed(stream[at : at + step])]

    assert [(r.method, r.url, r.body) for r in received] == [(r.method, r.url, r.body) for r in sent]
    assert reader.reports == len(sent)


def test_the_largest_body_is_accepted() -> None:
    head = f"SET_PARAMETER * RTSP/1.0\r\nContent-Length: {LARGEST_BODY_BYTES}\r\n\r\n".encode()

    (request,) = RequestReader().feed(head + bytes(LARGEST_BODY_BYTES))

    assert len(request.body) == LARGEST_BODY_BYTES


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Return when the condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
