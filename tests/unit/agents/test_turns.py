"""A turn of a conversation: its steps are told as they happen, its claims only at the end; it can be stopped."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.runtime import Runtime

from agents.chat import turns as turns_module
from agents.chat.checkpoints import checkpoints_in
from agents.chat.history import history_of
from agents.chat.run_context import RunContext
from agents.chat.run_events import step_event
from agents.chat.turns import TurnLimits, TurnRunner
from stores.core.errors import KinodexError, StoreError, UsageError
from stores.core.records import Span
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from stores.threads.records import LARGEST_PAYLOAD, RunEvent, ThreadCitation, ThreadClaim, Turn, TurnAnswer, Usage
from stores.threads.turn_ledger import LEASE_SECONDS, TurnLedger
from tests.unit.agents.turn_graph import NODES, State, graph
from tests.unit.stores.builders import add_video, put, utterance


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def said(store: LibraryStore) -> tuple[str, ...]:
    video_id = add_video(store)
    lines = [utterance(video_id, 12_800 * number, text) for number, text in enumerate(("five euros", "no more"))]
    put(store, video_id, "speech", *lines)
    return tuple(line.evidence_id for line in lines)


def checkpoints(store: LibraryStore) -> list[str]:
    folder = store.root / "checkpoints"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_steps_are_told_as_they_happen_and_claims_at_the_end(store: LibraryStore, said: tuple[str, ...]) -> None:
    told: list[tuple[RunEvent, int]] = []
    thread = store.threads.create()

    def on_event(event: RunEvent) -> None:
        told.append((event, len(store.threads.turn(event.turn_id).claims)))

    turn = TurnRunner(store, graph(said)).ask(thread.thread_id, "how much?", on_event)
    assert (turn.status, turn.answer, turn.stand_alone) == ("done", " ".join(NODES), "how much? of 0")
    assert [claim.citations[0].quote for claim in turn.claims] == ["five euros", "no more"]
    assert (turn.usage.calls, turn.usage.tokens, turn.usage.cost) == (1, 100, 0.25)
    assert turn.usage.seconds > 0
    events = [event for event, _ in told]
    assert events == store.threads.events_after(turn.turn_id)
    assert [event.payload["node"] for event in events if event.kind == "node"] == list(NODES)
    assert [event.kind for event in events if event.kind != "node"] == ["begun", "step", "answer", "ended"]
    assert next(event for event in events if event.kind == "step").payload == {"tool": "read_text", "found": 2}
    assert all(not claims for event, claims in told if event.kind in ("begun", "step"))
    assert checkpoints(store) == []
    assert verify(store).problems == ()


def test_the_next_turn_knows_the_last_ones(store: LibraryStore, said: tuple[str, ...]) -> None:
    given: list[dict[str, Any]] = []

    def inside(name: str, state: State, runtime: Runtime[RunContext]) -> None:
        if name == NODES[0]:
            given.append(dict(state))

    thread = store.threads.create("", ["vid_1"])
    runner = TurnRunner(store, graph(said, inside))
    for number in range(20):
        runner.ask(thread.thread_id, f"question {number}")
    assert given[0]["history"] == {"turns": [], "earlier": {"count": 0, "questions": [], "videos": []}}
    assert given[0]["video_ids"] == ["vid_1"]
    last = given[-1]["history"]
    assert [turn["question"] for turn in last["turns"]] == [f"question {number}" for number in range(15, 19)]
    assert last["turns"][-1]["cited"][0]["evidence_id"] == said[0]
    assert (last["turns"][-1]["cited"][1]["start"], last["turns"][-1]["cited"][1]["end"]) == (1.0, 2.0)
    assert last["earlier"]["count"] == 15
    assert len(last["earlier"]["questions"]) == 12
    assert last["earlier"]["videos"] == last["turns"][-1]["videos"]


def test_a_turn_is_cancelled_from_elsewhere_between_nodes(store: LibraryStore) -> None:
    started = threading.Event()

    def inside(name: str, state: State, runtime: Runtime[RunContext]) -> None:
        if name == "plan":
            started.set()
            while True:
                runtime.context.check()
                time.sleep(0.01)

    runner = TurnRunner(store, graph((), inside))
    lease = runner.begin(store.threads.create().thread_id, "?")
    canceller = threading.Thread(target=lambda: started.wait() and TurnRunner(store, graph()).cancel(lease.turn_id))
    canceller.start()
    turn = runner.run(lease)
    canceller.join()
    assert (turn.status, turn.claims, turn.answer) == ("cancelled", (), "")
    assert store.threads.events_after(turn.turn_id)[-1].payload == {"status": "cancelled"}
    assert checkpoints(store) == []
    assert TurnRunner(store, graph()).ask(lease.thread_id, "now?").status == "done"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "GRACE_SECONDS", 0.2)


@pytest.mark.usefixtures("hasty")
def test_a_node_that_never_ends_is_left_alone_when_the_time_is_up(store: LibraryStore) -> None:
    forever = threading.Event()
    late: list[str] = []

    def inside(name: str, state: State, runtime: Runtime[RunContext]) -> None:
        late.append(name)
        if name == "act":
            forever.wait()

    runner = TurnRunner(store, graph((), inside), TurnLimits(seconds=0.3))
    turn = runner.ask(store.threads.create().thread_id, "?")
    assert (turn.status, turn.error_code) == ("failed", "TURN_TIMEOUT")
    assert "0.3 seconds" in turn.error_message
    forever.set()
    deadline = time.monotonic() + 10
    while any(one.name == f"turn {turn.turn_id}" for one in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert late == ["contextualise", "understand", "plan", "act"]
    assert store.threads.turn(turn.turn_id) == turn
    assert verify(store).problems == ()


def raising(error: Exception) -> Any:
    def inside(name: str, state: State, runtime: Runtime[RunContext]) -> None:
        if name == "act":
            raise error

    return graph((), inside)


def test_what_a_node_raises_ends_the_turn(store: LibraryStore) -> None:
    thread = store.threads.create()
    failed = TurnRunner(store, raising(KinodexError("ENDPOINT_UNREACHABLE", "It is away."))).ask(thread.thread_id, "?")
    assert (failed.status, failed.error_code) == ("failed", "ENDPOINT_UNREACHABLE")
    with pytest.raises(ZeroDivisionError):
        TurnRunner(store, raising(ZeroDivisionError("secret"))).ask(thread.thread_id, "?")
    last = store.threads.turns(thread.thread_id)[-1]
    assert (last.status, last.error_code, last.error_message) == ("failed", "INTERNAL", "ZeroDivisionError")
    assert checkpoints(store) == []


def test_the_graph_may_not_run_in_circles(store: LibraryStore) -> None:
    thread = store.threads.create()
    with pytest.raises(Exception, match="Recursion limit of 3"):
        TurnRunner(store, graph(), TurnLimits(steps=3)).ask(thread.thread_id, "?")
    assert store.threads.turns(thread.thread_id)[0].status == "failed"


@pytest.mark.parametrize("left", [{"done": [object()]}, {"done": [float("nan")]}])
def test_a_state_that_is_no_json_is_refused(store: LibraryStore, left: dict[str, Any]) -> None:
    from langgraph.graph import END, START, StateGraph

    builder = StateGraph(State)
    builder.add_node("plan", lambda state: left)
    builder.add_edge(START, "plan")
    builder.add_edge("plan", END)
    thread = store.threads.create()
    with pytest.raises((TypeError, ValueError)):
        TurnRunner(store, builder.compile()).ask(thread.thread_id, "?")
    assert store.threads.turns(thread.thread_id)[0].status == "failed"


def test_a_claim_on_evidence_that_is_gone_is_not_stored(store: LibraryStore) -> None:
    turn = TurnRunner(store, graph(("utt_gone",))).ask(store.threads.create().thread_id, "?")
    assert (turn.status, turn.error_code, turn.claims, turn.answer) == ("failed", "EVIDENCE_GONE", (), "")


def test_an_interrupt_cancels_the_turn(store: LibraryStore) -> None:
    def on_event(event: RunEvent) -> NoReturn:
        raise KeyboardInterrupt

    thread = store.threads.create()
    with pytest.raises(KeyboardInterrupt):
        TurnRunner(store, graph()).ask(thread.thread_id, "?", on_event)
    assert store.threads.turns(thread.thread_id)[0].status == "cancelled"
    assert checkpoints(store) == []


def test_a_turn_that_was_taken_over_is_not_answered_twice(store: LibraryStore, said: tuple[str, ...]) -> None:
    """As if the machine had slept: the lease ends in the middle, and another process answers meanwhile."""

    def inside(name: str, state: State, runtime: Runtime[RunContext]) -> None:
        if name == "draft":
            other = TurnLedger(store.engine, None, lambda: time.time() + LEASE_SECONDS + 1, "another")
            again = other.take_over(state["turn_id"])
            assert again is not None
            other.finish(again, TurnAnswer("of the other", True, "extractive"), Usage())

    turn = TurnRunner(store, graph(said, inside)).ask(store.threads.create().thread_id, "?")
    assert (turn.status, turn.answer, turn.claims) == ("done", "of the other", ())
    assert [event.kind for event in store.threads.events_after(turn.turn_id)].count("answer") == 1
    assert checkpoints(store) == []


def test_a_video_that_is_forgotten_while_it_is_asked_about(store: LibraryStore, said: tuple[str, ...]) -> None:
    (video_id,) = [entry.video_id for entry in store.catalog.videos()]

    def inside(name: str, state: State, runtime: Runtime[RunContext]) -> None:
        if name == "draft":
            forget(store, [video_id])

    turn = TurnRunner(store, graph(said, inside)).ask(store.threads.create().thread_id, "?")
    assert (turn.status, turn.error_code, turn.claims, turn.answer) == ("interrupted", "EVIDENCE_GONE", (), "")
    assert [event.kind for event in store.threads.events_after(turn.turn_id)] == ["removed", "ended"]
    assert checkpoints(store) == []
    assert verify(store).problems == ()


def test_a_deleted_thread_ends_its_run(store: LibraryStore) -> None:
    def inside(name: str, state: State, runtime: Runtime[RunContext]) -> None:
        if name == "plan":
            store.threads.delete(state["thread_id"])

    with pytest.raises(UsageError):
        TurnRunner(store, graph((), inside)).ask(store.threads.create().thread_id, "?")
    sweep(store)
    assert checkpoints(store) == []


def test_two_questions_at_once_do_not_mix(store: LibraryStore) -> None:
    thread = store.threads.create()
    go = threading.Event()

    def inside(name: str, state: State, runtime: Runtime[RunContext]) -> None:
        assert go.wait(20)

    first = TurnRunner(store, graph((), inside))
    lease = first.begin(thread.thread_id, "first")
    running = threading.Thread(target=first.run, args=(lease,))
    running.start()
    with pytest.raises(StoreError) as caught:
        TurnRunner(store, graph()).ask(thread.thread_id, "second")
    assert caught.value.code.name == "THREAD_BUSY"
    threading.Timer(0.3, go.set).start()
    assert TurnRunner(store, graph()).ask(thread.thread_id, "third", wait_seconds=20).status == "done"
    running.join()
    assert [(turn.question, turn.status) for turn in store.threads.turns(thread.thread_id)] == [
        ("first", "done"),
        ("third", "done"),
    ]


def test_checkpoints_of_turns_that_are_over_are_found_and_swept(store: LibraryStore) -> None:
    lease = store.turns.begin(store.threads.create().thread_id, "?")
    with checkpoints_in(store.checkpoints.path(lease.turn_id, 1)):
        assert verify(store).problems == ()
    store.turns.cancelled(lease, Usage())
    store.checkpoints.path("trn_other", 2).write_bytes(b"x" * 1000)
    assert {problem.code for problem in verify(store).problems} == {"CHECKPOINT_ORPHAN"}
    assert sweep(store, dry_run=True).bytes > 1000
    sweep(store)
    assert (verify(store).problems, checkpoints(store)) == ((), [])


def test_a_checkpoint_cannot_bring_objects_to_life(tmp_path: Path) -> None:
    with checkpoints_in(tmp_path / "c") as saver:
        kind, data = saver.serde.dumps_typed({"spent": Usage(1)})
        assert not isinstance(saver.serde.loads_typed((kind, data))["spent"], Usage)


def test_steps_are_cut_to_a_line() -> None:
    long = step_event({"text": "x" * 5_000, "found": list(range(100)), "deep": {"a": {"b": {"c": [1]}}}})
    assert len(str(dict(long.payload))) < LARGEST_PAYLOAD
    assert step_event("hello").payload == {"note": "hello"}
    huge = step_event({"found": [{str(key): "y" * 300 for key in range(12)}] * 12, "tool": "read"})
    assert huge.payload == {"tool": "read", "cut": True}
    assert step_event({"score": float("inf")}).payload == {"score": "inf"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=30),
    max_leaves=200,
)


@given(JSON)
def test_any_step_fits(told: object) -> None:
    event = step_event(told)
    assert json.loads(json.dumps(event.payload)) == event.payload


@given(st.integers(0, 40), st.text(max_size=3_000), st.integers(0, 60))
@settings(max_examples=20)
def test_what_a_turn_is_told_of_the_ones_before_is_bounded(turns: int, words: str, cited: int) -> None:
    citation = ThreadCitation("utt_1", "vid_1", Span(0, 9, Fraction(1, 3)), "speech", words)
    claims = (ThreadClaim(words, (citation,) * cited),)
    told = history_of([a_turn(number, words, claims) for number in range(1, turns + 1)])
    assert len(json.dumps(told, ensure_ascii=True)) < 60_000
    assert told["earlier"]["count"] + len(told["turns"]) == turns


def a_turn(ordinal: int, words: str, claims: tuple[ThreadClaim, ...]) -> Turn:
    return Turn(
        turn_id=f"trn_{ordinal}",
        thread_id="thr_1",
        ordinal=ordinal,
        question=words,
        stand_alone=words,
        status="done",
        answer=words,
        abstained=False,
        removed=False,
        mode="extractive",
        claims=claims,
        usage=Usage(),
        error_code="",
        error_message="",
        attempt=1,
        events=1,
        started_at=0.0,
        finished_at=1.0,
    )


def test_a_damaged_checkpoint_is_begun_again(store: LibraryStore, said: tuple[str, ...]) -> None:
    lease = store.turns.begin(store.threads.create().thread_id, "?")
    store.checkpoints.path(lease.turn_id, 1).write_bytes(b"no database" * 1000)
    again = TurnLedger(store.engine, None, lambda: time.time() + LEASE_SECONDS + 1).take_over(lease.turn_id)
    assert again is not None
    turn = TurnRunner(store, graph(said)).run(again)
    assert (turn.status, turn.attempt, turn.answer) == ("done", 2, " ".join(NODES))
