"""The vocabulary in the web app: tags looked through, changed, decided at once; and proposals for new ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kinodex.library import Library
from stores.tags.vocabulary.proposals import FoundProposal
from tests.amount import shared_out
from tests.browser.pages import Tab
from tests.browser.processes import ServeProcess, get
from tests.planted import film as planted
from tests.planted.film import Put, Say
from tests.planted.making import make

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_FILMS = tuple(
    planted.Film(
        f"{name}.mp4",
        9,
        ((0, colour),),
        puts=(Put("coffee", 4, 9),),
        says=(Say(said, 0.5),),
    )
    for name, colour, said in (
        ("harbour", planted.GREY, "Welcome to the harbour. We drink coffee."),
        ("market", planted.TEAL, "The market is near the harbour."),
        ("evening", planted.WHITE, "In the evening the harbour is quiet."),
    )
)
_MANY = 3_000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vocabulary")
    make(_FILMS, folder / "media")
    tags = folder / "tags.csv"
    rows = ["id,name,facet,aliases,parent", "drink,drink,what,饮料,", "coffee,coffee,what,咖啡;espresso,drink"]
    tags.write_text("\n".join([*rows, "who1,sailor,who,水手,", "who2,seaman,who,水手,"]), encoding="utf-8")
    with Library.open(folder / "library", create=True) as made:
        made.ingest(folder / "media")
        made.import_tags(tags)
        made.tag()
    return folder / "library"


@contextmanager
def _served(library: Path, tmp_path: Path) -> Iterator[ServeProcess]:
    made = ServeProcess(Path(shutil.copytree(library, tmp_path / "library")), tmp_path / "serve.log")
    made.start()
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture
def server(library: Path, tmp_path: Path) -> Iterator[ServeProcess]:
    with _served(library, tmp_path) as made:
        yield made


def _tags(address: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in get(address, "/tags?limit=1000")["tags"]}


def _decided(address: str, video_id: str, tag_id: str) -> bool:
    return any(one["tag_id"] == tag_id for one in get(address, f"/videos/{video_id}/tags")["decisions"])


_PATHS = ("/vocabulary", "/vocabulary?tag=coffee", "/vocabulary/duplicates", "/proposals")


def test_every_part_is_accessible_and_fits(server: ServeProcess, window: Callable[..., Tab]) -> None:
    for turn, (width, scheme) in enumerate([(1440, "dark"), (1024, "light"), (390, "light")]):
        language, edit = ("zh-CN", "编辑") if scheme == "dark" else ("en-GB", "Edit")
        shown = window(server.address, (width, 844), color_scheme=scheme, locale=language)
        for path in shared_out(_PATHS, turn, 3):
            shown.go(path)
            shown.page.wait_for_selector("h1:visible, h2:visible")
            shown.accessible()
            assert shown.fits(), f"{path} is wider than {width}"
        shown.go("/vocabulary?tag=coffee")
        shown.page.get_by_role("button", name=edit).click()
        shown.page.get_by_role("dialog").wait_for()
        shown.accessible()
        shown.clean()


def test_a_tag_is_added_decided_at_once_edited_and_undone(server: ServeProcess, window: Callable[..., Tab]) -> None:
    shown = window(server.address).go("/vocabulary")
    page = shown.page
    page.get_by_role("button", name="New tag").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("harbour")
    dialog.get_by_label("Other names").fill("harbor, 港口")
    dialog.get_by_label("Facet").fill("where")
    dialog.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Added: harbour").wait_for()
    # All three videos say the word: the new tag finds them by itself, and the page says how many have it now.
    page.get_by_text("Decided at once:").wait_for(timeout=60_000)
    added = _tags(server.address)["harbour"]
    assert (added["aliases"], added["facet"]) == (["harbor", "港口"], "where")
    have = added["videos"]
    assert f"{have} video" in page.locator(".toast", has_text="Decided at once:").inner_text()
    videos = [one["video_id"] for one in get(server.address, "/videos")["videos"]]
    assert all(_decided(server.address, one, added["tag_id"]) for one in videos)
    page.get_by_role("row", name="harbour").get_by_role("cell", name=str(have), exact=True).wait_for()

    # It stands beside the table with its videos, is changed, and the change is taken back.
    panel = page.get_by_role("complementary")
    panel.get_by_role("heading", name="harbour").wait_for()
    assert panel.locator(".videos li").count() == have
    panel.get_by_role("button", name="Edit").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("haven")
    page.keyboard.press("Enter")
    panel.get_by_role("heading", name="haven").wait_for()
    panel.get_by_text("Name: harbour → haven").wait_for()
    page.locator(".toast", has_text="Changed: haven").get_by_role("button", name="Undo").click()
    panel.get_by_role("heading", name="harbour").wait_for()
    assert "haven" not in _tags(server.address)

    # Retired, used again, removed and back. What is shown is asked again after every change: counted from here on.
    shown.asked.clear()
    panel.get_by_role("button", name="Retire").click()
    panel.get_by_role("button", name="Use again").click()
    panel.get_by_role("button", name="Retire").wait_for()
    panel.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_text(f"It is taken from {have} video").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    page.get_by_text("Removed: harbour").wait_for()
    assert "harbour" not in _tags(server.address)
    page.locator(".toast", has_text="Removed: harbour").get_by_role("button", name="Undo").click()
    page.get_by_role("row", name="harbour").wait_for()
    assert _tags(server.address)["harbour"]["videos"] == have
    shown.clean()


def test_tags_are_found_in_both_scripts_merged_split_and_their_doubles_told(
    server: ServeProcess, window: Callable[..., Tab]
) -> None:
    shown = window(server.address).go("/vocabulary")
    page = shown.page
    page.get_by_placeholder("Name, other name or id").fill("咖啡")
    shown.until("document.querySelectorAll('[data-row]').length === 1")
    assert "coffee" in page.locator("[data-row]").inner_text()
    assert "drink" in page.locator("[data-row]").inner_text()
    page.get_by_placeholder("Name, other name or id").fill("")
    page.get_by_label("Facet").select_option("who")
    shown.until("document.querySelectorAll('[data-row]').length === 2")
    page.reload()
    shown.until("document.querySelectorAll('[data-row]').length === 2")

    page.get_by_role("link", name="Possible doubles").click()
    page.get_by_text("Both are called “水手”").wait_for()
    page.get_by_role("button", name="Keep “sailor”").click()
    page.get_by_text("Merged into “sailor”").wait_for()
    page.get_by_text("No tags share a name").wait_for()
    sailor = _tags(server.address)["sailor"]
    assert sailor["aliases"] == ["水手", "seaman"]
    page.get_by_role("button", name="Compare meanings, too").click()
    page.get_by_text("No tags seem to be doubles").wait_for(timeout=60_000)

    shown.go("/vocabulary?tag=who1")
    page.get_by_role("button", name="Split").click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_role("button", name="Split").is_disabled()
    dialog.get_by_label("Part 1").fill("deckhand")
    dialog.get_by_label("Part 2").fill("captain")
    dialog.get_by_role("button", name="Split").click()
    page.get_by_role("complementary").get_by_role("link", name="captain").wait_for()
    assert _tags(server.address)["captain"]["parents"][0]["name"] == "sailor"
    shown.clean()


def test_a_file_is_looked_at_before_it_is_taken_and_a_long_list_stays_quick(
    server: ServeProcess, window: Callable[..., Tab], tmp_path: Path
) -> None:
    file = tmp_path / "more.csv"
    file.write_text("id,name\n" + "".join(f"m{n},word {n:05}\n" for n in range(_MANY)), encoding="utf-8")
    shown = window(server.address).go("/vocabulary")
    page = shown.page
    page.get_by_role("button", name="Files").click()
    page.get_by_role("button", name="Import a file").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_text("3,000 new, 0 changed, 0 as they are").wait_for()
    assert len(_tags(server.address)) == 4
    page.get_by_role("dialog").get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("Imported: 3,000 new").wait_for()
    page.get_by_text("Not decided at once").wait_for()
    page.get_by_text("3,004 tags", exact=True).wait_for()
    # The end of the list is read without what lies between; only rows in sight exist.
    before = len(shown.asked)
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    page.get_by_role("row", name=f"word {_MANY - 1:05}").wait_for()
    assert len(shown.asked) - before <= 3
    assert page.locator("[data-row]").count() < 80
    with page.expect_download() as saved:
        page.evaluate("window.scrollTo(0, 0)")
        page.get_by_role("button", name="Files").click()
        page.get_by_role("link", name="Export as SKOS (Turtle)").click()
    assert "skos" in Path(saved.value.path()).read_text(encoding="utf-8")
    page.locator(".toast", has_text="Imported").get_by_role("button", name="Undo").click()
    page.get_by_text("4 tags", exact=True).wait_for()
    shown.clean()


def test_proposals_are_played_accepted_folded_and_dismissed(
    library: Path, window: Callable[..., Tab], tmp_path: Path
) -> None:
    with Library.open(Path(shutil.copytree(library, tmp_path / "filled"))) as opened:
        ids = [one.video_id for one in opened.videos()]
        said = {one: opened.store.catalog.evidence_of(one, "speech")[0] for one in ids}
        lines = tuple((one, said[one].evidence_id, said[one].text) for one in ids)
        named = [("harbor", "", 0.0), ("quiet evening", "", 0.0), ("kaffee", "coffee", 0.95)]
        opened.store.proposals.put(
            [FoundProposal(name, "speech", "en", 9.0 - n, lines, *of) for n, (name, *of) in enumerate(named)]
        )
    with _served(tmp_path / "filled", tmp_path) as server:
        shown = window(server.address).go("/proposals")
        page = shown.page
        first = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="harbor", exact=True))
        assert "in 3 videos" in first.inner_text()
        first.get_by_role("button", name="Play").first.click()
        shown.until("document.querySelector('video')?.currentTime > 0 && !document.querySelector('video').paused")
        page.get_by_role("button", name="Close the player").click()

        first.get_by_role("button", name="Accept as a tag").click()
        page.get_by_text("Accepted: harbor").wait_for()
        page.get_by_text("Decided at once:").wait_for(timeout=60_000)
        # Taken back, it waits again.
        page.locator(".toast", has_text="Accepted: harbor").get_by_role("button", name="Undo").click()
        page.get_by_role("heading", name="harbor", exact=True).wait_for()
        assert "harbor" not in _tags(server.address)

        page.get_by_role("button", name="Fold into “coffee”").click()
        page.get_by_text("“kaffee” is another name of “coffee” now").wait_for()
        assert "kaffee" in _tags(server.address)["coffee"]["aliases"]

        # One key each, as in the review.
        page.keyboard.press("ArrowDown")
        page.keyboard.press("r")
        page.get_by_text("not proposed again: quiet evening").wait_for()
        page.get_by_role("heading", name="quiet evening").wait_for(state="detached")
        page.get_by_text("Dismissed", exact=True).click()
        page.get_by_role("button", name="Open again").click()
        page.get_by_text("Open", exact=True).click()
        page.get_by_role("heading", name="quiet evening").wait_for()
        page.get_by_role("button", name="Look again").click()
        # A job, which the page follows, also when it is opened anew meanwhile.
        page.get_by_role("progressbar", name="Look for new tags").wait_for()
        page.reload()
        page.get_by_role("progressbar", name="Look for new tags").wait_for()
        assert page.get_by_role("button", name="Looking …").is_disabled()
        page.get_by_text("Looked through 3 videos").wait_for(timeout=60_000)
        page.get_by_role("progressbar").wait_for(state="detached")
        assert [one["kind"] for one in get(server.address, "/jobs")["jobs"]] == ["propose"]
        shown.accessible()
        shown.clean()
