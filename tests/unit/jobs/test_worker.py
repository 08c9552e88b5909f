"""Real worker processes, really killed: a job is done once, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from kinodex.jobs.supervisor import WorkerProcess, settings_line
from kinodex.jobs.worker import Worker
from kinodex.library import Library
from stores.jobs.records import Job
from stores.jobs.tables import JobRow
from stores.sql.database import reading
from tests.unit.jobs.films import FEW_MODELS, make_films
from tests.unit.jobs.patience import until

COUNT = 4


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", workers=2, perception=FEW_MODELS) as opened:
        yield opened


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twice as many as are watched at a time, so that something is left to do when one of them is done."""
    return make_films(tmp_path_factory.mktemp("films") / "films", COUNT)


def ended(library: Library, job_id: str) -> Job:
    until(lambda: library.store.jobs.get(job_id).ended)
    return library.store.jobs.get(job_id)


def kinds(library: Library, job_id: str) -> list[str]:
    return [event.kind for event in library.store.jobs.events_after(job_id)]


def finished(library: Library, job_id: str) -> list[str]:
    """Ids of the videos that a job has finished so far."""
    events = library.store.jobs.events_after(job_id)
    return [one.payload["video_id"] for one in events if one.kind == "video"]


def begun_again(library: Library, video_ids: list[str]) -> list[str]:
    """Stages of these videos that were begun more than once."""
    receipts = [one for video_id in video_ids for one in library.store.ledger.receipts(video_id)]
    assert receipts or not video_ids
    return [one.key.stage for one in receipts if one.attempt > 1]


def test_an_ingest_says_how_far_it_is_and_reports_as_the_command_does(library: Library, films: Path) -> None:
    job, _ = library.store.jobs.order("ingest", {"paths": [str(films)]})
    with WorkerProcess(library.settings):
        done = ended(library, job.job_id)
        assert done.error is None
        assert done.report is not None
        assert done.state == "done"
        assert done.report["totals"]["done"] == COUNT
        assert Path(done.report["report"]).is_file()
        happened = library.store.jobs.events_after(job.job_id)
        assert (happened[0].kind, happened[-1].kind) == ("begun", "ended")
        assert sorted(one.payload["name"] for one in happened if one.kind == "video") == [
            f"film{number:02d}.mp4" for number in range(COUNT)
        ]
        assert sum(one.kind == "progress" for one in happened) == 1  # only the newest is kept
        bad, _ = library.store.jobs.order("ingest", {"paths": ["/nowhere/at/all.mp4"]})
        report = ended(library, bad.job_id).report
        assert report is not None
        assert report["videos"][0]["error"]["code"] == "FILE_MISSING"
        tags, _ = library.store.jobs.order("tag", {"video_ids": None})
        failed = ended(library, tags.job_id)
        assert failed.error is not None
        assert (failed.state, failed.error.code) == ("failed", "NO_TAGS")


def test_a_killed_worker_is_replaced_and_the_job_goes_on_where_it_was(library: Library, films: Path) -> None:
    job, _ = library.store.jobs.order("ingest", {"paths": [str(films)]})
    with WorkerProcess(library.settings) as worker:
        until(lambda: "video" in kinds(library, job.job_id))
        before = finished(library, job.job_id)
        first = worker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        done = ended(library, job.job_id)
        assert worker.pid not in (None, first)
    assert (done.state, done.attempt) == ("done", 2)
    assert done.report is not None
    assert done.report["totals"]["done"] == COUNT
    assert done.report["totals"]["reused"] >= 1
    assert "resumed" in kinds(library, job.job_id)
    assert begun_again(library, before) == []
    assert library.verify().problems == ()


def test_who_starts_a_worker_is_told_by_which_name_it_held_its_job_when_it_has_ended(
    library: Library, films: Path
) -> None:
    job, _ = library.store.jobs.order("ingest", {"paths": [str(films)]})
    told: list[str] = []
    with WorkerProcess(library.settings, told.append) as worker:
        until(lambda: library.store.jobs.get(job.job_id).state == "running")
        with reading(library.store.engine) as connection:
            held_by = connection.execute(select(JobRow.worker)).scalar_one()
        assert told == []
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        until(lambda: bool(told))
    assert told[0] == held_by


