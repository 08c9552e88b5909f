"""A library of ten thousand videos in Chromium: soon there, scrolled to its end and back, few cards at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from kinodex.library import Library
from stores.catalog import bump_revision
from stores.core.ids import video_id as id_of
from stores.core.record_columns import video_columns
from stores.core.records import Video
from stores.sql.database import writing
from stores.sql.tables import LocationRow, StageRunRow, VideoRow
from tests.browser.pages import Tab, tab
from tests.browser.served import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIDEOS = 10_000

FIRST_PAGE = 150_000
"""Bytes on the line until the first page stands, heads of answers included; posters, of which there are none, are not
the app's."""

INTERACTIVE = 1.0
"""Seconds from the address until a card can be clicked, where each program that wants a core has one."""

SCREENS = 40
"""How many stops there are on the way to the end."""

# Every card is given a property of its own. A card that is still in sight and was made anew has lost it.
_MARK = """() => {
  const lost = [];
  window.__cards ??= new Map();
  const now = new Map();
  for (const card of document.querySelectorAll('[data-place]')) {
    const before = window.__cards.get(card.dataset.place);
    if (before !== undefined && (before !== card || card.__mark !== card.dataset.place)) lost.push(card.dataset.place);
    card.__mark = card.dataset.place;
    now.set(card.dataset.place, card);
  }
  window.__cards = now;
  return {lost, cards: now.size, loaded: document.querySelectorAll('article').length};
}"""

# Shifts of what is in sight are reported by the browser itself.
_OBSERVE = """
window.__shift = 0;
new PerformanceObserver(list => { for (const one of list.getEntries()) window.__shift += one.value; })
  .observe({type: 'layout-shift', buffered: true});
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Library.open(tmp_path_factory.mktemp("many") / "library", create=True) as library:
        _fill(library)
        with serving(library) as served:
            yield served


def _fill(library: Library) -> None:
    """As ten thousand files stand in the tables after their probes."""
    videos, places, runs = [], [], []
    now = time.time()
    for number in range(VIDEOS):
        sha, path = sha256(str(number).encode()).hexdigest(), Path(f"/films/{number:05d}.mp4")
        video_id = id_of(sha)
        shape = (1280, 720, 0, Fraction(25), False)
        video = Video(video_id, sha, 1000, 9000 + number, Fraction(1, 1000), 0, *shape, "h264", "aac", "mp4")
        videos.append(video_columns(video))
        named = {"name": path.name, "stem": path.stem}
        places.append(
            {
                "uri": str(path),
                "video_id": video_id,
                "size": 1000,
                "mtime_ns": 1,
                "seen_at": now,
                "missing": False,
                **named,
            }
        )
        runs.append(
            {
                "video_id": video_id,
                "stage": "probe",
                "fingerprint": "f1",
                "status": "done",
                "active": True,
                "worker": "test",
            }
            | {"error_code": "", "error_message": "", "attempts": 1, "strikes": 1, "row_count": 1}
            | {"started_at": now, "finished_at": now, "seconds": 0.1}
        )
    with library.store.writer(), writing(library.store.engine) as connection:
        for table, rows in ((VideoRow, videos), (LocationRow, places), (StageRunRow, runs)):
            connection.execute(insert(table), rows)
        bump_revision(connection)


def test_the_first_page_is_small_and_soon_there(browser: Any, address: str) -> None:
    tab(browser, address).go("/").page.context.close()  # the server has answered once before
    fastest, sizes = float("inf"), []
    soon = INTERACTIVE * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    while len(sizes) < 5 and fastest > soon:
        shown = tab(browser, address)
        line = shown.page.context.new_cdp_session(shown.page)
        line.send("Network.enable")
        received: list[float] = []
        line.on("Network.loadingFinished", lambda event, received=received: received.append(event["encodedDataLength"]))
        begun = time.perf_counter()
        shown.page.goto(address + "/", wait_until="commit")
        shown.page.locator("article a").first.click(trial=True)
        fastest = min(fastest, time.perf_counter() - begun)
        shown.page.wait_for_load_state("networkidle")
        sizes.append(sum(received))
        assert len(received) > 5
        shown.clean()
        shown.page.context.close()
    assert max(sizes) <= FIRST_PAGE
    assert fastest <= soon


def test_it_scrolls_to_the_end_and_back_and_no_card_in_sight_is_made_anew(browser: Any, address: str) -> None:
    shown = tab(browser, address)
    shown.page.add_init_script(_OBSERVE)
    shown.go("/")
    shown.page.wait_for_selector("article")
    assert "10,000 videos" in shown.page.locator(".facts").inner_text()
    height = shown.page.evaluate("document.documentElement.scrollHeight")
    most = _marked(shown)
    # Step by step, so that cards stay in sight from one look to the next while more are read.
    for _ in range(60):
        shown.page.mouse.wheel(0, 300)
        shown.page.wait_for_timeout(15)
        most = max(most, _marked(shown))
    for at in [*range(1, SCREENS + 1), *range(SCREENS - 1, -1, -1)]:
        shown.page.evaluate(f"scrollTo(0, document.documentElement.scrollHeight * {at / SCREENS})")
        if at == SCREENS:
            shown.until("document.querySelector('[aria-posinset=\"10000\"]') !== null", 60)
            assert "09999.mp4" in shown.page.locator("[data-place='9999']").inner_text()
        for _ in range(3):
            most = max(most, _marked(shown))
            shown.page.wait_for_timeout(10)
    shown.until("document.querySelector('[data-place=\"0\"]') !== null")
    assert most < 120
    assert shown.page.evaluate("document.documentElement.scrollHeight") == height
    assert shown.page.evaluate("window.__shift") < 0.1
    assert shown.errors == []
    assert shown.foreign == []
    pages = [url for url in shown.asked if "/api/v1/videos?" in url]
    assert len(pages) == len(set(pages)), "a page of videos was read twice"
    shown.page.evaluate(
        "const one = document.querySelector('[data-place=\"0\"]'); one.replaceWith(one.cloneNode(true))"
    )
    assert shown.page.evaluate(_MARK)["lost"] == ["0"]  # a card that is made anew would have been seen
    shown.page.context.close()


def _marked(shown: Tab) -> int:
    """How many cards there are; none of those that were there at the last look may have been replaced."""
    found = shown.page.evaluate(_MARK)
    assert found["lost"] == []
    assert found["cards"] == found["loaded"]
    return int(found["cards"])
