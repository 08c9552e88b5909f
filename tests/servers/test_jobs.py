"""The queue of jobs, in a folder and on a database server: each job is done by one worker, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from stores.core.errors import KinodexError
from stores.jobs.job_ledger import LEASE_SECONDS, MAX_DEATHS, JobLedger
from stores.jobs.records import JobError, JobProgress, NewJobEvent
from stores.library_store import LibraryStore


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(store: LibraryStore, clock: Clock) -> Callable[[str], JobLedger]:
    """Makes a worker's ledger. The names are those of no process, so that only leases tell who is dead."""
    return lambda name: JobLedger(store.engine, clock, name)


def code(of: pytest.ExceptionInfo[KinodexError]) -> str:
    return of.value.code.name


def kinds(store: LibraryStore, job_id: str) -> list[str]:
    return [event.kind for event in store.jobs.events_after(job_id)]


def test_jobs_are_done_one_at_a_time_in_their_order(store: LibraryStore, worker: Callable[[str], JobLedger]) -> None:
    first, _ = store.jobs.order("ingest", {"paths": ["/films"]})
    second, _ = store.jobs.order("verify", {})
    one, other = worker("one"), worker("other")
    taken = one.take()
    assert taken is not None
    assert taken[0].job_id == first.job_id
    assert other.take() is None
    one.append(taken[1], [NewJobEvent("progress", {"share": 0.2})], JobProgress(0.2, "a.mp4", {"videos": 5}))
    one.append(taken[1], [NewJobEvent("video", {"video_id": "v"}), NewJobEvent("progress", {"share": 0.4})])
    assert kinds(store, first.job_id) == ["begun", "video", "progress"]
    assert [event.number for event in store.jobs.events_after(first.job_id)] == [1, 3, 4]
    done = one.finish(taken[1], {"done": 5}, {"videos": []})
    assert (done.state, done.share, done.report) == ("done", 1.0, {"videos": []})
    following = other.take()
    assert following is not None
    assert following[0].job_id == second.job_id


def test_a_key_orders_once_and_only_the_same(store: LibraryStore) -> None:
    first, new = store.jobs.order("tag", {"video_ids": None}, "anna", "k1")
    again, newer = store.jobs.order("tag", {"video_ids": None}, "anna", "k1")
    assert (new, newer, again.job_id) == (True, False, first.job_id)
    assert store.jobs.order("tag", {"video_ids": None}, "otto", "k1")[0].job_id != first.job_id
    with pytest.raises(KinodexError) as refused:
        store.jobs.order("tag", {"video_ids": ["v"]}, "anna", "k1")
    assert code(refused) == "CONFLICT"


def test_many_orders_under_one_key_at_once_are_one_job(store: LibraryStore) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(store.jobs.order("verify", {}, "", "same")[0].job_id))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_many_workers_at_once_take_a_job_once(store: LibraryStore) -> None:
    store.jobs.order("verify", {})
    taken = []
    workers = [JobLedger(store.engine, worker=f"w{number}") for number in range(8)]
    threads = [threading.Thread(target=lambda one=one: taken.append(one.take())) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in taken if one is not None]) == 1


def test_nobody_waits_for_the_lease_of_a_worker_that_is_known_to_be_dead(
    store: LibraryStore, worker: Callable[[str], JobLedger]
) -> None:
    store.jobs.order("ingest", {"paths": ["/films"]})
    one, other = worker("one"), worker("other")
    taken = one.take()
    assert taken is not None
    other.worker_died("none such")
    assert other.take() is None
    assert not one.append(taken[1])
    other.worker_died("one")
    over = other.take()
    assert over is not None
    assert over[1].attempt == 2
    with pytest.raises(KinodexError) as refused:
        one.append(taken[1])
    assert code(refused) == "STALE_ATTEMPT"
    # It counts as any other death.
    for name in ("other", "third"):
        worker("x").worker_died(name)
        taken = worker("third").take()
    assert taken is None
    assert store.jobs.page(1)[0].state == "interrupted"


def test_a_lost_job_is_taken_over_and_the_dead_worker_can_write_nothing(
    store: LibraryStore, worker: Callable[[str], JobLedger], clock: Clock
) -> None:
    store.jobs.order("ingest", {"paths": ["/films"]})
    one, other = worker("one"), worker("other")
    taken = one.take()
    assert taken is not None
    clock.now += LEASE_SECONDS - 1
    assert other.take() is None
    clock.now += 2
    over = other.take()
    assert over is not None
    assert over[1].attempt == 2
    for write in (
        lambda: one.append(taken[1], [NewJobEvent("video", {})]),
        lambda: one.finish(taken[1], {}, {}),
        lambda: one.release(taken[1]),
    ):
        with pytest.raises(KinodexError) as refused:
            write()
        assert code(refused) == "STALE_ATTEMPT"
    assert kinds(store, taken[0].job_id) == ["begun", "resumed"]


