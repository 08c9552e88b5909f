"""`kinodex chat` as a person has it: a real process at a real terminal, cancelled, killed, gone on with."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from kinodex.settings import ENVIRONMENT
from stores.library_store import LibraryStore
from tests.unit.kinodex.chat_library import copied, make
from tests.unit.kinodex.terminal import CTRL_C, CTRL_D, Terminal

pytestmark = pytest.mark.slow

OVEN, HARBOUR, DOUGH = "How hot must the oven be?", "When does the harbour open?", "What does the dough need?"
PROMPT = "\n> "

HELD = """
import time
from pathlib import Path
from agents.tools.toolbox import Toolbox
call = Toolbox.call
def held(*given, **options):
    while Path("held").exists():
        time.sleep(0.05)
    return call(*given, **options)
Toolbox.call = held
"""
"""Every look-up waits as long as there is a file ``held``."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("chat"))


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    return copied(made, tmp_path)


def chat(root: Path, *arguments: str, **env: str) -> Terminal:
    cwd = root.parent
    return Terminal(
        ["chat", "--library", str(root), *arguments], cwd, {"XDG_STATE_HOME": str(cwd / "state"), **env}, HELD
    )


def player(folder: Path) -> str:
    """A PATH on which mpv notes how it was called."""
    folder.mkdir()
    mpv = folder / "mpv"
    mpv.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {shlex.quote(str(folder / "played"))}\n')
    mpv.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_conversation_at_a_terminal(root: Path, tmp_path: Path):
    with chat(root, PATH=player(tmp_path / "bin")) as here:
        assert "Ask about the 3 videos." in here.until(PROMPT)
        here.type("/play 1")
        assert "error USAGE: Nothing has been answered yet." in here.until(PROMPT)
        here.type(OVEN)
        shown = here.until(PROMPT)
        assert shown.index(f"searching for {OVEN}") < shown.index("lines, match") < shown.index("250 degrees")
        assert "[1] pizza.mp4 0:02.0–0:03.9 (speech): “The oven must be at 250 degrees.”" in shown
        here.type("/play 1")
        here.until(PROMPT)
        assert (tmp_path / "bin" / "played").read_text().split("\n")[0] == "--start=2.0"
        assert (tmp_path / "bin" / "played").read_text().split("\n")[1].endswith("/pizza.mp4")
        here.type("/play 7")
        assert "/play takes a number from 1 to 1." in here.until(PROMPT)
        here.type("Who says that?")
        assert "understood: " in here.until(PROMPT)
        here.type(DOUGH)
        assert "salt and [bold]water[/bold]" in here.until(PROMPT)
        here.type("/nonsense")
        assert "There is no command /nonsense." in here.until(PROMPT)
        here.type("/help")
        assert "Ctrl-C cancels an answer" in here.until(PROMPT)
        here.type("/export talk.json")
        assert "written: talk.json" in here.until(PROMPT)
        here.type("/export talk.txt")
        assert "error USAGE" in here.until(PROMPT)
        here.type("/videos")
        assert re.search(r"boats\.mp4 +0:08\.0", here.until(PROMPT))
        here.type("/videos boats.mp4")
        assert "about boats.mp4 only" in here.until(PROMPT)
        here.type(OVEN)
        assert "250" not in here.until(PROMPT)
        here.type("/thread list")
        listed = here.until(PROMPT)
        assert listed.count("thr_") == 2
        first = re.findall(r"thr_\w+", listed)[1]
        here.type("/thread thr_none")
        assert "error UNKNOWN_THREAD" in here.until(PROMPT)
        here.type("/thread")
        assert "only about boats.mp4" in here.until(PROMPT)
        here.type(f"/thread {first}")
        assert "salt and" in here.until(PROMPT), "what was said last is shown again"
        here.type("/more")
        assert "There is nothing more" in here.until(PROMPT)
        here.type("/thread new")
        assert "A new conversation about all videos" in here.until(PROMPT)
        here.type("", CTRL_D)
        assert here.ended() == 0
    assert "\x1b]0;owned" not in here.raw
    assert "owned" not in here.raw
    assert (root.parent / "talk.json").exists()
    with LibraryStore.open(root) as store:
        assert sorted(one.turns for one in store.threads.page()) == [1, 4]
    history = root.parent / "state" / "kinodex" / "chat-history"
    assert history.stat().st_mode & 0o077 == 0
    assert OVEN in history.read_text()


