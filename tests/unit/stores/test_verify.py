"""Every kind of damage is found and named, and the hint repairs it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from stores.core.errors import StoreError
from stores.core.records import Blob, Scene, StageKey, StageOutput
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.sweeping import sweep
from stores.maintenance.verification import Verification
from stores.maintenance.verify import verify
from stores.sql.database import writing
from tests.unit.stores.builders import (
    COLLECTION,
    add_video,
    begun,
    label,
    put,
    sha,
    span,
    utterance,
    vector_item,
    video_of,
)


@pytest.fixture
def video_id(store: LibraryStore) -> str:
    """A video with everything."""
    video_id = add_video(store)
    put(store, video_id, "scenes", Scene("scn_1", span(0, 100)), Scene("scn_2", span(100, 128_000 + 12_000)))
    put(store, video_id, "speech", utterance(video_id, 0, "hello there"), utterance(video_id, 30_000, "出口 exit"))
    put(store, video_id, "labels", label(video_id, 0, "goldfish", "金鱼", "animal"), blobs=[Blob("raw.npz", b"raw")])
    put(store, video_id, "vectors", vectors=[vector_item("a", 0.6, 0.8), vector_item("b", 0, 1, start=200)])
    return video_id


def codes(found: Verification) -> list[str]:
    return [f"{problem.kind} {problem.code}" for problem in found.problems]


def execute(store: LibraryStore, statement: str) -> None:
    with writing(store.engine) as connection:
        connection.execute(text(statement))


def do_again(store: LibraryStore, video_id: str) -> None:
    """What an ingest does with everything that is pending."""
    outputs = {
        "scenes": StageOutput((Scene("scn_1", span(0, 100)), Scene("scn_2", span(100, 140_000)))),
        "speech": StageOutput((utterance(video_id, 0, "hello there"), utterance(video_id, 30_000, "出口 exit"))),
        "labels": StageOutput((label(video_id, 0, "goldfish", "金鱼", "animal"),), blobs=(Blob("raw.npz", b"raw"),)),
        "vectors": StageOutput(vectors=(vector_item("a", 0.6, 0.8), vector_item("b", 0, 1, start=200))),
    }
    for receipt in store.ledger.receipts(video_id):
        if receipt.status == "pending":
            store.commit(begun(store, video_id, receipt.key.stage), outputs[receipt.key.stage])


def test_a_sound_library(store: LibraryStore, video_id: str) -> None:
    calls: list[tuple[str, int, int]] = []
    found = verify(store, on_progress=lambda *progress: calls.append(progress))
    assert found.problems == ()
    people = {"turns": 0, "jobs": 0, "access": 0, "corrections": 0, "reviews": 0}
    assert found.checked == {"database": 1, "runs": 5, "rows": 9, "lines": 3, **people, "blobs": 2, "vectors": 2}
    assert calls[-1] == ("vectors", 1, 1)
    assert verify(store, deep=False).problems == ()


def test_no_job_may_run_meanwhile(store: LibraryStore) -> None:
    with LibraryStore.open(store.root) as other, other.job(), pytest.raises(StoreError) as caught:
        verify(store)
    assert caught.value.code.name == "LIBRARY_LOCKED"


def blob_path(store: LibraryStore, video_id: str, stage: str, name: str) -> Path:
    return Path(store.blobs.uri(StageKey(video_id, stage, "f1"), name))


BREAKS: dict[str, tuple[Callable[[LibraryStore, str], object], list[str]]] = {
    "a blob is gone": (
        lambda store, video: blob_path(store, video, "labels", "raw.npz").unlink(),
        ["blob BLOB_MISSING"],
    ),
    "a blob was cut": (
        lambda store, video: blob_path(store, video, "labels", "raw.npz").write_bytes(b"r"),
        ["blob BLOB_SIZE"],
    ),
    "a bit of a blob fell over": (
        lambda store, video: blob_path(store, video, "labels", "raw.npz").write_bytes(b"rav"),
        ["blob BLOB_CHANGED"],
    ),
    "rows are gone": (
        lambda store, video: execute(store, "DELETE FROM scenes WHERE ordinal = 1"),
        ["run ROWS_LOST"],
    ),
    "evidence is gone": (
        lambda store, video: execute(store, "DELETE FROM utterances WHERE ordinal = 0"),
        ["run ROWS_LOST", "line LINES_DIFFER"],
    ),
    "rows of another run": (
        lambda store, video: execute(store, "UPDATE scenes SET fingerprint = 'f0' WHERE ordinal = 0"),
        ["run ROWS_LOST", "record ROWS_WITHOUT_RUN"],
    ),
    "a span beyond the end": (
        lambda store, video: execute(store, "UPDATE scenes SET end_tick = 128000 + 12801 WHERE ordinal = 1"),
        ["record SPAN_OUTSIDE"],
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_damaged_is_found_and_done_again(store: LibraryStore, video_id: str, name: str) -> None:
    damage, expected = BREAKS[name]
    damage(store, video_id)
    found = verify(store)
    assert codes(found) == expected
    assert all("kinodex" in problem.hint for problem in found.problems)
    assert all(receipt.status == "done" for receipt in store.ledger.receipts())
    verify(store, repair=True)
    assert [r.key for r in store.ledger.receipts() if r.status == "pending"] == list(found.damaged)
    do_again(store, video_id)
    assert verify(store).problems == ()


INDEX_BREAKS: dict[str, tuple[Callable[[LibraryStore, str], object], list[str]]] = {
    "a vector is gone": (
        lambda store, video: store.vectors.delete(COLLECTION, ["a:f1"]),
        ["vector VECTORS_MISSING"],
    ),
    "a vector is another": (
        lambda store, video: store.vectors.upsert(
            [replace(vector_item("a", 0.6, 0.8), vector=np.asarray([0.8, 0.6], np.float32))],
            StageKey(video, "vectors", "f1"),
        ),
        ["vector VECTORS_DIFFER"],
    ),
    "a vector stands for another place": (
        lambda store, video: store.vectors.upsert(
            [vector_item("a", 0.6, 0.8, start=7)], StageKey(video, "vectors", "f1")
        ),
        ["vector VECTORS_DIFFER"],
    ),
    "a line is gone": (
        lambda store, video: execute(store, "DELETE FROM evidence_fts WHERE rowid = 1"),
        ["line LINES_DIFFER", "line LINES_STRAY"],
    ),
    "a line says something else": (
        lambda store, video: execute(store, "UPDATE evidence_fts SET body = 'bye' WHERE rowid = 1"),
        ["line LINES_DIFFER"],
    ),
    "a line of no video": (
        lambda store, video: execute(store, "INSERT INTO evidence_fts VALUES ('utt_9', 'vid_9', 'speech', 'ghost')"),
        ["line LINES_STRAY"],
    ),
}


@pytest.mark.parametrize("name", INDEX_BREAKS)
def test_a_wrong_index_is_found_and_rebuilt(store: LibraryStore, video_id: str, name: str) -> None:
    damage, expected = INDEX_BREAKS[name]
    damage(store, video_id)
    found = verify(store)
    assert codes(found) == expected
    assert found.damaged == ()
    assert {problem.hint for problem in found.problems} == {"Run `kinodex index rebuild`."}
    rebuilt = rebuild_index(store)
    assert (rebuilt.vectors, rebuilt.collections, rebuilt.lines) == (2, 1, 3)
    assert verify(store).problems == ()


@pytest.mark.parametrize("file", ["chroma.sqlite3", "data_level0.bin", "everything"])
def test_a_damaged_index_is_rebuilt(tmp_path: Path, file: str) -> None:
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        video_id = add_video(store)
        put(store, video_id, "vectors", vectors=[vector_item("a", 0.6, 0.8), vector_item("b", 0, 1)])
    broken = [path for path in (tmp_path / "lib" / "vectors").rglob("*") if path.is_file()]
    broken = [path for path in broken if file in (path.name, "everything")]
    for path in broken:
        path.write_bytes(b"\0" * path.stat().st_size)
    with LibraryStore.open(tmp_path / "lib") as store:
        if file != "data_level0.bin":
            assert codes(verify(store)) == ["vector INDEX_UNREADABLE"]
        rebuild_index(store)
        assert verify(store).problems == ()
        assert sweep(store).vectors == 0
        assert [hit.vector_id for hit in store.vectors.query(COLLECTION, np.asarray([0, 1], np.float32), 1)] == ["b:f1"]


def test_orphans_are_reported_and_swept(store: LibraryStore, video_id: str) -> None:
    attempt = begun(store, video_id, "pictures")
    store.blobs.put(attempt.key, Blob("lost.npz", b"2"))
    store.vectors.upsert([vector_item("lost", 0, 1)], attempt.key)
    store.staging_area.write(attempt.key, StageOutput())
    found = verify(store)
    assert codes(found) == ["orphan BLOB_ORPHAN", "orphan VECTOR_ORPHAN", "orphan PARCEL_ORPHAN"]
    assert found.harmful == ()
    assert found.problems[0].where == f"{video_id}/pictures/f1/lost.npz"
    sweep(store)
    assert verify(store).problems == ()


def test_a_damaged_database_is_a_finding(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path, create=True) as store:
        video_id = add_video(store)
        put(store, video_id, "speech", *(utterance(video_id, n, f"words {n} " * 30) for n in range(400)))
    path = tmp_path / "kinodex.sqlite3"
    data = bytearray(path.read_bytes())
    # Pages in the middle hold rows; the schema stands in the first ones.
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 5 * 4096] = b"\xff" * (5 * 4096)
    path.write_bytes(data)
    with LibraryStore.open(tmp_path) as store:
        found = verify(store)
    assert "database DATABASE_DAMAGED" in codes(found)
    assert "backup" in found.problems[0].hint


def test_the_films_themselves(store: LibraryStore, tmp_path: Path) -> None:
    def film(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        store.catalog.register(path, hashlib.sha256(content).hexdigest(), len(content), 1)
        return path

    film("a.mp4", b"one")
    film("b.mp4", b"two").unlink()
    film("c.mp4", b"three").write_bytes(b"four!")
    assert verify(store).problems == ()
    found = verify(store, media=True)
    assert codes(found) == ["media FILE_MISSING", "media FILE_CHANGED"]
    assert [Path(problem.where).name for problem in found.problems] == ["b.mp4", "c.mp4"]
    assert found.checked["media"] == 3


def test_a_redo_in_progress_is_no_damage(store: LibraryStore, video_id: str) -> None:
    store.ledger.reset(statuses=["done"])
    attempt = store.ledger.begin(StageKey(video_id, "speech", "f1"), "tester")
    assert isinstance(attempt, Attempt)
    assert verify(store).problems == ()


def test_a_repeated_probe_keeps_it_sound(store: LibraryStore, video_id: str) -> None:
    turned = replace(video_of(video_id, sha("holiday.mp4")), rotation=90)
    store.commit(begun(store, video_id, "probe", "f2"), StageOutput(video=turned))
    assert verify(store).problems == ()
