"""Settings are changed and changed back: real films, commands as people type them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import pipeline.perceive as perceiving
from encoders.bundle import Encoders
from kinodex.cli.app import app
from kinodex.settings import ENVIRONMENT
from pipeline.derive.vectors import VectorConfig
from pipeline.perceive import fingerprints, stages
from pipeline.perception import PerceptionConfig
from pipeline.segments.parts import part_fingerprint, parts_of
from stores.core.records import Blob, StageKey, StageOutput, VectorItem
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.listing.overview import overview
from stores.vectors.snapshot import VECTORS_BLOB, unpack_vectors
from tests.e2e.media import write_video
from workflows.ingest import ingest
from workflows.job_options import JobOptions
from workflows.units import Planner

FILMS = 3
MEAN = PerceptionConfig(vectors=VectorConfig(video="mean"))


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open() as opened:
        yield opened


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, encoders: Encoders) -> Path:
    """A folder with films and a library of them, made with the default settings."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "films").mkdir()
    for seed in range(FILMS):
        write_video(folder / "films" / f"{seed}.mp4", seconds=0.5, seed=seed)
    with LibraryStore.open(folder / "library", create=True) as store:
        report = ingest(store, encoders, [folder / "films"], JobOptions(workers=1))
    assert report.totals.done == FILMS
    return folder


