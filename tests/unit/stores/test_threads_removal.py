"""What is forgotten, or replaced by another result, is no longer cited, quoted or told in any conversation."""

from __future__ import annotations

import time

from sqlalchemy import select, text

from stores.core.records import StageOutput
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.verify import verify
from stores.sql.database import reading, writing
from stores.sql.tables import Base
from stores.threads.records import REMOVED, DraftClaim, NewEvent, Progress, TurnAnswer, Usage
from stores.threads.turn_ledger import LEASE_SECONDS, TurnLedger
from tests.unit.stores.builders import BASE, begun, put, sha, utterance, video_of
from tests.unit.stores.test_threads import SPENT, answered, code, spoken

SECRET = "zanzibar"


def everything(store: LibraryStore) -> str:
    """All that any table of the library contains, as text."""
    with reading(store.engine) as connection:
        return "\n".join(str(row) for table in Base.metadata.sorted_tables for row in connection.execute(select(table)))


def test_a_forgotten_video_leaves_no_word_in_conversations(store: LibraryStore) -> None:
    gone, secret = spoken(store, "a.mp4", f"the word is {SECRET}", f"{SECRET} again")
    kept, plain = spoken(store, "b.mp4", "the word is tea")
    thread = store.threads.create("words", [gone, kept])
    alone = store.threads.create("only that", [gone])
    answered(store, thread.thread_id, DraftClaim("It is tea.", plain), question="before?")
    lease = store.turns.begin(thread.thread_id, "what is the word?")
    store.turns.append(lease, [NewEvent("step", {"told": SECRET})], Progress("what is the word?", None, secret))
    claims = (
        DraftClaim(f"It is {SECRET}.", secret[:1], "quote"),
        DraftClaim("Elsewhere it is tea.", plain),
        DraftClaim(f"{SECRET} and tea.", (*secret, *plain)),
        DraftClaim("Two.", secret, "computed", f"SELECT '{SECRET}'", "2"),
    )
    store.turns.finish(lease, TurnAnswer(f"{SECRET}, tea.", False, "extractive", claims), SPENT)
    later = answered(store, thread.thread_id, DraftClaim("tea", plain), question="who says that?")
    with writing(store.engine) as connection:
        connection.execute(
            text("UPDATE turns SET stand_alone = :told WHERE turn_id = :id"),
            {"told": f"who says {SECRET}?", "id": later},
        )
    # It read the video without citing it, and says so.
    read = store.turns.begin(alone.thread_id, "and the other word?")
    store.turns.append(read, [], Progress(None, None, secret))
    store.turns.finish(read, TurnAnswer(f"Only {SECRET} was found.", True, "extractive"), SPENT)
    assert verify(store).problems == ()
    forget(store, [gone])
    assert SECRET not in everything(store)
    assert gone not in everything(store)
    before, turn, after = store.threads.turns(thread.thread_id)
    assert (before.answer, before.removed, before.stand_alone) == ("It is tea.", False, "before? (alone)")
    assert (turn.answer, turn.removed, turn.status) == (REMOVED, True, "done")
    assert [claim.text for claim in turn.claims] == ["Elsewhere it is tea."]
    assert (after.answer, after.removed, after.stand_alone) == ("tea", False, "who says that?")
    assert store.threads.turn(read.turn_id).answer == REMOVED
    # Whoever replays it learns of it; numbers go on.
    assert [(one.number, one.kind) for one in store.threads.events_after(turn.turn_id, 2)] == [(5, "removed")]
    assert store.threads.get(thread.thread_id).video_ids == (kept,)
    assert store.threads.get(alone.thread_id).video_ids == ()
    assert verify(store).problems == ()


def test_a_run_that_read_a_forgotten_video_is_interrupted_with_its_checkpoint(store: LibraryStore) -> None:
    gone, secret = spoken(store, "a.mp4", SECRET)
    _, plain = spoken(store, "b.mp4", "tea")
    reading_it = store.turns.begin(store.threads.create().thread_id, "?")
    store.turns.append(reading_it, [], Progress(None, None, secret))
    lost = TurnLedger(store.engine, None, lambda: time.time() - LEASE_SECONDS, "elsewhere").begin(
        store.threads.create().thread_id, "?"
    )
    reading_other = store.turns.begin(store.threads.create().thread_id, "?")
    store.turns.append(reading_other, [], Progress(None, None, plain))
    for lease in (reading_it, lost, reading_other):
        store.checkpoints.path(lease.turn_id, 1).write_text(SECRET)
    forget(store, [gone])
    assert code(lambda: store.turns.append(reading_it, [])) == "STALE_ATTEMPT"
    assert [store.threads.turn(one.turn_id).status for one in (reading_it, lost)] == ["interrupted"] * 2
    assert [path.name for path in (store.root / "checkpoints").iterdir()] == [f"{reading_other.turn_id}.1"]
    late = TurnAnswer("tea", False, "extractive", (DraftClaim("tea", plain),))
    assert store.turns.finish(reading_other, late, Usage()).status == "done"
    store.checkpoints.remove(reading_other.turn_id)
    assert verify(store).problems == ()


