"""What a second ingest retries, and what it does not. No model is needed: none of the files is a video."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoders.bundle import Encoders
from pipeline.perceive import fingerprints, stages
from stores.core.errors import StoreError
from stores.core.records import StageKey
from stores.ledger import MAX_ATTEMPTS, Attempt
from stores.library_store import LibraryStore
from tests.e2e.media import write_video
from workflows.ingest import ingest
from workflows.job_options import JobOptions
from workflows.planning.budget import Budget, Meter
from workflows.planning.rates import Rates
from workflows.telemetry.progress import Event, Identified, Planned


@pytest.fixture
def encoders():
    with Encoders.open() as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path):
    with LibraryStore.open(tmp_path / "lib", create=True) as opened:
        yield opened


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "text.mp4"
    path.write_text("This is no film.")
    return path


def run(store, encoders, film, **options):
    events = []
    report = ingest(store, encoders, [film], JobOptions(workers=1, **options), progress=events.append)
    (planned,) = [event for event in events if isinstance(event, Planned)]
    return report.videos[0], planned.videos


def attempts(store) -> int:
    return max(receipt.attempt for receipt in store.ledger.receipts())


def test_permanent_failures_are_not_retried_unless_requested(store, encoders, film):
    video, tried = run(store, encoders, film)
    assert (video.status, video.error_code, tried) == ("failed", "NOT_MEDIA", 1)
    video, tried = run(store, encoders, film)
    assert (video.status, video.error_code, tried, attempts(store)) == ("failed", "NOT_MEDIA", 0, 1)
    video, tried = run(store, encoders, film, retry=True)
    assert (video.status, tried, attempts(store)) == ("failed", 1, 2)


def test_a_video_that_kills_its_workers_is_quarantined_until_requested(store, encoders, film):
    run(store, encoders, film)
    (receipt,) = store.ledger.receipts()
    stage_fingerprints = fingerprints(stages(encoders))
    assert receipt.key == StageKey(receipt.key.video_id, "probe", stage_fingerprints["probe"])
    store.ledger.reset(video_ids=[receipt.key.video_id])
    for _ in range(MAX_ATTEMPTS):
        assert isinstance(store.ledger.begin(receipt.key, "worker that dies"), Attempt)
    film.rename(film.with_name("again.mp4"))
    for expected in (1, 0):
        video, tried = run(store, encoders, film.with_name("again.mp4"))
        assert (video.status, video.error_code, tried) == ("quarantined", "WORKER_LOST", expected)
    video, tried = run(store, encoders, film.with_name("again.mp4"), retry=True)
    assert (video.status, video.error_code, tried) == ("failed", "NOT_MEDIA", 1)


def test_a_full_disk_ends_the_job_and_keeps_the_library(store, encoders, tmp_path, monkeypatch):
    for seed in (1, 2, 3):
        write_video(tmp_path / f"{seed}.mp4", seconds=0.5, seed=seed)

    def full(self: LibraryStore, *arguments: object) -> None:
        raise StoreError("DISK_FULL", "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(LibraryStore, "commit", full)
        with pytest.raises(StoreError, match="DISK_FULL"):
            ingest(store, encoders, [tmp_path], JobOptions(workers=2))
    with store.writer():
        assert store.runs.runs()[0].finished_at is None
    assert len(store.catalog.videos()) == 3


def test_every_job_is_logged_with_its_counts(store, encoders, film):
    run(store, encoders, film)
    (job,) = store.runs.runs()
    assert (job.summary["inputs"], job.summary["failed"]) == (1, 1)


def test_hashing_counts_against_a_budget_of_seconds(store, encoders, tmp_path):
    now = 0.0
    for number in range(12):
        (tmp_path / f"{number}.mp4").write_text(f"no film {number}")

    def time_passes(event: Event) -> None:
        nonlocal now
        if isinstance(event, Identified):
            now += 10.0

    rates = Rates.of(store)
    meter = Meter(tmp_path, lambda unit: rates.estimate(unit.stages, unit.seconds), 1, Budget(seconds=45), lambda: now)
    meter.start()
    report = ingest(store, encoders, [tmp_path], JobOptions(workers=1), meter=meter, progress=time_passes)
    assert (report.totals.inputs, report.totals.postponed) == (12, 12)
    assert report.totals.reconciled
    assert "45 s" in meter.stopped
    assert report.totals.media_seconds == 0, "nothing was processed, so there is no speed"
    report = ingest(store, encoders, [tmp_path], JobOptions(workers=1))
    assert [video.error_code for video in report.videos] == ["NOT_MEDIA"] * 12