@pytest.fixture
def house(seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the library, and the films where they were."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(seen / "library", tmp_path / "library")
    monkeypatch.chdir(tmp_path)
    return seen / "films"


@pytest.fixture
def colliding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug: vectors of different videos get the same id where videos have vectors of their own."""
    derive: Callable[..., StageOutput] = perceiving.derive_vectors

    def derived(memory: Any, models: Any, fingerprint: str, config: VectorConfig) -> StageOutput:
        output = derive(memory, models, fingerprint, config)
        if config.video == "none":
            return output

        def named(number: int, item: VectorItem) -> VectorItem:
            return replace(item, vector_id=f"{fingerprint}:{number}")

        return replace(output, vectors=tuple(named(*each) for each in enumerate(output.vectors)))

    monkeypatch.setattr(perceiving, "derive_vectors", derived)


def choose(video: str) -> None:
    Path("kinodex.toml").write_text(f'[perception.vectors]\nvideo = "{video}"\n')


def run(*arguments: str | Path, code: int = 0) -> str:
    ran = CliRunner().invoke(app, [*map(str, arguments), "--library", "library"])
    assert ran.exit_code == code, ran.output
    return ran.stdout


def statuses() -> list[str]:
    with LibraryStore.open(Path("library")) as store:
        assert dict(overview(store).statuses) == {
            status: [entry.status for entry in store.catalog.videos()].count(status)
            for status in {entry.status for entry in store.catalog.videos()}
        }
    return [video["status"] for video in json.loads(run("videos", "--json"))["videos"]]


@pytest.mark.parametrize("head", ["mean", "kmeans", "clip4clip-meanP"])
def test_every_video_gets_vectors_of_its_own(house: Path, head: str) -> None:
    choose(head)
    run("ingest", house)
    assert statuses() == ["done"] * FILMS
    found = json.loads(run("search", "a coloured square", "--videos", "--json"))
    assert found["head"] == head
    assert sorted(Path(video["uri"]).name for video in found["videos"]) == [f"{seed}.mp4" for seed in range(FILMS)]
    assert len({video["likeness"] for video in found["videos"]}) == FILMS, "each by its own vector"
    assert json.loads(run("verify", "--json"))["ok"]


def test_ids_of_vectors_name_the_video_or_what_is_in_it(house: Path, encoders: Encoders) -> None:
    with LibraryStore.open(Path("library")) as store:
        ingest(store, encoders, [house], JobOptions(workers=1, config=MEAN))
        for entry in store.catalog.videos():
            items = unpack_vectors(store.memory(entry.video_id).blob("vectors", VECTORS_BLOB))
            assert {item.clip_id for item in items} > {""}
            for item in items:
                assert (item.evidence_id or item.clip_id or entry.video_id) in item.vector_id


@pytest.mark.usefixtures("colliding")
def test_what_cannot_be_stored_is_told_in_one_line_and_replay_does_not_call_it_stored(house: Path) -> None:
    choose("mean")
    shown = run("ingest", house, code=3)
    assert "INSERT" not in shown
    failed = json.loads(run("errors", "--json"))["errors"]
    assert [one["code"] for one in failed] == ["INTERNAL"] * (FILMS - 1)
    for one in failed:
        assert "UNIQUE constraint failed" in one["message"]
        assert "\n" not in one["message"]
        assert len(one["message"]) < 300
        assert "INSERT" not in run("show", one["video_id"])
    assert "UNIQUE constraint failed" in Path("library/logs/ingest.jsonl").read_text()
    again = ("replay", failed[0]["video_id"], "--stage", "vectors")
    told = json.loads(run(*again, "--json"))
    assert (told["failed"], told["same"]) == (False, None), "nothing is stored with these settings"
    assert "UNIQUE constraint failed" in told["recorded"]
    assert "same as what is stored" not in run(*again)
    assert "storing what it found failed" in " ".join(run(*again).split())


def test_replay_compares_vectors(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again = ("replay", "0.mp4", "--stage", "vectors")
    assert "same as what is stored" in run(*again)
    derive: Callable[..., StageOutput] = perceiving.derive_vectors

    def derived(*arguments: Any) -> StageOutput:
        output = derive(*arguments)
        return replace(output, vectors=tuple(replace(item, vector=-item.vector) for item in output.vectors))

    monkeypatch.setattr(perceiving, "derive_vectors", derived)
    assert "different from what is stored" in run(*again)
    choose("mean")
    assert json.loads(run(*again, "--json"))["same"] is None, "what is stored was made with other settings"


@pytest.mark.usefixtures("colliding")
@pytest.mark.parametrize("retried", [False, True])
def test_failures_with_former_settings_are_over_once_the_videos_are_done_with_these(house: Path, retried: bool) -> None:
    choose("mean")
    run("ingest", house, code=3)
    assert sorted(statuses()) == ["done", "partial", "partial"]
    choose("none")
    if retried:
        run("retry")
    run("ingest", house)
    assert statuses() == ["done"] * FILMS
    assert json.loads(run("errors", "--json"))["errors"] == []
    assert json.loads(run("verify", "--json"))["ok"]
    assert json.loads(run("search", "a coloured square", "--json"))["index"]["state"] == "complete"


def test_failures_with_the_present_settings_stay(house: Path, colliding: None) -> None:
    del colliding
    choose("mean")
    for _ in range(2):
        run("ingest", house, code=3)
        assert sorted(statuses()) == ["done", "partial", "partial"]
        assert len(json.loads(run("errors", "--json"))["errors"]) == FILMS - 1


def test_parts_that_were_begun_with_other_settings_are_over_too(house: Path, encoders: Encoders) -> None:
    """A long video was begun with other settings, and then they were changed back."""
    with LibraryStore.open(Path("library")) as store:
        entry = store.catalog.videos()[0]
        assert entry.video is not None
        part = parts_of(entry.video, 0.2)[0]
        key = StageKey(entry.video_id, "pictures.000", part_fingerprint("other", part))
        attempt = store.ledger.begin(key, "test")
        assert isinstance(attempt, Attempt)
        store.commit(attempt, StageOutput(blobs=(Blob("pictures.npz", b"x"),)))
        assert store.catalog.entry(entry.video_id).status == "unfinished"
        captions = store.ledger.begin(StageKey(entry.video_id, "captions", "other"), "test")
        assert isinstance(captions, Attempt)
        store.ledger.fail(captions, "MODEL_FAILED", "no")
        report = ingest(store, encoders, [house], JobOptions(workers=1))
        assert report.totals.reused == FILMS
        assert store.ledger.state(key) is None
        assert not [blob for blob in store.blobs.stored() if blob.key == key]
        assert store.catalog.entry(entry.video_id).stages["captions"] == "failed", "no stage of an ingest"
        assert store.catalog.records(entry.video_id, "scenes")


def test_runs_of_stages_that_are_left_to_do_are_not_over(house: Path, encoders: Encoders) -> None:
    del house
    with LibraryStore.open(Path("library")) as store:
        video_id = store.catalog.videos()[0].video_id
        mean = StageKey(video_id, "vectors", fingerprints(stages(encoders, MEAN))["vectors"])
        attempt = store.ledger.begin(mean, "test")
        assert isinstance(attempt, Attempt)
        store.ledger.fail(attempt, "INTERNAL", "no")
        receipts = store.ledger.receipts(video_id)
        assert Planner(store, stages(encoders)).superseded(receipts) == [mean]
        assert Planner(store, stages(encoders, MEAN)).superseded(receipts) == []
        assert Planner(store, stages(encoders), only=["clips"]).superseded(receipts) == []
