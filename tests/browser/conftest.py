from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import Tab, tab

CHROMIUM = os.environ.get("KINODEX_CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Chromium without a window; fails where there is none.

    Not for the whole session: Playwright keeps an event loop running in its thread, in which no other can be started.
    """
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        pytest.fail(f"There is no Chromium at {CHROMIUM}: install the Debian package chromium.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--mute-audio"])
        yield started
        started.close()


@pytest.fixture
def window(browser: Any) -> Iterator[Callable[..., Tab]]:
    """Opens windows at an address; they are closed with the test."""
    opened: list[Tab] = []

    def make_one(address: str, *args: Any, **options: Any) -> Tab:
        opened.append(tab(browser, address, *args, **options))
        return opened[-1]

    yield make_one
    for one in opened:
        one.page.context.close()
