"""Conversations: what is written is what is read; a turn has one writer, and whoever lost it can write no more."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from stores.core.errors import KinodexError
from stores.core.owners import certainly_dead, this_process
from stores.library_store import LibraryStore
from stores.maintenance.verify import verify
from stores.threads.records import (
    LARGEST_PAYLOAD,
    MOST_EVENTS,
    DraftClaim,
    NewEvent,
    Progress,
    TurnAnswer,
    Usage,
)
from stores.threads.turn_ledger import LEASE_SECONDS, LONGEST_QUESTION, MAX_ATTEMPTS, TurnLedger
from tests.unit.stores.builders import add_video, put, span, utterance

SPENT = Usage(2, 500, 1.5, 0.01)


def code(do: Callable[[], object]) -> str:
    with pytest.raises(KinodexError) as caught:
        do()
    return caught.value.code.name


def spoken(store: LibraryStore, name: str, *texts: str) -> tuple[str, tuple[str, ...]]:
    video_id = add_video(store, name)
    lines = [utterance(video_id, 12_800 * number, text) for number, text in enumerate(texts)]
    put(store, video_id, "speech", *lines)
    return video_id, tuple(line.evidence_id for line in lines)


def answered(store: LibraryStore, thread_id: str, *claims: DraftClaim, question: str = "what?") -> str:
    lease = store.turns.begin(thread_id, question)
    store.turns.append(lease, [], Progress(f"{question} (alone)"))
    text = " ".join(claim.text for claim in claims)
    store.turns.finish(lease, TurnAnswer(text, not claims, "extractive", claims), SPENT)
    return lease.turn_id


def test_a_thread_and_its_turns_are_read_as_they_were_written(store: LibraryStore) -> None:
    video_id, ids = spoken(store, "a.mp4", "the price is five", "and that is all")
    thread = store.threads.create("  Prices \n of things", [video_id, video_id])
    assert thread.title == "Prices of things"
    assert thread.video_ids == (video_id,)
    lease = store.turns.begin(thread.thread_id, "how much\0?")
    assert not store.turns.append(lease, [NewEvent("step", {"tool": "read"})], Progress("how much is it?", SPENT, ids))
    claims = (DraftClaim("It costs five.", (ids[0], ids[0], ids[1]), "quote"), DraftClaim("None.", (), sql="SELECT 1"))
    turn = store.turns.finish(lease, TurnAnswer("It costs five.", False, "extractive", claims), SPENT)
    assert turn == store.threads.turn(lease.turn_id) == store.threads.turns(thread.thread_id)[0]
    assert (turn.question, turn.stand_alone) == ("how much\N{REPLACEMENT CHARACTER}?", "how much is it?")
    assert (turn.status, turn.ordinal, turn.answer, turn.usage) == ("done", 1, "It costs five.", SPENT)
    first, second = turn.claims
    assert [one.evidence_id for one in first.citations] == list(ids)
    assert first.citations[0].span == span(0, 12_800)
    assert (first.citations[1].quote, first.citations[1].video_id) == ("and that is all", video_id)
    assert (second.sql, second.citations) == ("SELECT 1", ())
    events = store.threads.events_after(lease.turn_id)
    assert [(one.number, one.kind) for one in events] == [(1, "begun"), (2, "step"), (3, "answer"), (4, "ended")]
    assert store.threads.events_after(lease.turn_id, 2) == events[2:]
    assert store.threads.events_after(lease.turn_id, 0, 1) == events[:1]
    assert store.threads.get(thread.thread_id).turns == 1
    assert verify(store).problems == ()


def test_threads_are_listed_renamed_and_deleted(store: LibraryStore) -> None:
    threads = [store.threads.create(f"thread {number}") for number in range(5)]
    store.threads.rename(threads[0].thread_id, "x" * 500)
    pages, after = [], None
    while page := store.threads.page(2, after):
        pages.append([one.thread_id for one in page])
        after = page[-1]
    assert pages[0][0] == threads[0].thread_id
    assert sorted(itertools.chain(*pages)) == sorted(one.thread_id for one in threads)
    assert len(store.threads.get(threads[0].thread_id).title) == 200
    _, ids = spoken(store, "a.mp4", "hello")
    turn_id = answered(store, threads[1].thread_id, DraftClaim("hello", ids))
    running = store.turns.begin(threads[1].thread_id, "and?")
    file = store.checkpoints.path(running.turn_id, 1)
    file.touch()
    store.threads.delete(threads[1].thread_id)
    assert not file.exists()
    for unknown in (
        lambda: store.threads.get(threads[1].thread_id),
        lambda: store.threads.turn(turn_id),
        lambda: store.threads.delete(threads[1].thread_id),
        lambda: store.threads.rename(threads[1].thread_id, "x"),
        lambda: store.turns.begin(threads[1].thread_id, "?"),
    ):
        assert code(unknown) == "UNKNOWN_THREAD"
    assert code(lambda: store.turns.append(running, [])) == "STALE_ATTEMPT"
    assert store.threads.turns(threads[1].thread_id) == []
    assert verify(store).problems == ()


def test_a_thread_about_no_videos_is_not_about_all(store: LibraryStore) -> None:
    assert store.threads.get(store.threads.create("", []).thread_id).video_ids == ()
    assert store.threads.get(store.threads.create("").thread_id).video_ids is None


def test_one_question_at_a_time(store: LibraryStore) -> None:
    first, other = store.threads.create(), store.threads.create()
    lease = store.turns.begin(first.thread_id, "1")
    assert code(lambda: store.turns.begin(first.thread_id, "2", wait_seconds=0.3)) == "THREAD_BUSY"
    store.turns.begin(other.thread_id, "in another thread")
    store.turns.cancelled(lease, Usage())
    assert store.threads.turn(lease.turn_id).status == "cancelled"
    assert store.turns.begin(first.thread_id, "3")
    assert [turn.ordinal for turn in store.threads.turns(first.thread_id)] == [1, 2]


def test_a_question_has_a_length(store: LibraryStore) -> None:
    thread = store.threads.create().thread_id
    assert code(lambda: store.turns.begin(thread, "x" * (LONGEST_QUESTION + 1))) == "USAGE"
    assert store.turns.begin(thread, "x" * LONGEST_QUESTION)


def test_what_is_cited_must_be_there(store: LibraryStore) -> None:
    _, ids = spoken(store, "a.mp4", "hello")
    lease = store.turns.begin(store.threads.create().thread_id, "?")

    def finish(*claims: DraftClaim) -> object:
        return store.turns.finish(lease, TurnAnswer("x", False, "extractive", claims), SPENT)

    assert code(lambda: finish(DraftClaim("a", ids), DraftClaim("b", ("utt_none",)))) == "EVIDENCE_GONE"
    with pytest.raises(ValueError, match="without evidence"):
        finish(DraftClaim("a", ()))
    turn = store.threads.turn(lease.turn_id)
    assert (turn.status, turn.claims, turn.answer) == ("running", (), "")
    failed = store.turns.fail(lease, "EVIDENCE_GONE", "It is gone.", SPENT)
    assert (failed.status, failed.error_code, failed.error_message) == ("failed", "EVIDENCE_GONE", "It is gone.")
    assert code(lambda: finish()) == "STALE_ATTEMPT"
    with pytest.raises(KeyError):
        store.turns.fail(lease, "NO_SUCH_CODE", "", SPENT)


def test_events_are_small_and_not_too_many(store: LibraryStore) -> None:
    with pytest.raises(ValueError, match="characters"):
        NewEvent("step", {"text": "x" * LARGEST_PAYLOAD})
    with pytest.raises(TypeError):
        NewEvent("step", {"text": object()})
    lease = store.turns.begin(store.threads.create().thread_id, "?")
    for _ in range(3):
        store.turns.append(lease, [NewEvent("step", {"n": number}) for number in range(MOST_EVENTS // 2)])
    turn = store.turns.finish(lease, TurnAnswer("nothing", True, "extractive"), SPENT)
    events = store.threads.events_after(lease.turn_id)
    assert [one.number for one in events] == list(range(1, turn.events + 1))
    assert turn.events <= MOST_EVENTS
    assert events[-1].payload == {"status": "done"}


def test_a_lost_turn_is_taken_over_once_and_its_former_process_can_write_no_more(store: LibraryStore) -> None:
    now = [1_000.0]
    first, second = (TurnLedger(store.engine, None, lambda: now[0], name) for name in ("one", "two"))
    thread = store.threads.create()
    lease = first.begin(thread.thread_id, "?")
    now[0] += LEASE_SECONDS - 1
    assert second.take_over(lease.turn_id) is None
    assert second.lost() == []
    first.renew(lease)
    now[0] += LEASE_SECONDS - 1
    assert code(lambda: second.begin(thread.thread_id, "!")) == "THREAD_BUSY"
    now[0] += 1
    assert [turn.turn_id for turn in second.lost(thread.thread_id)] == [lease.turn_id]
    again = second.take_over(lease.turn_id)
    assert again is not None
    assert again.attempt == 2
    assert first.take_over(lease.turn_id) is None
    for late in (
        lambda: first.append(lease, [NewEvent("step")]),
        lambda: first.finish(lease, TurnAnswer("late", True, "extractive"), SPENT),
        lambda: first.fail(lease, "INTERNAL", "", SPENT),
        lambda: first.cancelled(lease, SPENT),
    ):
        assert code(late) == "STALE_ATTEMPT"
    assert second.finish(again, TurnAnswer("mine", True, "extractive"), SPENT).answer == "mine"


def test_a_lost_turn_is_interrupted_by_the_next_question(store: LibraryStore) -> None:
    now = [1_000.0]
    ledger = TurnLedger(store.engine, None, lambda: now[0], "one")
    thread = store.threads.create()
    lease = ledger.begin(thread.thread_id, "?")
    now[0] += LEASE_SECONDS
    ledger.begin(thread.thread_id, "again?")
    lost, fresh = store.threads.turns(thread.thread_id)
    assert (lost.status, lost.error_code, fresh.status, fresh.ordinal) == ("interrupted", "WORKER_LOST", "running", 2)
    assert store.threads.events_after(lease.turn_id)[-1].payload == {"status": "interrupted", "error": "WORKER_LOST"}
    assert ledger.give_up(fresh.turn_id).status == "running"


def test_a_turn_that_kills_its_processes_is_given_up(store: LibraryStore) -> None:
    now = [1_000.0]
    ledger = TurnLedger(store.engine, None, lambda: now[0], "one")
    lease = ledger.begin(store.threads.create().thread_id, "?")
    for attempt in range(2, MAX_ATTEMPTS + 1):
        now[0] += LEASE_SECONDS
        again = ledger.take_over(lease.turn_id)
        assert again is not None
        assert again.attempt == attempt
    now[0] += LEASE_SECONDS
    assert ledger.take_over(lease.turn_id) is None
    assert store.threads.turn(lease.turn_id).status == "interrupted"


def test_anybody_may_cancel(store: LibraryStore) -> None:
    now = [1_000.0]
    ledger, other = (TurnLedger(store.engine, None, lambda: now[0], name) for name in ("one", "two"))
    lease = ledger.begin(store.threads.create().thread_id, "?")
    assert not ledger.cancel_asked(lease.turn_id)
    assert other.ask_to_cancel(lease.turn_id)
    assert ledger.cancel_asked(lease.turn_id)
    assert ledger.append(lease, [NewEvent("step")])
    ledger.cancelled(lease, SPENT)
    assert not other.ask_to_cancel(lease.turn_id)
    lost = ledger.begin(lease.thread_id, "?")
    now[0] += LEASE_SECONDS
    assert other.ask_to_cancel(lost.turn_id)
    assert store.threads.turn(lost.turn_id).status == "cancelled"


def test_a_dead_process_is_told_from_a_living_one() -> None:
    program = "from stores.core.owners import this_process; print(this_process(), flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    owner = child.stdout.readline().strip()
    assert not certainly_dead(owner)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert certainly_dead(owner), "a zombie"
    child.communicate()
    assert certainly_dead(owner)
    assert not certainly_dead(this_process())
    assert not certainly_dead(f"elsewhere 0123456789abcdef {child.pid} 1")
    assert not certainly_dead("")


def test_a_conversation_needs_no_lock_of_the_library(store: LibraryStore) -> None:
    with store.job(), store.writer():
        other = LibraryStore.open(store.root)
        assert answered(other, other.threads.create().thread_id)
        other.close()
