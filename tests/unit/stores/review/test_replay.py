"""Thousands of reviews, replayed in any order, twice, by two at once and with crashes: the same counts in the end."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from stores.core.errors import StoreError
from stores.library_store import LibraryStore
from stores.maintenance.verify import verify
from stores.tags.review.events import Event
from tests.amount import FULL
from tests.unit.stores.review.events import counting, happened, made, pairs_of, state, what_counts

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # thousands of fsyncs, and no power cut to fear

COUNT = 10_000 if FULL else 2_000

CRASHES = (
    "stores.tags.review.store.append",
    "stores.tags.review.store.project",
    "stores.tags.review.projecting.set_waiting",
    "stores.tags.review.store.standing",
)
"""Between any two of these a process may end."""


class CrashError(Exception):
    """The process ended here."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        store = made(Path(name) / "made")
        store.close()
        yield Path(name)


@pytest.fixture(scope="module")
def events(folder: Path) -> list[Event]:
    with LibraryStore.open(folder / "made" / "library") as store:
        return happened(random.Random(7), pairs_of(store), COUNT)


@contextmanager
def opened(folder: Path, name: str) -> Iterator[LibraryStore]:
    with LibraryStore.open(Path(shutil.copytree(folder / "made" / "library", folder / name))) as store:
        yield store


def pieces(events: list[Event], chance: random.Random) -> Iterator[list[Event]]:
    """Events in another order, in pieces, some of them twice."""
    again = chance.sample(events, len(events) // 10)
    shuffled = events + again
    chance.shuffle(shuffled)
    first = 0
    while first < len(shuffled):
        length = chance.choice((1, 3, 20, 100, 300))
        yield shuffled[first : first + length]
        first += length


@contextmanager
def dying(chance: random.Random) -> Iterator[None]:
    """A process that ends before or after one of its steps."""
    place, late = chance.choice(CRASHES), chance.random() < 0.5
    module, name = place.rsplit(".", 1)
    function = getattr(import_module(module), name)

    def dies(*given: Any, **named: Any) -> None:
        if late:
            function(*given, **named)
        raise CrashError

    with patch(place, dies):
        yield


@pytest.fixture(scope="module")
def expected(folder: Path, events: list[Event]) -> dict[str, object]:
    """What comes of the events as they happened."""
    with opened(folder, "in order") as store:
        for first in range(0, len(events), 500):
            store.reviews.merge(events[first : first + 500])
        assert counting(store) == what_counts(events)
        assert [one for one in verify(store, deep=False).problems if one.kind == "review"] == []
        return state(store)


@pytest.mark.parametrize("seed", range(8 if FULL else 1))
def test_any_order_with_crashes_gives_the_same(
    folder: Path, events: list[Event], expected: dict[str, object], seed: int
) -> None:
    chance = random.Random(seed)
    with opened(folder, f"seed {seed}") as store:
        crashes = 0
        for some in pieces(events, chance):
            if chance.random() < 0.4:
                before = state(store) if chance.random() < 0.05 else None
                with dying(chance), suppress(CrashError):
                    store.reviews.merge(some)
                    crashes -= 1  # what it would have died in was not called
                crashes += 1
                assert before is None or state(store) == before
                if chance.random() < 0.1:
                    continue  # this process never comes back; another one brings the events
            store.reviews.merge(some)
        assert crashes > (10 if FULL else 4)
        store.reviews.merge(events[: COUNT // 2])
        store.reviews.merge(events[COUNT // 2 :])
        assert state(store) == expected


def test_two_at_once_give_the_same(folder: Path, events: list[Event], expected: dict[str, object]) -> None:
    with opened(folder, "two") as one, LibraryStore.open(one.root) as other:
        shared = events[3 * COUNT // 10 : 7 * COUNT // 10]

        def bring(store: LibraryStore, mine: list[Event], seed: int) -> None:
            for some in pieces(mine + shared, random.Random(seed)):
                while True:
                    try:
                        store.reviews.merge(some)
                        break
                    except StoreError as error:  # it waited long for the other one, and may try again
                        if error.code.name != "LIBRARY_LOCKED":
                            raise
                time.sleep(0.005)  # as no two people decide without a pause

        with ThreadPoolExecutor(2) as pool:
            first, last = events[: 3 * COUNT // 10], events[7 * COUNT // 10 :]
            for done in [pool.submit(bring, one, first, 1), pool.submit(bring, other, last, 2)]:
                done.result()
        assert state(one) == expected
        assert state(other) == expected


KILLED = """
import pickle, random, sys
from pathlib import Path
from stores.library_store import LibraryStore
events = pickle.loads(Path(sys.argv[2]).read_bytes())
random.Random(int(sys.argv[3])).shuffle(events)
with LibraryStore.open(Path(sys.argv[1])) as store:
    step = len(events) // 250
    for first in range(0, len(events), step):
        store.reviews.merge(events[first : first + step])
        print(first, flush=True)
"""


def test_a_process_that_is_killed_leaves_whole_steps(
    folder: Path, events: list[Event], expected: dict[str, object]
) -> None:
    (folder / "events").write_bytes(pickle.dumps(events))
    with opened(folder, "killed") as store:
        for seed in range(3):
            command = [sys.executable, "-c", KILLED, str(store.root), str(folder / "events"), str(seed)]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(random.Random(seed).uniform(0.05, 0.4))
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            child.stdout.close()
            assert counting(store) == what_counts(list(store.reviews.events()))
        assert 0 < store.reviews.version() < COUNT
        for first in range(0, COUNT, 500):
            store.reviews.merge(events[first : first + 500])
        assert state(store) == expected
