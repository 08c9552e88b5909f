"""Blame: a full disk, a server, another stage or a lost worker never counts against a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from encoders.bundle import Encoders
from pipeline.perceive import stages
from stores.core.errors import KinodexError, MediaError, StoreError
from stores.core.records import Blob, StageKey, StageOutput
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from tests.e2e.media import write_video
from tests.unit.stores.builders import add_video, sha, vector_item, video_of
from workflows.executors.recovered_outputs import WithRecovered, recovered_outputs
from workflows.executors.threads import record_outcome
from workflows.identify import Input
from workflows.ingest import ingest
from workflows.job_options import JobOptions
from workflows.units import Planner, WorkUnit
from workflows.work import WorkerCallbacks, WorkerContext, work


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open() as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "lib", create=True) as opened:
        yield opened


def begun(store: LibraryStore, video_id: str, stage: str, fingerprint: str = "f1") -> Attempt:
    attempt = store.ledger.begin(StageKey(video_id, stage, fingerprint), "ray-node-1")
    assert isinstance(attempt, Attempt)
    return attempt


def known(store: LibraryStore, planner: Planner) -> str:
    video_id = store.catalog.register(Path("/videos/a.mp4"), sha("a.mp4"), 1000, 7)
    attempt = begun(store, video_id, "probe", planner.wanted["probe"])
    store.commit(attempt, StageOutput(video=video_of(video_id, sha("a.mp4"))))
    return video_id


def test_a_full_disk_is_no_strike(store, encoders, tmp_path, monkeypatch):
    write_video(tmp_path / "a.mp4", seconds=0.5)

    def full(self: LibraryStore, *arguments: object) -> None:
        raise StoreError("DISK_FULL", "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(LibraryStore, "commit", full)
        for _ in range(4):
            with pytest.raises(StoreError, match="DISK_FULL"):
                ingest(store, encoders, [tmp_path / "a.mp4"], JobOptions(workers=1))
    (receipt,) = store.ledger.receipts()
    assert (receipt.status, receipt.strikes) == ("pending", 0)


def test_an_inconsistent_output_fails_only_its_stage(store):
    video_id = add_video(store)
    bad = vector_item("a", 1, 0)
    bad = StageOutput(vectors=(bad, bad))
    receipt = record_outcome(store, begun(store, video_id, "vectors"), bad)
    assert (receipt.status, receipt.error_code) == ("failed", "INTERNAL")


def test_outputs_of_a_dead_actor_are_recovered(store):
    video_id = add_video(store)
    stages_done = {"pictures": "f1", "objects": "f2"}
    attempts = {stage: begun(store, video_id, stage, fingerprint) for stage, fingerprint in stages_done.items()}
    begun(store, video_id, "speech", "f3")
    for stage, attempt in attempts.items():
        blob = Blob(f"{stage}.npz", stage.encode())
        store.staging_area.write(attempt.key, StageOutput(blobs=(blob,)), attempt.number)
    unit = WorkUnit(video_id, "file:///a.mp4", sha("a.mp4"), 1.0, {**stages_done, "speech": "f3"})
    found = recovered_outputs(store, unit)
    assert set(found) == {"pictures", "objects"}
    memory = WithRecovered(store.memory(video_id), found)
    assert memory.has("pictures")
    assert memory.blob("pictures", "pictures.npz") == b"pictures"
    assert not memory.has("speech")
    begun(store, video_id, "pictures")  # begun again since: the staged output belongs to an earlier attempt
    assert set(recovered_outputs(store, unit)) == {"objects"}


def test_beginning_again_after_a_lost_reply_gives_the_same_attempt(store):
    video_id = add_video(store)
    key = StageKey(video_id, "speech", "f1")
    first = store.ledger.begin(key, "me", asked_at=0.0)
    again = store.ledger.begin(key, "me", asked_at=0.0)
    assert again == first
    assert store.ledger.begin(key, "another", asked_at=0.0).number == 2


def test_a_missing_file_is_retried_when_it_is_back(store, encoders):
    planner = Planner(store, stages(encoders))
    video_id = store.catalog.register(Path("/videos/a.mp4"), sha("a.mp4"), 1000, 7)
    one = Input("file:///videos/a.mp4", 1000, video_id)
    store.ledger.fail(begun(store, video_id, "probe", planner.wanted["probe"]), "FILE_MISSING", "gone")
    assert [set(unit.stages) for unit in planner.units([one])] == [{"probe"}]


def test_undecodable_audio_blocks_nothing(store, encoders):
    planner = Planner(store, stages(encoders))
    video_id = known(store, planner)
    for stage in ("speech_activity", "speech"):
        attempt = begun(store, video_id, stage, planner.wanted[stage])
        store.ledger.fail(attempt, "AUDIO_DECODE_FAILED", "noise")
    (unit,) = planner.units([Input("file:///videos/a.mp4", 1000, video_id)])
    assert {"clips", "labels", "tracklets", "vectors"} <= set(unit.stages)
    assert set(unit.undecodable_audio) == {"speech_activity", "speech"}


def test_nothing_is_derived_from_outdated_results(store, encoders, tmp_path, monkeypatch):
    """Speech must run again and is refused: clips must not be derived from the old speech under a new fingerprint."""
    film = write_video(tmp_path / "a.mp4", seconds=0.5)
    ingest(store, encoders, [film], JobOptions(workers=1))
    video_id = store.catalog.videos()[0].video_id
    order = ("speech", "clips", "labels", "vectors")
    unit = WorkUnit(video_id, f"file://{film}", store.catalog.sha256(video_id), 0.5, dict.fromkeys(order, "new"))
    begin_all = store.ledger.begin_all

    def refusing(keys: Sequence[StageKey], worker: str, asked: float = 0.0) -> object:
        for key in keys:
            if key.stage == "speech":
                for _ in range(3):
                    begin_all([key], "dies")
        return begin_all(keys, worker, asked)

    monkeypatch.setattr(store.ledger, "begin_all", refusing)
    ended: list[tuple[str, StageOutput | KinodexError]] = []
    from pipeline.decode.decoder import Decoder

    with Decoder() as decoder:
        context = WorkerContext("me", store.ledger, encoders, decoder)
        callbacks = WorkerCallbacks(
            ended=lambda attempt, outcome: ended.append((attempt.key.stage, outcome)), resolved=lambda _: None
        )
        work(unit, store.memory(video_id), context, callbacks)
    assert ended == []


def test_a_closed_pipe_does_not_end_the_job(store, encoders, tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.mp4").write_text(f"no film {number}")

    def left(event: object) -> None:
        raise BrokenPipeError

    report = ingest(store, encoders, [tmp_path], JobOptions(workers=2), progress=left)
    assert [video.error_code for video in report.videos] == ["NOT_MEDIA"] * 3


def test_stopping_releases_the_attempt(store, encoders, tmp_path):
    film = write_video(tmp_path / "a.mp4", seconds=0.5)
    video_id = store.catalog.register(film, sha("x"), 1000, 7)
    reported: list[object] = []
    stopped = False

    class Stopping:
        def probe(self, path: Path) -> object:
            nonlocal stopped
            stopped = True
            raise MediaError("DECODE_CRASHED", "killed with its parent")

    unit = WorkUnit(video_id, f"file://{film}", sha("x"), 0.5, {"probe": "f1"})
    callbacks = WorkerCallbacks(
        ended=lambda *outcome: reported.append(outcome), resolved=reported.append, stopped=lambda: stopped
    )
    work(unit, store.memory(video_id), WorkerContext("me", store.ledger, encoders, Stopping()), callbacks)
    (receipt,) = store.ledger.receipts()
    assert (reported, receipt.status, receipt.strikes) == ([], "pending", 0)
    assert np.isfinite(receipt.seconds)
