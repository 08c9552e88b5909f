"""Two processes, a clock and any order of events: a thread has one running turn, and a turn one writer."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from stores.core.errors import KinodexError
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.verify import verify
from stores.threads.records import REMOVED, DraftClaim, Lease, NewEvent, Progress, Turn, TurnAnswer, Usage
from stores.threads.turn_ledger import LEASE_SECONDS, MAX_ATTEMPTS, TurnLedger
from tests.unit.stores.test_threads import spoken

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
OWNERS = st.sampled_from(["one", "two"])


@dataclass
class Model:
    """What a turn must look like."""

    thread: str
    status: str = "running"
    attempt: int = 1
    until: float = 0.0
    asked: bool = False
    answer: str = ""
    read: bool = False
    before: int = 0  # events that are no longer there
    events: list[str] = field(default_factory=lambda: ["begun"])


class Conversations(RuleBasedStateMachine):
    threads: Bundle[str] = Bundle("threads")
    leases: Bundle[Lease] = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.store = LibraryStore.open(Path(self.folder.name) / "library", create=True)
        self.now = 1_000.0
        self.ledgers = {name: TurnLedger(self.store.engine, None, lambda: self.now, name) for name in ("one", "two")}
        self.turns: dict[str, Model] = {}
        self.began: dict[str, int] = {}
        self.video, self.ids = spoken(self.store, "a.mp4", "hello")
        self.forgotten = False

    def teardown(self) -> None:
        assert [one for one in verify(self.store).problems if one.kind != "orphan"] == []
        self.store.close()
        self.folder.cleanup()

    def running(self, thread: str) -> list[Model]:
        return [turn for turn in self.turns.values() if turn.thread == thread and turn.status == "running"]

    def give_up(self, turn: Model) -> None:
        turn.status = "cancelled" if turn.asked else "interrupted"
        turn.events.append("ended")

    @rule(target=threads)
    def create(self) -> str:
        thread = self.store.threads.create().thread_id
        self.began[thread] = 0
        return thread

    @rule(target=leases, thread=threads, owner=OWNERS)
    def begin(self, thread: str, owner: str) -> Lease:
        busy = self.running(thread)
        if thread in self.began and busy and busy[0].until > self.now:
            with pytest.raises(KinodexError, match="THREAD_BUSY"):
                self.ledgers[owner].begin(thread, "?")
            return Lease("trn_none", thread, 1)
        if thread not in self.began:
            with pytest.raises(KinodexError, match="UNKNOWN_THREAD"):
                self.ledgers[owner].begin(thread, "?")
            return Lease("trn_none", thread, 1)
        for turn in busy:
            self.give_up(turn)
        lease = self.ledgers[owner].begin(thread, "?")
        self.turns[lease.turn_id] = Model(thread, until=self.now + LEASE_SECONDS)
        self.began[thread] += 1
        assert self.store.threads.turn(lease.turn_id).ordinal == self.began[thread]
        return lease

    def held(self, lease: Lease) -> Model | None:
        turn = self.turns.get(lease.turn_id)
        return turn if turn is not None and turn.status == "running" and turn.attempt == lease.attempt else None

    @rule(lease=leases, owner=OWNERS, events=st.integers(0, 3), read=st.booleans())
    def append(self, lease: Lease, owner: str, events: int, read: bool) -> None:
        turn = self.held(lease)
        new, progress = [NewEvent("step")] * events, Progress(evidence_ids=self.ids if read else ())
        if turn is None:
            with pytest.raises(KinodexError, match="STALE_ATTEMPT"):
                self.ledgers[owner].append(lease, new, progress)
            return
        assert self.ledgers[owner].append(lease, new, progress) == turn.asked
        turn.until = self.now + LEASE_SECONDS
        turn.events += ["step"] * events
        turn.read |= read and not self.forgotten

    @rule(lease=leases, owner=OWNERS, cites=st.booleans())
    def finish(self, lease: Lease, owner: str, cites: bool) -> None:
        turn = self.held(lease)
        claims = (DraftClaim("hello", self.ids),) if cites else ()
        answer = TurnAnswer(f"answer {lease.turn_id}", not cites, "extractive", claims)
        if turn is None or (cites and self.forgotten):
            with pytest.raises(KinodexError, match="STALE_ATTEMPT" if turn is None else "EVIDENCE_GONE"):
                self.ledgers[owner].finish(lease, answer, Usage())
            return
        self.ledgers[owner].finish(lease, answer, Usage())
        turn.status, turn.answer = "done", answer.text
        turn.read |= cites
        turn.events += ["answer", "ended"]

    @rule(lease=leases, owner=OWNERS, cancel=st.booleans())
    def end(self, lease: Lease, owner: str, cancel: bool) -> None:
        turn = self.held(lease)
        ledger = self.ledgers[owner]

        def ended() -> Turn:
            return ledger.cancelled(lease, Usage()) if cancel else ledger.fail(lease, "INTERNAL", "x", Usage())

        if turn is None:
            with pytest.raises(KinodexError, match="STALE_ATTEMPT"):
                ended()
            return
        turn.status = ended().status
        assert turn.status == ("cancelled" if cancel else "failed")
        turn.events.append("ended")

    @rule(lease=leases, owner=OWNERS)
    def ask_to_cancel(self, lease: Lease, owner: str) -> None:
        turn = self.turns.get(lease.turn_id)
        runs = turn is not None and turn.status == "running"
        assert self.ledgers[owner].ask_to_cancel(lease.turn_id) == runs
        if turn is not None and runs:
            turn.asked = True
            if turn.until <= self.now:
                self.give_up(turn)

    @rule(target=leases, lease=leases, owner=OWNERS)
    def take_over(self, lease: Lease, owner: str) -> Lease:
        turn = self.turns.get(lease.turn_id)
        again = self.ledgers[owner].take_over(lease.turn_id)
        if turn is None or turn.status != "running" or turn.until > self.now:
            assert again is None
            return lease
        if turn.asked or turn.attempt >= MAX_ATTEMPTS:
            assert again is None
            self.give_up(turn)
            return lease
        turn.attempt += 1
        turn.until = self.now + LEASE_SECONDS
        turn.events.append("resumed")
        assert again == Lease(lease.turn_id, turn.thread, turn.attempt)
        return again

    @rule(seconds=st.sampled_from([1.0, LEASE_SECONDS / 2, LEASE_SECONDS]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(thread=consumes(threads))
    def delete(self, thread: str) -> None:
        self.store.threads.delete(thread)
        del self.began[thread]
        self.turns = {turn_id: turn for turn_id, turn in self.turns.items() if turn.thread != thread}

    @invariant()
    def the_store_agrees(self) -> None:
        for thread, began in self.began.items():
            stored = self.store.threads.turns(thread)
            assert [turn.ordinal for turn in stored] == list(range(1, began + 1))
            assert sum(turn.status == "running" for turn in stored) <= 1
            for turn in stored:
                model = self.turns[turn.turn_id]
                assert (turn.status, turn.attempt, turn.answer) == (model.status, model.attempt, model.answer)
                events = self.store.threads.events_after(turn.turn_id)
                assert [event.number for event in events] == list(range(model.before + 1, turn.events + 1))
                assert [event.kind for event in events] == model.events

    @precondition(lambda self: not self.forgotten)
    @rule()
    def forget(self) -> None:
        """To whoever forgets, the clock of the machine says that every lease has ended."""
        forget(self.store, [self.video])
        self.forgotten = True
        read = {turn.thread: number for number, turn in reversed(list(enumerate(self.turns.values()))) if turn.read}
        for number, turn in enumerate(self.turns.values()):
            if number >= read.get(turn.thread, number + 1):
                turn.before += len(turn.events)
                turn.events = ["removed"]
            if turn.status == "running":
                turn.status = "interrupted"
                turn.events.append("ended")
            if turn.read and turn.answer:
                turn.answer = REMOVED


Conversations.TestCase.settings = settings(
    max_examples=300 if os.environ.get("KINODEX_CHAOS") == "full" else 15,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestConversations = Conversations.TestCase
