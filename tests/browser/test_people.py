"""People in the web app: found by their faces, named, played, split, merged and forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kinodex.library import Library
from tests.amount import shared_out
from tests.browser.pages import Tab
from tests.browser.processes import ServeProcess, get
from tests.browser.served import serving
from tests.planted import film as planted
from tests.planted.film import Put
from tests.planted.making import make

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# The same face in two videos: one person.
_FILMS = (
    planted.Film("ride.mp4", 8, ((0, planted.TEAL),), puts=(Put("astronaut", 2, 8),), silent=True),
    planted.Film("landing.mp4", 9, ((0, planted.GREY),), puts=(Put("astronaut", 4, 9),), silent=True),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    make(_FILMS, folder / "media")
    with Library.open(folder / "library", create=True) as made:
        made.ingest(folder / "media")
    return folder / "library"


@pytest.fixture
def server(library: Path, tmp_path: Path) -> Iterator[ServeProcess]:
    made = ServeProcess(library, tmp_path / "serve.log")
    made.start()
    yield made
    made.kill()


def test_both_pages_are_accessible_and_fit(server: ServeProcess, window: Callable[..., Tab]) -> None:
    (person,) = get(server.address, "/people")["people"]
    paths = ("/people", f"/people/{person['person_id']}")
    for turn, (width, scheme) in enumerate([(1440, "light"), (1024, "light"), (390, "dark")]):
        language = "zh-CN" if scheme == "dark" else "en-GB"
        shown = window(server.address, (width, 844), color_scheme=scheme, locale=language)
        for path in shared_out((*paths, *paths[:1]), turn, 3):
            shown.go(path)
            shown.page.wait_for_selector("main img")
            shown.until("[...document.querySelectorAll('main img')].every(one => one.naturalWidth > 30)")
            shown.accessible()
            assert shown.fits(), f"{path} is wider than {width}"
        if width < 720:
            # What does not fit stands under "More", and leads on.
            shown.page.get_by_role("button", name="更多").click()
            shown.page.get_by_role("link", name="任务").last.click()
            shown.page.wait_for_url("**/jobs")
        shown.clean()


def test_somebody_is_named_played_split_merged_and_forgotten(server: ServeProcess, window: Callable[..., Tab]) -> None:
    shown = window(server.address).go("/people")
    page = shown.page
    page.get_by_text("1 person found").wait_for()
    tile = page.get_by_role("list", name="People in the library").locator("article")
    assert "2 videos" in tile.inner_text()
    tile.get_by_role("link").click()

    page.get_by_label("Who is this?").fill("Eileen Collins")
    page.get_by_label("Other names").fill("艾琳, 柯林斯")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Eileen Collins").wait_for()
    page.get_by_text("艾琳 · 柯林斯").wait_for()
    (known,) = get(server.address, "/people")["people"]
    assert (known["name"], known["also"]) == ("Eileen Collins", ["艾琳", "柯林斯"])

    # A place plays from when the face is there.
    place = page.get_by_role("button", name="Play landing.mp4 at")
    seen = get(server.address, f"/people/{known['person_id']}")["seen"]
    start = next(one["faces"][0]["start"] for one in seen if one["name"] == "landing.mp4")
    assert start >= 3.5
    place.first.click()
    shown.until("document.querySelector('video')?.currentTime > 0 && !document.querySelector('video').paused")
    assert start - 0.1 <= shown.video("currentTime") <= start + 3
    page.get_by_role("button", name="Close the player").click()

    # One place is somebody else: a new person without a name, who still looks like the other.
    page.get_by_role("button", name="Somebody else").click()
    assert page.get_by_role("button", name="Split off").is_disabled()
    page.get_by_role("button", name="Choose landing.mp4 at").click()
    page.get_by_role("button", name="Split off").click()
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_text("Perhaps the same person").wait_for()
    page.get_by_role("heading", name="Person").first.wait_for()
    assert len(get(server.address, "/people")["people"]) == 2

    page.get_by_role("button", name="The same", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="One person").click()
    page.get_by_role("heading", name="Eileen Collins").wait_for()
    (again,) = get(server.address, "/people")["people"]
    assert again["videos"] == 2
    page.get_by_text("Merged with somebody").wait_for()

    # The list finds her by another name; going back keeps what was looked for.
    page.get_by_role("link", name="All people").click()
    page.get_by_placeholder("Find a person").fill("柯林")
    page.get_by_role("link", name="Eileen Collins").click()
    page.get_by_role("heading", name="Eileen Collins").wait_for()
    page.go_back()
    shown.until("document.querySelector('main input[type=search]')?.value === '柯林'")
    page.get_by_role("link", name="Eileen Collins").click()

    page.get_by_role("button", name="Forget", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert len(get(server.address, "/people")["people"]) == 1
    page.get_by_role("button", name="Forget", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Forget for good").click()
    page.get_by_text("Nobody's face is known yet").wait_for()
    page.get_by_text("Forgotten: 2 places").wait_for()
    assert get(server.address, "/people")["people"] == []
    shown.clean()


def test_people_who_are_switched_off_are_told_so(library: Path, window: Callable[..., Tab]) -> None:
    off = {"faces": {"enabled": False}}
    with Library.open(library, perception=off) as opened, serving(opened) as address:
        shown = window(address).go("/people")
        shown.page.get_by_text("in new videos nobody's face is looked at").wait_for()
        shown.accessible()
        shown.clean()
