"""`kinodex chat` and `kinodex threads` for scripts: what is asked, what is answered, what is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.library import Library
from kinodex.schemas.conversations.chat import ConversationDocument
from kinodex.settings import ENVIRONMENT
from tests.unit.kinodex.chat_library import HOSTILE, copied, make

OVEN, BOAT, DOUGH = "How hot must the oven be?", "Which video shows a sailing boat?", "What does the dough need?"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("chat"))


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return copied(made, tmp_path)


def run(root: Path, *arguments: str, stdin: str | bytes | None = None):
    return CliRunner().invoke(app, [*arguments, "--library", str(root)], input=stdin)


def turns(ran: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.stdout.splitlines()]


def thread_of(ran: Any) -> str:
    return re.search(r"thr_\w+", ran.stderr)[0]


def test_questions_are_answered_one_after_the_other_with_numbered_citations(root: Path):
    ran = run(root, "chat", OVEN, DOUGH)
    assert ran.exit_code == 0, ran.stderr
    oven, dough = ran.stdout.strip().split("\n\n")
    assert oven.splitlines()[0] == f"> {OVEN}"
    assert re.search(r"250 degrees.* \[1\]$", oven.splitlines()[1])
    assert oven.splitlines()[2] == "  [1] pizza.mp4 0:02.0–0:03.9 (speech): “The oven must be at 250 degrees.”"
    assert "without a language model" in oven
    assert "salt" in dough
    assert "\x1b" not in ran.output
    assert "\x07" not in ran.output
    assert "\u202e" not in ran.output
    as_json = run(root, "chat", "--json", "--thread", "last", DOUGH)
    assert "\u202e" not in as_json.stdout
    assert "salt\u202e and" in turns(as_json)[0]["claims"][0]["citations"][0]["quote"], "data is whole, and escaped"
    assert "[bold]water[/bold]" in dough, "brackets are no markup"
    assert f"kinodex chat --thread {thread_of(ran)}" in ran.stderr


def test_one_question_needs_no_heading(root: Path):
    ran = run(root, "chat", OVEN)
    assert ran.stdout.startswith("250 degrees")


def test_lines_of_stdin_are_questions_of_one_conversation_and_answers_lines_of_json(root: Path):
    stdin = f"{OVEN}\n\n  \nWho says that?\nhello\nwh\udcff\n".encode("utf-8", "surrogateescape")
    ran = run(root, "chat", "--json", stdin=stdin)
    assert ran.exit_code == 0, ran.stderr
    first, second, third, odd = turns(ran)
    assert [one["ordinal"] for one in (first, second, third, odd)] == [1, 2, 3, 4]
    assert {one["thread_id"] for one in (first, second, third, odd)} == {first["thread_id"]}
    (claim,) = first["claims"]
    assert "250 degrees" in claim["text"]
    assert claim["sql"] == ""
    assert claim["citations"][0]["uri"].endswith("pizza.mp4")
    assert (first["status"], first["abstained"], first["mode"]) == ("done", False, "extractive")
    assert second["stand_alone"] != second["question"] == "Who says that?"
    assert third["abstained"]
    assert not third["claims"]
    assert odd["question"] == "wh�"
    assert "to go on" not in ran.stderr


def test_a_conversation_is_gone_on_with(root: Path):
    begun = run(root, "chat", OVEN)
    for thread in (thread_of(begun), "last"):
        ran = run(root, "chat", "--json", "--thread", thread, "Who says that?")
        assert turns(ran)[0]["thread_id"] == thread_of(begun)
        assert turns(ran)[0]["stand_alone"] != "Who says that?"
    assert turns(ran)[0]["ordinal"] == 3


def test_a_conversation_may_be_about_some_videos_only(root: Path):
    ran = run(root, "chat", "--json", "--video", "boats.mp4", OVEN, "When does the harbour open?")
    oven, harbour = turns(ran)
    assert oven["abstained"]
    assert "morning" in harbour["answer"]
    listed = json.loads(run(root, "threads", "list", "--json").stdout)["threads"]
    assert [len(one["video_ids"]) for one in listed] == [1]
    assert "only about boats.mp4" in run(root, "threads", "show", "last").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (("--thread", "thr_none", "x"), "UNKNOWN_THREAD", 1),
        (("--thread", "\udcff", "x"), "UNKNOWN_THREAD", 1),
        (("--thread", "last", "x"), "UNKNOWN_THREAD", 1),
        (("--video", "nowhere.mp4", "x"), "UNKNOWN_VIDEO", 1),
    ],
)
def test_what_cannot_begin_is_one_error_on_one_line(root: Path, arguments: tuple[str, ...], code: str, status: int):
    ran = run(root, "chat", "--json", *arguments)
    assert (ran.exit_code, turns(ran)[0]["error"]["code"]) == (status, code)
    assert ran.stderr.startswith(f"error {code}: ")
    assert run(root, "chat", *arguments).exit_code == status
    assert json.loads(run(root, "threads", "list", "--json").stdout) == {"threads": []}, "nothing was begun"


def test_what_a_thread_is_about_is_not_changed(root: Path):
    assert run(root, "chat", OVEN).exit_code == 0
    ran = run(root, "chat", "--thread", "last", "--video", "boats.mp4", "x", "--json")
    assert (ran.exit_code, turns(ran)[0]["error"]["code"]) == (2, "USAGE")


def test_questions_that_fail_are_counted(root: Path):
    some = run(root, "chat", "--json", "", OVEN)
    assert some.exit_code == 3
    assert [(one["status"], one["error_code"]) for one in turns(some)] == [("failed", "USAGE"), ("done", "")]
    none = run(root, "chat", " ")
    assert none.exit_code == 2
    assert "(failed: USAGE: There is no question" in none.stdout
    assert run(root, "chat", stdin="").exit_code == 0, "no questions, no failures"


def test_a_question_that_is_too_long_does_not_end_the_others(root: Path):
    long = "oven " * 1000
    ran = run(root, "chat", "--json", stdin=f"{OVEN}\n{long}\n{BOAT}\n")
    assert ran.exit_code == 3
    first, refused, last = turns(ran)
    assert (first["question"], last["question"]) == (OVEN, BOAT)
    assert refused["error"]["code"] == "USAGE"
    assert refused["question"].startswith("oven oven")
    assert len(refused["question"]) < 300
    assert "at most 4000 characters" in ran.stderr
    shown = run(root, "chat", OVEN, long)
    assert (shown.exit_code, "250 degrees" in shown.stdout) == (3, True)
    assert run(root, "chat", long).exit_code == 2


def test_a_conversation_is_called_by_its_first_question_and_not_by_a_greeting(root: Path):
    def titles() -> list[str]:
        return [one["title"] for one in json.loads(run(root, "threads", "list", "--json").stdout)["threads"]]

    assert run(root, "chat", "hi").exit_code == 0
    assert titles() == ["hi"]
    assert run(root, "chat", "--thread", "last", "thanks!", OVEN, DOUGH).exit_code == 0
    assert titles() == [OVEN]
    run(root, "threads", "rename", "last", "hello")
    run(root, "chat", "--thread", "last", BOAT)
    assert titles() == ["hello"], "a title that somebody gave stays"


def test_where_there_is_nothing_more_that_is_said(root: Path):
    ran = run(root, "chat", "--json", OVEN, "more", "还有吗？")
    _, more, more_in_chinese = turns(ran)
    assert more["abstained"]
    assert more["answer"].startswith("There is nothing more")
    assert more_in_chinese["abstained"]


def test_a_count_is_explained_in_words(root: Path):
    ran = run(root, "chat", "How many videos are there?")
    assert "3 videos" in ran.stdout
    assert "looked up in the library's records of: videos" in ran.stdout
    assert "SELECT" not in ran.stdout
    assert "SELECT" in turns(run(root, "chat", "--json", "How many videos are there?"))[0]["claims"][0]["sql"]


def test_steps_are_shown_where_they_are_asked_for(root: Path):
    ran = run(root, "chat", "-v", OVEN)
    assert f"searching for {OVEN}" in ran.stderr
    assert re.search(r"^  \d+ lines, match$", ran.stderr, re.M)
    assert re.search(r"^  check: \d\.\d\d s$", ran.stderr, re.M)
    assert "searching for" not in ran.stdout
    assert "searching for" not in run(root, "chat", OVEN).output


def test_conversations_are_listed_renamed_and_deleted(root: Path):
    assert "There is no conversation yet" in run(root, "threads", "list").stdout
    first = thread_of(run(root, "chat", f"  {OVEN}  "))
    second = thread_of(run(root, "chat", BOAT, "hello"))
    listed = json.loads(run(root, "threads", "list", "--json").stdout)["threads"]
    assert [(one["thread_id"], one["title"], one["turn_count"]) for one in listed] == [
        (second, BOAT, 2),
        (first, OVEN, 1),
    ]
    page = run(root, "threads", "list", "--limit", "1").stdout
    assert first not in page
    assert f"more: kinodex threads list --limit 1 --after {second}" in page
    assert first in run(root, "threads", "list", "--limit", "1", "--after", second).stdout
    assert "more:" not in run(root, "threads", "list", "--limit", "2").stdout
    renamed = run(root, "threads", "rename", first, "The \x1b[31moven", "--json")
    assert json.loads(renamed.stdout)["title"] == "The \x1b[31moven"
    assert "The oven" in run(root, "threads", "list").stdout
    unknown = run(root, "threads", "delete", first, "thr_none", "--json")
    assert (unknown.exit_code, json.loads(unknown.stdout)["error"]["code"]) == (1, "UNKNOWN_THREAD")
    assert json.loads(run(root, "threads", "delete", second, "--json").stdout) == {"deleted": [second], "turns": 2}
    assert run(root, "threads", "delete", first).stdout == "1 thread deleted, with 1 question\n"
    for command in ("show", "export", "rename", "delete"):
        ran = run(root, "threads", command, first, *(["title"] if command == "rename" else []))
        assert (ran.exit_code, ran.stderr.split(":")[0]) == (1, "error UNKNOWN_THREAD"), command


def test_a_conversation_is_written_out(root: Path):
    asked = turns(run(root, "chat", "--json", OVEN, DOUGH))
    shown = run(root, "threads", "show", "last")
    assert f"2. {DOUGH}" in shown.stdout
    assert "[1] pizza.mp4 0:02.0–0:03.9" in shown.stdout
    assert "\x1b" not in shown.stdout
    page = run(root, "threads", "export", "last").stdout
    assert f"## 1. {OVEN}" in page
    assert re.search(r"^1\. \[pizza\.mp4 0:02\.0–0:03\.9\]\(<file:///.*/pizza\.mp4#t=2\.000,3\.900>\)", page, re.M)
    assert "\\!\\[x\\](http" in page
    assert "\\<b\\>now" in page
    for name in ("talk.md", "talk.json"):
        assert run(root, "threads", "export", "last", name).stderr == f"written: {name}\n"
    assert Path("talk.md").read_text(encoding="utf-8") == page
    kept = ConversationDocument.model_validate_json(Path("talk.json").read_text(encoding="utf-8"))
    assert [one.payload() for one in kept.turns] == asked
    assert kept.turns[1].claims[0].citations[0].quote == HOSTILE
    assert json.loads(run(root, "threads", "export", "last", "--json").stdout) == kept.payload()
    assert json.loads(run(root, "threads", "show", "last", "--json").stdout) == kept.payload()
    assert run(root, "threads", "export", "last", "talk.doc").exit_code == 2
    assert run(root, "threads", "export", "last", "no/such/folder/talk.md").exit_code == 1


def test_what_cites_a_forgotten_video_is_gone(root: Path):
    run(root, "chat", OVEN, BOAT)
    assert run(root, "forget", "pizza.mp4", "--yes").exit_code == 0
    shown = run(root, "threads", "show", "last").stdout
    assert "250" not in shown
    assert "removed together with what it cited" in shown
    assert "boats.mp4" in shown


def test_ask_shows_what_a_claim_rests_on(root: Path):
    answer = json.loads(run(root, "ask", "How many videos show a taxi?", "--json").stdout)
    (claim,) = answer["claims"]
    assert set(claim) == {"text", "citations", "basis", "value", "sql"}
    assert claim["basis"] in ("computed", "listed")


def test_a_thread_is_asked_in_python(root: Path):
    with Library.open(root) as library:
        conversation = library.chat(videos=["pizza.mp4"])
        kinds: list[str] = []
        turn = conversation.ask(OVEN, lambda event: kinds.append(event.kind))
        assert turn.status == "done"
        assert conversation.thread.title == OVEN
        assert (kinds[0], kinds[-1]) == ("begun", "ended")
        assert [one.number for one in conversation.events(turn.turn_id, after=2)] == list(range(3, len(kinds) + 1))
        again = library.chat("last")
        assert [one.turn_id for one in again.turns()] == [turn.turn_id]
        assert again.resume() == []
        assert not again.cancel(turn.turn_id)
