"""A small graph with the nodes of a real one, whose nodes can be told to misbehave; and processes that run it.

``python -m tests.unit.agents.turn_graph die LIBRARY EVIDENCE POINT=THREAD …`` asks a question in each thread, in a
process of its own that kills itself without any warning at that point (`POINTS`); or goes on with one that was lost.
``then`` between them waits for the deaths of those before.
``python -m tests.unit.agents.turn_graph ask LIBRARY EVIDENCE TURNS THREAD …`` asks that many questions, in one thread
after the other.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from agents.chat.run_context import RunContext
from agents.chat.turns import TurnRunner
from stores.core.places import Places
from stores.library_store import LibraryStore
from stores.threads.records import Lease, NewEvent, Progress, Turn, TurnAnswer, Usage

NODES = ("contextualise", "understand", "plan", "act", "draft", "check", "conclude")

Inside = Callable[[str, "State", Runtime[RunContext]], None]


class State(TypedDict, total=False):
    thread_id: str
    turn_id: str
    question: str
    video_ids: list[str] | None
    history: dict[str, Any]
    stand_alone: str
    done: list[str]
    found: list[dict[str, Any]]
    answer: dict[str, Any]


def nothing(name: str, state: State, runtime: Runtime[RunContext]) -> None:
    """A node that behaves."""


def graph(evidence_ids: tuple[str, ...] = (), inside: Inside = nothing, after: Inside = nothing) -> Any:
    """Seven nodes in a row; the fourth reads the evidence, the last cites it.

    Args:
        inside: called in every node before it does its work; ``after``: when it is done.
    """
    builder = StateGraph(State)
    for name in NODES:
        builder.add_node(name, _node(name, evidence_ids, inside, after))
    for one, other in zip((START, *NODES), (*NODES, END), strict=True):
        builder.add_edge(one, other)
    return builder.compile()


def _node(name: str, evidence_ids: tuple[str, ...], inside: Inside, after: Inside) -> Any:
    def node(state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
        inside(name, state, runtime)
        update: dict[str, Any] = {"done": [*state.get("done", []), name]}
        if name == "contextualise":
            update["stand_alone"] = f"{state['question']} of {len(state['history']['turns'])}"
        if name == "act":
            runtime.context.check()
            runtime.context.spend(calls=1, tokens=100, cost=0.25)
            runtime.stream_writer({"tool": "read_text", "found": len(evidence_ids)})
            update["found"] = [{"tool": "read_text", "evidence_ids": list(evidence_ids)}]
        if name == "conclude":
            claims = [{"text": f"claim on {one}", "evidence_ids": [one], "basis": "quote"} for one in evidence_ids]
            text = " ".join(update["done"])
            update["answer"] = {"text": text, "abstained": not claims, "mode": "extractive", "claims": claims}
        after(name, state, runtime)
        return update

    return node


def die() -> None:
    """Ends this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def _nodes(name: str) -> Inside:
    return lambda node, state, runtime: die() if node == name else None


def _ask_and_die(library: str, evidence_id: str, point: str, thread_id: str) -> None:
    when, name = point.split("-")
    seven = graph((evidence_id,))
    with LibraryStore.open(Path(library)) as store:
        ledger = store.turns
        append, finish = ledger.append, ledger.finish

        def stored(lease: Lease, events: Sequence[NewEvent], progress: Progress | None = None) -> bool:
            asked = append(lease, events, progress)
            if events and events[0].payload.get("node") == name:
                die()
            return asked

        def finished(lease: Lease, answer: TurnAnswer, usage: Usage) -> Turn:
            if name == "unfinished":
                die()
            turn = finish(lease, answer, usage)
            die()
            return turn

        if when == "before":
            seven = graph((evidence_id,), inside=_nodes(name))
        elif when == "after":
            seven = graph((evidence_id,), after=_nodes(name))
        elif when == "stored":
            ledger.append = stored  # type: ignore[method-assign]
        else:
            ledger.finish = finished  # type: ignore[method-assign]
        runner = TurnRunner(store, seven)
        if not runner.recover(thread_id):
            runner.ask(thread_id, f"question {point}")


POINTS = (
    *(f"{when}-{name}" for name in NODES for when in ("before", "after", "stored")),
    "answer-unfinished",
    "answer-finished",
)
"""Before and after a node has done its work, after its event is stored, and around the storing of the answer."""


def main(what: str, library: str, evidence_id: str, *more: str) -> None:
    if what == "ask":
        places = Places(os.environ.get("KINODEX_TEST_DATABASE", ""))
        with LibraryStore.open(Path(library), places=places) as store:
            runner = TurnRunner(store, graph((evidence_id,)))
            for thread_id in more[1:]:
                for number in range(int(more[0])):
                    runner.ask(thread_id, f"question {number}", wait_seconds=120)
        return
    for some in " ".join(more).split(" then "):
        children = []
        for point, thread_id in (one.split("=") for one in some.split()):
            child = os.fork()
            if child == 0:
                _ask_and_die(library, evidence_id, point, thread_id)
                os._exit(3)
            children.append(child)
        codes = {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children}
        assert codes == {-signal.SIGKILL}, codes


if __name__ == "__main__":
    main(*sys.argv[1:])
