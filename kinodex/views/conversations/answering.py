"""Turns in the making: begun, answered in the background, followed by their events, resumed when their process died."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from encoders.types import WeightsError
from kinodex.schemas.api.conversations import Cancelled, TurnBegun
from kinodex.schemas.conversations import chat as schema
from kinodex.schemas.conversations.chat import EventDocument
from kinodex.usecases.conversations.chat import begin_turn
from kinodex.views.conversations.turns import events_url, seen_by, seen_turn, thread_of, turn_of
from kinodex.views.library_view import LibraryView
from pipeline.model_errors import model_error
from stores.core.errors import KinodexError, StoreError, UsageError
from stores.threads.records import Lease, Turn, Usage

if TYPE_CHECKING:
    from kinodex.library import Library

MOST_AT_ONCE = 8
"""Turns that one process answers at a time: each waits for models most of its time. Source: our choice."""

_LOG = logging.getLogger(__name__)


class Slots:
    """How many turns are being answered for one library. They are not queued: a turn's lease runs."""

    def __init__(self, count: int = MOST_AT_ONCE) -> None:
        self._free = threading.BoundedSemaphore(count)

    def take(self) -> bool:
        """Take one; false if none is free."""
        return self._free.acquire(blocking=False)

    def give_back(self) -> None:
        """Give one back."""
        self._free.release()

    def work(self, do: Callable[[], object], name: str) -> None:
        """Do it in a thread of its own that gives the slot back. It does not keep the process from ending: what is not
        answered then is resumed by the next one who looks at it."""

        def work() -> None:
            try:
                do()
            except KinodexError as error:
                _LOG.warning("%s: %s", name, error)
            except Exception:  # noqa: BLE001
                # The turn was marked as failed.
                _LOG.exception("%s failed", name)
            finally:
                self.give_back()

        threading.Thread(target=work, name=name, daemon=True).start()


_SLOTS: WeakKeyDictionary[Library, Slots] = WeakKeyDictionary()
_LOCK = threading.Lock()


def begin(view: LibraryView, thread_id: str, question: str) -> TurnBegun:
    """A question that is answered in the background, whether or not anybody stays connected.

    Raises:
        UsageError: UNKNOWN_THREAD; USAGE if it is empty or too long; FORBIDDEN; TOO_MANY_REQUESTS if as many are being
            answered as may be.
        StoreError: THREAD_BUSY.
    """
    view.require("chat")
    thread = thread_of(view, thread_id)
    checked_question(question)
    slots = taken_slot(view.library)
    try:
        lease = begin_turn(view.store, thread, question, key_id=view.principal.key_id)
    except BaseException:
        slots.give_back()
        raise
    only = view.visible()
    slots.work(lambda: answered(view.library, lease, only), f"answering {lease.turn_id}")
    return TurnBegun(turn_id=lease.turn_id, thread_id=lease.thread_id, events=events_url(lease.turn_id))


def answered(library: Library, lease: Lease, only: Sequence[str] | None) -> Turn:
    """A turn, answered: what answers it is opened first, which takes seconds the first time.

    Args:
        only: as `agents.chat.turns.TurnRunner.run`.

    Raises:
        As `agents.chat.turns.TurnRunner.run`; if nothing can be opened, the turn was marked as failed.
    """
    try:
        runner = library.runner
    except Exception as error:
        fault = model_error(error) if isinstance(error, WeightsError) else error
        code, message = "INTERNAL", type(fault).__name__
        if isinstance(fault, KinodexError):
            code, message = fault.code.name, fault.message
        with suppress(StoreError):  # STALE_ATTEMPT: another process goes on with it
            library.store.turns.fail(lease, code, message, Usage())
        if fault is error:
            raise
        raise fault from error
    return runner.run(lease, only=only)


def checked_question(question: str) -> None:
    """Refuse what asks nothing.

    Raises:
        UsageError: USAGE.
    """
    if not question.strip():
        raise UsageError("USAGE", "There is no question.", "Ask something.")


def taken_slot(library: Library) -> Slots:
    """The slots of a library, of which one was taken: `Slots.work` gives it back.

    Raises:
        UsageError: TOO_MANY_REQUESTS if none is free.
    """
    with _LOCK:
        slots = _SLOTS.setdefault(library, Slots())
    if not slots.take():
        hint = "Wait until one of them is answered, or cancel one."
        raise UsageError("TOO_MANY_REQUESTS", f"{MOST_AT_ONCE} questions are being answered.", hint)
    return slots


def cancel(view: LibraryView, turn_id: str) -> Cancelled:
    """Ask for a turn to be stopped; the process that answers it does so within a moment.

    Raises:
        UsageError: UNKNOWN_THREAD; FORBIDDEN.
    """
    view.require("chat")
    turn_of(view, turn_id)
    return Cancelled(turn_id=turn_id, was_running=view.store.turns.ask_to_cancel(turn_id))


def resume(view: LibraryView, thread_id: str) -> None:
    """Go on with a turn of a thread whose process died, in the background; if there is none, nothing happens."""
    if not view.principal.may("chat") or not view.store.turns.lost(thread_id):
        return
    try:
        slots = taken_slot(view.library)
    except UsageError:
        return  # the next look tries again
    only = view.visible()

    def go_on() -> None:
        view.library.runner.recover(thread_id, only=only)

    slots.work(go_on, f"resuming {thread_id}")


def events_after(view: LibraryView, turn_id: str, number: int) -> tuple[list[EventDocument], Turn]:
    """What happened in a turn after event ``number``, and the turn as the principal sees it now.

    The turn is read first: if it has ended, its last event is among those returned.

    Raises:
        UsageError: UNKNOWN_THREAD, also once access to it was taken away.
    """
    found = turn_of(view, turn_id)
    if found.status == "running":
        resume(view, found.thread_id)
    about = seen_by(view)
    # Steps name what was looked for and found.
    events = about.events(view.store.threads.events_after(turn_id, number), about.hides(found))
    return [schema.event(one) for one in events], seen_turn(view, found)
