"""Conversations over a library: threads opened, and questions asked in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kinodex.usecases.config import open_eyes
from kinodex.usecases.conversations.threads import find_thread
from stores.core.errors import UsageError
from stores.library_store import LibraryStore
from stores.threads.records import Lease, RunEvent, Thread, Turn
from stores.threads.turn_ledger import LONGEST_QUESTION

if TYPE_CHECKING:
    from agents.chat.turns import TurnRunner
    from agents.llm import LLM
    from agents.search.finder import Finder
    from encoders.bundle import Encoders
    from kinodex.settings import Settings

OnEvent = Callable[[RunEvent], None]

LONGEST_TITLE = 60


class Conversation:
    """One thread of a library, open for questions.

    Args:
        runner: answers; shared by all conversations of a library.
    """

    def __init__(self, store: LibraryStore, runner: TurnRunner, thread: Thread) -> None:
        self._store = store
        self._runner = runner
        self._thread_id = thread.thread_id

    @property
    def thread(self) -> Thread:
        """The thread as it is stored now.

        Raises:
            UsageError: UNKNOWN_THREAD if it was deleted meanwhile.
        """
        return self._store.threads.get(self._thread_id)

    def ask(self, question: str, on_event: OnEvent | None = None, wait_seconds: float = 0.0) -> Turn:
        """The answer to a question, which may refer to what was said before.

        Args:
            on_event: called with every step as it is stored.
            wait_seconds: how long to wait for another question of this thread to be answered.

        Returns:
            the turn: ``done``, ``cancelled``, or ``failed`` with a code.

        Raises:
            UsageError: UNKNOWN_THREAD; USAGE if the question is too long.
            StoreError: THREAD_BUSY.
        """
        lease = begin_turn(self._store, self.thread, question, wait_seconds)
        return self._runner.run(lease, on_event)

    def resume(self, on_event: OnEvent | None = None) -> list[Turn]:
        """Go on with a turn whose process died; the turns that were ended."""
        return self._runner.recover(self._thread_id, on_event)

    def cancel(self, turn_id: str) -> bool:
        """Ask the process that answers a turn to stop; whether it was running."""
        return self._runner.cancel(turn_id)

    def turns(self, last: int | None = None) -> list[Turn]:
        """The turns in order; only the last few if ``last`` is given."""
        return self._store.threads.turns(self._thread_id, last)

    def events(self, turn_id: str, after: int = 0) -> list[RunEvent]:
        """What happened in a turn, from the event with the number after ``after`` on."""
        return self._store.threads.events_after(turn_id, after)


def begin_turn(
    store: LibraryStore, thread: Thread, question: str, wait_seconds: float = 0.0, key_id: str = ""
) -> Lease:
    """A new turn of a thread, to be given to `TurnRunner.run`; its first question gives a thread its title.

    No model is needed for it.

    Args:
        key_id: the API key that it is asked with; "" for a person.

    Raises:
        UsageError: UNKNOWN_THREAD; USAGE if the question is too long.
        StoreError: THREAD_BUSY.
    """
    if question.strip() and len(question) <= LONGEST_QUESTION and _is_titled_by(store, thread, question):
        store.threads.rename(thread.thread_id, _title(question))
    return store.begin_turn(thread.thread_id, question, wait_seconds, key_id)


def _is_titled_by(store: LibraryStore, thread: Thread, question: str) -> bool:
    """Whether a question gives a thread its title: the first one does, and the first real one where the title is that
    of a greeting."""
    if not thread.title or not _is_talk(thread.title) or _is_talk(question):
        return not thread.title
    first = store.threads.turns(thread.thread_id)[:1]
    return any(_title(turn.question) == thread.title for turn in first)


def open_runner(
    store: LibraryStore, encoders: Encoders, finder: Finder, llm: LLM | None, settings: Settings
) -> TurnRunner:
    """What answers the turns of a library."""
    from agents.chat.graph import RECURSION_LIMIT, ChatGraph
    from agents.chat.turns import TurnLimits, TurnRunner

    limits = settings.chat.limits(settings.endpoint)
    eyes = open_eyes(store, llm, settings.endpoint)
    graph = ChatGraph(store, encoders, finder, llm, limits, eyes).build().compile()
    return TurnRunner(store, graph, TurnLimits(settings.chat.seconds, RECURSION_LIMIT))


def open_thread(store: LibraryStore, thread: str | None, videos: Sequence[str] | None) -> Thread:
    """A thread by its id, or a new one.

    Args:
        thread: ``last`` for the one that was changed last, None for a new one.
        videos: ids, paths or names of the only videos that a new one is about.

    Raises:
        UsageError: UNKNOWN_THREAD; UNKNOWN_VIDEO; USAGE if both are given.
    """
    if thread is not None:
        if videos:
            message = "What a thread is about is said when it begins."
            raise UsageError("USAGE", message, "Name the videos without a thread to begin a new one.")
        return find_thread(store, thread)
    only = [store.catalog.resolve(video) for video in videos] if videos else None
    return store.threads.create(video_ids=only)


def _is_talk(text: str) -> bool:
    """Whether a text asks nothing: a greeting, thanks, keystrokes."""
    from agents.questions.understanding import understand

    return understand(text).idle in ("greeting", "gibberish", "empty")


def _title(question: str) -> str:
    words = " ".join(question.split())
    return words if len(words) <= LONGEST_TITLE else f"{words[: LONGEST_TITLE - 1]}…"
