"""A small graph with the nodes of a real one, whose nodes can be told to misbehave; and a process that runs it.

``python -m tests.unit.agents.turn_graph LIBRARY THREAD QUESTION`` runs one turn of a graph whose node named in
``DIE_IN`` kills its own process without any warning: ``before`` or ``after`` it has done its work (``DIE_WHEN``).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from agents.chat.run_context import RunContext
from agents.chat.turns import TurnRunner
from stores.library_store import LibraryStore

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


def kill(which: str, when: str) -> Mapping[str, Inside]:
    """SIGKILL for this process in node ``which``, ``when`` ("before" or "after") it has done its work."""

    def die(name: str, state: State, runtime: Runtime[RunContext]) -> None:
        if name == which:
            os.kill(os.getpid(), signal.SIGKILL)

    return {"inside" if when == "before" else "after": die}


def main(library: str, thread_id: str, question: str, *evidence_ids: str) -> None:
    died = kill(os.environ.get("DIE_IN", ""), os.environ.get("DIE_WHEN", "before"))
    with LibraryStore.open(Path(library)) as store:
        TurnRunner(store, graph(evidence_ids, **died)).ask(thread_id, question)


if __name__ == "__main__":
    main(*sys.argv[1:])
