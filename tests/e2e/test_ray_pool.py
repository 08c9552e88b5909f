"""A pool of actors on a real cluster: whatever actors do, each unit's rows come once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.core.errors import KinodexError, StoreError
from workflows.executors.ray.actor import Perceiver, ProgressBuffer, Row
from workflows.executors.ray.cluster import cluster
from workflows.executors.ray.pool import Pool
from workflows.executors.ray.shape import Shape
from workflows.telemetry.progress import Event, StageAdvanced, StageStarted, Waiting

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]  # actors import this module, so it imports little


class Toy(Perceiver):
    """Does what a unit's text says; each unit that is begun leaves a line in a file."""

    def __init__(self, folder: str, slots: int) -> None:
        self.folder = Path(folder)
        self._progress = ProgressBuffer()

    def open(self) -> Row:
        if (self.folder / "fails to start").exists():
            os._exit(1)
        aborted = (self.folder / "aborted").exists()
        return Row(-1, status="aborted", error_code="DISK_FULL", error_message="no room") if aborted else Row(-1)

    def work(self, number: int, text: str) -> list[Row]:
        with (self.folder / "begun").open("a") as file:
            file.write(f"{text} {os.getpid()}\n")
        what = text.split()[0]
        if what == "die" or (what == "die-once" and not (self.folder / text).exists()):
            (self.folder / text).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "fail":
            raise ValueError("a bug")
        if what == "meet":
            self._meet(text)
        if what == "slow":
            time.sleep(0.5)
        if what == "report":
            self._report(number)
        return [Row(number, text), Row(number)]

    def _report(self, number: int) -> None:
        self._progress.add(number, StageStarted("vid_a", "file:///a.mp4", "speech"))
        self._progress.add(number + 1, StageStarted("vid_b", "file:///b.mp4", "speech"))
        until = time.monotonic() + 60
        while not (self.folder / "polled").exists() and time.monotonic() < until:
            self._progress.add(number, StageAdvanced("vid_a", "speech", 0.5))
            time.sleep(0.1)

    def _meet(self, text: str) -> None:
        """Wait until two units run at the same time."""
        (self.folder / f"here {text}").touch()
        until = time.monotonic() + 20
        while len(list(self.folder.glob("here *"))) < 2:
            if time.monotonic() >= until:
                raise ValueError("no second unit came")
            time.sleep(0.01)


@pytest.fixture(scope="module")
def ray_there() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        with cluster(None, 2):
            yield


@pytest.fixture
def folder(tmp_path: Path, ray_there: None) -> Path:
    return tmp_path


def pool_of(folder: Path, slots: int = 2, actors: int = 1) -> Pool:
    return Pool(str(folder), Shape(slots, actors, 1 << 20), {}, Toy)


def done(pool: Pool, units: list[str], per_slot: int = 1) -> list[str]:
    """The texts of the units in the order in which they ended; the rows of each came together, and closed."""
    texts = []
    try:
        for rows in pool.work(units, per_slot):
            for one, closing in zip(rows[::2], rows[1::2], strict=True):
                assert one.unit == closing.unit
                assert not closing.video_id
                assert units[one.unit] == one.video_id
                texts.append(one.video_id)
    except Exception:
        pool.close()  # else the next test waits for its processors
        raise
    return texts


def processes(folder: Path) -> Counter[str]:
    return Counter(line.rpartition(" ")[2] for line in (folder / "begun").read_text().splitlines())


def test_every_unit_comes_once_from_actors_that_stay(folder: Path):
    pool = pool_of(folder, slots=1, actors=2)
    first = [f"slow {number}" for number in range(6)]
    assert sorted(done(pool, first)) == first
    assert len(processes(folder)) == 2
    second = [f"quick {number}" for number in range(10)]
    assert sorted(done(pool, second, per_slot=2)) == second
    assert len(processes(folder)) == 2, "the same two processes, with their models loaded"
    pool.close()


