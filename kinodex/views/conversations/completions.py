"""Questions of programs that send the whole conversation each time, and keep it themselves.

Each is answered in a thread of its own, which is made with what was said before, and removed once the answer is there;
a process that dies meanwhile leaves it, to be gone on with or removed as any other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from kinodex.schemas.conversations import chat as schema
from kinodex.schemas.conversations.linked import linked, recalled
from kinodex.usecases.conversations.chat import begin_turn
from kinodex.views.conversations.answering import answered, checked_question, taken_slot
from kinodex.views.conversations.turns import seen_turn
from kinodex.views.library_view import LibraryView
from kinodex.views.names import without_paths
from kinodex.views.search import names_of
from stores.core.errors import CODES, KinodexError, StoreError, UsageError
from stores.threads.records import DraftClaim, Lease, Progress, Thread, Turn, TurnAnswer, Usage
from stores.threads.turn_ledger import LONGEST_QUESTION

MOST_RECALLED = 16
"""Questions before the last that are recalled. Source: `agents.chat.history`: 4 in full, 12 by their topics."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question that was answered before, and the answer, as the program sent them."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer in Markdown, by lines, and the tokens that a language model needed for it."""

    lines: list[str]
    tokens: int


class Answering:
    """A question that is being answered in the background."""

    def __init__(self, view: LibraryView, lease: Lease, base: str) -> None:
        self._view, self._lease, self._base = view, lease, base
        self._found: Future[Answered] = Future()
        self.turn_id = lease.turn_id
        self.began_at = int(time.time())

    @property
    def over(self) -> bool:
        """Whether `result` has it at once."""
        return self._found.done()

    def result(self) -> Answered:
        """The answer, once it is there.

        Raises:
            KinodexError: with the code with which the turn failed; THREAD_BUSY if it was stopped.
        """
        return self._found.result()

    def cancel(self) -> None:
        """Have it stopped: nobody waits for it any more. Returns at once."""
        if not self.over:
            turns = self._view.store.turns
            threading.Thread(target=turns.ask_to_cancel, args=(self.turn_id,), daemon=True).start()

    def run(self, only: Sequence[str] | None) -> None:
        """Answers it, and removes its thread."""
        try:
            try:
                turn = answered(self._view.library, self._lease, only)
                found = self._shown(turn)
            finally:
                with suppress(UsageError):  # somebody removed it
                    self._view.store.threads.delete(self._lease.thread_id)
        except BaseException as error:
            self._found.set_exception(error)
            raise
        self._found.set_result(found)

    def _shown(self, turn: Turn) -> Answered:
        view = self._view.renewed()
        one = seen_turn(view, turn)
        if one.status != "done":
            name = one.error_code if one.error_code in CODES else "THREAD_BUSY"
            message = without_paths(one.error_message) or "The question was not answered: it was stopped."
            raise KinodexError(name, message, "Ask again.")
        names = names_of(view, schema.cited_videos([one]))
        document = schema.turn(one, names)
        alone = one.stand_alone if one.stand_alone != one.question else ""
        return Answered(linked(one.answer, document.claims, names, self._base, alone), one.usage.tokens)


def begin(view: LibraryView, question: str, before: Sequence[Exchange], base: str) -> Answering:
    """A question after others.

    Args:
        base: before the paths of links, without a slash at its end.

    Raises:
        UsageError: USAGE if it is empty or too long; FORBIDDEN; TOO_MANY_REQUESTS.
    """
    view.require("chat")
    checked_question(question)
    if len(question) > LONGEST_QUESTION:
        message = f"A question has at most {LONGEST_QUESTION} characters; this one has {len(question)}."
        raise UsageError("USAGE", message, "Ask for less at a time.")
    slots = taken_slot(view.library)
    try:
        thread = view.store.threads.create(owner=view.principal.user_id, key_id=view.principal.key_id)
        try:
            for one in before[-MOST_RECALLED:]:
                _recall(view, thread, one)
            thread = view.store.threads.get(thread.thread_id)
            lease = begin_turn(view.store, thread, question, key_id=view.principal.key_id)
        except BaseException:
            view.store.threads.delete(thread.thread_id)
            raise
    except BaseException:
        slots.give_back()
        raise
    answering, only = Answering(view, lease, base), view.visible()
    slots.work(lambda: answering.run(only), f"answering {lease.turn_id}")
    return answering


def _recall(view: LibraryView, thread: Thread, one: Exchange) -> None:
    """Puts what was said before into a thread; what it cites that the principal does not see is not there."""
    said = recalled(one.answer)
    there = view.store.catalog.evidence([evidence_id for _, cited in said.claims for evidence_id in cited])
    videos = frozenset(view.only({found.video_id for found in there.values()}) or ())
    seen = {name for name, found in there.items() if found.video_id in videos}
    claims = []
    for text, cited in said.claims:
        if kept := tuple(evidence_id for evidence_id in cited if evidence_id in seen):
            claims.append(DraftClaim(text, kept))
    lease = view.store.begin_turn(thread.thread_id, one.question[:LONGEST_QUESTION], key_id=view.principal.key_id)
    alone = said.stand_alone or one.question
    view.store.turns.append(lease, [], Progress(alone[:LONGEST_QUESTION]))
    try:
        view.store.turns.finish(lease, TurnAnswer(said.text, not claims, "extractive", tuple(claims)), Usage())
    except StoreError as error:
        if error.code.name != "EVIDENCE_GONE":
            raise
        view.store.turns.finish(lease, TurnAnswer(said.text, True, "extractive"), Usage())
