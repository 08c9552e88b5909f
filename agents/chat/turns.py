"""Runs one turn of a conversation: a LangGraph graph, step by step, such that a killed run can be resumed.

The graph may do what it wants; this is agreed:

- It is given `TurnInput` and ``runtime.context``, a `RunContext`.
- Its state is plain JSON values. The key ``stand_alone`` of an update is the question as understood; all ids under
  ``evidence_id`` and ``evidence_ids`` count as read.
- At its end, the state has ``answer``: ``{"text", "abstained", "mode", "claims": [{"text", "basis", "sql", "value",
  "evidence_ids"}]}``. Only these claims are shown, and only from then on.

The tables of `stores.threads` are the truth; checkpoints (`agents.chat.checkpoints`) exist while a run is in flight.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from langgraph.graph.state import CompiledStateGraph

from agents.chat.attempts import BadAnswerError, GraphRun, Outcome
from agents.chat.history import EARLIER_TURNS, RECENT_TURNS, history_of
from agents.chat.run_context import RunContext, TurnStoppedError
from stores.core.errors import KinodexError, StoreError
from stores.library_store import LibraryStore
from stores.threads.records import Lease, RunEvent, Turn, TurnAnswer
from stores.threads.seeing import Seen
from stores.threads.turn_ledger import LEASE_SECONDS

_LOG = logging.getLogger(__name__)

OnEvent = Callable[[RunEvent], None]
"""Told every event of a turn, in order, once it is stored."""

RENEW_SECONDS = LEASE_SECONDS / 6
"""How often a running turn gives a sign. Source: our choice: five may be missed."""

LOOK_SECONDS = 0.25
"""How often it is looked whether somebody cancelled the turn. Source: our choice: at once, for a person."""

GRACE_SECONDS = 3.0
"""How long a node may take to notice that the turn is to end; then it ends without the node. Source: our choice."""


class TurnInput(TypedDict):
    """What a graph is given; ``history`` as `agents.chat.history.history_of`; ``video_ids``: None for all videos."""

    thread_id: str
    turn_id: str
    question: str
    video_ids: list[str] | None
    history: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """``seconds`` for one attempt at a turn; ``steps`` of the graph, of which the loop of tool calls takes most.

    Source: our choice: 8 tool calls within 30 s are usual, a local model on a slow machine takes four times as long.
    """

    seconds: float = 120.0
    steps: int = 40


DEFAULT_LIMITS = TurnLimits()


class TurnRunner:
    """Runs the turns of a library's threads.

    Args:
        graph: compiled, without a checkpointer.
    """

    def __init__(
        self, store: LibraryStore, graph: CompiledStateGraph[Any, Any, Any, Any], limits: TurnLimits = DEFAULT_LIMITS
    ) -> None:
        self._store = store
        self._graph = graph
        self._limits = limits

    def ask(self, thread_id: str, question: str, on_event: OnEvent | None = None, wait_seconds: float = 0.0) -> Turn:
        """`begin` and `run`."""
        return self.run(self.begin(thread_id, question, wait_seconds), on_event)

    def begin(self, thread_id: str, question: str, wait_seconds: float = 0.0, key_id: str = "") -> Lease:
        """As `stores.library_store.LibraryStore.begin_turn`."""
        return self._store.begin_turn(thread_id, question, wait_seconds, key_id)

    def run(self, lease: Lease, on_event: OnEvent | None = None, only: Sequence[str] | None = None) -> Turn:
        """Runs a turn to its end, or from its last node if an earlier attempt died.

        An interrupt (Ctrl-C), and an error of ``on_event``, cancel the turn.

        Args:
            only: ids of the videos that the one who asks sees, of those that the thread is about; None for all.

        Returns:
            The turn as it is stored: ``done``; ``cancelled``; ``failed`` with the code of what a node raised, or
            TURN_TIMEOUT; or what another process made of it meanwhile.

        Raises:
            UsageError: UNKNOWN_THREAD if it was deleted meanwhile.
            StoreError: as `stores.sql.database.writing`; the turn may be resumed then.
            Exception: what a node raised without a code, after the turn was marked as failed (INTERNAL).
        """
        turn = self._store.threads.turn(lease.turn_id)
        context = RunContext(self._limits.seconds, turn.usage)
        run = GraphRun(self._store, self._graph, lease, context, self._limits.steps)
        watch = _Watch(self._store, lease, on_event)
        try:
            outcome = self._follow(run, self._input(turn, only), context, watch)
        except BaseException:
            context.stop("cancelled")
            self._end(lease, TurnStoppedError("cancelled"), context)
            raise
        ended = self._end(lease, outcome, context)
        watch.tell()
        if isinstance(outcome, Exception) and not isinstance(outcome, KinodexError | TurnStoppedError):
            raise outcome
        return ended

    def recover(
        self, thread_id: str | None = None, on_event: OnEvent | None = None, only: Sequence[str] | None = None
    ) -> list[Turn]:
        """Goes on with the turns (of one thread) whose process died, one after the other.

        To be called when a conversation is opened again. A new question in the thread comes first: it marks the lost
        turn as interrupted.

        Args:
            only: as `run`.
        """
        resumed = []
        for lost in self._store.turns.lost(thread_id):
            lease = self._store.turns.take_over(lost.turn_id)
            if lease is None:
                turn = self._store.threads.turn(lost.turn_id)
                if turn.status != "running":
                    resumed.append(turn)
                continue
            _LOG.info("The turn %s is resumed, attempt %d.", lease.turn_id, lease.attempt)
            resumed.append(self.run(lease, on_event, only))
        return resumed

    def cancel(self, turn_id: str) -> bool:
        """Asks the process that runs a turn to end it; returns whether it was running."""
        return self._store.turns.ask_to_cancel(turn_id)

    def _input(self, turn: Turn, only: Sequence[str] | None) -> TurnInput:
        thread, access = self._store.threads.get(turn.thread_id), self._store.access
        scope = thread.video_ids
        # Not only what the caller says: a turn that is resumed sees what its owner, or the key that it was asked with,
        # sees now.
        visible = access.visible(thread.owner, turn.key_id)
        for some in (only, None if visible is None else visible.ids):
            if some is not None:
                known = frozenset(some)
                scope = tuple(some) if scope is None else tuple(one for one in scope if one in known)
        last = self._store.threads.turns(turn.thread_id, RECENT_TURNS + EARLIER_TURNS + 1)
        seen = Seen(
            None if visible is None else visible.known,
            lambda seen_as: access.still_seen(seen_as, thread.owner, turn.key_id),
        )
        return TurnInput(
            thread_id=turn.thread_id,
            turn_id=turn.turn_id,
            question=turn.question,
            video_ids=None if scope is None else list(scope),
            history=history_of(seen.turns([one for one in last if one.ordinal < turn.ordinal])),
        )

    def _follow(self, run: GraphRun, given: TurnInput, context: RunContext, watch: _Watch) -> Outcome:
        """Has a thread run the graph, and watches the clock, the lease and requests to cancel meanwhile.

        A node that does not notice that the turn is to end cannot be stopped; it is left alone, and nothing that it
        still does is stored.
        """
        outbox: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        name = f"turn {given['turn_id']}"
        threading.Thread(target=run.work, args=(given, outbox), name=name, daemon=True).start()
        deadline: float | None = None
        while True:
            try:
                outcome = outbox.get(timeout=LOOK_SECONDS)
                if outcome is not None:
                    return outcome
                watch.tell()
            except queue.Empty:
                watch.tell()
            if context.stopped is None:
                watch.look(context)
            elif deadline is None:
                deadline = time.monotonic() + GRACE_SECONDS
            elif time.monotonic() > deadline:
                _LOG.info("A node of %s did not end in time; it is left alone.", name)
                return TurnStoppedError(context.stopped)

    def _end(self, lease: Lease, outcome: Outcome, context: RunContext) -> Turn:
        turns, usage = self._store.turns, context.usage
        try:
            if isinstance(outcome, TurnAnswer):
                try:
                    turn = turns.finish(lease, outcome, usage)
                except StoreError as error:
                    if error.code.name != "EVIDENCE_GONE":
                        raise
                    turn = turns.fail(lease, error.code.name, error.message, usage)
            elif isinstance(outcome, TurnStoppedError) and outcome.reason == "cancelled":
                turn = turns.cancelled(lease, usage)
            elif isinstance(outcome, TurnStoppedError):
                message = f"No answer was found within {self._limits.seconds:g} seconds."
                turn = turns.fail(lease, "TURN_TIMEOUT", message, usage)
            elif isinstance(outcome, KinodexError):
                turn = turns.fail(lease, outcome.code.name, outcome.message, usage)
            else:
                said = outcome.args[0] if isinstance(outcome, BadAnswerError) else type(outcome).__name__
                turn = turns.fail(lease, "INTERNAL", str(said), usage)
        except StoreError as error:
            if error.code.name != "STALE_ATTEMPT":
                raise
            turn = self._store.threads.turn(lease.turn_id)
        if turn.status != "running":
            self._store.checkpoints.remove(lease.turn_id)
        return turn


class _Watch:
    """Renews a turn's lease, looks for requests to cancel it, and tells its events."""

    def __init__(self, store: LibraryStore, lease: Lease, on_event: OnEvent | None) -> None:
        self._store, self._lease, self._on_event = store, lease, on_event
        self._told = 0
        self._renewed = time.monotonic()

    def tell(self) -> None:
        if self._on_event is None:
            return
        for one in self._store.threads.events_after(self._lease.turn_id, self._told):
            self._told = one.number
            self._on_event(one)

    def look(self, context: RunContext) -> None:
        if context.seconds_left <= 0:
            context.stop("timeout")
        try:
            if self._store.turns.cancel_asked(self._lease.turn_id):
                context.stop("cancelled")
            if time.monotonic() - self._renewed > RENEW_SECONDS:
                self._renewed = time.monotonic()
                self._store.turns.renew(self._lease)
        except StoreError as error:
            # A server that is away for a moment: what the run itself stores will show whether it may go on.
            if not error.code.retryable:
                raise
            if error.code.name == "STALE_ATTEMPT":
                context.stop("cancelled")
