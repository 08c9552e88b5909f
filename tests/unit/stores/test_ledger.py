"""The ledger: attempts are counted before work, ended once, and bounded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from stores.core.errors import StoreError
from stores.core.records import Receipt, StageKey, StageOutput
from stores.ledger import Attempt, Ledger
from stores.library_store import LibraryStore
from stores.sql.opening import open_database
from tests.unit.stores.builders import add_video, begun, put

KEY = StageKey("vid_1", "speech", "f1")


def attempt_of(store: LibraryStore, key: StageKey = KEY) -> Attempt:
    attempt = store.ledger.begin(key, "worker 7")
    assert isinstance(attempt, Attempt)
    return attempt


def ended(store: LibraryStore, key: StageKey = KEY) -> Receipt:
    receipt = store.ledger.begin(key, "worker 7")
    assert isinstance(receipt, Receipt)
    return receipt


def test_an_attempt_is_recorded_before_work(store: LibraryStore) -> None:
    attempt = attempt_of(store)
    with LibraryStore.open(store.root) as other:
        state = other.ledger.state(KEY)
    assert (attempt.number, attempt.worker) == (1, "worker 7")
    assert state is not None
    assert (state.status, state.attempt) == ("running", 1)


def test_a_failure_is_retried_but_not_for_ever(store: LibraryStore) -> None:
    said = []
    for number in (1, 2, 3):
        attempt = attempt_of(store)
        assert attempt.number == number
        receipt = store.ledger.fail(attempt, "DECODE_TIMEOUT", "took \ud800 too long")
        said.append((receipt.status, receipt.error_code, receipt.strikes))
    assert said == [(status, "DECODE_TIMEOUT", n + 1) for n, status in enumerate(("failed", "failed", "quarantined"))]
    assert ended(store) == receipt
    assert [one for one in store.ledger.receipts() if one.status == "quarantined"] == [receipt]


def test_a_final_error_is_not_quarantined(store: LibraryStore) -> None:
    for _ in range(3):
        assert store.ledger.fail(attempt_of(store), "NOT_MEDIA", "no media in it").status == "failed"
    # Asked for ever again by a caller that does not look at the code, it ends all the same.
    assert (ended(store).status, ended(store).error_code) == ("quarantined", "NOT_MEDIA")


def test_machine_errors_do_not_count_against_the_video(store: LibraryStore) -> None:
    for number in range(1, 6):
        receipt = store.ledger.fail(attempt_of(store), "DISK_FULL", "no space left")
        assert (receipt.status, receipt.attempt, receipt.strikes) == ("failed", number, 0)
    receipt = store.ledger.release(attempt_of(store))
    assert (receipt.status, receipt.error_code, receipt.attempt, receipt.strikes) == ("pending", "", 6, 0)


def test_a_video_that_kills_its_workers_is_quarantined(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'k.sqlite3'}")
    ledger = Ledger(engine, max_attempts=2)
    for number in (1, 2):
        begun_again = ledger.begin(KEY, "worker 7")
        assert isinstance(begun_again, Attempt)
        assert begun_again.number == number
    lost = ledger.begin(KEY, "worker 8")
    assert isinstance(lost, Receipt)
    assert (lost.status, lost.error_code) == ("quarantined", "WORKER_LOST")
    assert "worker 7" in lost.error_message
    with pytest.raises(ValueError):
        Ledger(engine, max_attempts=0)
    engine.dispose()


def test_the_first_death_after_machine_errors_is_the_first_strike(store: LibraryStore) -> None:
    for _ in range(4):
        store.ledger.release(attempt_of(store))
    attempt_of(store)  # dies
    attempt = attempt_of(store)
    receipt = store.ledger.fail(attempt, "DECODE_CRASHED", "crashed")
    assert (receipt.status, receipt.attempt, receipt.strikes) == ("failed", 6, 2)


def test_a_reset_run_may_be_tried_again(store: LibraryStore) -> None:
    other = StageKey("vid_2", "pictures.003", "f1")
    for key, code in ((KEY, "DECODE_TIMEOUT"), (other, "DECODE_CRASHED")):
        for _ in range(3):
            store.ledger.fail(attempt_of(store, key), code, "no")
    reset = store.ledger.reset
    assert reset(codes=["NOT_MEDIA"]) == reset(video_ids=["vid_3"]) == reset(stages=["probe"]) == []
    assert reset(statuses=["failed"]) == []
    assert reset(stages=["pictures"]) == [other]
    again = attempt_of(store, other)
    assert again.number == 4
    receipt = store.ledger.fail(again, "DECODE_CRASHED", "no")
    assert (receipt.status, receipt.strikes) == ("failed", 1)
    assert reset(video_ids=["vid_1", "vid_2"], codes=["DECODE_TIMEOUT"]) == [KEY]
    assert [(r.status, r.strikes, r.error_code) for r in store.ledger.receipts("vid_1")] == [("pending", 0, "")]
    assert not any(one.status == "quarantined" for one in store.ledger.receipts())


def test_a_worker_whose_run_was_reset_cannot_end_it(store: LibraryStore) -> None:
    lost = attempt_of(store)
    store.ledger.reset(statuses=["running"])
    with pytest.raises(StoreError) as caught:
        store.ledger.release(lost)
    assert caught.value.code.name == "STALE_ATTEMPT"
    assert attempt_of(store).number == 2


def test_what_is_done_is_not_begun_again(store: LibraryStore) -> None:
    video_id = add_video(store)
    done = put(store, video_id, "speech")
    assert store.ledger.begin(done.key, "worker 7") == done


def test_an_old_library_with_a_stage_that_did_not_apply_can_be_used(store: LibraryStore) -> None:
    video_id = add_video(store)
    attempt = begun(store, video_id, "speech_activity")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE stage_runs SET status = 'filtered' WHERE stage = 'speech_activity'"))
    put(store, video_id, "vectors")
    assert [one.status for one in store.catalog.videos()] == ["done"]
    again = store.ledger.begin(attempt.key, "worker 7")
    assert isinstance(again, Attempt)
    assert again.number == 2


@pytest.mark.parametrize("end", ["fail", "release", "commit"])
def test_a_worker_that_lost_the_attempt_cannot_end_it(store: LibraryStore, end: str) -> None:
    video_id = add_video(store)
    lost = begun(store, video_id, "speech")
    current = begun(store, video_id, "speech")
    end_it: Callable[[], Receipt] = {
        "release": partial(store.ledger.release, lost),
        "fail": partial(store.ledger.fail, lost, "DECODE_FAILED", "late"),
        "commit": partial(store.commit, lost, StageOutput()),
    }[end]
    with pytest.raises(StoreError) as caught:
        end_it()
    assert caught.value.code.name == "STALE_ATTEMPT"
    assert store.commit(current, StageOutput()).status == "done"
    with pytest.raises(StoreError):
        store.ledger.fail(current, "DECODE_FAILED", "it was done already")


def test_what_was_done_is_known_by_video(store: LibraryStore) -> None:
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    put(store, first, "speech", fingerprint="f9")
    store.ledger.fail(begun(store, second, "speech"), "MODEL_FAILED", "no")
    assert store.ledger.done_fingerprints(first) == {"probe": "f1", "speech": "f9"}
    assert store.ledger.done_fingerprints(second) == {"probe": "f1"}
    assert {(r.key.video_id, r.key.stage, r.status) for r in store.ledger.receipts(second)} == {
        (second, "probe", "done"),
        (second, "speech", "failed"),
    }
    assert len(store.ledger.receipts()) == 4


def test_only_the_newest_run_of_a_stage_counts_as_failed(tmp_path: Path) -> None:
    times = iter(range(1, 100))
    ledger = Ledger(open_database(f"sqlite:///{tmp_path}/x.sqlite3"), clock=lambda: float(next(times)))

    def end(stage: str, fingerprint: str, code: str) -> None:
        attempt = ledger.begin(StageKey("vid_1", stage, fingerprint), "tester")
        assert isinstance(attempt, Attempt)
        ledger.fail(attempt, code, "no") if code else ledger.release(attempt)

    with open_database(f"sqlite:///{tmp_path}/x.sqlite3").begin() as connection:
        connection.execute(text("INSERT INTO videos (video_id, sha256, size) VALUES ('vid_1', 'x', 1)"))
    end("speech", "f1", "MODEL_FAILED")
    end("pictures", "f1", "MODEL_FAILED")
    end("speech", "f2", "")
    end("labels", "f1", "INTERNAL")
    assert [receipt.key.stage for receipt in ledger.newest_with(("failed",))] == ["pictures", "labels"]
    assert [receipt.key.fingerprint for receipt in ledger.newest_with(("pending",))] == ["f2"]
    assert ledger.newest_with(("quarantined",)) == []