def test_what_kills_its_workers_is_given_up_but_not_what_gets_on(
    store: LibraryStore, worker: Callable[[str], JobLedger], clock: Clock
) -> None:
    deadly, _ = store.jobs.order("ingest", {"paths": ["/bad"]})
    one = worker("one")
    for number in range(MAX_DEATHS):
        taken = one.take()
        assert taken is not None, number
        clock.now += LEASE_SECONDS + 1
    assert one.take() is None
    job = store.jobs.get(deadly.job_id)
    assert job.error is not None
    assert (job.state, job.error.code) == ("interrupted", "WORKER_LOST")
    slow, _ = store.jobs.order("ingest", {"paths": ["/long"]})
    for _ in range(2 * MAX_DEATHS):
        taken = one.take()
        assert taken is not None
        one.append(taken[1], [NewJobEvent("video", {"video_id": "v", "status": "done"})])
        clock.now += LEASE_SECONDS + 1
    assert store.jobs.get(slow.job_id).state == "running"
    assert one.take() is not None
    assert store.jobs.items_done(slow.job_id) == {"v"}


def test_cancelled_released_failed_and_retried(
    store: LibraryStore, worker: Callable[[str], JobLedger], clock: Clock
) -> None:
    one = worker("one")
    waiting, _ = store.jobs.order("verify", {})
    assert one.cancel(waiting.job_id).state == "cancelled"
    assert one.retry(waiting.job_id).state == "queued"
    taken = one.take()
    assert taken is not None
    assert one.append(taken[1]) is False
    assert one.cancel(waiting.job_id).state == "running"
    assert one.append(taken[1]) is True
    one.release(taken[1])  # its worker stops, and need not go on with what nobody wants
    assert store.jobs.get(waiting.job_id).state == "cancelled"
    one.retry(waiting.job_id)
    taken = one.take()
    assert taken is not None
    failed = one.fail(taken[1], JobError("DISK_FULL", "The disk is full.", "Free some space."))
    assert failed.error == JobError("DISK_FULL", "The disk is full.", "Free some space.")
    again = one.retry(waiting.job_id)
    assert (again.state, again.error) == ("queued", None)
    with pytest.raises(KinodexError) as refused:
        one.retry(waiting.job_id)
    assert code(refused) == "CONFLICT"
    taken = one.take()
    assert taken is not None
    one.cancel(waiting.job_id)
    clock.now += LEASE_SECONDS + 1
    assert one.take() is None  # lost, and wanted by nobody
    assert store.jobs.get(waiting.job_id).state == "cancelled"
    with pytest.raises(KinodexError) as unknown:
        store.jobs.get("job_none")
    assert code(unknown) == "NOT_FOUND"


def test_pages_are_the_newest_first_and_those_of_an_owner(store: LibraryStore) -> None:
    ids = [store.jobs.order("verify", {}, "anna" if number % 2 else "otto")[0].job_id for number in range(7)]
    page = store.jobs.page(3)
    assert [job.job_id for job in page] == ids[::-1][:3]
    rest = store.jobs.page(10, page[-1])
    assert [job.job_id for job in rest] == ids[::-1][3:]
    assert {job.owner for job in store.jobs.page(10, owner="anna")} == {"anna"}
    assert store.jobs.counts() == {"queued": 7}


def test_jobs_that_only_read_are_done_beside_any_other(store: LibraryStore, worker: Callable[[str], JobLedger]) -> None:
    ingest, _ = store.jobs.order("ingest", {"paths": ["/films"]})
    verify, _ = store.jobs.order("verify", {})
    exports = [store.jobs.order("export", {"format": "lines.csv"})[0].job_id for _ in range(2)]
    one, other, third = worker("one"), worker("other"), worker("third")
    taken = [each.take() for each in (one, other, third)]
    assert [made[0].job_id for made in taken if made] == [ingest.job_id, *exports]
    assert worker("fourth").take() is None
    assert taken[0] is not None
    one.finish(taken[0][1], {}, {})
    following = one.take()  # exports under way keep no other job waiting
    assert following is not None
    assert following[0].job_id == verify.job_id


def test_what_a_job_exported_is_read_on_another_machine(
    store: LibraryStore, elsewhere: Callable[[LibraryStore], LibraryStore], tmp_path: Path
) -> None:
    def write(out: Path) -> list[str]:
        out.write_bytes(b"some data")
        return ["vid_1"]

    store.exports.make("job_a", 1, write)
    there = elsewhere(store)
    assert list(there.exports.kept(7)) == list(there.exports.kept(7, ["job_a.1", "job_none.1"])) == ["job_a.1"]
    with there.exports.open("job_a.1") as file:
        assert file.read() == b"some data"
    there.exports.forget_videos(["vid_1"])
    assert dict(store.exports.kept(7)) == {}
