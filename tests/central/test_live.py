"""Live changes: none missing between looking and listening, and nobody waits for a slow viewer."""

import asyncio
import json
import socket
import threading

import httpx
import pytest

from central.live import Hub
from tests.central.support import event, received, until


def test_a_slow_viewer_is_cut_off_and_the_others_are_not():
    async def scene():
        hub = Hub(backlog=3)
        hub.attach(asyncio.get_running_loop())
        with hub.join() as slow, hub.join() as quick:
            got = []
            for n in range(1, 6):
                hub.tell([{"id": n}])
                got.append((await anext(quick))["id"])
            late = [change["id"] async for change in slow]
        return got, late, hub.cut_off, hub.viewers

    assert ([1, 2, 3, 4, 5], [1, 2], 1, 0) == asyncio.run(scene())


def test_who_comes_to_a_closed_hub_is_let_go_at_once():
    async def scene():
        hub = Hub()
        hub.attach(asyncio.get_running_loop())
        hub.close()
        await asyncio.sleep(0)
        with hub.join() as changes:
            return [change async for change in changes]

    assert [] == asyncio.run(scene())


class Screen:
    """A viewer of the stream on a thread of its own."""

    def __init__(self, url, headers, **query):
        self.heard = []
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(url, headers, query), daemon=True)
        self._thread.start()

    def of(self, kind):
        return [data for event, _, data in self.heard if event == kind]

    def _run(self, url, headers, query):
        with httpx.stream(
            "GET", f"{url}/api/v1/stream", params=query, headers=headers, timeout=20, trust_env=False
        ) as answer:
            fields = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    self.heard.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
                    fields = {}
        self.ended.set()


@pytest.fixture
def url(central):
    return str(central.client.base_url).rstrip("/")


def test_a_screen_sees_what_changed_since_it_looked_and_everything_after(central, url):
    inbox = central.house.inbox
    inbox.take(received(event()))
    cursor = central.client.get("/api/v1/incidents", headers=central.reader).json()["cursor"]
    inbox.take(received(event(camera="missed")))

    screen = Screen(url, central.reader, after=cursor)
    until(lambda: screen.of("incident"))
    inbox.take(received(event(camera="live")))
    until(lambda: len(screen.of("incident")) == 2)

    assert ["missed", "live"] == [incident["camera"] for incident in screen.of("incident")]
    assert [str(cursor + 1), str(cursor + 2)] == [id_ for kind, id_, _ in screen.heard if kind == "incident"]


def test_nothing_is_missed_or_doubled_while_screens_come_in_the_middle_of_a_flood(central, url):
    inbox = central.house.inbox
    screens = []
    for n in range(60):
        inbox.take(received(event(camera=f"cam-{n}")))
        if n % 12 == 0:
            screens.append(Screen(url, central.reader, after=0))

    for screen in screens:
        until(lambda: len(screen.of("incident")) >= 60)  # noqa: B023

        assert [f"cam-{n}" for n in range(60)] == [incident["camera"] for incident in screen.of("incident")]


def test_a_screen_from_another_database_is_told_to_look_again(central, url):
    screen = Screen(url, central.reader, after=999)

    assert screen.ended.wait(5)
    assert [{}] == screen.of("reload")


def test_a_screen_that_stops_reading_holds_nobody_up(central, url):
    hub = central.house.hub
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect((central.client.base_url.host, central.client.base_url.port))
    stuck.sendall(
        f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {central.reader['Authorization']}\r\n\r\n".encode()
    )
    screen = Screen(url, central.reader)
    until(lambda: hub.viewers == 2)

    for n in range(600):
        hub.tell([{"type": "node", "node": {"n": n, "filling": "x" * 20_000}}])
        until(lambda: len(screen.of("node")) > n)  # noqa: B023  the quick one keeps up

    assert (1, 1) == (hub.cut_off, hub.viewers)
    stuck.close()


def test_a_stream_ends_with_its_session_even_while_much_happens(central, url, monkeypatch):
    monkeypatch.setattr("central.api.stream.CHECK_EVERY_S", 0.05)
    csrf = central.log_in()
    cookie = {"Cookie": f"ioc_session={central.client.cookies['ioc_session']}"}
    screen = Screen(url, cookie)
    until(lambda: screen.of("hello"))

    central.client.delete("/api/v1/session", headers=csrf)

    def tells_and_has_ended():
        central.house.hub.tell([{"type": "node", "node": {}}])
        return screen.ended.is_set()

    until(tells_and_has_ended)


def test_screens_are_let_go_when_central_stops(central, url):
    screen = Screen(url, central.reader)
    until(lambda: screen.of("hello"))

    central.house.hub.close()

    assert screen.ended.wait(2)
