"""What `make demo` leaves behind, opened in Chromium: search, play at the right second, ask, play what is cited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kinodex import demo
from kinodex.library import Library
from tests.browser.pages import Tab, tab
from tests.browser.served import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

API = "/api/v1"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo's library, made as `kinodex.demo` makes it, and served."""
    folder = tmp_path_factory.mktemp("demo") / "demo-library"
    with Library.open(folder, create=True) as library:
        library.ingest(*demo.sample_videos())
    with Library.open(folder) as library, serving(library) as found:
        yield found


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Tab]:
    opened = tab(browser, address)
    yield opened
    opened.clean()
    opened.page.context.close()


def asked(address: str, path: str, **query: Any) -> Any:
    answer = httpx2.get(f"{address}{API}{path}", params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def plays(page: Tab, video_id: str, start: float) -> None:
    """Assert that a video plays on from a time: what it plays begins at most a frame of 25 a second before."""
    played = "document.querySelector('video')?.played"
    page.until(f"{played}?.length > 0 && {played}.end({played}.length - 1) > {start + 0.3}")
    begun = page.video("played.start(0)")
    assert start - 0.04 <= begun <= start + 0.5, f"{begun} instead of {start}"
    assert f"/videos/{video_id}/" in page.video("currentSrc")


def test_the_library_shows_both_videos(page: Tab) -> None:
    page.go("/")
    page.page.wait_for_selector("article")
    shown = page.page.locator("article").all_inner_texts()
    for path in demo.sample_videos():
        assert [text for text in shown if path.stem in text], shown


def test_a_search_plays_at_the_second_of_what_it_found(page: Tab, address: str) -> None:
    first = asked(address, "/search", q="a man riding a bicycle in the street")["results"][0]
    assert first["name"] == "bikes.mp4"
    page.go("/")
    page.page.keyboard.press("/")
    page.page.keyboard.type("a man riding a bicycle in the street")
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector(".moment")
    shown = page.page.locator(".moment").first
    assert "bikes.mp4" in shown.inner_text()
    shown.locator("button.frame").click()
    plays(page, first["video_id"], first["start"])


def test_what_is_cited_in_a_chat_plays(page: Tab, address: str) -> None:
    page.go("/chat")
    page.page.locator("textarea").fill("Which video shows a bicycle?")
    page.page.keyboard.press("Enter")
    cited = page.page.locator("a.number").first
    cited.wait_for(timeout=60_000)
    (thread,) = asked(address, "/threads")["threads"]
    (turn,) = asked(address, f"/threads/{thread['thread_id']}")["turns"]
    assert "bikes.mp4" in turn["answer"]
    citation = turn["citations"][0]
    cited.click()
    plays(page, citation["video_id"], citation["start"])
    assert page.page.url.startswith(f"{address}/chat/{thread['thread_id']}")


def test_the_demo_ends_with_how_to_open_its_library(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "_run", lambda *arguments: None)
    demo.main()
    assert capsys.readouterr().out.endswith("  .venv/bin/kinodex serve --library demo-library\n")
