"""A library from before stages were renamed: it serves as it did, and nothing of it is done again."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text

import stores
from stores.core.ids import fingerprint
from stores.core.records import Blob, Span, SpeechActivity, StageKey, StageOutput
from stores.core.staged_output import pack, unpack
from stores.files.blobs import BlobStore
from stores.known_frame_hashes import KnownFrameHashes
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from tests.unit.stores.builders import begun

MS = Fraction(1, 1000)
HASHES = np.random.default_rng(7).integers(0, 2**64, 80, dtype=np.uint64, endpoint=False)
VIDEOS = ("vid_a", "vid_b")


def prints_npz() -> bytes:
    file = io.BytesIO()
    ticks = np.arange(len(HASHES), dtype=np.int64) * 250
    np.savez(file, ticks=ticks, hashes=HASHES, weights=np.full(len(HASHES), 5, np.float16))
    return file.getvalue()


def fill(connection: Connection, video: str) -> None:
    """Rows as schema 0007 held them."""
    data = prints_npz()
    row = {"video": video, "sha": hashlib.sha256(video.encode()).hexdigest(), "blob": hashlib.sha256(data).hexdigest()}
    counts = {"probe": 0, "voice": 2, "prints": 1, "look": 1, "vectors": 0}
    statements = [
        "INSERT INTO videos (video_id, sha256, size, duration, time_base_numerator, time_base_denominator, start_pts, "
        "width, height, rotation, frame_rate_numerator, frame_rate_denominator, variable_frame_rate, video_codec, "
        "audio_codec, container, warnings) VALUES (:video, :sha, 1, 20000, 1, 1000, 0, 64, 36, 0, 25, 1, false, "
        "'h264', 'aac', 'mp4', '[]')",
        "INSERT INTO locations (uri, video_id, size, mtime_ns, seen_at, missing, name, stem) "
        "VALUES ('/films/' || :video || '.mp4', :video, 1, 1, 1, false, :video || '.mp4', :video)",
        *(
            "INSERT INTO stage_runs (video_id, stage, fingerprint, status, active, attempts, error_code, "
            "error_message, worker, started_at, finished_at, seconds, strikes, row_count) "
            f"VALUES (:video, '{stage}', 'f1', 'done', true, 1, '', '', 'w', {place}, {place}, 1, 0, {rows})"
            for place, (stage, rows) in enumerate(counts.items())
        ),
        "INSERT INTO stage_runs (video_id, stage, fingerprint, status, active, attempts, error_code, error_message, "
        "worker, started_at, finished_at, seconds, strikes) VALUES (:video, 'look.001', 'f2', 'quarantined', false, "
        "3, 'DECODE_CRASHED', 'It crashed.', 'w', 9, 9, 1, 3)",
        "INSERT INTO voices (video_id, stage, ordinal, fingerprint, start_tick, end_tick) "
        "VALUES (:video, 'voice', 0, 'f1', 100, 900), (:video, 'voice', 1, 'f1', 1000, 1500)",
        "INSERT INTO facts (video_id, stage, ordinal, fingerprint, start_tick, end_tick, evidence_id, text, "
        "confidence) VALUES (:video, 'look', 0, 'f1', 0, 20000, 'fct_' || :video, 'black and white', 0.9)",
        "INSERT INTO blobs_index (video_id, stage, fingerprint, name, size, sha256) "
        f"VALUES (:video, 'prints', 'f1', 'prints.npz', {len(data)}, :blob)",
    ]
    for statement in statements:
        connection.execute(text(statement), row)


def make_tables(engine: Engine) -> None:
    """The tables of schema 0007 with two videos, which are copies of each other."""
    config = Config()
    config.set_main_option("script_location", str(Path(str(stores.__file__)).parent / "sql" / "migrations"))
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        for video in VIDEOS:
            fill(connection, video)
    engine.dispose()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a library with schema 0007, and its files."""
    root = tmp_path / "library"
    for folder in ("staging", "blobs"):
        (root / folder).mkdir(parents=True)
    (root / "library.json").write_text(json.dumps({"kinodex_library": 1}))
    engine = create_engine(f"sqlite:///{root / 'kinodex.sqlite3'}")
    make_tables(engine)
    for video in VIDEOS:
        folder = root / "blobs" / video / "prints" / "f1"
        folder.mkdir(parents=True)
        (folder / "prints.npz").write_bytes(prints_npz())
    return root


