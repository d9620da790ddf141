"""One connection: falls back to the older protocol, and names what is wrong with the other end."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from common.config import ConfigError
from mqtt.client import Message, connect
from mqtt.courier import Courier
from mqtt.errors import BrokerUnavailable
from mqtt.link import BrokerLink
from mqtt.outbox import Outbox
from mqtt.topics import NodeTopics
from tests.mqtt import support
from tests.mqtt.certificates import Authority
from tests.mqtt.support import until

CONNACK_5 = b"\x20\x03\x00\x00\x00"


@contextmanager
def liar(behave: Callable[[socket.socket], None]) -> Iterator[BrokerLink]:
    """Something that listens where a broker should be, and treats each visitor with `behave`."""
    server = socket.create_server(("127.0.0.1", 0))
    visitors: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                visitor, _ = server.accept()
            except OSError:
                return
            visitors.append(visitor)
            try:
                behave(visitor)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield BrokerLink(f"mqtt://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.5)
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5.0)
        for visitor in visitors:
            visitor.close()


def test_the_embedded_broker_turns_mqtt_5_away_on_its_old_port(tmp_path: Path) -> None:
    with support.embedded(tmp_path) as broker:
        connection = connect(BrokerLink(broker.url_311, timeout_s=3.0), "old-friend")
        version = connection.version
        connection.close()

    assert version == "3.1.1"


def test_what_says_nothing_is_given_up_after_the_timeout() -> None:
    with liar(lambda visitor: None) as link, pytest.raises(BrokerUnavailable, match="no answer in"):
        connect(link, "patient")


def test_what_hangs_up_is_named() -> None:
    with liar(lambda visitor: visitor.close()) as link, pytest.raises(BrokerUnavailable, match="hung up"):
        connect(link, "unwanted")


@pytest.mark.parametrize(
    "noise", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 64, b"\x00" * 64, b"\x20\xff\xff\xff\xff\xff"]
)
def test_what_is_no_broker_is_named_and_does_no_harm(noise: bytes) -> None:
    with liar(lambda visitor: visitor.sendall(noise)) as link, pytest.raises(BrokerUnavailable):
        connect(link, "puzzled")


@pytest.mark.parametrize(
    "noise", [b"\x30\x05\x00\xff\xff\xff\xff", b"\x90\x00", b"\x40\x01\x00", b"\xff\xff\xff\xff\xff"]
)
def test_garbage_in_the_middle_of_a_connection_ends_it(noise: bytes) -> None:
    def welcome_then_babble(visitor: socket.socket) -> None:
        visitor.recv(4096)
        visitor.sendall(CONNACK_5 + noise)
        visitor.shutdown(socket.SHUT_WR)

    lost = threading.Event()
    with liar(welcome_then_babble) as link:
        connection = connect(link, "startled", on_lost=lost.set)

        assert lost.wait(5.0)
        with pytest.raises(BrokerUnavailable):
            connection.publish("a", b"")
        connection.close()


def test_a_broker_that_takes_nothing_does_not_take_us_hostage() -> None:
    def welcome_then_sleep(visitor: socket.socket) -> None:
        visitor.recv(4096)
        visitor.sendall(b"\x20\x06\x00\x00\x03\x21\x00\x02")  # receive maximum 2

    with liar(welcome_then_sleep) as link:
        connection = connect(link, "waiting")
        connection.publish("a", b"1")
        connection.publish("a", b"2")

        with pytest.raises(BrokerUnavailable, match="has taken nothing"):
            connection.publish("a", b"3")
        with pytest.raises(BrokerUnavailable, match="did not answer a subscription"):
            connection.subscribe(["b"], 0.2)
        connection.close(0.5)


def test_nobody_at_the_address_is_named() -> None:
    with pytest.raises(BrokerUnavailable, match="refused"):
        connect(BrokerLink(f"mqtt://127.0.0.1:{support.free_port()}", timeout_s=1.0), "lonely")


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.5", "mqtt://", "10.0.0.5:1883", "", "mqtt://a:99999", "mqtt://a:x", "mqtt://[::1", "mqtt://a:0"],
)
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match="must look like"):
        BrokerLink(url)


def test_a_password_comes_from_its_file_each_time(tmp_path: Path) -> None:
    file = tmp_path / "password"
    link = BrokerLink("mqtt://10.0.0.5", username="box", password_file=file)
    file.write_text("first\nignored\n")

    assert link.credentials() == ("box", "first")
    file.write_text("second")
    assert link.credentials() == ("box", "second")
    file.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        link.credentials()


def test_the_embedded_broker_lets_only_its_users_in(tmp_path: Path) -> None:
    passwords = tmp_path / "users"
    passwords.write_text('# who may come in\nbox:with "quotes" and ồ\n\n')
    port = support.free_port()
    command = [support.sys.executable, "-m", "ioc.main", "broker", "run", "--port", str(port)]
    broker = support.BrokerProcess([*command, "--password-file", str(passwords)], port, tmp_path / "log")
    secret = tmp_path / "secret"
    secret.write_text('with "quotes" and ồ')
    link = BrokerLink(broker.url, username="box", password_file=secret, timeout_s=3.0)
    broker.start(link)
    try:
        connect(link, "known").close()
        for stranger in (BrokerLink(broker.url), BrokerLink(f"mqtt://box:wrong@127.0.0.1:{port}")):
            with pytest.raises(BrokerUnavailable, match="wrong user or password"):
                connect(stranger, "stranger")
    finally:
        broker.kill()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves a failed socket to the GC
@pytest.mark.skipif(support.shutil.which("mosquitto") is None, reason="mosquitto is not installed")
def test_a_node_with_a_certificate_gets_in_over_tls_and_one_without_does_not(tmp_path: Path) -> None:
    authority = Authority.found(tmp_path)
    authority.vouch("broker")
    authority.vouch("node")
    tls = [f"cafile {tmp_path}/ca.pem", f"certfile {tmp_path}/broker.pem", f"keyfile {tmp_path}/broker.key"]
    with support.mosquitto(tmp_path, *tls, "require_certificate true", "user root", wait=False) as broker:
        link = authority.link(broker.url, "node")
        broker.start(link)
        heard: list[Message] = []
        connection = connect(link, "trusted", on_message=heard.append)
        connection.subscribe(["big"], 5.0)
        connection.publish("big", b"x" * 200_000)

        until(lambda: [len(m.payload) for m in heard] == [200_000])
        connection.close()
        with pytest.raises(BrokerUnavailable, match="certificate"):
            connect(BrokerLink(link.url, timeout_s=2.0), "who trusts no such authority")
        with pytest.raises(BrokerUnavailable):
            connect(BrokerLink(link.url, ca_file=tmp_path / "ca.pem", timeout_s=2.0), "without certificate")
        with pytest.raises(BrokerUnavailable, match="cannot be used"):
            connect(BrokerLink(link.url, ca_file=tmp_path / "nowhere.pem"), "lost")


def test_a_process_with_thousands_of_open_files_still_talks(link: BrokerLink) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2_000:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2_000), hard))
    with ExitStack() as leave:
        for _ in range(1_100):
            leave.enter_context(Path("/dev/null").open("rb"))
        heard: list[Message] = []
        connection = connect(link, "among many", on_message=heard.append)
        leave.callback(connection.close)
        connection.subscribe(["many"], 5.0)

        connection.publish("many", b"hello")

        until(lambda: [m.payload for m in heard] == [b"hello"])
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_courier_stops_in_time_even_while_a_broker_keeps_it_waiting(tmp_path: Path) -> None:
    box = Outbox(tmp_path / "o.db")
    with liar(lambda visitor: None) as link:
        courier = Courier(box, replace(link, timeout_s=30.0), NodeTopics("lam-dong", "box-01"), version="1")
        courier.start()
        told_s = time.monotonic()

        courier.stop()

        assert time.monotonic() - told_s < 4.0
    box.close()
