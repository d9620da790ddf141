"""A flood of incidents: the screen stays quick, and everything is counted."""

import time

import pytest

from tests.browser.test_console import event, eventually, screen

pytestmark = [pytest.mark.browser, pytest.mark.system]


def test_a_thousand_incidents_at_once_leave_the_screen_quick_and_the_count_right(chromium, node):
    with screen(chromium, node, "desk") as page:
        node.tell(*(event(camera=f"cam-{n}") for n in range(1000)))
        eventually(page, "document.querySelector('.tabs .count').textContent === '1000'")

        assert 150 == page.locator(".card[data-incident]").count()
        assert "1000" == page.locator(".severities .sev-high strong").inner_text()
        page.click(".more button")
        eventually(page, "document.querySelectorAll('.card[data-incident]').length === 300")

        took_s = []
        for n in range(5):
            began = time.perf_counter()
            node.tell(event(camera=f"late-{n}"))
            page.wait_for_selector(f".card:has-text('late-{n}')")
            took_s.append(time.perf_counter() - began)

        assert min(took_s) < 0.5  # the best of five: the machine may be busy with other things
