"""The writer lock and the job lock: threads of one opened library, other openers, processes that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from stores import writer_lock
from stores.core.errors import StoreError
from stores.library_store import LibraryStore
from tests.unit.stores.builders import add_video, put, vector_item

Enter = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "lib", create=True) as opened:
        yield opened


@pytest.fixture
def other(store: LibraryStore) -> Iterator[LibraryStore]:
    """The same library opened again: to a lock that is another process."""
    with LibraryStore.open(store.root) as opened:
        yield opened


def refused(enter: Enter) -> str:
    with pytest.raises(StoreError) as caught, enter():
        pass
    assert caught.value.code.name == "LIBRARY_LOCKED"
    assert "Wait for it to end" in caught.value.hint
    return caught.value.message


def free(enter: Enter) -> bool:
    with enter():
        return True


@pytest.mark.parametrize("name", ["writer", "job"])
def test_one_at_a_time(store: LibraryStore, other: LibraryStore, name: str) -> None:
    locks: dict[str, tuple[Enter, Enter]] = {
        "writer": (store.writer, lambda: other.writer(0)),
        "job": (store.job, other.job),
    }
    mine, theirs = locks[name]
    with mine():
        with mine():
            assert f"process {os.getpid()}" in refused(theirs)
        refused(theirs)
        assert other.catalog.videos() == []
    assert free(theirs)


def test_a_job_keeps_no_writer_out(store: LibraryStore, other: LibraryStore) -> None:
    with store.job():
        assert free(lambda: other.writer(0))
    with store.writer():
        assert free(other.job)


def test_the_last_thread_to_leave_releases_the_writer_lock(store: LibraryStore, other: LibraryStore) -> None:
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with store.writer():
            inside.set()
            assert leave.wait(30)

    with ThreadPoolExecutor(1) as pool:
        with store.writer():
            second = pool.submit(stay)
            assert inside.wait(30)
        # The first thread has left, the second is still inside.
        refused(lambda: other.writer(0))
        leave.set()
        second.result(30)
        assert free(lambda: other.writer(0))


def test_a_second_thread_may_not_begin_a_job(store: LibraryStore) -> None:
    with store.job(), ThreadPoolExecutor(1) as pool:
        message = pool.submit(refused, store.job).result(30)
        assert f"process {os.getpid()}" in message
        assert free(store.job)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(free, store.job).result(30)


def test_a_writer_waits_for_another_one(store: LibraryStore, other: LibraryStore) -> None:
    with ThreadPoolExecutor(1) as pool:
        with store.writer():
            waiting = pool.submit(free, lambda: other.writer(30))
            time.sleep(0.2)
            assert not waiting.done()
        assert waiting.result(30)


def test_openers_and_their_threads_never_meet(store: LibraryStore, other: LibraryStore) -> None:
    inside: list[LibraryStore] = []
    met: list[int] = []

    def write(opened: LibraryStore) -> None:
        for _ in range(20):
            with opened.writer():
                inside.append(opened)
                time.sleep(0.001)
                met.append(len(set(map(id, inside))))
                inside.remove(opened)
            time.sleep(0.01)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [store, other, store, other]))
    assert met == [1] * 80


def test_commits_of_two_openers_follow_each_other(store: LibraryStore, other: LibraryStore) -> None:
    videos = [add_video(store, f"{n}.mp4") for n in range(8)]

    def commit(n: int) -> None:
        put((store, other)[n % 2], videos[n], "pictures", vectors=[vector_item(f"v{n}", 1, n)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(commit, range(8)))
    for opened in (store, other):
        assert {hit.vector_id for hit in opened.vectors.fetch("toy-model-1")[0]} == {f"v{n}:f1" for n in range(8)}


@pytest.mark.parametrize("lock", ["writer", "job"])
def test_a_lock_dies_with_its_process(store: LibraryStore, lock: str) -> None:
    program = (
        "import os, sys, time\n"
        "from stores.library_store import LibraryStore\n"
        "store = LibraryStore.open(sys.argv[1])\n"
        f"with store.{lock}():\n"
        "    print('inside', flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(store.root)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
        enter: Enter = store.job if lock == "job" else lambda: store.writer(0)
        assert f"process {process.pid}" in refused(enter)
    finally:
        process.kill()
        process.communicate()
    assert free(enter)


def test_a_forked_child_does_not_keep_the_lock(store: LibraryStore, other: LibraryStore) -> None:
    reader, writer = os.pipe()
    with store.writer():
        child = os.fork()
        if not child:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
    try:
        assert free(lambda: other.writer(0))
    finally:
        os.close(writer)
        os.close(reader)
        os.waitpid(child, 0)


COMMITTING = """
import sys, threading, time
from stores.library_store import LibraryStore
store = LibraryStore.open(sys.argv[1])
def commit():
    while True:
        with store.writer():
            with store.writer():
                time.sleep(0.05)
for _ in range(int(sys.argv[2])):
    threading.Thread(target=commit, daemon=True).start()
print('inside', flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("threads", [1, 3])
def test_who_commits_again_and_again_keeps_no_other_writer_out(store: LibraryStore, threads: int) -> None:
    program = [sys.executable, "-c", COMMITTING, str(store.root), str(threads)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "inside\n"
            time.sleep(0.2)
            for _ in range(5):
                assert free(lambda: store.writer(10))
        finally:
            process.kill()


def test_who_came_first_is_not_kept_out_by_those_inside_waiting_for_a_thread(
    store: LibraryStore, other: LibraryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_lock, "GIVE_WAY_SECONDS", 0.3)
    with ThreadPoolExecutor(2) as pool:
        with store.writer():
            waiting = pool.submit(free, lambda: other.writer(30))
            time.sleep(0.1)
            # Inside, this one waits for another thread, which may not wait for it in turn.
            assert pool.submit(free, store.writer).result(10)
            assert not waiting.done()
        assert waiting.result(30)


WAITING = """
import sys
from stores.library_store import LibraryStore
with LibraryStore.open(sys.argv[1]) as store:
    print('waits', flush=True)
    with store.writer(600):
        pass
"""


def test_one_who_was_stopped_while_it_waited_keeps_nobody_out(
    store: LibraryStore, other: LibraryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_lock, "GIVE_WAY_SECONDS", 0.3)
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(store.root)], stdout=subprocess.PIPE, text=True
    ) as waiter:
        try:
            with store.writer():
                assert waiter.stdout is not None
                assert waiter.stdout.readline() == "waits\n"
                time.sleep(0.2)
                os.kill(waiter.pid, signal.SIGSTOP)
                assert refused(lambda: other.writer(0.5)).endswith(f"process {os.getpid()}."), "named is who writes"
            assert free(lambda: other.writer(5))
        finally:
            waiter.kill()
