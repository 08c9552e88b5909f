"""The ledger: attempts are counted before work, ended once, and bounded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from stores.errors import StoreError
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.records import Receipt, StageKey, StageOutput
from tests.unit.stores.builders import add_video, begun, put

KEY = StageKey("vid_1", "speech", "f1")


def attempt_of(store: LibraryStore, **options: int) -> Attempt:
    attempt = store.ledger.begin(KEY, "worker 7", **options)
    assert isinstance(attempt, Attempt)
    return attempt


def test_an_attempt_leaves_its_mark_before_work(store: LibraryStore) -> None:
    attempt = attempt_of(store)
    with LibraryStore.open(store.root) as other:
        state = other.ledger.state(KEY)
    assert (attempt.number, attempt.worker) == (1, "worker 7")
    assert state is not None
    assert (state.status, state.attempt) == ("running", 1)


def test_a_failure_may_be_tried_again_but_not_for_ever(store: LibraryStore) -> None:
    for number in (1, 2, 3):
        attempt = attempt_of(store)
        assert attempt.number == number
        receipt = store.ledger.fail(attempt, "DECODE_TIMEOUT", "took \ud800 too long")
        assert (receipt.status, receipt.error_code) == ("failed", "DECODE_TIMEOUT")
    ended = store.ledger.begin(KEY, "worker 7")
    assert isinstance(ended, Receipt)
    assert (ended.status, ended.error_code, ended.attempt) == ("quarantined", "DECODE_TIMEOUT", 3)
    assert store.ledger.begin(KEY, "worker 7") == ended


def test_a_video_that_kills_its_workers_is_quarantined(store: LibraryStore) -> None:
    assert [attempt_of(store, max_attempts=2).number for _ in range(2)] == [1, 2]
    ended = store.ledger.begin(KEY, "worker 7", max_attempts=2)
    assert isinstance(ended, Receipt)
    assert (ended.status, ended.error_code) == ("quarantined", "WORKER_LOST")
    assert "worker 7" in ended.error_message


def test_force_begins_what_is_quarantined(store: LibraryStore) -> None:
    for _ in range(3):
        attempt_of(store)
    store.ledger.begin(KEY, "worker 7")
    forced = store.ledger.begin(KEY, "worker 8", force=True)
    assert isinstance(forced, Attempt)
    assert forced.number == 4
    assert store.ledger.filter(forced, "no sound").status == "filtered"


def test_what_is_done_or_filtered_is_not_begun_again(store: LibraryStore) -> None:
    video_id = add_video(store)
    done = put(store, video_id, "speech")
    assert store.ledger.begin(done.key, "worker 7") == done
    filtered = store.ledger.filter(begun(store, video_id, "voice"), "The video has no sound.")
    again = store.ledger.begin(filtered.key, "worker 7")
    assert again == filtered
    assert again.error_code == ""


@pytest.mark.parametrize("end", ["fail", "filter", "commit"])
def test_who_lost_the_attempt_cannot_end_it(store: LibraryStore, end: str) -> None:
    video_id = add_video(store)
    lost = begun(store, video_id, "speech")
    current = begun(store, video_id, "speech")
    end_it: Callable[[], Receipt] = {
        "fail": partial(store.ledger.fail, lost, "DECODE_FAILED", "late"),
        "filter": partial(store.ledger.filter, lost, "late"),
        "commit": partial(store.commit, lost, StageOutput()),
    }[end]
    with pytest.raises(StoreError) as caught:
        end_it()
    assert caught.value.code.name == "STALE_ATTEMPT"
    assert store.commit(current, StageOutput()).status == "done"
    with pytest.raises(StoreError):
        store.ledger.fail(current, "DECODE_FAILED", "it was done already")


def test_planning_reads_all_videos_at_once(store: LibraryStore) -> None:
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    put(store, first, "speech", fingerprint="f9")
    store.ledger.fail(begun(store, second, "speech"), "MODEL_FAILED", "no")
    assert store.ledger.all_done_fingerprints() == {first: {"probe": "f1", "speech": "f9"}, second: {"probe": "f1"}}
    assert store.ledger.done_fingerprints(second) == {"probe": "f1"}
    assert {(r.key.video_id, r.key.stage, r.status) for r in store.ledger.receipts(second)} == {
        (second, "probe", "done"),
        (second, "speech", "failed"),
    }
    assert len(store.ledger.receipts()) == 4
