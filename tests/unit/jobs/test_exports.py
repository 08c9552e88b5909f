"""Exports as jobs on a small real library: the files made on the spot, whole or not there, and only of what is seen."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kinodex.exports.formats import FORMATS
from kinodex.jobs import exporting
from kinodex.jobs.supervisor import settings_line
from kinodex.jobs.worker import Worker
from kinodex.library import Library
from kinodex.schemas.api.exports import ExportAsked
from kinodex.schemas.jobs.orders import ExportOrder, arguments_of
from kinodex.settings import ServerSettings
from kinodex.usecases.exchange import export_writing
from kinodex.views import exports as on_the_spot
from kinodex.views.library_view import LibraryView
from stores.core.principal import OWNER
from stores.jobs.job_ledger import LEASE_SECONDS, JobLedger
from stores.jobs.records import Job, JobError, JobLease
from tests.unit.kinodex.chat_library import copied, make


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def library(made: Path, tmp_path: Path) -> Iterator[Library]:
    with Library.open(copied(made, tmp_path)) as opened:
        (tmp_path / "tags.csv").write_text("id,name\nt1,pizza\n")
        opened.import_tags(tmp_path / "tags.csv")
        yield opened


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_writing, "BATCH", 1)


def ordered(library: Library, form: str = "lines.csv", owner: str = "", **more: Any) -> Job:
    asked = ExportOrder(kind="export", format=form, **more)
    return library.store.jobs.order("export", arguments_of(asked), owner)[0]


def done(library: Library, *jobs: Job) -> list[Job]:
    assert Worker(library).run(once=True) == len(jobs)
    return [library.store.jobs.get(job.job_id) for job in jobs]


def data_of(library: Library, job: Job) -> bytes:
    with library.store.exports.open(f"{job.job_id}.{job.attempt}") as file:
        return file.read()


def files(library: Library) -> list[str]:
    folder = library.store.root / "exports"
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


def readable(data: bytes, form: str) -> Any:
    if form.endswith(".parquet"):
        import pyarrow.parquet

        return pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return data


@pytest.mark.usefixtures("small_batches")
def test_a_job_makes_the_file_that_is_made_on_the_spot(library: Library) -> None:
    forms = [one for one in FORMATS if one not in ("annotations", "otio", "fcpxml")]  # these say when they were made
    query = {one: "the harbour opens" if one.startswith("moments") else "" for one in forms}
    jobs = done(library, *(ordered(library, one, query=query[one], bom=True) for one in forms))
    for form, job in zip(forms, jobs, strict=True):
        assert job.error is None, (form, job.error)
        asked = ExportAsked(format=form, query=query[form], bom=True)
        here = on_the_spot.export(LibraryView(library, OWNER), asked)
        assert readable(data_of(library, job), form) == readable(here.data, form), form
        assert job.report is not None
        assert (job.report["file"]["name"], job.report["file"]["media_type"]) == (here.name, here.media_type)
        assert job.report["file"]["bytes"] == len(data_of(library, job))


@pytest.mark.usefixtures("small_batches")
def test_a_job_says_how_far_it_is_and_of_how_many_videos(library: Library) -> None:
    (job,) = done(library, ordered(library))
    assert (job.state, job.share, job.totals) == ("done", 1.0, {"videos": 3, "done": 3})
    told = [one for one in library.store.jobs.events_after(job.job_id) if one.kind == "progress"]
    assert told[-1].payload["totals"]["videos"] == 3
    first = sorted(library.indexed())[0]
    (one,) = done(library, ordered(library, video_ids=[first, "vid_gone"]))
    assert one.totals == {"videos": 1, "done": 1, "filtered": 1}
    assert library.store.exports.videos(f"{one.job_id}.1") == {first}


def test_an_export_holds_what_the_one_who_ordered_it_sees_when_it_is_made(library: Library) -> None:
    access, one = library.store.access, sorted(library.indexed())[0]
    access.users.add("Root", "long enough a password")
    ada, eve, kim = (access.users.add(name, "long enough a password", ["read", "jobs"], True) for name in "ABC")
    jobs = [ordered(library, owner=who.user_id) for who in (ada, eve, kim)]
    access.users.remove(eve.user_id)
    access.users.change(kim.user_id, scopes=["read"])
    access.users.change(ada.user_id, everything=False)
    only = access.collections.add("Only").collection_id
    access.collections.put_videos(only, [one])
    access.collections.grant(only, ada.user_id, "reader")
    mine, *others = done(library, *jobs)
    assert library.store.exports.videos(f"{mine.job_id}.1") == {one}
    assert [job.error.code if job.error else "" for job in others] == ["FORBIDDEN", "FORBIDDEN"]
    assert len(files(library)) == 2  # the file, and which videos are in it


def test_what_is_wrong_with_an_order_fails_before_work_begins(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_writing, "MOST_AT_ONCE", 2)
    forms = ("edl", "moments.csv", "docx")
    jobs = done(library, *(ordered(library, one) for one in forms), ordered(library, tags=["none"]))
    assert [job.error.code if job.error else "" for job in jobs] == ["TOO_LARGE", "USAGE", "USAGE", "USAGE"]
    assert files(library) == []


def test_an_export_waits_for_no_job_that_works_on_the_library(library: Library, made: Path, tmp_path: Path) -> None:
    job = ordered(library)
    with Library.open(library.store.root, create=False) as other, other.store.job():
        done(library, job)
    assert library.store.jobs.get(job.job_id).state == "done"
    ingest, _ = library.store.jobs.order("ingest", {"paths": ["/films"]})
    behind = ordered(library)
    taken = library.store.job_ledger.take()
    assert taken is not None
    assert taken[0].job_id == ingest.job_id
    assert done(library, behind)[0].state == "done"  # by another worker, beside it


def interrupting(library: Library, monkeypatch: pytest.MonkeyPatch, at: threading.Event) -> None:
    """Whoever writes an export waits in the middle of it."""
    before = export_writing.Chosen.materials

    def slow(self: Any, store: Any, video_ids: Sequence[str]) -> Any:
        if at.is_set() or not files(library):
            return before(self, store, video_ids)
        at.set()
        time.sleep(60)
        return before(self, store, video_ids)

    monkeypatch.setattr(export_writing.Chosen, "materials", slow)


@pytest.mark.usefixtures("small_batches")
def test_a_cancelled_export_leaves_no_file_and_can_be_retried(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = threading.Event()
    interrupting(library, monkeypatch, at)
    job = ordered(library, "lines.jsonl")

    def cancel() -> None:
        assert at.wait(60)
        assert any(one.startswith(".part-") for one in files(library))
        library.store.job_ledger.cancel(job.job_id)

    thread = threading.Thread(target=cancel)
    thread.start()
    assert done(library, job)[0].state == "cancelled"
    thread.join()
    assert files(library) == []
    library.store.job_ledger.retry(job.job_id)
    again = done(library, job)[0]
    assert (again.state, again.attempt) == ("done", 2)
    assert len(data_of(library, again).splitlines()) == 5


KILLED = """
import json, sys, time
from kinodex.jobs.worker import Worker
from kinodex.library import Library
from kinodex.settings import Settings
from kinodex.usecases.exchange import export_writing
export_writing.BATCH = 1
before, seen = export_writing.Chosen.materials, []
def slow(self, store, video_ids):
    seen.append(video_ids)
    if len(seen) > 1:
        print("in the middle", flush=True)
        time.sleep(600)
    return before(self, store, video_ids)
