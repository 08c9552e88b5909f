"""The web app as somebody works with it: chat, review, jobs, settings, with reloads and a server that dies."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kinodex.library import Library
from stores.threads.turn_ledger import LEASE_SECONDS
from tests.amount import shared_out
from tests.browser.pages import Tab
from tests.browser.processes import ServeProcess, get
from tests.planted import film as planted
from tests.planted.film import Put, Say, Text
from tests.planted.making import make
from tests.unit.agents.scripted_endpoint import scripted_endpoint

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = "Now we drink <img src=x onerror=\"document.title='broken in'\"> a cup of coffee [7]."

_BAKING = planted.Film(
    "baking.mp4",
    12,
    ((0, planted.GREY), (6, planted.WHITE)),
    puts=(Put("coffee", 6, 12),),
    texts=(Text("BREAD 250 GRAMS", 0.5, 5.5, (0.5, 0.3), 0.13),),
    says=(Say("Welcome to the kitchen. Today we bake bread.", 0.5), Say("Now we drink a cup of coffee.", 6.5)),
)
_RIDE = planted.Film("ride.mp4", 8, ((0, planted.TEAL),), puts=(Put("astronaut", 0, 8),), silent=True)

_TAGS = "id,name,aliases\nt1,coffee,咖啡\nt2,bread,面包\nt3,kitchen,厨房\nt4,astronaut,宇航员\n"

_QUESTION = "What is said about coffee?"


@contextmanager
def server_of_copy(
    library: Path, tmp_path: Path, environment: Mapping[str, str] | None = None
) -> Iterator[ServeProcess]:
    """A server of a library of its own, which a test may change and restart."""
    server = ServeProcess(Path(shutil.copytree(library, tmp_path / "library")), tmp_path / "log", environment)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    make((_BAKING, _RIDE), folder / "media")
    tags = folder / "tags.csv"
    tags.write_text(_TAGS, encoding="utf-8")
    with Library.open(folder / "library", create=True) as made:
        made.ingest(folder / "media")
        made.import_tags(tags)
        made.tag()
    with sqlite3.connect(folder / "library" / "kinodex.sqlite3") as store:
        done = store.execute("UPDATE utterances SET text = ? WHERE text LIKE '%cup of coffee%'", (HOSTILE,))
        assert done.rowcount == 1
    store.close()
    return folder / "library"


@pytest.fixture(scope="module")
def server(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    made = ServeProcess(library, tmp_path_factory.mktemp("log") / "serve.log")
    made.start()
    yield made
    made.kill()


def _ask(shown: Tab, question: str, place: int = 1) -> Any:
    """Ask, and wait until it is answered: its part of the page."""
    shown.page.locator("textarea").fill(question)
    shown.page.keyboard.press("Enter")
    turn = shown.page.locator("article").nth(place - 1)
    shown.page.wait_for_selector(f"article:nth-of-type({place})[aria-busy=false]", timeout=60_000)
    return turn


_PARTS = ("general", "keyboard", "health", "models", "configuration", "collections", "users", "keys")
_PATHS = ("/chat", "/review", "/jobs", "/login", *(f"/settings/{part}" for part in _PARTS))


@pytest.mark.parametrize(("turn", "width", "scheme"), [(0, 1024, "light"), (1, 390, "dark")])
def test_every_page_keeps_the_policy_and_is_accessible(
    server: ServeProcess, window: Callable[..., Tab], turn: int, width: int, scheme: str
) -> None:
    for path in shared_out(_PATHS, turn, 2):
        shown = window(
            server.address, (width, 844), color_scheme=scheme, locale="zh-CN" if scheme == "dark" else "en-GB"
        )
        shown.page.goto(server.address + path)
        shown.page.wait_for_selector("h1, h2, h3")
        shown.until("document.querySelector('.skeleton') === null")
        shown.accessible()
        assert shown.fits(), f"{path} is wider than {width}"
        shown.clean()
        shown.page.context.close()


def test_an_answer_names_its_moments_and_they_play(server: ServeProcess, window: Callable[..., Tab]) -> None:
    shown = window(server.address).go("/chat")
    turn = _ask(shown, _QUESTION)
    assert "/chat/thr_" in shown.page.url
    answer = turn.locator(".answer").inner_text()
    # What a video says is text, also where it looks like markup or like a number of a citation.
    assert "<img src=x" in answer
    assert "[7]" in answer
    assert shown.page.title() != "broken in"
    assert shown.page.locator("main img[src=x]").count() == 0
    numbers = turn.locator(".answer .number").all_inner_texts()
    listed = turn.locator(".sources .number").all_inner_texts()
    assert numbers
    assert set(numbers) == set(listed)
    assert "7" not in numbers

    turn.locator(".answer .number").first.hover()
    preview = shown.page.locator(".preview[role=tooltip]")
    assert "baking.mp4" in preview.inner_text()
    assert "0:06" in preview.inner_text()
    turn.locator(".answer .number").first.click()
    shown.until("document.querySelector('video')?.currentTime > 0 && !document.querySelector('video').paused")
    thread = get(server.address, f"/threads/{shown.page.url.split('/chat/')[1].split('?')[0]}")
    cited = thread["turns"][0]["citations"][0]
    assert cited["start"] - 0.1 <= shown.video("currentTime") <= cited["start"] + 3
    # It goes on past the end of what is cited.
    shown.page.evaluate(f"document.querySelector('video').currentTime = {cited['end'] - 0.2}")
    shown.until(f"document.querySelector('video').currentTime > {cited['end'] + 0.3}")
    assert "cite=1.1" in shown.page.url

    shown.page.reload()
    shown.page.wait_for_selector(".answer")
    assert shown.page.locator(".answer").inner_text() == answer
    shown.until("Math.abs(document.querySelector('video')?.currentTime - {:f}) < 0.2".format(cited["start"]))
    shown.accessible()
    shown.clean()


def test_a_conversation_is_renamed_found_saved_and_deleted(server: ServeProcess, window: Callable[..., Tab]) -> None:
    shown = window(server.address).go("/chat")
    shown.page.get_by_role("button", name="What is said in baking.mp4?").click()
    shown.page.wait_for_selector("article[aria-busy=false]", timeout=60_000)
    shown.page.locator("header").get_by_role("button", name="Conversation").click()
    with shown.page.expect_download() as saved:
        shown.page.get_by_role("link", name="Save as Markdown").click()
    assert "baking.mp4" in Path(saved.value.path()).read_text(encoding="utf-8")
    shown.page.locator("header").get_by_role("button", name="Conversation").click()
    shown.page.get_by_role("button", name="Rename").click()
    shown.page.get_by_role("textbox", name="Title").fill("About the kitchen")
    shown.page.keyboard.press("Enter")
    shown.page.get_by_role("heading", name="About the kitchen").wait_for()
    shown.page.get_by_placeholder("Find a conversation").fill("KITCHEN")
    assert shown.page.locator("nav[aria-label=Conversations] li").count() == 1
    shown.page.locator("header").get_by_role("button", name="Conversation").click()
    shown.page.get_by_role("button", name="Delete").click()
    shown.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    shown.page.get_by_text("Ask the library").wait_for()
    assert all(one["title"] != "About the kitchen" for one in get(server.address, "/threads")["threads"])
    shown.clean()


def test_nothing_found_is_said_calmly_in_chinese(server: ServeProcess, window: Callable[..., Tab]) -> None:
    shown = window(server.address, (390, 844), locale="zh-CN").go("/chat")
    turn = _ask(shown, "1954年谁赢得了足球世界杯?")
    assert "没有找到可以回答的内容" in turn.inner_text()
    assert turn.locator(".sources").count() == 0
    shown.accessible()
    shown.clean()


def test_an_answer_in_the_making_outlives_reload_stop_and_the_server(
    library: Path, window: Callable[..., Tab], tmp_path: Path
) -> None:
    def slow(_request: Any) -> str:
        time.sleep(2)
        return "no json"

    with scripted_endpoint(slow) as endpoint:
        model = {"KINODEX_BASE_URL": endpoint.base_url, "KINODEX_MODEL": "slow"}
        with server_of_copy(library, tmp_path, model) as server:
            shown = window(server.address).go("/chat")
            shown.page.locator("textarea").fill(_QUESTION)
            shown.page.keyboard.press("Enter")
            shown.page.get_by_role("button", name="Stop").wait_for()
            shown.page.wait_for_selector("article[aria-busy=true]")
            shown.until("location.pathname.startsWith('/chat/thr_')")

            # A reload comes back to the question that is being answered.
            shown.page.reload()
            shown.page.wait_for_selector("article[aria-busy=true]")
            assert _QUESTION in shown.page.locator("article").inner_text()

            # So does a restart of the server, without a reload.
            path = shown.page.url.split("/chat/")[1]
            end = time.monotonic() + 30
            while not get(server.address, f"/threads/{path}")["turns"]:
                assert time.monotonic() < end
                time.sleep(0.1)
            server.kill()
            server.start()
            # Somebody else takes it up once the lease of the dead process is over.
            shown.page.wait_for_selector("article[aria-busy=false]", timeout=(2 * LEASE_SECONDS + 60) * 1000)
            stored = get(server.address, f"/threads/{path}")["turns"][0]
            assert stored["status"] == "done", stored
            assert "coffee" in shown.page.locator(".answer, .calm").inner_text()
            shown.errors.clear()  # the browser tells of the lost connection itself

            # Stopped, the question stays and is marked.
            shown.page.locator("textarea").fill("What is said about bread?")
            shown.page.keyboard.press("Enter")
            shown.page.wait_for_selector("article:nth-of-type(2)[aria-busy=true]")
            shown.page.get_by_role("button", name="Stop").click()
            shown.page.wait_for_selector("article:nth-of-type(2)[aria-busy=false]", timeout=60_000)
            turn = shown.page.locator("article").nth(1)
            assert "What is said about bread?" in turn.inner_text()
            assert "You stopped this" in turn.inner_text()
            turn.get_by_role("button", name="Ask again").wait_for()
            shown.clean()


def test_tags_are_decided_by_one_key_each_and_taken_back(server: ServeProcess, window: Callable[..., Tab]) -> None:
    shown = window(server.address).go("/review")
    waiting = get(server.address, "/review?limit=50")
    first, second = waiting["items"][0], waiting["items"][1]
    assert shown.page.locator(".item h2.tag").inner_text() == first["tag"]
    shown.page.keyboard.press("a")
    shown.page.locator(".item h2.tag", has_text=second["tag"]).wait_for()
    shown.until("document.querySelector('.done') !== null")

    def decided() -> str:
        found = get(server.address, f"/videos/{first['video_id']}/tags")["decisions"]
        return next(f"{one['state']} {one['by']}" for one in found if one["tag_id"] == first["tag_id"])

    end = time.monotonic() + 10
    while decided() != "accepted person":
        assert time.monotonic() < end
        time.sleep(0.05)
    shown.page.keyboard.press("z")
    shown.page.locator(".item h2.tag", has_text=first["tag"]).wait_for()
    end = time.monotonic() + 10
    while decided() != f"{first['state']} automatic":
        assert time.monotonic() < end
        time.sleep(0.05)

    # All at once; the controls stay when the queue is empty, and an undo brings everything back.
    shown.page.get_by_label("Select all").check()
    shown.page.keyboard.press("r")
    shown.page.get_by_text("Everything is decided").wait_for()
    shown.page.get_by_role("button", name="Accept").wait_for()
    shown.page.get_by_role("button", name="Undo Z").click()
    shown.page.locator(".item h2.tag", has_text=first["tag"]).wait_for()
    assert get(server.address, "/review?limit=50")["left"] == waiting["left"]
    shown.clean()


def test_a_job_is_planned_goes_on_after_a_restart_and_says_what_failed(
    library: Path, window: Callable[..., Tab], tmp_path: Path
) -> None:
    media = tmp_path / "new"
    make((planted.Film("late.mp4", 20, ((0, planted.TEAL),), puts=(Put("coffee", 4, 9),), silent=True),), media)
    (media / "torn.mp4").write_bytes(b"no video")
    with server_of_copy(library, tmp_path) as server:
        shown = window(server.address).go("/jobs")
        shown.page.get_by_role("button", name="Add videos").first.click()
        shown.page.get_by_label("Folder", exact=True).fill(str(media))
        shown.page.keyboard.press("Enter")
        shown.page.get_by_role("button", name="All of “new”").click()
        shown.page.get_by_role("button", name="See what it takes").click()
        shown.page.get_by_text("1 video would be worked on").wait_for()
        assert "1 file cannot be read" in shown.page.get_by_role("dialog").inner_text()
        shown.page.get_by_role("button", name="Start", exact=True).click()
        shown.page.get_by_text("Running", exact=True).wait_for()
        server.kill()
        server.start()
        shown.page.locator(".jobs").get_by_text("Done", exact=True).wait_for(timeout=120_000)
        jobs = get(server.address, "/jobs")["jobs"]
        assert [one["state"] for one in jobs] == ["done"]
        failure = shown.page.locator("section", has_text="1 failure")
        failure.wait_for()
        assert "torn.mp4" in failure.inner_text()
        assert "Will not be tried again by itself" in failure.inner_text()
        assert any(one["name"] == "late.mp4" for one in get(server.address, "/videos")["videos"])
        shown.errors.clear()  # the browser tells of the lost connection itself
        shown.clean()


def test_an_export_is_ordered_and_its_file_downloaded(
    library: Path, window: Callable[..., Tab], tmp_path: Path
) -> None:
    with server_of_copy(library, tmp_path) as server:
        shown = window(server.address).go("/jobs")
        shown.page.get_by_role("button", name="Other jobs").click()
        shown.page.get_by_role("button", name="Export").click()
        dialog = shown.page.get_by_role("dialog")
        dialog.get_by_label("Clips for editors").check()
        assert dialog.get_by_label("Format").input_value() == "otio"
        dialog.get_by_label("Format").select_option("moments.csv")
        start = dialog.get_by_role("button", name="Start", exact=True)
        assert start.is_disabled()
        dialog.get_by_label("What to look for").fill("coffee")
        assert start.is_enabled()
        dialog.get_by_label("Tags and tables").check()
        assert dialog.get_by_label("What to look for").count() == 0
        dialog.get_by_label("Format").select_option("lines.jsonl")
        start.click()
        link = shown.page.get_by_role("link", name="Download kinodex.lines.jsonl")
        link.wait_for(timeout=60_000)
        with shown.page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename == "kinodex.lines.jsonl"
        rows = [json.loads(line) for line in Path(download.value.path()).read_text("utf-8").splitlines()]
        assert any("kitchen" in row["text"] for row in rows)
        shown.clean()


def _only_reads(shown: Tab, window: Callable[..., Tab]) -> None:
    """A user without the rights for jobs and reviews sees no way there, and at their addresses why."""
    body = {"name": "bob", "password": "another long password", "scopes": ["read"]}
    answer = shown.page.request.post(f"{shown.address}/api/v1/users", data=body, headers={"Origin": shown.address})
    assert answer.ok, answer.text()
    other = window(shown.address).go("/login")
    other.page.get_by_label("Name").fill("bob")
    other.page.get_by_label("Password").fill("another long password")
    other.page.keyboard.press("Enter")
    other.page.get_by_role("heading", name="Library").wait_for()
    assert other.page.locator(".rail li:visible").all_inner_texts() == [
        *("Library", "Search", "Chat", "People", "Tags", "Settings")
    ]
    for path in ("/jobs", "/review"):
        other.go(path).page.get_by_text("You may not use this page").wait_for()
        assert other.page.get_by_role("button", name="Try again").count() == 0


def test_users_log_in_keys_are_shown_once_and_a_session_that_ends_comes_back(
    library: Path, window: Callable[..., Tab], tmp_path: Path
) -> None:
    with server_of_copy(library, tmp_path) as server:
        shown = window(server.address).go("/settings/users")
        shown.page.get_by_role("button", name="Add the first user").click()
        shown.page.get_by_label("Name").fill("ada")
        shown.page.get_by_label("Password").fill("a long enough password")
        shown.page.get_by_role("button", name="Save").click()
        shown.page.get_by_role("heading", name="Log in").wait_for()

        def log_in() -> None:
            shown.page.get_by_label("Name").fill("ada")
            shown.page.get_by_label("Password").fill("a long enough password")
            shown.page.keyboard.press("Enter")

        shown.page.get_by_label("Name").fill("ada")
        shown.page.get_by_label("Password").fill("a wrong long password")
        shown.page.keyboard.press("Enter")
        shown.page.get_by_text("do not belong together").wait_for()
        log_in()
        shown.page.get_by_text("since").wait_for()
        shown.go("/settings/keys").page.get_by_role("button", name="Make a key").click()
        shown.page.get_by_label("What it is for").fill("script")
        shown.page.get_by_role("button", name="Make it").click()
        secret = shown.page.get_by_role("dialog").locator("code").inner_text()
        assert len(secret) > 30
        shown.page.get_by_role("button", name="I have it").click()
        shown.page.get_by_text("never used").wait_for()
        assert secret not in shown.page.content()

        _only_reads(shown, window)

        shown.page.context.clear_cookies()
        shown.page.get_by_role("link", name="Chat").click()
        shown.page.get_by_text("Your session has ended").wait_for()
        shown.accessible()
        log_in()
        shown.page.get_by_text("Ask the library").wait_for()
        assert shown.page.url == f"{server.address}/chat"
        shown.errors.clear()  # the browser tells of each 401 itself
        shown.clean()


def test_the_library_and_the_jobs_add_videos_by_the_same_dialog(
    server: ServeProcess, window: Callable[..., Tab]
) -> None:
    said = []
    for path in ("/", "/jobs"):
        shown = window(server.address).go(path)
        shown.page.get_by_role("button", name="Add videos").first.click()
        dialog = shown.page.get_by_role("dialog")
        dialog.get_by_role("button", name="See what it takes").wait_for()
        dialog.locator(".list > *").first.wait_for()
        said.append(dialog.inner_text())
        shown.clean()
    assert said[0] == said[1]
