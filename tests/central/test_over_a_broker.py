"""From a real broker into the store: what is wrong is contained, and nothing needs a restart."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from mqtt.client import connect
from mqtt.link import BrokerLink
from tests.central.support import NODE, config_for, event, served, until
from tests.mqtt.support import ROOT, embedded, free_port

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("broker")) as running:
        yield running


@contextmanager
def node(broker):
    heard = []
    connection = connect(BrokerLink(broker.url), f"node-{time.monotonic_ns()}", on_message=heard.append)
    connection.subscribe([NODE("confirm")], 5.0)
    connection.heard = heard
    yield connection
    connection.close()


def confirmed(connection):
    return {id_ for message in connection.heard for id_ in json.loads(message.payload)["ids"]}


@pytest.fixture
def running(broker, tmp_path, furnished):
    database, _, reader = furnished
    shutil.copy(database, tmp_path / "central.db")
    with served(config_for(tmp_path, broker={"url": broker.url})) as (url, app):
        until(lambda: app.state.house.subscriber.connected)
        client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {reader}"}, trust_env=False)
        yield client, app.state.house
        client.close()


def test_an_event_is_confirmed_once_it_is_stored(broker, running):
    client, _ = running
    sent = event()

    with node(broker) as edge:
        edge.publish(NODE("event"), sent.to_bytes())
        until(lambda: sent.id in confirmed(edge))

    assert [sent.id] == [e["id"] for e in client.get("/api/v1/events").json()["events"]]


def test_while_the_store_is_away_nothing_is_confirmed_and_then_everything_is(broker, running, tmp_path):
    client, house = running
    sent = event(camera="waits")
    other = sqlite3.connect(tmp_path / "central.db", isolation_level=None)
    other.execute("begin immediate")

    with node(broker) as edge:
        edge.publish(NODE("event"), sent.to_bytes())
        until(lambda: house.inbox.trouble is not None)
        ready = client.get("/readyz")
        early = confirmed(edge)
        other.execute("rollback")
        until(lambda: sent.id in confirmed(edge), 20)

    assert (503, set()) == (ready.status_code, early)
    assert "locked" in ready.json()["missing"]["store"]
    assert 200 == client.get("/readyz").status_code
    other.close()


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("event", b"\xff\x00 not json"),
        ("event", b"{}"),
        ("event", b"x" * 200_000),
        ("status", b'{"state": "asleep"}'),
        ("event", event(camera="cam-01").to_bytes().replace(b"/lam-dong/box-01", b"/lam-dong/box-99")),
        ("event", event().to_bytes().replace(b"security.intrusion", b"security.dancing")),
    ],
    ids=["binary", "empty", "large", "status", "foreign-name", "unknown-kind"],
)
def test_a_message_that_is_wrong_becomes_a_named_dead_letter_and_the_next_one_is_stored(
    broker, running, channel, payload
):
    client, _ = running
    good = event()

    with node(broker) as edge:
        edge.publish(NODE(channel), payload)
        edge.publish(NODE("event"), good.to_bytes())
        until(lambda: good.id in confirmed(edge))

    until(lambda: "ioc_dead_letters 1.0" in client.get("/metrics").text)
    assert [good.id] == [e["id"] for e in client.get("/api/v1/events").json()["events"]]


@contextmanager
def process(tmp_path, port, broker_url="mqtt://127.0.0.1:9"):
    file = tmp_path / "central.yaml"
    file.write_text(
        f"listen: 127.0.0.1:{port}\nbroker: {{url: {broker_url}}}\n"
        f"store: {{url: 'sqlite:///{tmp_path}/central.db'}}\nevidence: {{dir: {tmp_path}/evidence}}\n"
    )
    command = [sys.executable, "-m", "ioc.main", "central", "run", str(file)]
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(command, cwd=ROOT, stderr=log)
    try:
        until(lambda: _answers(port), 30)
        yield running
    finally:
        running.kill()
        running.wait()


def _answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_central_starts_without_a_broker_and_stops_in_three_seconds_with_open_screens(tmp_path, furnished, how):
    database, _, reader = furnished
    shutil.copy(database, tmp_path / "central.db")
    port = free_port()

    with process(tmp_path, port) as running:
        with httpx.stream(
            "GET",
            f"http://127.0.0.1:{port}/api/v1/stream",
            headers={"Authorization": f"Bearer {reader}"},
            trust_env=False,
            timeout=10,
        ) as screen:
            lines = screen.iter_lines()
            next(lines)
            asked_at = time.monotonic()
            running.send_signal(how)
            list(lines)  # ends cleanly
        status = running.wait(10)

    assert time.monotonic() - asked_at < 3.0
    assert status in {0, 130, -how}
    assert b"Traceback" not in (tmp_path / "log").read_bytes()


def test_a_second_central_on_the_same_port_says_so(tmp_path):
    port = free_port()

    with process(tmp_path, port):
        command = [sys.executable, "-m", "ioc.main", "central", "run", str(tmp_path / "central.yaml")]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert 0 != second.returncode
    assert "Traceback" not in second.stderr


def test_a_wrong_file_ends_with_exit_2_and_every_mistake(tmp_path):
    file = tmp_path / "central.yaml"
    file.write_text("listen: nowhere\nbrokr: {}\n")

    command = [sys.executable, "-m", "ioc.main", "central", "run", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert 2 == ended.returncode
    assert f"{file}:1: listen:" in ended.stderr
    assert "did you mean 'broker'?" in ended.stderr
