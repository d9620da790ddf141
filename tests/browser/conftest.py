"""A real Chromium, a real broker and a real central: what an operator sees, from message to screen."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from mqtt.client import connect
from mqtt.event import Event
from mqtt.link import BrokerLink
from mqtt.wire import Health
from tests.central.conftest import PASSWORD, furnished
from tests.central.support import NODE, config_for, served, until
from tests.mqtt.support import mosquitto

__all__ = ["PASSWORD", "furnished"]

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="package")  # while it runs, its event loop stands in the way of asyncio.run elsewhere
def chromium() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass(slots=True)
class Field:
    """An edge node as central sees it: it publishes over the broker and puts pictures over HTTP."""

    url: str
    token: str
    app: Any
    publish: Callable[[str, bytes], int]

    def tell(self, *events: Event) -> None:
        for event in events:
            self.publish(NODE("event"), event.to_bytes())

    def health(self, message: Health) -> None:
        self.publish(NODE("health"), message.to_bytes())

    def put(self, picture: bytes) -> dict[str, Any]:
        sha256 = hashlib.sha256(picture).hexdigest()
        answer = httpx.put(
            f"{self.url}/api/v1/evidence/{sha256}",
            content=picture,
            headers={"Authorization": f"Bearer {self.token}"},
            trust_env=False,
        )
        assert answer.status_code in {201, 204}, answer.text
        return {"role": "snapshot", "sha256": sha256, "media_type": "image/jpeg", "bytes": len(picture)}


@contextmanager
def field(folder: Path, furnished: tuple[Path, str, str], **settings: Any) -> Iterator[Field]:
    """Give Mosquitto and a central with these settings, and a node that can speak to both."""
    if shutil.which("mosquitto") is None:
        pytest.skip("mosquitto is not installed")
    database, token, _ = furnished
    shutil.copy(database, folder / "central.db")
    with (
        mosquitto(folder) as broker,
        served(config_for(folder, broker={"url": broker.url}, **settings)) as (url, app),
    ):
        until(lambda: app.state.house.subscriber.connected)
        connection = connect(BrokerLink(broker.url), "browser-test-node")
        yield Field(url, token, app, lambda topic, payload: connection.publish(topic, payload, qos=1))
        connection.close()


@pytest.fixture
def node(tmp_path: Path, furnished: tuple[Path, str, str]) -> Iterator[Field]:
    """Mosquitto and central, and a node that can speak to both."""
    with field(tmp_path, furnished) as made:
        yield made
