"""The shared-exclusive lock, and when a unit must run exclusively."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from stores.core.records import StageKey
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from workflows.executors.exclusive import SharedExclusiveLock, is_last_attempt
from workflows.units import WorkUnit

UNIT = WorkUnit("vid_a", "file:///a.mp4", "", 10.0, {"pictures": "p1", "objects": "o1"})


def test_shared_holders_run_at_the_same_time():
    lock, both = SharedExclusiveLock(), threading.Barrier(2, timeout=10)

    def work() -> None:
        with lock.shared():
            both.wait()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert not both.broken


def test_an_exclusive_holder_is_the_only_one():
    lock, stop = SharedExclusiveLock(), threading.Event()
    inside, most = 0, 0
    others_while_exclusive: list[int] = []
    counting = threading.Lock()

    def work(exclusive: bool) -> None:
        nonlocal inside, most
        while not stop.is_set():
            with lock.exclusive() if exclusive else lock.shared():
                with counting:
                    inside += 1
                    most = max(most, inside)
                    if exclusive:
                        others_while_exclusive.append(inside - 1)
                stop.wait(0.001)
                with counting:
                    inside -= 1

    threads = [threading.Thread(target=work, args=(exclusive,)) for exclusive in (False, False, False, True, True)]
    for thread in threads:
        thread.start()
    stop.wait(0.5)
    stop.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert others_while_exclusive, "waiting for exclusive mode succeeds although others keep coming"
    assert not any(others_while_exclusive)
    assert most > 1


def test_an_error_releases_the_lock():
    lock = SharedExclusiveLock()
    for place in (lock.exclusive, lock.shared):
        with pytest.raises(ValueError, match="bad"), place():
            raise ValueError("bad")
    with lock.exclusive():
        pass


@pytest.mark.parametrize(
    ("max_attempts", "lost", "expected"), [(3, 0, False), (3, 1, False), (3, 2, True), (2, 1, True)]
)
def test_the_last_attempt_is_found_from_lost_ones(max_attempts: int, lost: int, expected: bool, tmp_path: Path):
    with LibraryStore.open(tmp_path / "lib", create=True, max_attempts=max_attempts) as store:
        for number in range(lost):
            assert isinstance(store.ledger.begin(StageKey("vid_a", "pictures", "p1"), f"worker-{number}"), Attempt)
        assert is_last_attempt(store.ledger, UNIT) is expected


def test_attempts_that_ended_are_not_lost(tmp_path: Path):
    with LibraryStore.open(tmp_path / "lib", create=True, max_attempts=2) as store:
        attempt = store.ledger.begin(StageKey("vid_a", "pictures", "p1"), "worker")
        assert isinstance(attempt, Attempt)
        store.ledger.fail(attempt, "DECODE_CRASHED", "it fell")
        store.ledger.begin(StageKey("vid_a", "pictures", "of another fingerprint"), "worker")
        assert not is_last_attempt(store.ledger, UNIT)
