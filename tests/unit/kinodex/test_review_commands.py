"""`kinodex review`: questions at a terminal, lists, verdicts on many at once, undo, and copies brought together."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.cli.review.sitting import sit
from kinodex.library import Library
from kinodex.views.library_view import LibraryView
from kinodex.views.tags.reviewing import ReviewFilter, queue
from stores.core.principal import OWNER
from stores.library_store import LibraryStore
from tests.unit.kinodex.terminal import Terminal
from tests.unit.stores.builders import put, utterance
from tests.unit.stores.review.events import automatic, counting, made, state


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with made(tmp_path / "made", videos=4, tags=5) as store:
        video_id = store.catalog.resolve("video 0")
        line = utterance(video_id, 0, "a dog [red]barks[/]")
        put(store, video_id, "speech", line)
        store.tags.save_decisions(video_id, [_with(automatic(video_id, "t3", 6), line.evidence_id)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KINODEX_LIBRARY", str(tmp_path / "made" / "library"))
    return tmp_path / "made" / "library"


def _with(decision: Any, *evidence: str) -> Any:
    from dataclasses import replace

    return replace(decision, evidence_ids=evidence)


def run(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["review", *words])
    assert result.exit_code == status, result.output
    return result.output


def said(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


def pairs(page: Any) -> list[tuple[str, str]]:
    return [(one["video_id"], one["tag_id"]) for one in page["items"]]


def test_without_a_terminal_what_waits_is_listed_with_why_and_pages_meet(library: Path) -> None:
    whole = said("list", "--limit", "200")
    assert (len(whole["items"]), whole["left"], whole["next"]) == (11, 11, None)
    assert said() == whole
    found, after = [], []
    while True:
        page = said("list", "--limit", "4", *after)
        found += pairs(page)
        if page["next"] is None:
            break
        after = ["--after", page["next"]]
    assert sorted(found) == sorted(pairs(whole))
    shown = run("list", "--tag", "tag 3", "--limit", "2")
    assert "nobody judged this tag yet" in shown
    assert "2 waiting" in shown or "3 waiting" in shown
    assert "speech: a dog [red]barks[/]" in run("list", "--video", "video 0")


def test_the_list_is_narrowed_by_tag_facet_video_score(library: Path) -> None:
    whole = said("list", "--limit", "200")["items"]
    for words, keep in (
        (("--tag", "t3"), lambda one: one["tag_id"] == "t3"),
        (("--facet", "who"), lambda one: one["tag_id"] in ("t1", "t3")),
        (("--video", "video 1"), lambda one: one["name"] == "video 1"),
        (("--above", "0.5", "--below", "0.8"), lambda one: 0.5 <= one["score"] <= 0.8),
    ):
        page = said("list", "--limit", "200", *words)
        assert sorted(pairs(page)) == sorted((one["video_id"], one["tag_id"]) for one in whole if keep(one)), words
        assert page["left"] == len(page["items"]) > 0
    assert "NOT_FOUND" in run("list", "--tag", "none", status=1)
    assert "NOT_FOUND" in run("list", "--collection", "none", status=1)


def test_one_video_is_decided_and_undone_and_history_says_who(library: Path) -> None:
    with LibraryStore.open(library) as store:
        before = state(store)
    done = said("accept", "video 1", "t1", "tag 3")
    assert [one["tag_id"] for one in done["decisions"]] == ["t1", "t3"]
    assert said("list", "--limit", "200")["left"] == 9
    assert [(one["verdict"], one["by"]) for one in said("history")["reviews"]] == [("accepted", "owner")] * 2
    assert "2 decisions on 1 video taken back" in run("undo")
    with LibraryStore.open(library) as store:
        assert {name: rows for name, rows in state(store).items() if name != "events"} == {
            name: rows for name, rows in before.items() if name != "events"
        }
    assert "(taken back)" in run("history", "video 1")
    assert "NOT_FOUND" in run("undo", status=1)
    assert "NOT_FOUND" in run("undo", done["undo"], status=1)


def test_all_that_is_meant_is_decided_in_one_step(library: Path) -> None:
    assert "USAGE" in run("reject", status=2)
    assert "USAGE" in run("reject", "video 1", "t1", "--tag", "t2", status=2)
    meant = pairs(said("list", "--limit", "200", "--below", "0.5"))
    assert "nothing was changed" in run("reject", "--below", "0.5", "--dry-run")
    done = said("reject", "--below", "0.5")
    assert sorted((one["video_id"], one["tag_id"]) for one in done["decisions"]) == sorted(meant)
    with LibraryStore.open(library) as store:
        assert {one for one, (verdict, _) in counting(store).items() if verdict == "rejected"} == set(meant)
    assert said("unsure", "--below", "0.5") == {"verdict": "unsure", "decisions": [], "undo": ""}
    assert len(said("undo", done["undo"])["decisions"]) == len(meant)


def test_copies_of_a_library_are_brought_together_in_either_direction(library: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(library, tmp_path / "other"))
    run("accept", "video 1", "t1", "t2")
    run("reject", "video 1", "t1", "--library", str(other))
    step = said("accept", "video 2", "t0", "--library", str(other))["undo"]
    run("undo", step, "--library", str(other))
    assert said("export", "ours.jsonl") == {"events": 2}
    Path("theirs.jsonl").write_text(run("export", "--library", str(other)))
    assert len(Path("theirs.jsonl").read_text().splitlines()) == 3
    assert said("import", "theirs.jsonl") == {"added": 3, "known": 0, "foreign": 0, "changed": 1}
    assert said("import", "theirs.jsonl") == {"added": 0, "known": 3, "foreign": 0, "changed": 0}
    run("import", "ours.jsonl", "--library", str(other))
    with LibraryStore.open(library) as ours, LibraryStore.open(other) as theirs:
        assert state(ours) == state(theirs)
        assert sorted(verdict for verdict, _ in counting(ours).values()) == ["accepted", "rejected"]


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        "{}",
        '{"event_id": "rev_1"}',
        lambda one: one | {"at": 1e300},
        lambda one: one | {"at": "soon"},
        lambda one: one | {"event_id": "x"},
        lambda one: one | {"verdict": ""},
        lambda one: one | {"undoes": one["event_id"]},
        lambda one: one | {"kept": None},
        lambda one: one | {"more": 1},
        lambda one: one | {"verdict": "perhaps"},
    ],
)
def test_what_is_no_review_is_refused_with_its_line_and_nothing_is_brought_in(library: Path, line: Any) -> None:
    run("accept", "video 1", "t1")
    good = run("export").splitlines()[0]
    run("undo")
    bad = line if isinstance(line, str) else json.dumps(line(json.loads(good)))
    Path("odd.jsonl").write_text(f"{good}\n\n{bad}\n")
    version = _version(library)
    output = run("import", "odd.jsonl", status=2)
    assert "Line 3 is no review" in output
    assert _version(library) == version


def _version(library: Path) -> int:
    with LibraryStore.open(library) as store:
        return store.reviews.version()


def test_events_of_videos_that_are_not_here_are_left_out_and_said(library: Path) -> None:
    run("accept", "video 1", "t1")
    line = json.loads(run("export"))
    Path("foreign.jsonl").write_text(json.dumps(line | {"event_id": "rev_" + "0" * 24, "video_id": "vid_none"}))
    assert said("import", "foreign.jsonl") == {"added": 0, "known": 0, "foreign": 1, "changed": 0}


@pytest.fixture
def view(library: Path) -> Iterator[LibraryView]:
    with Library.open(library) as opened:
        yield LibraryView(opened, OWNER)


def test_a_sitting_asks_saves_and_takes_back(view: LibraryView) -> None:
    shown, keys = io.StringIO(), iter("y?nzusq")
    verdicts = sit(view, ReviewFilter(facet="who"), Console(file=shown, width=160), lambda: next(keys, ""))
    assert verdicts == {"accepted": 1, "unsure": 1}
    assert sorted(verdict for verdict, _ in counting(view.store).values()) == ["accepted", "unsure"]
    text = shown.getvalue()
    assert "y yes · n no" in text
    assert "sources: picture 0.60, speech 0.30" in text
    rest = sit(view, ReviewFilter(), Console(file=shown, width=160), lambda: "n")
    assert rest == {"rejected": 9}
    assert "Nothing else waits" in shown.getvalue()
    assert queue(view).items == []


@pytest.mark.slow
def test_at_a_terminal_a_key_decides(library: Path) -> None:
    with Terminal(["review", "--video", "video 0", "--library", str(library)], library.parent, {}) as terminal:
        assert "a dog [red]barks[/]" in terminal.until("q quit")
        terminal.type("y", "")
        terminal.until("Nothing else waits for you.")
        assert terminal.ended() == 0
    with LibraryStore.open(library) as store:
        assert [verdict for verdict, _ in counting(store).values()] == ["accepted"]