def test_a_claim_that_comes_too_late_is_not_stored(store: LibraryStore) -> None:
    gone, secret = spoken(store, "a.mp4", SECRET)
    lease = store.turns.begin(store.threads.create().thread_id, "?")
    forget(store, [gone])
    answer = TurnAnswer(SECRET, False, "extractive", (DraftClaim(SECRET, secret),))
    assert code(lambda: store.turns.finish(lease, answer, Usage())) == "EVIDENCE_GONE"


def test_evidence_that_a_stage_replaces_takes_its_claims_along(store: LibraryStore) -> None:
    video_id, (first, second) = spoken(store, "a.mp4", "wrong words", "right words")
    other, plain = spoken(store, "b.mp4", "tea")
    thread = store.threads.create().thread_id
    wrong = answered(store, thread, DraftClaim("wrong", (first,)), DraftClaim("right", (second,)))
    right = answered(store, thread, DraftClaim("right", (second, *plain)))
    # The same video with another model: one line is the same, the other is not.
    put(
        store,
        video_id,
        "speech",
        utterance(video_id, 0, "other words"),
        utterance(video_id, 12_800, "right words"),
        fingerprint="f2",
    )
    turn = store.threads.turn(wrong)
    assert (turn.answer, turn.removed, [claim.text for claim in turn.claims]) == (REMOVED, True, ["right"])
    assert store.threads.turn(right).answer == "right"
    assert store.threads.turn(right).events == 3
    assert verify(store).problems == ()
    # The same result again changes nothing.
    put(store, other, "speech", utterance(other, 0, "tea"), fingerprint="f2")
    assert store.threads.turn(right).answer == "right"
    # Another time base: every span was wrong.
    changed = video_of(video_id, sha("a.mp4"), BASE / 2)
    store.commit(begun(store, video_id, "probe", "f2"), StageOutput(video=changed))
    assert store.threads.turn(right).claims == ()
    assert verify(store).problems == ()


def test_verify_finds_what_is_wrong_with_conversations(store: LibraryStore) -> None:
    _, ids = spoken(store, "a.mp4", "hello")
    thread = store.threads.create().thread_id
    turn = answered(store, thread, DraftClaim("hello", ids))

    def found(*statements: str) -> set[str]:
        with writing(store.engine) as connection:
            for statement in statements:
                connection.execute(text(statement), {"turn": turn} if ":turn" in statement else {})
        return {problem.code for problem in verify(store).problems}

    assert found("UPDATE citations SET evidence_id = 'utt_none'") == {"CITATION_GONE"}
    assert found("UPDATE citations SET video_id = 'vid_none'") == {"CITATION_VIDEO"}
    assert found("DELETE FROM citations") == {"CLAIM_UNCITED"}
    assert found("UPDATE claims SET sql = 'SELECT 1'") == set()
    assert found("DELETE FROM run_events WHERE turn_id = :turn AND kind = 'ended'") == {"EVENTS_LOST"}
    assert found("UPDATE threads SET turns = 0") == {"EVENTS_LOST", "TURNS_MISCOUNTED"}


def test_an_error_message_goes_too(store: LibraryStore) -> None:
    gone, secret = spoken(store, "a.mp4", SECRET)
    lease = store.turns.begin(store.threads.create().thread_id, "?")
    store.turns.append(lease, [], Progress(None, None, secret))
    store.turns.fail(lease, "ENDPOINT_BAD_OUTPUT", f"The model said {SECRET}.", Usage())
    forget(store, [gone])
    assert SECRET not in everything(store)
    turn = store.threads.turn(lease.turn_id)
    assert (turn.status, turn.error_code, turn.answer) == ("failed", "ENDPOINT_BAD_OUTPUT", "")
