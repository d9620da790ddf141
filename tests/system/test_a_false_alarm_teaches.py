"""From an operator's verdict to the camera and back: a real node, a real broker, a real central."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.camera import Told
from edge.config import NodeConfig
from edge.node import Node
from tests.central.conftest import PASSWORD, furnished
from tests.central.support import config_for, served, until
from tests.edge.scenes import finding
from tests.mqtt.support import embedded

__all__ = ["furnished"]

pytestmark = pytest.mark.system


def node_at(folder: Path, url: str) -> Node:
    camera = {"id": "cam", "url": "file:/none.mp4", "rules": [{"kind": "intrusion", "name": "gate"}]}
    document: dict[str, Any] = {
        "node": {"id": "box-01", "site": "lam-dong", "data_dir": folder / "edge"},
        "broker": {"url": url},
        "cameras": [camera],
    }
    return Node(NodeConfig.model_validate(document))


def tell(node: Node, at: datetime, key: str) -> None:
    """Let the camera's rule say what a branch before it made it say."""
    (post,) = node.posts()
    node._on_told(post.seat, None, [Told(finding(1.0, key=key), "gate", at, at, None, None)])


@contextmanager
def operator(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False) as client:
        csrf = client.post("/api/v1/session", json={"name": "minh", "password": PASSWORD}).json()["csrf"]
        client.headers["X-CSRF-Token"] = csrf
        yield client


def incidents(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/incidents?category=security").json()["incidents"]
    return found


def test_three_verdicts_lower_the_cameras_voice_and_a_removal_raises_it_again(
    tmp_path: Path, furnished: tuple[Path, str, str]
) -> None:
    shutil.copy(furnished[0], tmp_path / "central.db")
    now = datetime.now(UTC)
    with (
        embedded(tmp_path) as broker,
        served(config_for(tmp_path, broker={"url": broker.url})) as (url, _),
        operator(url) as minh,
    ):
        node = node_at(tmp_path, broker.url)
        node.start()
        try:
            for n in range(3):
                tell(node, now - timedelta(minutes=20 * (n + 1)), f"branch-{n}")
            until(lambda: len(incidents(minh)) == 3, 20)
            for one in incidents(minh):
                wish = {"do": "false_alarm", "version": one["version"], "reason": "Cành cây"}
                assert minh.post(f"/api/v1/incidents/{one['id']}/actions", json=wish).status_code == 200
            (post,) = node.posts()
            until(lambda: node.nuisance.judge("cam", _now(now)).finding.severity == "info", 20)
            (area,) = minh.get("/api/v1/nuisance").json()["areas"]

            tell(node, now, "branch-again")
            until(lambda: len(incidents(minh)) == 4, 20)
            quiet = incidents(minh)[0]
            health = node._beat(post, time.monotonic())
            gone = minh.delete(f"/api/v1/nuisance/{area['id']}")
            until(lambda: node.nuisance.judge("cam", _now(now)).finding.severity == "high", 20)
        finally:
            node.stop()
        cameras = minh.get("/api/v1/cameras").json()["cameras"]

    assert (area["camera"], area["kind"], area["verdicts"], len(area["incidents"])) == ("cam", "intrusion", 3, 3)
    assert (quiet["severity"], quiet["detail"]["nuisance"]) == ("info", area["id"])
    assert (health.quietened >= 1, health.alarms_24h) == (True, 3)
    assert gone.status_code == 204
    assert [c["alarms_24h"] for c in cameras] in ([], [3])


def _now(at: datetime) -> Told:
    return Told(finding(1.0), "gate", at, at, None, None)
