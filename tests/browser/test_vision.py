"""A smoke camera whose view can't be judged, as an operator sees it on a telephone and on a desk."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mqtt.wire import Health
from tests.browser.test_console import event, fits, screen, words

pytestmark = [pytest.mark.browser, pytest.mark.system]
WIDTHS = {"phone": 360, "desk": 1360}
HOSTILE = "<img src=x onerror=alert(1)>" + "x" * 170


def tell(node, **cameras):
    at = {"lat": 11.94, "lon": 108.44}
    said = {name: {"name": name, "position": at, **health} for name, health in cameras.items()}
    message = {"at": datetime.now(UTC), "boot_id": "b", "version": "1", "cameras": said}
    node.health(Health.model_validate(message))


def keep(page, name):
    if folder := os.environ.get("IOC_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


THREE_READABLE = """() => {
    const boxes = [...document.querySelectorAll(".vision span")].map((one) => one.getBoundingClientRect());
    return boxes.length === 3 && boxes.every(({ width, height }) => width > 100 && height > 10);
}"""


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("size", ["phone", "desk"])
def test_a_blind_camera_is_said_to_be_blind_and_then_to_be_back(chromium, node, size, language):
    say = words(language)
    tell(node, **{"cam-01": {"sight": "fog"}, "cam-02": {"muted": "covered"}, "cam-03": {"sight": HOSTILE}})
    node.tell(event(kind="wildfire.smoke", camera="cam-01"))

    with screen(chromium, node, size, language) as page:
        page.set_viewport_size({"width": WIDTHS[size], "height": 800})
        page.click("a[href='#/devices']")
        page.wait_for_selector(f'.inner > header .is-unseen:has-text("{say["unseen_sum"].format(n=3)}")')
        page.wait_for_function(THREE_READABLE)  # all at once: the list may be drawn anew at any time
        shown = page.inner_text(".cameras")
        keep(page, f"devices-{size}-{language}")
        assert say["sight_fog"] in shown and say["kind_camera_covered"] in shown
        assert "<img src=x" in shown and "x" * 60 not in shown
        assert fits(page)
        page.click("a[href='#/map']")
        page.wait_for_selector(f'.blind .vision:has-text("{say["sight_fog"]}")')
        titles = page.locator(".eye title").all_text_contents()
        keep(page, f"map-{size}-{language}")
        assert any(say["sight_fog"] in title for title in titles) and page.locator(".eye .slash").count() == 3
        assert fits(page)
        page.click(".places a[href^='#/incidents/']")
        page.wait_for_selector(f'.detail [role=status] .is-unseen:has-text("{say["sight_fog"]}")')
        keep(page, f"detail-{size}-{language}")
        assert fits(page)
        tell(node, **{"cam-01": {"sight": "clear"}})
        page.wait_for_selector(f'.detail [role=status] .is-seen:has-text("{say["seen"]}")')
