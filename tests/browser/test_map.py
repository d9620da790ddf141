"""The map in a real Chromium: two cameras see one fire, and an operator finds it by mouse, keyboard and thumb."""

from __future__ import annotations

import itertools
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from common.geodesy import metres_between, place_at
from mqtt.topics import NodeTopics
from mqtt.wire import Health, WeatherReport
from tests.browser.conftest import field
from tests.browser.test_console import EVERYWHERE, event, eventually, fits, picture, screen, words
from tests.central.support import NODE

pytestmark = [pytest.mark.browser, pytest.mark.system]

HERE = (11.94, 108.44)
FIRE = place_at(*HERE, 4000, 7000)
EYES = {"nui-voi": (place_at(*HERE, 0, 0), "Núi Voi"), "lang-biang": (place_at(*HERE, 9000, 1000), "Lang Biang")}


def ring(east, north, size=6000):
    corners = [(0, 0), (1, 0.1), (1.05, 1), (0.4, 1.15), (-0.05, 0.9), (0, 0)]
    return [list(reversed(place_at(*HERE, east + x * size, north + y * size))) for x, y in corners]


def commune(code, name, east, north):
    shape = {"type": "Polygon", "coordinates": [ring(east, north)]}
    return {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": shape}


def province():
    communes = [
        commune("24848", "Phường Langbiang", -1000, -1500),
        commune("24850", "Xã Lạc Dương", 5400, -1400),
        commune("24851", "Xã Đạ Nhim", 1500, 4800),
    ]
    return {"type": "FeatureCollection", "features": communes}


@pytest.fixture
def hills(tmp_path, furnished):
    file = tmp_path / "province.geojson"
    file.write_text(json.dumps(province()), encoding="utf-8")
    with field(tmp_path, furnished, map={"file": file}) as made:
        yield made


def smoke(camera, **more):
    (lat, lon), name = EYES[camera]
    azimuth = math.degrees(math.atan2(*metres_between(lat, lon, *FIRE))) % 360
    where = {"lat": lat, "lon": lon}
    bearing = {**where, "azimuth_deg": azimuth, "elevation_deg": -1, "error_deg": 0.6, "range_m": [0, 30_000]}
    detail = {"bearing": bearing, "camera_name": name, "cause": camera}
    fire = {"kind": "wildfire.smoke", "camera": camera, "zone": "forest", "severity": "critical"}
    return event(**fire, position={**where, "bearing_deg": azimuth}, detail=detail, **more)


def burn(hills):
    """Two cameras, a dry week, and smoke that both see."""
    now = datetime.now(UTC)
    cameras = {camera: {"name": name, "area": "24848", "position": {"lat": lat, "lon": lon, "bearing_deg": 30}}
               for camera, ((lat, lon), name) in EYES.items()}  # fmt: skip
    hills.health(Health.model_validate({"at": now, "boot_id": "boot-1", "version": "1", "cameras": cameras}))
    day = {"date": now.date().isoformat(), "temperature_c": 36, "humidity": 0.3}
    days = [{**day, "area": "24848", "rain_mm": 0}, {**day, "area": "24850", "rain_mm": 9}]
    station = NodeTopics(NODE.site, "station-1")
    hills.publish(station("weather"), WeatherReport.model_validate({"days": days}).to_bytes())
    shot = hills.put(picture())
    hills.tell(
        smoke("nui-voi", evidence=[shot]), smoke("lang-biang", later=30), event(camera="nui-voi", severity="low")
    )


def keep(page, name):
    """Save what is seen where somebody wants to look at it."""
    if folder := os.environ.get("IOC_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize(("size", "language"), EVERYWHERE)
def test_one_fire_of_two_cameras_is_one_place_on_the_map(chromium, hills, size, language):
    say = words(language)
    with screen(chromium, hills, size, language) as page:
        burn(hills)
        page.locator(".card[data-incident]").nth(1).wait_for()
        page.wait_for_selector(f".card .level:has-text('{say['danger_level'].replace('{level}', 'I')}')")
        page.wait_for_selector(f".card .where:has-text('{say['more_cameras'].replace('{n}', '1')}')")
        keep(page, f"queue-{size}-{language}")
        page.click("nav a[href='#/map']")

        page.wait_for_selector(".chart .area")
        eventually(page, "document.querySelectorAll('.chart .sight').length === 2")
        eventually(page, "document.querySelectorAll('.chart .eye').length === 2")
        eventually(page, "document.querySelectorAll('.chart .ground .land').length === 3")
        page.wait_for_selector(f".danger p:has-text('{say['danger_unofficial'].split('. ')[-1]}')")
        assert fits(page)
        keep(page, f"map-{size}-{language}")

        page.locator(".place[data-incident]").first.click()
        page.wait_for_selector(".sight.chosen")
        keep(page, f"map-chosen-{size}-{language}")
        page.locator(".mark.chosen").press("Enter")
        page.wait_for_selector(f".facts dt:has-text('{say['fix']}')")
        page.wait_for_selector(f".facts .level:has-text('{say['danger_short'].split('·')[1].strip()}')")
        assert fits(page)
        page.locator(".facts").evaluate("node => node.scrollIntoView()")  # at one moment: it may be drawn anew any time
        keep(page, f"fire-{size}-{language}")


def test_the_map_is_moved_with_keys_wheel_and_drag(chromium, hills):
    with screen(chromium, hills) as page:
        burn(hills)
        page.locator(".card[data-incident]").nth(1).wait_for()
        page.goto(f"{hills.url}/#/map")
        page.wait_for_selector(".chart .area")
        seen = [page.get_attribute(".ground", "transform")]

        def moved(act):
            act()
            eventually(page, f"document.querySelector('.ground').getAttribute('transform') !== {json.dumps(seen[-1])}")
            seen.append(page.get_attribute(".ground", "transform"))

        page.focus(".chart")
        for key in ("ArrowLeft", "ArrowUp", "+", "-", "0"):
            moved(lambda key=key: page.keyboard.press(key))
        box = page.locator(".chart").bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 200)
        moved(lambda: page.mouse.wheel(0, -300))
        page.mouse.down()
        moved(lambda: page.mouse.move(box["x"] + 160, box["y"] + 260))
        page.mouse.up()
        page.keyboard.press("0")
        page.keyboard.press("Tab")
        eventually(page, "document.activeElement.classList.contains('mark')")
        assert all(before != after for before, after in itertools.pairwise(seen))


def test_an_incident_that_comes_while_the_map_is_open_appears_on_it(chromium, hills):
    with screen(chromium, hills) as page:
        page.goto(f"{hills.url}/#/map")
        page.wait_for_selector(".chart .ground .land")

        burn(hills)

        page.wait_for_selector(".chart .mark")
        page.wait_for_selector(".place[data-incident]")
        assert page.locator(".place[data-incident]").count() >= 1


def test_a_camera_is_parted_from_a_fire_that_it_does_not_see(chromium, hills):
    say = words("vi")
    with screen(chromium, hills) as page:
        burn(hills)
        page.locator(".card[data-incident]").nth(1).wait_for()
        page.locator(".card .where:has-text('+ 1')").click()
        page.click(f"button:has-text('{say['part'].replace('{camera}', 'lang-biang')}')")

        page.wait_for_selector(f".toast:has-text('{say['parted'].split('#')[0]}')")
        eventually(page, "document.querySelectorAll('.card[data-incident]').length === 3")
        assert page.locator(f".toast:has-text('{say['parted'].split('#')[0]}')").count() == 1
