"""A conversation at a terminal: a prompt, answers, and commands that begin with a slash."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from kinodex.cli.chat.line_editor import LineEditor
from kinodex.cli.context import Terminated, explained, say_error
from kinodex.cli.render import conversation as render
from kinodex.cli.render.cells import data, table
from kinodex.schemas.conversations.chat import thread as thread_document
from kinodex.schemas.conversations.chat import threads as threads_document
from kinodex.schemas.conversations.numbering import numbered
from kinodex.text import clock, printable, several
from kinodex.usecases.conversations import threads
from stores.core.errors import KinodexError, UsageError
from stores.core.uris import has_file

if TYPE_CHECKING:
    from kinodex.cli.chat.talk import Talk
    from kinodex.schemas.conversations.chat import TurnDocument

PROMPT = "> "

HELP = (
    ("/videos [NAME…]", "list the videos; with names: a new conversation about these only"),
    ("/more", "more of what was found for the last question"),
    ("/play N", "play citation N of the last answer (with mpv, where it is installed)"),
    ("/sources", "list all citations of the last answer, and the queries by which was counted"),
    ("/thread [list|new|ID]", "show which conversation this is; list them; begin a new one; go on with another"),
    ("/export [FILE]", "write the conversation to a file, .md or .json (default: the thread's id and .md)"),
    ("/help", "list these commands"),
    ("/quit", "end; Ctrl-D does the same, Ctrl-C cancels an answer"),
)

MOST_THREADS = 20
"""Conversations that are listed. Source: our choice: a screen."""

_GOODBYES = frozenset({"/quit", "/exit", "quit", "exit", "bye", "goodbye", "q", ":q", "退出", "再见", "拜拜"})
"""Lines that end the conversation, with or without a slash."""

_CHINESE = ("\u3400", "\u9fff")


class ChatSession:
    """Asks, answers and obeys until its person ends it.

    Args:
        talk: what is said in the library.
        command: the command line that goes on with a thread, by its id.
    """

    def __init__(self, talk: Talk, console: Console, lines: LineEditor, command: Callable[[str], str]) -> None:
        self._library = talk.library
        self._talk = talk
        self._console = console
        self._lines = lines
        self._command = command
        self._commands: dict[str, Callable[[list[str]], None]] = {
            "/videos": self._videos,
            "/more": self._more,
            "/play": self._play,
            "/sources": self._sources,
            "/thread": self._thread,
            "/export": self._export,
            "/help": self._help,
        }

    def run(self) -> None:
        """Hold the conversation.

        Raises:
            OSError: if the terminal is gone.
        """
        self._greet()
        self._guarded(self._go_on)
        while True:
            try:
                line = printable(self._lines.read(PROMPT)).strip()
            except EOFError:
                self._console.print()
                break
            except Terminated:
                raise
            except KeyboardInterrupt:
                self._dim("\n(Ctrl-D or /quit ends the conversation)")
                continue
            if line.casefold().rstrip("!.。！") in _GOODBYES:
                break
            if line:
                self._guarded(partial(self._obey, line))
        if (thread := self._talk.thread) is not None:
            self._dim(f"to go on: {self._command(thread.thread_id)}")

    def _guarded(self, do: Callable[[], None]) -> None:
        """Do something; what goes wrong is said, and the conversation goes on."""
        try:
            do()
        except (Terminated, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            self._console.print("\n(cancelled)", style="yellow")
        except KinodexError as error:
            say_error(error.code.name, error.message, error.hint, as_json=False)
        except Exception as error:
            if os.environ.get("KINODEX_DEBUG") == "1":
                raise
            fault = explained(error)
            say_error(fault.code.name, fault.message, fault.hint, as_json=False)

    def _obey(self, line: str) -> None:
        if not line.startswith("/"):
            self._ask(line)
            return
        name, *rest = line.split(maxsplit=1)
        do = self._commands.get(name)
        if do is None:
            raise UsageError("USAGE", f"There is no command {name}.", "/help lists those there are.")
        try:
            words = shlex.split(rest[0]) if rest else []
        except ValueError:
            words = rest[0].split()  # an apostrophe in a name is no quotation mark
        do(words)

    def _ask(self, question: str) -> None:
        with self._talk.cancelled_by_interrupts():
            turn = self._talk.ask(question)
        self._answer(turn)

    def _answer(self, turn: TurnDocument) -> None:
        render.turn(self._console, turn, render.MOST_LISTED)
        self._console.print()

    def _greet(self) -> None:
        thread = self._talk.thread
        if thread is not None:
            self._opened()
            return
        indexed = len(self._talk.video_ids or self._library.indexed())
        about = several(indexed, "video") if indexed else "videos (none is indexed yet: kinodex ingest PATH)"
        self._dim(f"Ask about the {about}. /help lists commands, Ctrl-D ends.")
        lost = self._library.store.turns.lost()
        if lost:
            newest = max(lost, key=lambda one: one.started_at)
            self._dim(f"An earlier question was not answered to its end: {self._command(newest.thread_id)}")

    def _show_thread(self) -> None:
        """Which conversation this is."""
        thread = self._talk.thread
        if thread is None:
            about = "about some videos only" if self._talk.video_ids is not None else "about all videos"
            self._console.print(f"A new conversation {about}; the first question begins it.")
            return
        names = threads.names_of(self._library.store, thread.video_ids)
        render.heading(self._console, thread_document(thread), names)

    def _opened(self) -> None:
        """Which conversation this is now, with what was said last in it."""
        self._show_thread()
        if (last := self._talk.last) is not None:
            before = f" ({several(last.ordinal, 'question')} so far)" if last.ordinal > 1 else ""
            self._console.print(data(f"last question{before}: {last.question}", "cyan"))
            self._answer(last)

    def _go_on(self) -> None:
        """Answer a question whose process died."""
        for question in self._talk.lost():
            self._console.print(data(f"going on with a question that was cut off: {question}", "cyan"))
        with self._talk.cancelled_by_interrupts():
            resumed = list(self._talk.resume())
        for turn in resumed:
            self._answer(turn)

    def _help(self, _words: list[str]) -> None:
        listed = table("command", "what it does")
        for command, does in HELP:
            listed.add_row(command, does)
        self._console.print(listed)
        self._console.print("Anything else is a question, in any language; it may refer to what was said before.")

    def _videos(self, words: list[str]) -> None:
        if words:
            self._talk.open(None, words)
            names = threads.names_of(self._library.store, self._talk.video_ids)
            self._console.print(data(f"A new conversation about {', '.join(names)} only. All again: /thread new"))
            return
        entries = self._library.store.catalog.entries(self._talk.video_ids)
        listed = table("video", "length", "status", right=("length",))
        for one in entries:
            name = one.uris[0].rsplit("/", 1)[-1] if one.uris else one.video_id
            length = clock(one.video.seconds) if one.video is not None else ""
            listed.add_row(data(name), length, one.status)
        self._console.print(listed if entries else "The library is empty. To begin: kinodex ingest PATH")

    def _more(self, _words: list[str]) -> None:
        last = self._last()
        chinese = any(_CHINESE[0] <= character <= _CHINESE[1] for character in last.question)
        self._ask("还有吗？" if chinese else "more")

    def _sources(self, _words: list[str]) -> None:
        render.turn(self._console, self._last(), queries=True)

    def _play(self, words: list[str]) -> None:
        citations = numbered(self._last().claims).citations
        if not citations:
            raise UsageError("USAGE", "The last answer cites nothing.", "Ask something else first.")
        number = words[0].strip("[]") if len(words) == 1 else "1" if not words else ""
        if not number.isdecimal() or not 1 <= int(number) <= len(citations):
            raise UsageError("USAGE", f"/play takes a number from 1 to {len(citations)}.", "For example: /play 1")
        one = citations[int(number) - 1]
        if not has_file(one.uri):
            raise UsageError("FILE_MISSING", f"{one.uri or one.video_id} is not there now.", "See: kinodex videos")
        player = shutil.which("mpv")
        if player is None:
            self._console.print(data(f"mpv is not installed; where it is: {render.opening(one)}"), soft_wrap=True)
            return
        with suppress(KeyboardInterrupt):
            ended = subprocess.run([player, *render.playing(one)[1:]], check=False)
            if ended.returncode:
                print(f"mpv ended with status {ended.returncode}", file=sys.stderr)

    def _thread(self, words: list[str]) -> None:
        if not words:
            self._show_thread()
        elif words == ["list"]:
            listed, follows = threads.page_of(self._library.store, MOST_THREADS)
            more = self._library.settings.command("threads", "list") if follows else ""
            render.threads(self._console, threads_document(listed).threads, more)
        elif words == ["new"]:
            self._talk.open(None)
            self._show_thread()
        elif len(words) == 1:
            self._talk.open(words[0])
            self._opened()
            self._go_on()
        else:
            raise UsageError("USAGE", "/thread takes one word.", "list, new, or the id of a thread")

    def _export(self, words: list[str]) -> None:
        thread = self._talk.thread
        if thread is None:
            raise UsageError("USAGE", "Nothing has been asked yet.", "Ask first.")
        file = Path(" ".join(words) or f"{thread.thread_id}.md").expanduser()
        document = threads.conversation_document(self._library.store, thread.thread_id)
        threads.export_thread(self._library.store, document, file)
        self._console.print(data(f"written: {file}"), soft_wrap=True)

    def _last(self) -> TurnDocument:
        if self._talk.last is None:
            raise UsageError("USAGE", "Nothing has been answered yet.", "Ask first.")
        return self._talk.last

    def _dim(self, text: str) -> None:
        self._console.print(data(text, "dim"), soft_wrap=True)
