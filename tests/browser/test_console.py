"""The operator's console in a real Chromium: incidents arrive live, are handled, and fit every screen and language."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from central.api.pages import WEB
from mqtt.wire import Health
from tests.browser.conftest import PASSWORD
from tests.central import support

pytestmark = [pytest.mark.browser, pytest.mark.system]

SIZES = {"phone": (360, 740), "wall": (1920, 1080)}
EVERYWHERE = [
    pytest.param(size, language, id=f"{size}-{language}") for size, language in itertools.product(SIZES, ("vi", "en"))
]
WITHIN_MS = 15_000  # a loaded machine; live updates themselves take tens of milliseconds


def words(language):
    return json.loads((WEB / f"strings.{language}.json").read_text(encoding="utf-8"))


def picture():
    ok, jpeg = cv2.imencode(".jpg", np.full((180, 320, 3), 90, np.uint8))
    assert ok
    return jpeg.tobytes()


def event(phase="start", **more):
    """Return an event of now, as the console shows its age."""
    ago = (datetime.now(UTC) - support.T0).total_seconds() + more.pop("later", 0)
    return support.event(phase, **{"started": ago, **more})


@contextmanager
def screen(chromium, node, size="wall", language="vi", name="minh") -> Iterator[object]:
    """Give a page on which `name` has logged in; at the end, nothing has complained in its console."""
    width, height = SIZES.get(size, (1280, 800))
    context = chromium.new_context(viewport={"width": width, "height": height})
    context.add_init_script(
        f"localStorage.getItem('ioc.language') || localStorage.setItem('ioc.language', '{language}')"
    )
    context.set_default_timeout(WITHIN_MS)
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: message.type in {"error", "warning"} and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(node.url)
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector(f".line-state:has-text('{words(language)['live']}')", state="attached")
    yield page
    expected = getattr(page, "expected_complaints", ())
    context.close()
    assert [] == [text for text in complaints if not any(part in text for part in expected)]


def eventually(page, true):
    """Wait until the expression `true` is. (The page's own policy forbids what wait_for_function would do.)"""
    support.until(lambda: page.evaluate(true), WITHIN_MS / 1000)


def settled_top(page):
    """Return where the focused element stands once the browser has laid everything out."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.activeElement.getBoundingClientRect().top")


def fits(page):
    return page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"
    )


@pytest.mark.parametrize(("size", "language"), EVERYWHERE)
def test_an_incident_arrives_live_and_is_handled(chromium, node, size, language):
    say = words(language)
    with screen(chromium, node, size, language) as page:
        page.wait_for_selector(f".calm:has-text('{say['empty_open']}')")

        shot = node.put(picture())
        node.tell(event(evidence=[shot], detail={"camera_name": "Cổng Bắc"}))

        card = page.locator(".card[data-incident]")
        card.wait_for()
        assert say["kind_security_intrusion"] in card.inner_text()
        assert "Cổng Bắc" in card.inner_text()
        assert say["severity_high"] in card.inner_text()
        assert fits(page)
        eventually(page, "document.querySelector('.card img')?.naturalWidth > 0")

        card.click()
        page.click("[data-do=acknowledge]")
        page.wait_for_selector(f".head .chip:has-text('{say['handling_acknowledged']}')")
        page.wait_for_selector(f".steps li:has-text('{say['did_acknowledge']}')")
        assert fits(page)

        page.click("[data-do=false_alarm]")
        page.click("dialog button[type=submit]")
        page.wait_for_selector(f"dialog .mistake:has-text('{say['reason_needed']}')")
        page.check("dialog input[value=plants]")
        assert fits(page)
        page.click("dialog button[type=submit]")
        page.wait_for_selector(f".head .chip:has-text('{say['handling_false_alarm']}')")
        page.wait_for_selector(f".steps q:has-text('{say['reason_plants']}')")


@pytest.mark.parametrize(("size", "language"), EVERYWHERE)
def test_cameras_and_nodes_show_their_health_live(chromium, node, size, language):
    say = words(language)
    with screen(chromium, node, size, language) as page:
        page.click("a[href='#/devices']")
        page.wait_for_selector(f".calm:has-text('{say['devices_empty']}')")

        cameras = {
            "cam-01": {"name": "Ngã tư Phan Chu Trinh", "fps_in": 25, "mode": "keys"},
            "cam-02": {"name": "Bãi xe", "state": "offline", "error": "rtsp: connection refused"},
        }
        node.health(
            Health.model_validate({"at": datetime.now(UTC), "boot_id": "b", "version": "1", "cameras": cameras})
        )

        page.wait_for_selector(".camera:has-text('Ngã tư Phan Chu Trinh')")
        assert say["state_offline"] in page.locator(".camera").first.inner_text()  # what is wrong comes first
        assert say["mode_keys"] in page.locator(".camera").nth(1).inner_text()
        assert fits(page)


def test_the_picture_that_comes_after_its_event_appears_by_itself(chromium, node):
    with screen(chromium, node) as page:
        body = picture()
        shot = {
            "role": "snapshot",
            "sha256": hashlib.sha256(body).hexdigest(),
            "media_type": "image/jpeg",
            "bytes": len(body),
        }
        node.tell(event(evidence=[shot]))
        page.click(".card[data-incident]")
        page.wait_for_selector(f".shot.none:has-text('{words('vi')['picture_coming']}')")

        node.put(body)

        eventually(page, "document.querySelector('.shot img')?.naturalWidth > 0")
        eventually(page, "document.querySelector('.card img')?.naturalWidth > 0")
        assert not page.is_visible(".shot.none")


def test_the_picture_can_be_enlarged_and_put_away(chromium, node):
    with screen(chromium, node, "desk") as page:
        node.tell(event(evidence=[node.put(picture())]))
        page.click(".card[data-incident]")
        page.click("button.shot")
        page.wait_for_selector("dialog.zoomer img")

        page.keyboard.press("+")
        page.keyboard.press("ArrowRight")
        assert "scale(1.3)" in page.evaluate("document.querySelector('.zoomer img').style.transform")

        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        assert "shot" == page.evaluate("document.activeElement.className")


def test_a_viewer_sees_everything_and_is_offered_nothing(chromium, node):
    with screen(chromium, node, "desk", name="khach") as page:
        node.tell(event())
        page.click(".card[data-incident]")
        page.wait_for_selector(f".actions:has-text('{words('vi')['view_only']}')")
        page.keyboard.press("a")

        assert 0 == page.locator("[data-do]").count()
        assert 0 == page.locator(".remark").count()


def test_search_needs_no_diacritics(chromium, node):
    with screen(chromium, node, "desk") as page:
        for camera, name in (("a", "Ngã tư Phan Đình Phùng"), ("b", "Chợ Đà Lạt")):
            node.tell(event(camera=camera, detail={"camera_name": name}))
        eventually(page, "document.querySelectorAll('.card[data-incident]').length === 2")

        page.fill("input[type=search]", "dinh phung")

        eventually(page, "document.querySelectorAll('.card[data-incident]').length === 1")
        assert "Phan Đình Phùng" in page.locator(".card[data-incident]").inner_text()


def test_new_incidents_do_not_move_what_the_operator_reads_or_holds(chromium, node):
    with screen(chromium, node, "desk") as page:
        node.tell(*(event(camera=f"cam-{n}") for n in range(30)))
        eventually(page, "document.querySelectorAll('.card[data-incident]').length === 30")
        held = page.locator(".card").nth(15)
        held.focus()
        held.scroll_into_view_if_needed()
        held = page.evaluate("document.activeElement.dataset.incident")
        before = settled_top(page)

        node.tell(event(camera="new-1"), event(camera="new-2"))
        page.wait_for_selector(f".above:has-text('{words('vi')['new_above'].replace('{n}', '2')}')")

        assert held == page.evaluate("document.activeElement.dataset.incident")
        assert before == pytest.approx(settled_top(page), abs=2)


def test_everything_can_be_done_from_the_keyboard(chromium, node):
    say = words("vi")
    with screen(chromium, node, "desk") as page:
        node.tell(event(camera="cam-1"), event(camera="cam-2"))
        eventually(page, "document.querySelectorAll('.card[data-incident]').length === 2")

        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector(".facts dd:has-text('cam-1')")
        page.keyboard.press("a")
        page.wait_for_selector(f".head .chip:has-text('{say['handling_acknowledged']}')")
        page.wait_for_selector(f".steps li:has-text('{say['did_acknowledge']}')")
        page.keyboard.press("r")
        page.wait_for_selector(f".head .chip:has-text('{say['handling_resolved']}')")
        page.keyboard.press("?")
        page.wait_for_selector("dialog kbd")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        page.keyboard.press("/")

        assert "search" == page.evaluate("document.activeElement.type")


def test_two_operators_see_what_the_other_does_and_a_late_click_says_who_was_faster(chromium, node):
    say = words("vi")
    node.tell(event())
    with screen(chromium, node, "desk", name="lan") as lan, screen(chromium, node, "desk", name="minh") as minh:
        for page in (lan, minh):
            page.click(".card[data-incident]")
            page.wait_for_selector(".facts")
        minh.expected_complaints = ("409",)
        lan.click("[data-do=acknowledge]")
        minh.wait_for_selector(f".card .chip:has-text('{say['handling_acknowledged']}')")
        minh.wait_for_selector(".steps li:has-text('lan')")

        stale = minh.evaluate(
            """async () => {
                  const { csrf } = await (await fetch('/api/v1/session')).json();
                  const id = document.querySelector('.card').dataset.incident;
                  const answer = await fetch(`/api/v1/incidents/${id}/actions`, { method: 'POST',
                    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
                    body: JSON.stringify({ do: 'resolve', version: 1 }) });
                  return [answer.status, (await answer.json()).changed_by];
                }"""
        )

        assert [409, "lan"] == stale


def test_a_cut_line_is_said_at_once_and_nothing_is_missing_when_it_is_back(chromium, node):
    say = words("vi")
    with screen(chromium, node) as page:
        page.expected_complaints = (
            "ERR_INTERNET_DISCONNECTED",
            "ERR_FAILED",
            "Failed to load resource",
            "ERR_INCOMPLETE",
        )
        node.tell(event(camera="before"))
        page.wait_for_selector(".card[data-incident]")
        page.context.set_offline(True)
        node.app.state.house.hub.close()
        page.wait_for_selector(f".banner:has-text('{say['lost_banner'][:20]}')")

        node.tell(event(camera="while-away"))
        support.until(lambda: node.app.state.house.inbox.stored == 2)
        node.app.state.house.hub.closed = False
        page.context.set_offline(False)

        page.wait_for_selector(".card:has-text('while-away')")
        page.wait_for_selector(".banner", state="hidden")
        assert 2 == page.locator(".card[data-incident]").count()


def test_language_and_theme_change_in_place_and_are_remembered(chromium, node):
    with screen(chromium, node) as page:
        node.tell(event())
        page.wait_for_selector(f".card:has-text('{words('vi')['kind_security_intrusion']}')")

        page.click(f"[aria-label='{words('vi')['language_switch']}']")
        page.wait_for_selector(f".card:has-text('{words('en')['kind_security_intrusion']}')")
        page.click(f"[aria-label='{words('en')['theme_light']}']")
        page.reload()
        page.wait_for_selector(f".card:has-text('{words('en')['kind_security_intrusion']}')")

        assert ["en", "light"] == page.evaluate(
            "[document.documentElement.lang, document.documentElement.dataset.theme]"
        )


CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const over = (under, top) => [0, 1, 2].map((i) => top[i] * (top[3] ?? 1) + under[i] * (1 - (top[3] ?? 1)));
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      layers.unshift(colour);
      if ((colour[3] ?? 1) === 1) break;
    }
    return layers.reduce(over, [255, 255, 255]);
  };
  const poor = [];
  for (const element of document.querySelectorAll('.shell *')) {
    const texts = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim());
    const text = texts.join('');
    if (!text || !element.checkVisibility() || element.closest('.thumb, .unseen, option')) continue;
    const back = behind(element);
    const front = over(back, parse(getComputedStyle(element).color));
    const [less, more] = [light(front), light(back)].sort((a, b) => a - b);
    const ratio = (more + .05) / (less + .05);
    if (ratio < 4.5) poor.push(`${text.slice(0, 30)} ${ratio.toFixed(2)} ${element.className}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_stands_out_from_its_background(chromium, node, theme):
    severities = ["critical", "high", "medium", "low", "info"]
    node.tell(*(event(camera=f"cam-{severity}", severity=severity) for severity in severities))
    with screen(chromium, node) as page:
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        eventually(page, "document.querySelectorAll('.card[data-incident]').length === 5")
        eventually(page, "document.getAnimations().every((a) => a.effect.getTiming().iterations === Infinity)")
        for severity in severities:
            page.click(f".card.sev-{severity}")
            page.wait_for_selector(f".facts dd:has-text('cam-{severity}')")

            assert [] == page.evaluate(CONTRAST)


def test_what_is_told_while_the_list_is_fetched_is_not_lost(chromium, node):
    with screen(chromium, node, "wall", "vi") as page:
        page.click("a[href='#/devices']")
        page.wait_for_selector(".devices .calm")
        fetched = page.evaluate("fetch('/api/v1/nodes').then((answer) => answer.text())")
        waiting = []
        page.route("**/api/v1/nodes", lambda route: waiting.append(route))
        page.click("a[href='#/incidents']")
        page.click("a[href='#/devices']")  # fetches the list anew, and has to wait for it
        cameras = {"cam-01": {"name": "Bãi xe"}}
        node.health(
            Health.model_validate({"at": datetime.now(UTC), "boot_id": "b", "version": "1", "cameras": cameras})
        )
        page.wait_for_selector(".camera:has-text('Bãi xe')")

        assert waiting
        for route in waiting:
            with page.expect_response("**/api/v1/nodes"):
                route.fulfill(body=fetched, content_type="application/json")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

        assert page.is_visible(".camera:has-text('Bãi xe')")
