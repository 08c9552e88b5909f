"""Real processes, really killed: a turn is resumed or marked, never lost or answered twice; many may ask at once."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from langgraph.graph import END, START, StateGraph

from agents.chat.turns import TurnRunner
from stores.library_store import LibraryStore
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from tests.amount import full_only
from tests.unit.agents.turn_graph import NODES, POINTS, State, graph
from tests.unit.stores.builders import add_video, put, utterance

ABSTENTION = {"text": "No.", "abstained": True, "mode": "extractive", "claims": []}
MODULE = [sys.executable, "-m", "tests.unit.agents.turn_graph"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def evidence(store: LibraryStore) -> str:
    video_id = add_video(store)
    line = utterance(video_id, 0, "five euros")
    put(store, video_id, "speech", line)
    return line.evidence_id


def test_a_killed_run_goes_on_with_its_last_node(store: LibraryStore, evidence: str) -> None:
    threads = {point: store.threads.create(point).thread_id for point in POINTS}
    subprocess.run(
        [*MODULE, "die", str(store.root), evidence, *(f"{point}={thread}" for point, thread in threads.items())],
        check=True,
    )
    runner = TurnRunner(store, graph((evidence,)))
    left = {point: store.threads.turns(thread)[0] for point, thread in threads.items()}
    assert {point for point, turn in left.items() if turn.status != "running"} == {"answer-finished"}
    assert {turn.status for turn in runner.recover()} == {"done"}
    assert runner.recover() == []
    for point, thread in threads.items():
        (turn,) = store.threads.turns(thread)
        assert (turn.status, turn.answer) == ("done", " ".join(NODES)), point
        assert [claim.citations[0].evidence_id for claim in turn.claims] == [evidence], point
        assert turn.stand_alone == f"question {point} of 0"
        assert turn.usage.calls >= 1, point
        assert turn.attempt == (1 if point == "answer-finished" else 2)
        kinds = Counter(event.kind for event in store.threads.events_after(turn.turn_id))
        assert (kinds["begun"], kinds["answer"], kinds["ended"]) == (1, 1, 1), point
        nodes = Counter(
            event.payload["node"] for event in store.threads.events_after(turn.turn_id) if event.kind == "node"
        )
        # Killed after it was told, and perhaps before it was kept, a node may have been done and told again; no other.
        assert {name for name in NODES if nodes[name] > 1} <= {point.removeprefix("stored-")}, point
        assert set(nodes) == set(NODES), point
        assert max(nodes.values()) <= 2, point
    sweep(store)
    assert list((store.root / "checkpoints").iterdir()) == []
    assert verify(store).problems == ()


def test_a_run_that_is_killed_again_goes_on_again_and_not_for_ever(store: LibraryStore, evidence: str) -> None:
    once, always = store.threads.create().thread_id, store.threads.create().thread_id
    first = [f"before-plan={once}", f"before-act={always}", "then"]
    second = [f"before-check={once}", f"before-act={always}", "then", f"before-act={always}"]
    subprocess.run([*MODULE, "die", str(store.root), evidence, *first, *second], check=True)
    runner = TurnRunner(store, graph((evidence,)))
    assert {turn.status for turn in runner.recover()} == {"done", "interrupted"}
    (turn,), (poison,) = store.threads.turns(once), store.threads.turns(always)
    assert (turn.status, turn.attempt, turn.answer) == ("done", 3, " ".join(NODES))
    events = store.threads.events_after(turn.turn_id)
    assert [event.payload["node"] for event in events if event.kind == "node"] == list(NODES)
    assert [event.payload for event in events if event.kind == "resumed"] == [{"attempt": 2}, {"attempt": 3}]
    assert (poison.status, poison.error_code, poison.attempt) == ("interrupted", "WORKER_LOST", 3)
    assert list((store.root / "checkpoints").iterdir()) == []


def test_a_checkpoint_of_another_graph_is_begun_again(store: LibraryStore, evidence: str) -> None:
    thread = store.threads.create().thread_id
    subprocess.run([*MODULE, "die", str(store.root), evidence, f"before-act={thread}"], check=True)
    builder = StateGraph(State)
    builder.add_node("only", lambda state: {"answer": ABSTENTION})
    builder.add_edge(START, "only")
    builder.add_edge("only", END)
    (turn,) = TurnRunner(store, builder.compile()).recover()
    assert (turn.status, turn.answer, turn.abstained) == ("done", "No.", True)


def test_a_question_after_a_kill_marks_the_lost_turn(store: LibraryStore, evidence: str) -> None:
    thread = store.threads.create().thread_id
    subprocess.run([*MODULE, "die", str(store.root), evidence, f"before-draft={thread}"], check=True)
    turn = TurnRunner(store, graph((evidence,))).ask(thread, "again")
    lost, fresh = store.threads.turns(thread)
    assert (lost.status, lost.error_code, lost.answer, lost.claims) == ("interrupted", "WORKER_LOST", "", ())
    assert (fresh, fresh.status) == (turn, "done")
    assert TurnRunner(store, graph()).recover() == []
    assert list((store.root / "checkpoints").iterdir()) == []


def ask_at_once(store: LibraryStore, evidence: str, turns: int, *threads: tuple[str, ...]) -> None:
    asking = [
        subprocess.Popen([*MODULE, "ask", str(store.root), evidence, str(turns), *some], stderr=subprocess.PIPE)
        for some in threads
    ]
    for process in asking:
        _, complaint = process.communicate(timeout=600)
        assert process.returncode == 0, complaint.decode()


@pytest.mark.parametrize(
    "turns", [pytest.param(3, id="3 turns"), pytest.param(50, id="50 turns", marks=[pytest.mark.slow, full_only])]
)
def test_four_processes_ask_at_once(store: LibraryStore, evidence: str, turns: int) -> None:
    """Each in a thread of its own and, half of the time, all in the same one."""
    own = [store.threads.create().thread_id for _ in range(4)]
    shared = store.threads.create().thread_id
    ask_at_once(
        store, evidence, turns, *((one, shared) if number < 2 else (shared, one) for number, one in enumerate(own))
    )
    for thread, expected in (*((one, turns) for one in own), (shared, 4 * turns)):
        asked = store.threads.turns(thread)
        assert [turn.ordinal for turn in asked] == list(range(1, expected + 1))
        assert {(turn.status, turn.attempt, len(turn.claims)) for turn in asked} == {("done", 1, 1)}
        # One after the other: no turn began before the one before it ended.
        assert all(one.finished_at <= two.started_at for one, two in itertools.pairwise(asked) if one.finished_at)
    assert verify(store).problems == ()
    assert list((store.root / "checkpoints").iterdir()) == []


def test_fifty_turns_leave_less_than_two_megabytes(tmp_path: Path) -> None:
    def size(root: Path) -> int:
        return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())

    root = tmp_path / "library"
    with LibraryStore.open(root, create=True) as store:
        video_id = add_video(store)
        lines = [utterance(video_id, 12_800 * number, f"{'word ' * 20}{number}") for number in range(8)]
        put(store, video_id, "speech", *lines)
    before = size(root)
    with LibraryStore.open(root) as store:
        thread = store.threads.create()
        runner = TurnRunner(store, graph(tuple(line.evidence_id for line in lines)))
        for number in range(50):
            runner.ask(thread.thread_id, f"{'a long question ' * 8}{number}")
        assert list((root / "checkpoints").iterdir()) == []
        assert size(root) - before < 2_000_000, "also while the library is open"
    assert size(root) - before < 2_000_000