def test_two_units_share_a_process(folder: Path):
    pool = pool_of(folder)
    assert sorted(done(pool, ["meet 1", "meet 2"])) == ["meet 1", "meet 2"]
    assert len(processes(folder)) == 1
    pool.close()


@pytest.mark.parametrize(("slots", "actors"), [(2, 1), (1, 2)])
def test_the_units_of_a_dead_actor_are_run_by_another(slots: int, actors: int, folder: Path):
    pool = pool_of(folder, slots, actors)
    units = ["slow 1", "die-once 2", "quick 3", "quick 4", "die-once 5", "quick 6"]
    assert sorted(done(pool, units, per_slot=2)) == sorted(units)
    pool.close()


def test_a_unit_that_always_kills_its_actor_ends_the_job_eventually(folder: Path, monkeypatch: pytest.MonkeyPatch):
    # In a library the ledger ends it sooner; here no attempt is ever begun.
    monkeypatch.setattr("workflows.executors.ray.pool._MAX_RETURNS", 2)
    pool = pool_of(folder)
    with pytest.raises(KinodexError, match="keep dying") as raised:
        done(pool, ["die 1"])
    assert raised.value.code.name == "WORKER_LOST"


def test_actors_that_never_open_end_the_job(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("workflows.executors.ray.pool._MAX_FAILED_STARTS", 2)
    (folder / "fails to start").touch()
    with pytest.raises(KinodexError, match="keep dying"):
        done(pool_of(folder), ["quick 1"])


def test_a_library_that_cannot_be_opened_ends_the_job(folder: Path):
    (folder / "aborted").touch()
    with pytest.raises(StoreError, match="no room"):
        done(pool_of(folder), ["quick 1"])


def test_a_bug_ends_the_job_and_all_that_runs(folder: Path):
    pool = pool_of(folder, slots=1, actors=2)
    with pytest.raises(ValueError, match="a bug"):
        done(pool, ["fail 1", "quick 2", "slow 3", "slow 4"])
    pool = pool_of(folder)
    assert done(pool, ["quick 5"]) == ["quick 5"]
    pool.close()


def test_progress_is_reported_while_all_slots_are_busy(folder: Path):
    pool = pool_of(folder, slots=1)
    events: list[Event] = []

    def progress(event: Event) -> None:
        if isinstance(event, Waiting):
            return  # on a machine that is very busy
        events.append(event)
        if len(events) == 2:
            (folder / "polled").touch()

    assert [row.unit for rows in pool.work(["report 1"], 1, progress) for row in rows] == [0, 0]
    assert events[:2] == [StageStarted("vid_a", "file:///a.mp4", "speech"), StageAdvanced("vid_a", "speech", 0.5)]
    assert {event.video_id for event in events} == {"vid_a"}, "only units assigned to the actor"
    pool.close()


def test_a_caller_that_stops_early_leaves_no_actor_at_work(folder: Path):
    pool = pool_of(folder)
    for rows in pool.work([f"slow {number}" for number in range(8)], 1):
        if rows:
            break
    time.sleep(0.3)  # assigned units may just be starting
    begun = (folder / "begun").read_text()
    time.sleep(1.2)
    assert (folder / "begun").read_text() == begun
    assert done(pool, ["quick 9"]) == ["quick 9"], "by new actors"
    pool.close()


def test_waiting_is_reported_while_no_actor_can_start(folder: Path, monkeypatch: pytest.MonkeyPatch):
    first = pool_of(folder)
    assert done(first, ["quick 1"]) == ["quick 1"]
    monkeypatch.setattr("workflows.executors.ray.pool._START_SECONDS", 0.5)
    second = pool_of(folder)
    threading.Timer(3.0, first.close).start()
    events: list[Event] = []
    rows = [row for ended in second.work(["quick 2"], 1, events.append) for row in ended]
    assert any(isinstance(event, Waiting) and "2 processors" in event.why for event in events)
    assert [row.video_id for row in rows] == ["quick 2", ""]
    second.close()
