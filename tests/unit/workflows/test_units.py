"""Which units are left: probes, whole videos, parts of long ones and what joins them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from encoders.bundle import Encoders
from pipeline.perceive import stages
from pipeline.segments.parts import parts_of
from stores.core.errors import MediaError
from stores.core.records import Blob, StageKey, StageOutput
from stores.library_store import LibraryStore
from tests.e2e.media import write_video
from tests.unit.stores.builders import sha, video_of
from workflows.identify import Input
from workflows.ingest import ingest
from workflows.job_options import JobOptions
from workflows.report import outcome_of
from workflows.telemetry.progress import VideoFinished
from workflows.units import PARTED, Planner, WorkUnit

PART = 4.0  # the builders' video is ten seconds long: three parts


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open() as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "lib", create=True) as opened:
        yield opened


@pytest.fixture
def planner(store: LibraryStore, encoders: Encoders) -> Planner:
    return Planner(store, stages(encoders), PART)


def register(store: LibraryStore, name: str = "long.mp4") -> Input:
    video_id = store.catalog.register(Path("/videos") / name, sha(name), 1000, 7)
    return Input(f"file:///videos/{name}", 1000, video_id)


def end(store: LibraryStore, video_id: str, stage: str, fingerprint: str, output: StageOutput | None = None) -> None:
    attempt = store.ledger.begin(StageKey(video_id, stage, fingerprint), "tester")
    store.commit(attempt, output or StageOutput(blobs=(Blob("part.npz", b"x"),)))


def probed(store: LibraryStore, planner: Planner, name: str = "long.mp4", seconds: int = 10) -> Input:
    one = register(store, name)
    video = video_of(one.video_id, sha(name))
    video = replace(video, duration=round(seconds / video.time_base))
    end(store, one.video_id, "probe", planner.wanted["probe"], StageOutput(video=video))
    return one


def work_on(store: LibraryStore, unit: WorkUnit) -> None:
    for stage, fingerprint in unit.stages.items():
        end(store, unit.video_id, stage, fingerprint)


def test_an_unknown_video_is_probed_first(store, planner):
    (unit,) = planner.units([register(store)])
    assert (set(unit.stages), unit.part) == ({"probe"}, None)


def test_a_short_video_is_one_unit_and_copies_are_one_video(store, planner):
    one = probed(store, planner, seconds=4)
    (unit,) = planner.units([one, replace(one, uri="file:///videos/copy.mp4")])
    assert unit.part is None
    assert set(unit.stages) == set(planner.wanted) - {"probe"}


def test_the_longest_video_comes_first(store, planner):
    inputs = [probed(store, planner, f"{seconds}.mp4", seconds) for seconds in (2, 4, 3)]
    assert [unit.seconds for unit in planner.units(inputs)] == [4.0, 3.0, 2.0]


def test_a_long_video_runs_in_parts_that_are_joined_when_all_are_done(store, planner):
    one = probed(store, planner)
    units = planner.units([one])
    assert [unit.part for unit in units] == [0, 1, 2]
    assert set(units[1].stages) == {f"{stage}.001" for stage in PARTED}
    for unit in units[:2]:
        work_on(store, unit)
    (last,) = planner.units([one])
    assert last.part == 2
    work_on(store, last)
    (join,) = planner.units([one])
    assert (join.part, set(join.stages)) == (None, set(planner.wanted) - {"probe"})


def test_only_unfinished_parts_run_again(store, planner):
    one = probed(store, planner)
    unit = planner.units([one])[0]
    end(store, one.video_id, "pictures.000", unit.stages["pictures.000"])
    first = planner.units([one])[0]
    assert set(first.stages) == {f"{stage}.000" for stage in PARTED} - {"pictures.000"}


def test_a_permanently_failed_part_fails_its_stage_and_those_that_depend_on_it(store, planner):
    one = probed(store, planner)
    for unit in planner.units([one]):
        for stage, fingerprint in unit.stages.items():
            if stage == "screentext.001":
                attempt = store.ledger.begin(StageKey(unit.video_id, stage, fingerprint), "tester")
                store.ledger.fail(attempt, "DECODE_FAILED", "not one picture")
            else:
                end(store, unit.video_id, stage, fingerprint)
    (join,) = planner.units([one])
    assert "pictures" in join.stages
    assert "labels" in join.stages
    assert not {"screentext", "vectors"} & set(join.stages)
    for stage, fingerprint in join.stages.items():
        end(store, one.video_id, stage, fingerprint, StageOutput())
    assert planner.units([one]) == []
    stage_fingerprints = planner.part_fingerprints(store.catalog.video(one.video_id))
    outcome = outcome_of(store.ledger.receipts(one.video_id), planner.wanted, parts_wanted=stage_fingerprints)
    assert (outcome.status, outcome.error_code) == ("failed", "DECODE_FAILED")
    assert dict(outcome.stages)["screentext"] == "failed"
    assert dict(outcome.stages)["labels"] == "done"


def test_parts_of_another_length_are_other_units(store, encoders, planner):
    one = probed(store, planner)
    for unit in planner.units([one]):
        work_on(store, unit)
    finer = Planner(store, stages(encoders), PART / 2)
    assert len(finer.units([one])) == len(parts_of(store.catalog.video(one.video_id), PART / 2))


def test_retryable_failures_are_retried_at_once_and_then_quarantined(store, encoders, tmp_path, monkeypatch):
    write_video(tmp_path / "a.mp4", seconds=0.5)
    calls = []

    def crash(*arguments: object) -> None:
        calls.append(arguments)
        raise MediaError("DECODE_CRASHED", "the decoder crashed")

    monkeypatch.setattr("pipeline.decode.decoder.Decoder.probe", crash)
    events = []
    report = ingest(store, encoders, [tmp_path / "a.mp4"], JobOptions(workers=1), progress=events.append)
    assert (report.videos[0].status, report.videos[0].error_code) == ("quarantined", "DECODE_CRASHED")
    assert len(calls) == store.ledger.max_attempts
    assert [event.status for event in events if isinstance(event, VideoFinished)] == ["quarantined"]
    assert report.totals.reconciled
    again = ingest(store, encoders, [tmp_path / "a.mp4"], JobOptions(workers=1))
    assert again.videos[0].status == "quarantined"
    assert len(calls) == store.ledger.max_attempts


def test_a_failure_of_the_machine_is_retried_within_limits_and_counts_no_strike(store, encoders, tmp_path, monkeypatch):
    write_video(tmp_path / "a.mp4", seconds=0.5)

    def unreadable(*arguments: object) -> None:
        raise MediaError("FILE_UNREADABLE", "the network share is away")

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.decode.decoder.Decoder.probe", unreadable)
        report = ingest(store, encoders, [tmp_path / "a.mp4"], JobOptions(workers=1))
    assert report.videos[0].status == "failed"
    (receipt,) = store.ledger.receipts()
    assert receipt.strikes == 0


def test_a_renamed_file_keeps_its_results(store, encoders, tmp_path):
    film = tmp_path / "text.mp4"
    film.write_text("no film")
    ingest(store, encoders, [film], JobOptions(workers=1))
    shutil.move(film, tmp_path / "other.mp4")
    report = ingest(store, encoders, [tmp_path / "other.mp4"], JobOptions(workers=1))
    assert report.videos[0].error_code == "NOT_MEDIA"
    assert [receipt.attempt for receipt in store.ledger.receipts()] == [1]
