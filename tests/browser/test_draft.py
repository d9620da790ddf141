"""The page on which a draft is corrected, in a real Chromium: drag, type, save; on a phone and by keyboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.draft.draft import Draft
from benchmarks.draft.film import Film
from benchmarks.draft.server import Desk, DraftServer
from benchmarks.eval.truth import Truth
from common.config import read_config
from tests.benchmarks.test_draft import YARD, bright_square, walker
from tests.rtsp.footage import film

pytestmark = [pytest.mark.browser, pytest.mark.system]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Path]:
    folder = tmp_path_factory.mktemp("walk")
    draft = Draft(film(folder / "walk.mp4", walker, 300), bright_square, Film(tmp_path_factory.mktemp("film")))
    target = folder / "walk.truth.yaml"
    return Desk(draft, draft.judge(YARD), target), target


@contextmanager
def sheet(chromium: Any, desk: Desk, width: int = 1280, height: int = 900) -> Iterator[Any]:
    server = DraftServer(desk)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    context = chromium.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    mistakes: list[str] = []
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.goto(server.address)
    page.wait_for_selector("circle.handle")
    try:
        yield page
    finally:
        context.close()
        server.shutdown()
        server.server_close()
        thread.join()
    assert mistakes == []


def test_a_dragged_corner_and_a_corrected_second_are_in_the_saved_file(chromium, desk):
    with sheet(chromium, desk[0]) as page:
        dot = page.locator('circle[data-key="zone yard 1"]').bounding_box()
        page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
        page.mouse.down()
        page.mouse.move(dot["x"] + 120, dot["y"] + 60, steps=4)
        page.mouse.up()
        page.locator('#events input[type="number"]').first.fill("3.4")
        page.locator('#events input[type="number"]').first.press("Tab")
        page.click("#save")
        page.wait_for_selector("#message.good")

    saved = read_config(desk[1], Truth)
    assert saved.camera.zones["yard"][0] != (0.3, 0.0)
    assert 3.4 == (saved.events or ())[0].start_s


def test_a_corner_moves_by_arrow_keys_and_the_clip_too(chromium, desk):
    with sheet(chromium, desk[0]) as page:
        page.focus('circle[data-key="line middle from"]')
        before = page.locator('circle[data-key="line middle from"]').get_attribute("cx")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        after = page.locator('circle[data-key="line middle from"]').get_attribute("cx")
        page.locator("#title").click()
        page.keyboard.press("Shift+ArrowRight")

        assert 10 == pytest.approx(float(after) - float(before))
        assert "5.0 s" == page.locator("#clock").inner_text()


def test_a_mistake_is_said_and_nothing_is_saved(chromium, desk):
    desk[1].unlink(missing_ok=True)
    with sheet(chromium, desk[0]) as page:
        ends = page.locator('#events input[type="number"]').nth(1)
        ends.fill("0.5")
        ends.press("Tab")
        page.click("#save")
        page.wait_for_selector("#message.bad")

        assert "before it starts" in page.locator("#message").inner_text()
        assert not desk[1].exists()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_phone_shows_it_without_scrolling_sideways(chromium, desk, language):
    with sheet(chromium, desk[0], 360, 740) as page:
        if language == "en":
            page.click("#language")

        assert language == page.evaluate("document.documentElement.lang")
        assert 360 == page.evaluate("document.documentElement.scrollWidth")
        assert {"vi": "Lưu", "en": "Save"}[language] == page.locator("#save").inner_text()


def test_the_rules_run_again_with_what_is_on_the_page(chromium, desk):
    with sheet(chromium, desk[0]) as page:
        page.locator("#rules .row button", has_text="Xóa").first.click()
        page.locator("#rules .row button", has_text="Chạy lại").click()
        page.wait_for_selector("#message.good")

        assert 0 == page.locator("#events .row select").count()
        assert ["person"] == [one.input_value() for one in page.locator("#counts input[size]").all()]
