"""The real graph without a model: killed at every node, asked by several processes, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.chat.graph import NODES
from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from stores.maintenance.verify import verify
from tests.unit.agents.chat.killed_graph import POINTS, QUESTIONS, runner
from tests.unit.agents.small_library import add_video

MODULE = [sys.executable, "-m", "tests.unit.agents.chat.killed_graph"]


@pytest.fixture
def store(tmp_path: Path, encoders: Encoders) -> Iterator[LibraryStore]:
    said = ("The dough must rest for two hours.", "The oven must be at 250 degrees.")
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        add_video(opened, encoders, tmp_path / "pizza.mp4", "imagenet:963", said)
        yield opened


@pytest.mark.slow
def test_a_run_of_the_real_graph_that_is_killed_goes_on(store: LibraryStore, encoders: Encoders) -> None:
    threads = {point: store.threads.create(point).thread_id for point in POINTS}
    asked = [f"{point}={thread}" for point, thread in threads.items()]
    subprocess.run([*MODULE, "die", str(store.root), *asked], check=True, timeout=900)
    assert {store.threads.turns(thread)[0].status for thread in threads.values()} == {"running"}
    alive = runner(store, encoders)
    assert {turn.status for turn in alive.recover()} == {"done"}
    assert alive.recover() == []
    expected = alive.ask(store.threads.create().thread_id, QUESTIONS[0])
    assert "two hours" in expected.answer
    for point, thread in threads.items():
        (turn,) = store.threads.turns(thread)
        assert (turn.status, turn.answer, turn.attempt) == ("done", expected.answer, 2), point
        assert [one.citations[0].evidence_id for one in turn.claims] == ["utt_pizza_0"], point
        events = store.threads.events_after(turn.turn_id)
        kinds = Counter(event.kind for event in events)
        assert (kinds["begun"], kinds["answer"], kinds["ended"]) == (1, 1, 1), point
        assert {event.payload["node"] for event in events if event.kind == "node"} == set(NODES), point
    assert list((store.root / "checkpoints").iterdir()) == []
    assert verify(store).problems == ()


@pytest.mark.slow
def test_four_processes_ask_the_real_graph_at_once(store: LibraryStore) -> None:
    own, shared = [store.threads.create().thread_id for _ in range(2)], store.threads.create().thread_id
    asking = [
        subprocess.Popen([*MODULE, "ask", str(store.root), "3", thread], stderr=subprocess.PIPE)
        for thread in (*own, shared, shared)
    ]
    for process in asking:
        _, complaint = process.communicate(timeout=900)
        assert process.returncode == 0, complaint.decode()
    for thread, turns in ((own[0], 3), (own[1], 3), (shared, 6)):
        asked = store.threads.turns(thread)
        assert [turn.ordinal for turn in asked] == list(range(1, turns + 1))
        assert {(turn.status, turn.attempt) for turn in asked} == {("done", 1)}
    assert verify(store).problems == ()


def test_fifty_turns_of_the_real_graph_leave_less_than_two_megabytes(store: LibraryStore, encoders: Encoders) -> None:
    def size() -> int:
        return sum(path.stat().st_size for path in store.root.rglob("*") if path.is_file())

    alive, thread = runner(store, encoders), store.threads.create().thread_id
    before = size()
    turns = [alive.ask(thread, QUESTIONS[number % len(QUESTIONS)]) for number in range(50)]
    assert {turn.status for turn in turns} == {"done"}
    assert size() - before < 2_000_000
    assert list((store.root / "checkpoints").iterdir()) == []