@pytest.fixture
def old(root: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(root) as opened:
        yield opened


def test_an_older_library_serves_under_the_new_names(old: LibraryStore) -> None:
    assert old.ledger.done_fingerprints("vid_a") == dict.fromkeys(
        ("probe", "speech_activity", "frame_hashes", "visual_stats", "vectors"), "f1"
    )
    (failed,) = (receipt for receipt in old.ledger.receipts("vid_a") if receipt.status == "quarantined")
    assert (failed.key.stage, failed.strikes, failed.error_code) == ("visual_stats.001", 3, "DECODE_CRASHED")
    memory = old.memory("vid_a")
    assert memory.records("speech_activity") == (
        SpeechActivity(Span(100, 900, MS)),
        SpeechActivity(Span(1000, 1500, MS)),
    )
    assert [item.text for item in old.catalog.evidence_of("vid_a", "format")] == ["black and white"]
    assert [hit.video_id for hit in old.fulltext.search("black white", 5)] == list(VIDEOS)
    assert memory.blob_names("frame_hashes") == ("frame_hashes.npz",)
    assert memory.blob("frame_hashes", "frame_hashes.npz") == prints_npz()
    health = old.catalog.index_health(["vectors"])
    assert (health.state, health.videos_indexed) == ("complete", 2)


def test_copies_are_still_recognised(old: LibraryStore) -> None:
    view = KnownFrameHashes(old).of("vid_new", {"frame_hashes": "f1"})
    assert sorted(view.near(HASHES[8:24], 12)) == list(VIDEOS)


def test_verify_rebuild_and_sweep_find_nothing_amiss(old: LibraryStore) -> None:
    assert verify(old).problems == ()
    rebuild_index(old)
    assert sweep(old).blobs == 0
    assert verify(old, deep=True).problems == ()
    assert old.memory("vid_b").blob("frame_hashes", "frame_hashes.npz") == prints_npz()


def test_a_damaged_file_under_a_former_name_is_noticed(old: LibraryStore, root: Path) -> None:
    (root / "blobs" / "vid_a" / "prints" / "f1" / "prints.npz").write_bytes(b"x" * len(prints_npz()))
    (root / "blobs" / "vid_b" / "prints" / "f1" / "prints.npz").unlink()
    assert [problem.code for problem in verify(old).problems] == ["BLOB_CHANGED", "BLOB_MISSING"]


def test_forgetting_leaves_nothing_behind(old: LibraryStore, root: Path) -> None:
    assert forget(old, VIDEOS).blobs == 2
    assert list((root / "blobs").rglob("*")) == []
    assert verify(old).problems == ()


def test_a_stage_that_is_done_again_is_read_from_its_new_place(old: LibraryStore, root: Path) -> None:
    old.ledger.reset(video_ids=["vid_a"], stages=["frame_hashes"], statuses=["done"])
    old.commit(begun(old, "vid_a", "frame_hashes"), StageOutput(blobs=(Blob("frame_hashes.npz", b"new"),)))
    assert old.memory("vid_a").blob("frame_hashes", "frame_hashes.npz") == b"new"
    assert [problem.code for problem in verify(old).problems] == ["BLOB_ORPHAN"]
    assert sweep(old).blobs == 1
    assert verify(old).problems == ()
    assert not (root / "blobs" / "vid_a" / "prints").exists()


def test_replaced_results_take_their_old_files_along(old: LibraryStore, root: Path) -> None:
    old.commit(begun(old, "vid_a", "frame_hashes", "f2"), StageOutput(blobs=(Blob("frame_hashes.npz", b"new"),)))
    assert not (root / "blobs" / "vid_a" / "prints").exists()


def test_an_object_store_is_read_alike() -> None:
    blobs = BlobStore("memory://former/films")
    assert blobs.objects is not None
    key = StageKey("vid_a", "frame_hashes.001", "f1")
    blobs.objects.write(f"{blobs.objects.root}/vid_a/prints.001/f1/part.npz", b"part")
    assert (blobs.get(key, "part.npz"), blobs.exists(key, "part.npz")) == (b"part", True)
    assert [(blob.key, blob.name) for blob in blobs.stored()] == [(key, "part.npz")]
    assert "prints.001" in blobs.uri(key, "part.npz")
    blobs.delete(key, "part.npz")
    assert list(blobs.stored()) == []


def test_an_output_that_was_staged_before_is_read() -> None:
    output = StageOutput((SpeechActivity(Span(1, 2, MS)),), blobs=(Blob("prints.npz", b"x"),))
    packed = pack(StageKey("vid_a", "prints.002", "f1"), output)
    with np.load(io.BytesIO(packed)) as arrays:
        former = {name: arrays[name] for name in arrays.files}
    head = former["head"].tobytes().replace(b"SpeechActivity", b"Voice")
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{**former, "head": np.frombuffer(head, np.uint8)})
    key, read = unpack(file.getvalue())
    assert key.stage == "frame_hashes.002"
    assert (read.records, [blob.name for blob in read.blobs]) == (output.records, ["frame_hashes.npz"])


def test_a_new_name_changes_no_fingerprint() -> None:
    assert fingerprint("frame_hashes", "1", {}) == fingerprint("prints", "1", {})
    assert fingerprint("x", "1", {}, (), {"speech_activity": "a"}) == fingerprint("x", "1", {}, (), {"voice": "a"})
