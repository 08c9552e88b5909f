"""The web app as somebody uses it: library, search, video; every page under the policy and under axe."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kinodex.library import Library
from tests.amount import shared_out
from tests.browser import films
from tests.browser.pages import Tab, tab
from tests.browser.served import serving
from tests.planted import film as planted
from tests.planted.film import Put, Say, Text
from tests.planted.making import make

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = "<img src=x onerror=\"document.title='broken in'\"> bread"

_BAKING = planted.Film(
    "baking.mp4",
    12,
    ((0, planted.GREY), (6, planted.WHITE)),
    puts=(Put("coffee", 6, 12),),
    texts=(Text("BREAD 250 GRAMS", 0.5, 5.5, (0.5, 0.3), 0.13),),
    says=(Say("Welcome to the kitchen. Today we bake bread.", 0.5), Say("Now we drink a cup of coffee.", 6.5)),
)
_RIDE = planted.Film("ride.mp4", 8, ((0, planted.TEAL),), puts=(Put("astronaut", 0, 8),), silent=True)
_STEPS = films.Film("steps.mp4", frames=90, stamps=films.irregular(90), base=Fraction(1, 1000), sound_delay=0.7)
_OLD = films.Film("old.avi", "mpeg4", frames=50, rate=Fraction(25), sound="libmp3lame")

_TALL = films.Film("tall.mp4", frames=50, rotation=90, sound_delay=None)


@dataclass(frozen=True)
class Site:
    """A served library of a few films, and how a window of it is opened."""

    address: str
    ids: dict[str, str]
    open: Callable[..., Tab]

    def path(self, name: str, rest: str = "") -> str:
        return f"/videos/{self.ids[name]}{rest}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Site]:
    kept = os.environ.get("KINODEX_SITE")  # a folder where the library is kept from one run to the next
    folder = Path(kept) if kept else tmp_path_factory.mktemp("site")
    if not (folder / "library").exists():
        _build(folder)
    with Library.open(folder / "library") as library, serving(library) as address:
        ids = {Path(uri).name: entry.video_id for entry in library.videos() for uri in entry.uris}
        opened: list[Tab] = []

        def window(*args: Any, **options: Any) -> Tab:
            opened.append(tab(browser, address, *args, **options))
            return opened[-1]

        yield Site(address, ids, window)
        for one in opened:
            one.page.context.close()


def _build(folder: Path) -> None:
    media = folder / "media"
    make((_BAKING, _RIDE), media)
    for film in (_STEPS, _OLD, _TALL):
        films.write(media, film)
    shutil.copy(media / "ride.mp4", media / "ride again.mp4")
    (media / "torn.mp4").write_bytes((media / "baking.mp4").read_bytes()[:3000])
    with Library.open(folder / "library", create=True) as library:
        library.ingest(media)
        (video_id,) = (one.video_id for one in library.videos() if one.uris[0].endswith("baking.mp4"))
    _plant(folder / "library", video_id)


def _plant(root: Path, video_id: str) -> None:
    """A line of the transcript that would like to be markup."""
    with sqlite3.connect(root / "kinodex.sqlite3") as store:
        where = "WHERE video_id = ? AND ordinal = (SELECT min(ordinal) FROM utterances WHERE video_id = ?)"
        done = store.execute(f"UPDATE utterances SET text = ? {where}", (HOSTILE, video_id, video_id))
        assert done.rowcount == 1
    store.close()


PATHS = ("/", "/search", "/search?q=coffee", "/search?q=a+volcano+on+the+moon", "/nowhere", "VIDEO", "TORN", "OLD")


@pytest.mark.parametrize(("turn", "width", "scheme"), [(0, 1440, "light"), (1, 390, "dark")])
def test_every_page_keeps_the_policy_and_is_accessible(site: Site, turn: int, width: int, scheme: str) -> None:
    for path in shared_out(PATHS, turn, 2):
        shown = site.open((width, 844), color_scheme=scheme, locale="zh-CN" if scheme == "dark" else "en-GB")
        named = {"VIDEO": "baking.mp4", "TORN": "torn.mp4", "OLD": "old.avi"}
        shown.go(site.path(named[path]) if path in named else path)
        shown.page.wait_for_selector("h1, h2")
        if path == "OLD":
            shown.until("document.querySelector('.stage .words') !== null")
            shown.errors.clear()  # the browser says itself that it cannot play it
        shown.accessible()
        assert shown.fits(), f"{path} is wider than {width}"
        shown.clean()


def test_the_library_filters_by_its_address_and_says_what_is_broken(site: Site) -> None:
    shown = site.open().go("/")
    page = shown.page
    page.wait_for_selector("article")
    torn = page.locator("article", has_text="torn.mp4")
    assert "TRUNCATED" in torn.inner_text()
    assert "index is missing" in torn.inner_text()
    twice = page.locator("article.copies")
    assert "ride" in twice.inner_text()
    assert "+1" in twice.inner_text()
    page.select_option("select >> nth=0", "failed")
    shown.until("document.querySelectorAll('article').length === 1")
    assert page.url.endswith("/?status=failed")
    page.go_back()
    shown.until("document.querySelectorAll('article').length > 3")
    page.fill("input[placeholder='Filter by name']", "nothing like this")
    page.wait_for_selector("text=No video fits these filters")
    shown.go("/?name=ride")
    assert page.locator("article").count() == 1
    shown.clean()


def test_going_back_restores_scroll_and_keeps_the_cards(site: Site) -> None:
    shown = site.open((700, 420)).go("/?sort=-added")
    page = shown.page
    page.evaluate("window.scrollTo(0, 260)")
    page.wait_for_timeout(100)
    at = page.evaluate("scrollY")
    assert at > 100
    page.locator("article .poster").last.evaluate("node => node.click()")
    page.wait_for_selector(".scrubber")
    page.go_back()
    page.wait_for_selector("article")
    shown.until(f"Math.abs(scrollY - {at}) < 2")
    assert page.url.endswith("/?sort=-added")
    shown.clean()


def test_the_pointer_scrubs_through_a_poster(site: Site) -> None:
    shown = site.open().go("/?name=baking")
    poster = shown.page.locator(".poster").bounding_box()
    shown.page.mouse.move(poster["x"] + poster["width"] * 0.9, poster["y"] + 30)
    shown.page.wait_for_timeout(400)
    shown.page.mouse.move(poster["x"] + poster["width"] * 0.8, poster["y"] + 32)
    shown.page.wait_for_selector(".poster .sprite")
    assert "/sprites/0.jpg" in shown.page.locator(".poster .sprite").evaluate("node => node.style.backgroundImage")
    shown.clean()


def test_a_search_plays_in_place_and_its_address_holds_everything(site: Site) -> None:
    shown = site.open().go("/")
    page = shown.page
    page.keyboard.press("/")
    page.keyboard.type("a cup of coffee")
    page.keyboard.press("Enter")
    page.wait_for_selector(".moment")
    assert "/search?q=a+cup+of+coffee" in page.url
    assert page.locator(".moment .chip").count() > 0
    first = page.locator(".moment").first
    assert "baking.mp4" in first.inner_text()
    first.locator("button.frame").click()
    shown.until("document.querySelector('video')?.currentTime > 5.9 && !document.querySelector('video').paused")
    assert "play=" in page.url
    page.reload()
    page.wait_for_selector(".moment.active")
    shown.until("Math.abs(document.querySelector('video')?.currentTime - 6) < 0.5")
    page.get_by_text("Exact words").click()
    shown.until("location.search.includes('mode=exact')")
    page.wait_for_selector(".moment")
    shown.clean()


def test_no_match_and_partly_indexed_are_said(site: Site) -> None:
    shown = site.open().go("/search?q=a+volcano+on+the+moon")
    shown.page.wait_for_selector("text=No match")
    assert "of 6 videos can be searched" in shown.page.locator(".banner").inner_text()
    shown.clean()


def test_frames_are_stepped_one_by_one(site: Site) -> None:
    shown = site.open().go(site.path("steps.mp4"))
    shown.until("document.querySelector('video')?.readyState >= 2")
    assert shown.frame() == 0
    seen = []
    for key in "." * 12 + "," * 5:
        before = shown.frame()
        shown.page.keyboard.press(key)
        _changed(shown, before)
        seen.append(shown.frame())
    assert seen == [*range(1, 13), *range(11, 6, -1)]
    shown.clean()


def _changed(shown: Tab, before: int) -> None:
    for _ in range(100):
        if shown.frame() != before:
            return
        shown.page.wait_for_timeout(30)
    raise AssertionError(f"frame {before} stays")


def test_an_address_with_a_time_plays_there_and_goes_on(site: Site) -> None:
    shown = site.open().go(site.path("baking.mp4", "?t=7"))
    shown.until("!document.querySelector('video').paused && document.querySelector('video').currentTime > 7.5")
    assert shown.video("currentTime") < 10
    shown.page.evaluate(
        "history.pushState({key: 'x'}, '', '?t=2'); dispatchEvent(new PopStateEvent('popstate', {state: {key: 'x'}}))"
    )
    shown.until("Math.abs(document.querySelector('video').currentTime - 2) < 1.5")
    shown.clean()


def test_the_transcript_follows_seeks_and_stays_text(site: Site) -> None:
    shown = site.open().go(site.path("baking.mp4"))
    page = shown.page
    page.get_by_role("tab", name="Transcript").click()
    page.wait_for_selector(".line")
    assert HOSTILE in page.locator(".line").first.inner_text()
    assert page.locator(".line img").count() == 0
    assert page.title() == "baking.mp4 – Kinodex"
    page.locator(".line", has_text="coffee").locator("button.go").click()
    shown.until("document.querySelector('video').currentTime > 5.5")
    page.wait_for_selector(".line.current:has-text('coffee')")
    page.fill("input[placeholder='Find in these lines']", "BREAD")
    page.wait_for_selector(".line mark")
    assert page.locator(".count").inner_text().startswith("1 of ")
    page.get_by_role("tab", name="Screen text").click()
    page.wait_for_selector(".line:has-text('BREAD')")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Seen").get_attribute("aria-selected") == "true"
    shown.clean()


def test_a_correction_is_discarded_by_escape_and_saved_once_by_enter(site: Site) -> None:
    shown = site.open().go(site.path("baking.mp4", "?t=7"))
    page, sent = shown.page, []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PATCH" else None)
    page.get_by_role("tab", name="Transcript").click()
    line = page.locator(".line", has_text="coffee")
    field = page.get_by_role("textbox", name="Correct this line")
    line.get_by_role("button", name="Correct this line").click()
    field.fill("Nobody said this.")
    page.keyboard.press("Escape")
    field.wait_for(state="detached")
    line.get_by_role("button", name="Correct this line").click()
    field.fill("Nor this.")
    page.locator("h1").click()
    page.wait_for_timeout(300)
    assert field.is_visible(), "who clicks elsewhere keeps what was typed"
    page.get_by_role("button", name="Cancel").click()
    field.wait_for(state="detached")
    page.wait_for_timeout(300)
    assert sent == []
    line.get_by_role("button", name="Correct this line").click()
    field.fill("Now we drink two cups of coffee.")
    page.keyboard.press("Enter")
    page.get_by_text("Corrected", exact=True).wait_for()
    page.locator(".line", has_text="two cups of coffee").wait_for()
    page.wait_for_timeout(300)
    assert len(sent) == 1
    # The message does not stand over the way back to what is heard.
    page.locator(".scroller").dispatch_event("wheel")
    resume = page.get_by_role("button", name="Follow again").bounding_box()
    toast = page.locator(".toast").bounding_box()
    assert resume["y"] + resume["height"] <= toast["y"]
    page.get_by_role("button", name="Undo", exact=True).click()
    page.locator(".line", has_text="a cup of coffee").wait_for()
    shown.clean()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_vertical_video_is_shown_whole(site: Site, width: int) -> None:
    shown = site.open((width, 844)).go(site.path("tall.mp4", "?t=1"))
    shown.until("document.querySelector('video')?.readyState >= 2")
    assert shown.video("videoHeight") > 2 * shown.video("videoWidth")
    picture, stage = (shown.page.locator(one).bounding_box() for one in ("video", ".stage"))
    for side, length in (("x", "width"), ("y", "height")):
        assert picture[side] >= stage[side] - 1
        assert picture[side] + picture[length] <= stage[side] + stage[length] + 1
    assert picture["height"] > 0.9 * stage["height"]
    assert picture["height"] / picture["width"] == pytest.approx(films.SIZE[0] / films.SIZE[1], rel=0.02)
    assert shown.page.get_by_role("button", name="Sound on").count() == 0, "it has no sound"
    shown.clean()


def test_an_unknown_video_leads_back_to_the_library(site: Site) -> None:
    page = site.open().go("/videos/vid_000000000000000000000000").page
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("button", name="Try again").count() == 0
    page.get_by_role("link", name="To the library").click()
    page.wait_for_selector("article")


def test_what_the_browser_cannot_play_is_offered_as_a_copy(site: Site) -> None:
    shown = site.open().go(site.path("old.avi"))
    page = shown.page
    if not os.environ.get("KINODEX_SITE"):  # where the copy is there already
        page.get_by_role("button", name="Make a copy that plays").click()
    shown.until("document.querySelector('video')?.videoWidth > 0", 60)
    assert shown.video("duration") == pytest.approx(3.0, abs=0.3)  # of its sound; its picture ends before
    torn = site.open().go(site.path("torn.mp4"))
    torn.page.wait_for_selector("text=There is nothing to play")
    assert torn.page.get_by_role("button", name="Make a copy that plays").count() == 0
    assert "This was not processed" in torn.page.locator("aside").inner_text()


def test_the_keyboard_alone_is_enough(site: Site) -> None:
    shown = site.open().go("/")
    page = shown.page
    page.wait_for_selector("article")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open] kbd")
    page.keyboard.press("Escape")
    shown.until("document.querySelector('dialog[open]') === null")
    page.locator(".poster").first.focus()
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    shown.until("location.pathname.startsWith('/videos/')")
    assert second in page.url
    shown.until("document.querySelector('video')?.readyState >= 2 || document.querySelector('.stage .words')")
    page.keyboard.press("Shift+N")
    shown.until(f"location.pathname !== '{second}' && location.pathname.startsWith('/videos/')")
    shown.go(site.path("baking.mp4"))
    shown.until("document.querySelector('video')?.readyState >= 2")
    page.keyboard.press("l")
    shown.until("document.querySelector('video').currentTime > 9.5")
    page.keyboard.press("j")
    shown.until("document.querySelector('video').currentTime < 0.5")
    page.keyboard.press("k")
    shown.until("!document.querySelector('video').paused")
    page.keyboard.press(">")
    shown.until("document.querySelector('video').playbackRate === 1.25")
    shown.clean()


def test_a_phone_in_chinese_skips_by_two_taps(site: Site) -> None:
    shown = site.open((390, 844), locale="zh-CN", has_touch=True, is_mobile=True).go(site.path("baking.mp4"))
    page = shown.page
    shown.until("document.querySelector('video')?.readyState >= 2")
    assert page.evaluate("document.documentElement.lang") == "zh"
    assert page.get_by_role("tab", name="文字稿").count() == 1
    box = page.locator("video").bounding_box()
    for _ in range(2):
        page.touchscreen.tap(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    shown.until("document.querySelector('video').currentTime > 9.5")
    page.get_by_role("button", name="后退 10 秒").tap()
    shown.until("document.querySelector('video').currentTime < 2.6")
    shown.clean()


def test_language_and_theme_are_remembered(site: Site) -> None:
    shown = site.open().go("/")
    page = shown.page
    page.get_by_role("button", name="Language and theme").click()
    page.get_by_label("中文").click()
    page.wait_for_selector("h1:has-text('片库')")
    page.get_by_role("button", name="语言与主题").click()
    page.get_by_label("深色").check()
    page.reload()
    page.wait_for_selector("h1:has-text('片库')")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    shown.clean()


def test_the_first_page_is_small(site: Site) -> None:
    shown = site.open()
    sizes: list[int] = []
    shown.page.on(
        "response",
        lambda answer: (
            sizes.append(int(answer.headers.get("content-length", 0)))
            if "/assets/" in answer.url or answer.url.endswith("/")
            else None
        ),
    )
    shown.go("/")
    assert 10_000 < sum(sizes) < 150_000