export_writing.Chosen.materials = slow
with Library(Settings.model_validate(json.loads(sys.stdin.readline()))) as library:
    Worker(library).run(once=True)
"""


def test_an_export_whose_worker_was_killed_is_made_anew_and_its_half_is_never_offered(library: Library) -> None:
    job = ordered(library, "lines.jsonl")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(settings_line(library.settings))
    worker.stdin.close()
    assert worker.stdout.readline() == b"in the middle\n"
    worker.kill()
    worker.wait()
    worker.stdout.close()
    assert [one[:6] for one in files(library)] == [".part-"]
    assert library.store.exports.kept(7) == {}
    again = done(library, job)[0]
    assert (again.state, again.attempt) == ("done", 2)
    assert files(library) == [f"{job.job_id}.2", f"{job.job_id}.2.videos"]
    assert len(data_of(library, again).splitlines()) == 5


def test_old_exports_go_and_so_do_those_of_videos_that_are_forgotten(library: Library) -> None:
    pizza, boats = library.resolve("pizza.mp4"), library.resolve("boats.mp4")
    old, other, mine = done(
        library, ordered(library), ordered(library, video_ids=[boats]), ordered(library, video_ids=[pizza])
    )
    name = f"{old.job_id}.{old.attempt}"
    week_ago = time.time() - 8 * 86_400
    os.utime(library.store.root / "exports" / name, (week_ago, week_ago))
    assert name not in library.store.exports.kept(7)
    Worker(library)._tidy()
    assert name not in files(library)
    library.forget(pizza)
    assert files(library) == [f"{other.job_id}.1", f"{other.job_id}.1.videos"]
    assert library.store.jobs.get(mine.job_id).state == "done"
    no_room = library.settings.model_copy(update={"server": ServerSettings(export_cache=0)})
    library.settings = no_room
    last = done(library, ordered(library, video_ids=[boats]))[0]
    Worker(library)._tidy()
    assert files(library) == [f"{last.job_id}.1", f"{last.job_id}.1.videos"]  # the newest always stays


def test_a_worker_that_lost_a_job_leaves_the_file_of_the_one_that_took_it(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, before = ordered(library), exporting.existing

    def overtaken(store: Any, video_ids: Any) -> Any:
        other = JobLedger(library.store.engine, lambda: time.time() + 2 * LEASE_SECONDS, "another worker")
        taken = other.take()
        assert taken is not None
        library.store.exports.make(job.job_id, 2, lambda out: [str(out.write_bytes(b"whole"))])
        other.finish(taken[1], {}, {})
        return before(store, video_ids)

    monkeypatch.setattr(exporting, "existing", overtaken)
    ended = done(library, job)[0]
    assert (ended.state, ended.attempt) == ("done", 2)
    assert data_of(library, ended) == b"whole"


def test_what_a_failed_export_left_is_removed_before_the_job_may_be_another_s(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ordered(library)
    seen = list[list[str]]()
    before = JobLedger.fail

    def failing(self: JobLedger, lease: JobLease, error: JobError) -> None:
        seen.append(files(library))
        before(self, lease, error)

    def unable(*_: Any) -> None:
        raise OSError("no such luck")

    monkeypatch.setattr(JobLedger, "fail", failing)
    monkeypatch.setattr(exporting, "existing", unable)
    assert done(library, job)[0].state == "failed"
    assert (seen, files(library)) == ([[]], [])


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("form", ["srt", "lines.csv", "edl", "annotations"])
@pytest.mark.parametrize("single", [False, True])
def test_a_video_that_goes_before_it_is_written_is_a_conflict(
    library: Library, monkeypatch: pytest.MonkeyPatch, form: str, single: bool
) -> None:
    boats, before = library.resolve("boats.mp4"), export_writing.choose
    only = [boats] if single else None

    def gone_then(*asked: Any) -> Any:
        chosen = before(*asked)
        library.forget(boats)
        return chosen

    monkeypatch.setattr(export_writing, "choose", gone_then)
    job = done(library, ordered(library, form, video_ids=only))[0]
    assert (job.state, job.error and job.error.code, files(library)) == ("failed", "CONFLICT", [])


@pytest.mark.parametrize("tidy", [lambda library: library.forget("boats.mp4"), lambda library: Worker(library)._tidy()])
def test_what_a_dead_worker_had_begun_goes_with_its_job_and_what_is_being_made_stays(
    library: Library, tidy: Callable[[Library], object]
) -> None:
    job, folder = ordered(library), library.store.root / "exports"
    ledger = JobLedger(library.store.engine, worker="host x 1 1")
    assert ledger.take() is not None
    folder.mkdir()
    (folder / f".part-{job.job_id}.1").write_bytes(b"of boats")
    (folder / f".part-{job.job_id}.0").write_bytes(b"of boats")
    tidy(library)
    assert files(library) == [f".part-{job.job_id}.1"]
    ledger.worker_died("host x 1 1")
    library.store.job_ledger.cancel(job.job_id)
    library.forget("pizza.mp4")
    assert files(library) == []