def test_without_a_player_the_command_is_shown(root: Path, tmp_path: Path):
    with chat(root, PATH=str(tmp_path)) as here:
        here.until(PROMPT[1:])
        here.type(HARBOUR)
        here.until(PROMPT)
        here.type("/play")
        assert re.search(r"mpv is not installed; where it is: mpv --start=0\.0 \S+/boats\.mp4", here.until(PROMPT))
        here.type("/quit")
        assert here.ended() == 0
        assert "to go on: kinodex chat --thread thr_" in here.rest()


@pytest.mark.parametrize("word", ["quit", "Exit", "bye!", "再见"])
def test_a_plain_goodbye_ends_the_conversation_and_is_no_turn(root: Path, word: str):
    with chat(root) as here:
        here.until(PROMPT[1:])
        here.type(word)
        assert here.ended() == 0
    with LibraryStore.open(root) as store:
        assert not store.threads.page()


def test_control_c_cancels_an_answer_and_not_the_conversation(root: Path):
    held = root.parent / "held"
    with chat(root) as here:
        here.until(PROMPT[1:])
        held.touch()
        here.type(OVEN)
        here.until("searching for")
        here.type("", CTRL_C)
        said = here.until(PROMPT)
        assert "(cancelled)" in said
        assert "left alone" not in said, "what goes on inside is nobody's concern"
        held.unlink()
        here.type("half a ques", "")
        here.until("half a ques")
        here.pressed(CTRL_C, "Ctrl-D or /quit ends")
        here.until(PROMPT)
        here.type(HARBOUR)
        assert "morning" in here.until(PROMPT)
        here.type("", CTRL_D)
        assert here.ended() == 0
    with LibraryStore.open(root) as store:
        (thread,) = store.threads.page()
        turns = store.threads.turns(thread.thread_id)
        assert [(one.question, one.status) for one in turns] == [(OVEN, "cancelled"), (HARBOUR, "done")]


def test_a_question_whose_process_was_killed_is_answered_when_the_thread_is_opened_again(root: Path):
    held = root.parent / "held"
    held.touch()
    with chat(root) as here:
        here.until(PROMPT[1:])
        here.type(OVEN)
        here.until("searching for")
        here.process.kill()
        here.ended()
    held.unlink()
    with chat(root) as here:
        greeting = here.until(PROMPT)
        assert "An earlier question was not answered to its end: kinodex chat --thread thr_" in greeting
        thread = re.search(r"thr_\w+", greeting)[0]
        here.type(f"/thread {thread}")
        shown = here.until("[1] pizza.mp4")
        assert f"going on with a question that was cut off: {OVEN}" in shown
        assert "going on where it was, attempt 2" in shown
        here.until(PROMPT)
        here.type("/quit")
        assert here.ended() == 0
    with LibraryStore.open(root) as store:
        (turn,) = store.threads.turns(thread)
        assert (turn.status, turn.attempt) == ("done", 2)
        assert not list((root / "checkpoints").iterdir())
    with chat(root, "--thread", "last") as here:
        greeting = here.until(PROMPT)
        assert "going on with" not in greeting
        assert "250 degrees" in greeting


def test_sigterm_cancels_and_ends(root: Path):
    (root.parent / "held").touch()
    with chat(root) as here:
        here.until(PROMPT[1:])
        here.type(OVEN)
        here.until("searching for")
        here.process.terminate()
        assert here.ended() == 143
        assert "terminated; the library is consistent" in here.rest()
    with LibraryStore.open(root) as store:
        assert [one.status for one in store.threads.turns(store.threads.page()[0].thread_id)] == ["cancelled"]
