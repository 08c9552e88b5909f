"""One attempt at a turn: the graph in a thread of its own, its steps stored as they happen."""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Any, Self, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel, ValidationError, model_validator

from agents.chat.checkpoints import carry_over, checkpoints_in
from agents.chat.run_context import RunContext
from agents.chat.run_events import evidence_in, node_event, require_json, step_event
from stores.library_store import LibraryStore
from stores.threads.records import DraftClaim, Lease, NewEvent, Progress, TurnAnswer

Outcome = TurnAnswer | Exception
"""How an attempt ends."""

_METADATA = (
    "__metadata__"  # Source: langgraph.pregel._io.map_output_updates: beside an update that was not computed now
)

Graph = CompiledStateGraph[Any, Any, Any, Any]


class BadAnswerError(Exception):
    """The graph ended without an answer in the agreed form: a bug."""


class _Claim(BaseModel):
    text: str
    evidence_ids: list[str]
    basis: str = "words"
    sql: str = ""
    value: str = ""

    @model_validator(mode="after")
    def _proven(self) -> Self:
        # A count of nothing has no rows to cite; its query proves it.
        if not self.evidence_ids and not self.sql:
            raise ValueError("a claim without evidence")
        return self


class _Answer(BaseModel):
    text: str
    abstained: bool
    mode: str
    claims: list[_Claim] = []


class GraphRun:
    """What runs the graph for one attempt.

    Args:
        graph: compiled, without a checkpointer.
        steps: the graph's recursion limit.
    """

    def __init__(self, store: LibraryStore, graph: Graph, lease: Lease, context: RunContext, steps: int) -> None:
        self._store, self._graph, self._lease, self._context = store, graph, lease, context
        self._config: RunnableConfig = {"configurable": {"thread_id": lease.turn_id}, "recursion_limit": steps}

    def work(self, given: Mapping[str, Any], outbox: queue.SimpleQueue[Outcome | None]) -> None:
        """Runs the graph to its end; puts None after every stored step and finally how it ended."""
        outcome: Outcome
        try:
            outcome = self._run(given, outbox)
        except Exception as error:  # noqa: BLE001 - the thread that waits for it decides
            outcome = error
        outbox.put(outcome)

    def _run(self, given: Mapping[str, Any], outbox: queue.SimpleQueue[Outcome | None]) -> TurnAnswer:
        path = self._store.checkpoints.path(self._lease.turn_id, self._lease.attempt)
        earlier = self._store.checkpoints.earlier(self._lease.turn_id, self._lease.attempt)
        if earlier is not None:
            carry_over(earlier, path)
            self._store.checkpoints.remove_before(self._lease.turn_id, self._lease.attempt)
        with checkpoints_in(path) as saver:
            graph = self._graph.copy({"checkpointer": saver})
            for _ in self._steps(graph, self._rest(graph, saver, given)):
                outbox.put(None)
            return _answer_of(graph.get_state(self._config).values)

    def _rest(self, graph: Graph, saver: SqliteSaver, given: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What to give the graph: None if it goes on where an earlier attempt ended."""
        try:
            kept = graph.get_state(self._config)
            # `next` would not do: it leaves out a node that is done and whose step is not.
            if kept.tasks or "answer" in kept.values:
                return None
        except (sqlite3.Error, ValueError, KeyError, TypeError):
            pass
        # There is nothing, or it cannot be read or leads nowhere (a power cut, another version's graph).
        saver.delete_thread(self._lease.turn_id)
        return given

    def _steps(self, graph: Graph, given: Mapping[str, Any] | None) -> Iterator[None]:
        began = time.monotonic()
        self._context.check()
        # "sync": what a node found is on the disk before the next one begins.
        parts = cast(
            "Generator[Any, None, None]",
            graph.stream(
                given, self._config, context=self._context, stream_mode=["updates", "custom"], durability="sync"
            ),
        )
        # Closed, it waits for a node that still runs: what that leaves must find the checkpoints open.
        with closing(parts):
            for mode, part in parts:
                if mode == "custom":
                    self._store_step([step_event(part)], Progress(usage=self._context.usage))
                    yield
                else:
                    # What an earlier attempt kept of a node is told again without running it.
                    kept = bool((part.get(_METADATA) or {}).get("cached"))
                    for node, update in part.items():
                        if node != _METADATA:
                            known = kept and node == self._last_node()
                            self._after(node, update, None if known else time.monotonic() - began)
                            yield
                    began = time.monotonic()
                self._context.check()

    def _after(self, node: str, update: Any, seconds: float | None) -> None:
        require_json(node, update)
        alone = update.get("stand_alone") if isinstance(update, Mapping) else None
        progress = Progress(alone if isinstance(alone, str) else None, self._context.usage, evidence_in(update))
        self._store_step([] if seconds is None else [node_event(node, seconds)], progress)

    def _last_node(self) -> str:
        """The node whose end was stored last."""
        events = self._store.threads.events_after(self._lease.turn_id)
        return next((str(one.payload["node"]) for one in reversed(events) if one.kind == "node"), "")

    def _store_step(self, events: list[NewEvent], progress: Progress) -> None:
        if self._store.turns.append(self._lease, events, progress):
            self._context.stop("cancelled")


def _answer_of(values: Mapping[str, Any]) -> TurnAnswer:
    try:
        answer = _Answer.model_validate(values.get("answer"))
    except ValidationError as error:
        raise BadAnswerError(f"the graph ended without a proper answer: {error.error_count()} faults") from error
    claims = tuple(
        DraftClaim(one.text, tuple(one.evidence_ids), one.basis, one.sql, one.value) for one in answer.claims
    )
    return TurnAnswer(answer.text, answer.abstained, answer.mode, claims)
