"""The real graph in processes that kill themselves, and in several at once.

``python -m tests.unit.agents.chat.killed_graph die LIBRARY POINT=THREAD …``: one process asks the thread's question for
each point and dies there. ``… ask LIBRARY TURNS THREAD``: asks that many questions.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from agents.chat.graph import NODES, ChatGraph
from agents.chat.turns import TurnRunner
from agents.search.finder import Finder
from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from tests.unit.agents.turn_graph import die

QUESTIONS = ("How long must the dough rest?", "How hot must the oven be?", "Is there a pizza?", "烤箱要多热？", "Hello")

POINTS = tuple(f"{when}-{name}" for name in NODES for when in ("before", "after"))


class Dying(ChatGraph):
    """A graph one of whose nodes kills the process before or after its work."""

    def __init__(self, store: LibraryStore, encoders: Encoders, point: str = "") -> None:
        super().__init__(store, encoders, Finder(store, encoders))
        when, _, name = point.partition("-")
        work = getattr(self, f"_{name}", None)

        def node(state, runtime):  # type: ignore[no-untyped-def]
            if when == "before":
                die()
            work(state, runtime) if name not in ("understand", "conclude") else work(state)
            die()

        if work is not None:
            setattr(self, f"_{name}", node)


def runner(store: LibraryStore, encoders: Encoders, point: str = "") -> TurnRunner:
    """What runs its turns."""
    return TurnRunner(store, Dying(store, encoders, point).build().compile())


def main(what: str, library: str, *more: str) -> None:
    if what == "ask":
        with Encoders.open() as encoders, LibraryStore.open(Path(library)) as store:
            asking = runner(store, encoders)
            for number in range(int(more[0])):
                asking.ask(more[1], QUESTIONS[number % len(QUESTIONS)], wait_seconds=300)
        return
    children = []
    for point, thread_id in (one.split("=") for one in more):
        child = os.fork()
        if child == 0:
            with Encoders.open() as encoders, LibraryStore.open(Path(library)) as store:
                runner(store, encoders, point).ask(thread_id, QUESTIONS[0])
            os._exit(3)
        children.append(child)
        # One after the other: each loads its models.
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9, point


if __name__ == "__main__":
    main(*sys.argv[1:])
