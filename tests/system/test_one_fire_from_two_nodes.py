"""Two real nodes see one fire: over a real broker it becomes one located incident, and the danger level comes back."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest

from central import danger
from common.geodesy import metres_between, place_at
from edge.camera import Told
from edge.config import NodeConfig
from edge.node import Node
from edge.rules.base import Seen
from edge.smoke.bearing import points_at
from edge.smoke.placing import pose_of
from edge.smoke.raycast import REFRACTION
from mqtt.client import connect
from mqtt.link import BrokerLink
from mqtt.topics import NodeTopics
from mqtt.wire import WeatherReport
from tests.central.conftest import furnished
from tests.central.support import config_for, served, until
from tests.edge.scenes import finding, picture
from tests.mqtt.support import embedded

__all__ = ["furnished"]

pytestmark = pytest.mark.system

HERE = (11.30, 108.40)
FIRE = place_at(*HERE, 4000, 6000)
EYES = {"box-01": (place_at(*HERE, 0, 0), 30.0), "box-02": (place_at(*HERE, 8000, 1000), 320.0)}
GROUND_M = 900


@contextmanager
def node(name, folder, broker):
    (lat, lon), azimuth = EYES[name]
    position = {"lat": lat, "lon": lon, "height_m": 120, "azimuth_deg": azimuth, "tilt_deg": -1, "hfov_deg": 60,
                "error_deg": 0.2}  # fmt: skip
    rules = [{"kind": "smoke", "name": "forest"}, {"kind": "tamper"}]
    config = NodeConfig.model_validate({
        "node": {"id": name, "site": "lam-dong", "data_dir": folder / name},
        "broker": {"url": broker.url},
        "terrain": folder / "N11E108.hgt",
        "cameras": [{"id": "hill", "name": f"Đài {name}", "url": "rtsp://127.0.0.1:9/none", "area": "24848",
                     "position": position, "rules": rules}],
    })  # fmt: skip
    made = Node(config)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def see(node):
    """Let the node's camera tell of smoke where the fire is."""
    camera = node.config.cameras[0]
    pose = pose_of(camera.position, "", 4 / 3)
    east, north = metres_between(pose.lat, pose.lon, *FIRE)
    far = np.hypot(east, north)
    down = -120 - (1 - REFRACTION) * far**2 / (2 * 6371008.8)
    angles = np.degrees([[np.arctan2(east, north), np.arctan2(down, far)]])
    ((x, y),) = points_at(pose, angles)
    now = datetime.now(UTC)
    box = (x - 0.01, y - 0.03, x + 0.01, y)
    found = finding(1.0, kind="smoke", objects=(Seen(1, "smoke", box, 0.9),))
    node.reporter.report(camera, Told(found, "forest", now, now, None, picture()))


@pytest.mark.timeout(240)
def test_two_nodes_one_fire_one_place_and_the_level_comes_back(tmp_path, furnished):
    np.full((1201, 1201), GROUND_M, ">i2").tofile(tmp_path / "N11E108.hgt")
    database, _, reader = furnished
    shutil.copy(database, tmp_path / "central.db")
    with (
        embedded(tmp_path) as broker,
        served(config_for(tmp_path, broker={"url": broker.url}, fire_danger={"limits": (10, 20, 30, 40)})) as (
            url,
            app,
        ),
        node("box-01", tmp_path, broker) as north,
        node("box-02", tmp_path, broker) as east,
    ):
        until(lambda: app.state.house.subscriber.connected, 30)
        station = connect(BrokerLink(broker.url), "station")
        day = {"area": "24848", "date": danger.province_day(datetime.now(UTC)).isoformat(), "temperature_c": 36,
               "humidity": 0.3, "rain_mm": 0}  # fmt: skip
        station.publish(NodeTopics("lam-dong", "station-1")("weather"), WeatherReport(days=[day]).to_bytes())
        see(north)
        see(east)
        client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {reader}"}, trust_env=False, timeout=30)

        def fires():
            return client.get("/api/v1/incidents", params={"category": "wildfire"}).json()["incidents"]

        until(lambda: [len(fire["sights"]) for fire in fires()] == [2], 60)
        [fire] = fires()
        until(lambda: {n.posts()[0].seat.watch.danger for n in (north, east)} == {"V"}, 90)
        station.close()
        client.close()

    fix = fire["fix"]
    off_m = np.hypot(*metres_between(fix["lat"], fix["lon"], *FIRE))
    assert ("crossing", 2) == (fix["by"], len(fix["cameras"]))
    assert off_m < fix["major_m"] < 300
    assert ("V", "24848") == (fire["fire_danger"]["level"], fire["fire_danger"]["area"])
    assert fire["position"]["accuracy_m"] > 0