def test_when_the_server_is_killed_its_worker_puts_the_job_back_and_ends(library: Library, films: Path) -> None:
    job, _ = library.store.jobs.order("ingest", {"paths": [str(films)]})
    program = (
        "import json, sys, time\n"
        "from kinodex.jobs.supervisor import WorkerProcess\n"
        "from kinodex.settings import Settings\n"
        "worker = WorkerProcess(Settings.model_validate(json.loads(sys.stdin.readline()))); worker.start()\n"
        "while worker.pid is None: time.sleep(0.05)\n"
        "print(worker.pid, flush=True); time.sleep(600)"
    )
    server = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(settings_line(library.settings))
    server.stdin.flush()
    pid = int(server.stdout.readline())
    until(lambda: library.store.jobs.get(job.job_id).share > 0)
    server.kill()
    server.wait()
    until(lambda: not Path(f"/proc/{pid}").exists())
    before = finished(library, job.job_id)
    left = library.store.jobs.get(job.job_id)
    assert left.state in ("queued", "done")
    with WorkerProcess(library.settings):
        done = ended(library, job.job_id)
    assert done.report is not None
    assert (done.state, done.report["totals"]["done"]) == ("done", COUNT)
    assert begun_again(library, before) == []
    server.stdin.close()
    server.stdout.close()


def test_a_cancelled_job_stops_soon_and_can_be_retried(library: Library, films: Path) -> None:
    job, _ = library.store.jobs.order("ingest", {"paths": [str(films)]})
    with WorkerProcess(library.settings) as worker:
        until(lambda: library.store.jobs.get(job.job_id).share > 0)
        pid = worker.pid
        library.store.job_ledger.cancel(job.job_id)
        stopped = ended(library, job.job_id)
        assert (stopped.state, stopped.report) == ("cancelled", None)
        library.store.job_ledger.retry(job.job_id)
        again = ended(library, job.job_id)
        assert again.report is not None
        assert (again.state, again.report["totals"]["done"]) == ("done", COUNT)
        assert worker.pid == pid  # the same worker, unharmed


def test_a_worker_that_is_told_to_end_puts_its_job_back(library: Library, films: Path) -> None:
    job, _ = library.store.jobs.order("ingest", {"paths": [str(films)]})
    with WorkerProcess(library.settings):
        until(lambda: library.store.jobs.get(job.job_id).share > 0)
    assert library.store.jobs.get(job.job_id).state == "queued"
    assert kinds(library, job.job_id)[-1] == "released"


def test_a_job_waits_while_another_process_works_on_the_library_and_says_so(library: Library, films: Path) -> None:
    job, _ = library.store.jobs.order("ingest", {"paths": [str(films / "film00.mp4")]})
    with WorkerProcess(library.settings):
        with library.store.job():
            until(lambda: "waiting" in kinds(library, job.job_id))
            assert "Another process" in library.store.jobs.get(job.job_id).note
        assert ended(library, job.job_id).state == "done"


def test_two_servers_on_one_library_share_the_jobs(library: Library) -> None:
    ids = [library.store.jobs.order("verify", {})[0].job_id for _ in range(6)]
    with WorkerProcess(library.settings), WorkerProcess(library.settings):
        assert {ended(library, job_id).state for job_id in ids} == {"done"}
    for job_id in ids:
        assert [kind for kind in kinds(library, job_id) if kind != "progress"] == ["begun", "ended"]


def test_a_worker_that_dies_at_its_start_is_started_again_but_not_in_a_hurry(library: Library, tmp_path: Path) -> None:
    gone = library.settings.model_copy(update={"library": tmp_path / "nothing"})

    def on_death(_name: str) -> None:
        raise RuntimeError("what is told of the dead goes wrong, too")

    worker = WorkerProcess(gone, on_death)
    started: dict[int, float] = {}

    def four_times() -> bool:
        if (pid := worker.pid) is not None:
            started.setdefault(pid, time.monotonic())
        return len(started) == 4

    with worker:
        until(four_times)
    times = list(started.values())
    assert times[3] - times[0] >= 0.2 + 0.4 + 0.8, "after pauses that grow"


def test_a_library_that_went_away_is_no_bug_of_a_job(library: Library, films: Path) -> None:
    job, _ = library.store.jobs.order("ingest", {"paths": [str(films)], "retry": False, "budget": ""})
    folder = library.store.root
    folder.rename(folder.with_name("moved"))
    Worker(library).run(once=True)
    folder.with_name("moved").rename(folder)
    error = library.store.jobs.get(job.job_id).error
    assert error is not None
    assert error.code == "LIBRARY_MISSING"
