"""What false alarms have taught, on a telephone and by keyboard, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from mqtt.wire import Health
from tests.browser.conftest import PASSWORD
from tests.browser.test_console import event, screen, words
from tests.central.support import until

pytestmark = [pytest.mark.browser, pytest.mark.system]


def judged(node, count=3):
    """Let three alarms on one place be called false."""
    thing = {"track": 1, "label": "person", "box": [0.4, 0.3, 0.5, 0.5], "score": 0.8}
    node.tell(*(event(later=-1200 * n, objects=[thing]) for n in range(1, count + 1)))
    with httpx.Client(base_url=node.url, trust_env=False) as client:
        csrf = client.post("/api/v1/session", json={"name": "minh", "password": PASSWORD}).json()["csrf"]
        client.headers["X-CSRF-Token"] = csrf
        until(lambda: len(client.get("/api/v1/incidents").json()["incidents"]) == count)
        for one in client.get("/api/v1/incidents").json()["incidents"]:
            wish = {"do": "false_alarm", "version": one["version"], "reason": "Cành cây"}
            client.post(f"/api/v1/incidents/{one['id']}/actions", json=wish).raise_for_status()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_area_is_read_and_taken_back_by_keyboard_on_a_telephone(chromium, node, language):
    say = words(language)
    judged(node)
    cameras = {"cam-01": {"name": "Ngã tư Phan Chu Trinh", "muted": "covered", "held": 2}}
    health = {"at": datetime.now(UTC), "boot_id": "b", "cameras": cameras}
    node.health(Health.model_validate({**health, "version": "1"}))

    with screen(chromium, node, "phone", language) as page:
        page.click("a[href='#/devices']")
        page.wait_for_selector(f".nuisance:has-text('{say['nuisance_title']}')")
        shown = page.inner_text(".areas li")
        wide = page.evaluate("document.documentElement.scrollWidth")
        page.focus(".areas button")
        node.health(Health.model_validate({**health, "version": "7.7.7"}))
        page.wait_for_selector(".devices .head:has-text('7.7.7')")  # the page was drawn anew meanwhile
        page.keyboard.press("Enter")
        page.wait_for_selector(".nuisance", state="detached")

    assert say["kind_security_intrusion"] in shown and say["nuisance_remove"] in shown
    assert wide <= 360
