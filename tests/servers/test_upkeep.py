"""Checking, rebuilding, sweeping and forgetting, on files and on servers alike."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
from sqlalchemy import text

from stores.core.errors import StoreError
from stores.core.records import Blob, StageKey, StageOutput
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from stores.sql.database import writing
from tests.unit.stores.builders import COLLECTION, add_video, begun, put, utterance, vector_item


def filled(store: LibraryStore, name: str) -> str:
    video_id = add_video(store, name)
    put(store, video_id, "pictures.000", blobs=[Blob("part.npz", b"part")], fingerprint="p1")
    put(store, video_id, "speech", utterance(video_id, 0, f"hello {name}"), blobs=[Blob("a.npz", b"1")])
    put(store, video_id, "pictures", blobs=[Blob("pictures.npz", b"whole")])
    put(store, video_id, "vectors", vectors=[vector_item(f"{name}-a", 0.6, 0.8), vector_item(f"{name}-b", 0, 1)])
    return video_id


def test_damage_is_found_and_repaired(store: LibraryStore) -> None:
    first, second = filled(store, "a.mp4"), filled(store, "b.mp4")
    found = verify(store)
    assert found.problems == ()
    assert (found.checked["blobs"], found.checked["vectors"], found.checked["lines"]) == (6, 4, 2)
    store.blobs.delete(StageKey(first, "speech", "f1"), "a.npz")
    store.vectors.delete(COLLECTION, ["a.mp4-a:f1"])
    store.vectors.upsert([vector_item("b.mp4-b", 1, 0)], StageKey(second, "vectors", "f1"))
    lost = begun(store, second, "tracklets")
    store.blobs.put(lost.key, Blob("lost.npz", b"2"))
    store.vectors.upsert([vector_item("lost", 0, 1)], lost.key)
    store.staging_area.write(lost.key, StageOutput())
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE evidence_fts SET body = 'bye' WHERE video_id = :first"), {"first": first})
    assert sorted(problem.code for problem in verify(store, repair=True).problems) == [
        "BLOB_MISSING",
        "BLOB_ORPHAN",
        "LINES_DIFFER",
        "PARCEL_ORPHAN",
        "VECTORS_DIFFER",
        "VECTORS_MISSING",
        "VECTOR_ORPHAN",
    ]
    rebuilt = rebuild_index(store)
    assert (rebuilt.vectors, rebuilt.collections, rebuilt.lines) == (4, 1, 2)
    sweep(store)
    assert [problem.code for problem in verify(store).problems] == ["BLOB_MISSING"]
    put(store, first, "speech", utterance(first, 0, "hello a.mp4"), blobs=[Blob("a.npz", b"1")])
    assert verify(store).problems == ()
    nearest = store.vectors.query(COLLECTION, np.asarray([0, 1], np.float32), 2)
    assert {hit.vector_id for hit in nearest} == {"a.mp4-b:f1", "b.mp4-b:f1"}


def test_sweeping_counts_what_it_removes(store: LibraryStore) -> None:
    lost = begun(store, filled(store, "a.mp4"), "tracklets")
    store.blobs.put(lost.key, Blob("lost.npz", b"12345"))
    assert sweep(store, grace_seconds=600).blobs == 0
    would = sweep(store, dry_run=True)
    assert (would.blobs, would.bytes) == (1, 5)
    assert sweep(store) == would
    assert sweep(store).blobs == 0


def test_a_forgotten_video_is_gone_everywhere(store: LibraryStore) -> None:
    gone, kept = filled(store, "a.mp4"), filled(store, "b.mp4")
    forgotten = forget(store, [gone])
    assert (forgotten.videos, forgotten.blobs, forgotten.vectors) == (1, 3, 2)
    assert [entry.video_id for entry in store.catalog.videos()] == [kept]
    assert {hit.video_id for hit in store.fulltext.search("hello", 9)} == {kept}
    assert {blob.key.video_id for blob in store.blobs.stored()} == {kept}
    assert {vector_id for _, ids in store.vectors.stored() for vector_id in ids} == {"b.mp4-a:f1", "b.mp4-b:f1"}
    assert verify(store).problems == ()


def test_workers_that_begin_the_same_stage_get_different_attempts(store: LibraryStore) -> None:
    key = StageKey("vid_1", "speech", "f1")
    begun_by: list[Attempt] = []

    def worker(name: str) -> None:
        for _ in range(3):
            attempt = store.ledger.begin(key, name)
            assert isinstance(attempt, Attempt)
            begun_by.append(attempt)
            with contextlib.suppress(StoreError):  # another took it over meanwhile
                store.ledger.release(attempt)

    store.ledger.max_attempts = 100
    workers = [threading.Thread(target=worker, args=(f"worker {n}",)) for n in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(attempt.number for attempt in begun_by) == list(range(1, 13))
