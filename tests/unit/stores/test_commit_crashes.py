"""A crash between any two steps of a commit: readers still see the old state, and a new attempt succeeds."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from stores import commit as commit_module
from stores.core.errors import StoreError
from stores.core.records import Blob, StageKey, StageOutput
from stores.library_store import LibraryStore
from stores.maintenance.sweeping import sweep
from tests.unit.stores.builders import COLLECTION, add_video, begun, put, utterance, vector_item


class PowerCutError(RuntimeError):
    pass


def cut(*_: object, **__: object) -> NoReturn:
    raise PowerCutError


def old_state(store: LibraryStore, video_id: str) -> None:
    put(
        store,
        video_id,
        "speech",
        utterance(video_id, 0, "old words"),
        blobs=[Blob("a.npz", b"old")],
        vectors=[vector_item("a", 1, 0)],
    )


def new_output(video_id: str) -> StageOutput:
    return StageOutput(
        (utterance(video_id, 0, "new words"),),
        (vector_item("a", 0.6, 0.8, fp="f2"), vector_item("b", 0, 1, fp="f2")),
        (Blob("a.npz", b"new"),),
    )


def seen(store: LibraryStore, video_id: str) -> tuple[object, ...]:
    nearest = store.vectors.query(COLLECTION, np.asarray([0, 1], np.float32), 5)
    return (
        [record.text for record in store.memory(video_id).records("speech")],  # type: ignore[union-attr]
        [hit.evidence_id for hit in store.fulltext.search("words", 5)]
        == [line.evidence_id for line in store.catalog.evidence_of(video_id)],
        store.memory(video_id).blob("speech", "a.npz"),
        [hit.vector_id for hit in nearest],
        [hit.vector_id for hit in store.vectors.fetch(COLLECTION)[0]],
        store.vectors.count(COLLECTION),
    )


OLD = (["old words"], True, b"old", ["a:f1"], ["a:f1"], 1)
NEW = (["new words"], True, b"new", ["b:f2", "a:f2"], ["a:f2", "b:f2"], 2)


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        ("stores.files.blobs.BlobStore", "put"),
        ("stores.vectors.store.VectorStore", "upsert"),
        ("stores.library_store", "replace_rows"),
        ("stores.ledger.Ledger", "done_in"),
        ("stores.commit", "_insert_stage"),
        ("stores.commit", "index_lines"),
        ("stores.commit", "bump_revision"),
    ],
)
def test_a_crash_before_a_step(store: LibraryStore, monkeypatch: pytest.MonkeyPatch, owner: str, step: str) -> None:
    video_id = add_video(store)
    old_state(store, video_id)
    attempt = begun(store, video_id, "speech", "f2")
    with monkeypatch.context() as patched:
        patched.setattr(f"{owner}.{step}", cut)
        with pytest.raises(PowerCutError):
            store.commit(attempt, new_output(video_id))
    assert seen(store, video_id) == OLD
    with LibraryStore.open(store.root) as reader:
        assert seen(reader, video_id) == OLD
    again = begun(store, video_id, "speech", "f2")
    assert again.number == 2
    store.commit(again, new_output(video_id))
    assert seen(store, video_id) == NEW
    sweep(store)
    assert seen(store, video_id) == NEW


def test_a_crash_while_replaced_files_are_removed(store: LibraryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    video_id = add_video(store)
    old_state(store, video_id)
    attempt = begun(store, video_id, "speech", "f2")
    with monkeypatch.context() as patched:
        patched.setattr(LibraryStore, "discard", cut)
        with pytest.raises(PowerCutError):
            store.commit(attempt, new_output(video_id))
    assert seen(store, video_id) == NEW
    swept = sweep(store)
    assert (swept.blobs, swept.vectors) == (2, 1)  # a.npz and vectors.npz
    assert seen(store, video_id) == NEW


def test_replaced_files_that_cannot_be_removed_are_only_a_warning(
    store: LibraryStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise StoreError("VECTOR_STORE_FAILED", "Chroma is gone.")

    video_id = add_video(store)
    old_state(store, video_id)
    monkeypatch.setattr("stores.vectors.store.VectorStore.delete", refuse)
    assert store.commit(begun(store, video_id, "speech", "f2"), new_output(video_id)).status == "done"
    assert "next sweep" in caplog.text
    assert seen(store, video_id) == NEW


def test_a_stale_attempt_cannot_commit(store: LibraryStore) -> None:
    video_id = add_video(store)
    slow = begun(store, video_id, "speech")
    put(store, video_id, "speech", utterance(video_id, 0, "the right words"))
    with pytest.raises(StoreError) as caught:
        store.commit(slow, StageOutput((utterance(video_id, 0, "late words"),), blobs=(Blob("late", b""),)))
    assert caught.value.code.name == "STALE_ATTEMPT"
    assert [line.text for line in store.catalog.evidence_of(video_id)] == ["the right words"]
    assert not store.blobs.exists(slow.key, "late")


def test_an_attempt_that_goes_stale_during_the_commit_cannot_either(
    store: LibraryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = add_video(store)
    slow = begun(store, video_id, "speech")
    replace = commit_module.replace_rows

    def overtaken(*arguments: object) -> object:
        begun(store, video_id, "speech")
        return replace(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("stores.library_store.replace_rows", overtaken)
    with pytest.raises(StoreError) as caught:
        store.commit(slow, StageOutput((utterance(video_id, 0, "late words"),)))
    assert caught.value.code.name == "STALE_ATTEMPT"
    assert store.catalog.evidence_of(video_id) == []
    assert store.fulltext.search("late", 5) == []


def test_vectors_of_a_dead_attempt_with_the_same_fingerprint_stay_hidden(store: LibraryStore) -> None:
    video_id = add_video(store)
    key = StageKey(video_id, "vectors", "f1")
    begun(store, video_id, "vectors")
    store.vectors.upsert([vector_item("ghost", 0, 1)], key)
    put(store, video_id, "vectors", vectors=[vector_item("real", 1, 0)])
    hits = store.vectors.query(COLLECTION, np.asarray([0, 1], np.float32), 5)
    assert [hit.vector_id for hit in hits] == ["real:f1"]
    assert len(store.vectors.fetch(COLLECTION)[0]) == 1


def test_a_repeated_run_keeps_the_old_rows_until_it_is_done(store: LibraryStore) -> None:
    video_id = add_video(store)
    old_state(store, video_id)
    assert [key.stage for key in store.ledger.reset(stages=["speech"], statuses=["done"])] == ["speech"]
    assert seen(store, video_id) == OLD
    store.ledger.fail(begun(store, video_id, "speech"), "MODEL_FAILED", "out of luck")
    assert seen(store, video_id) == OLD


def test_a_commit_whose_answer_was_lost_is_done(store: LibraryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    video_id = add_video(store)
    old_state(store, video_id)
    attempt = begun(store, video_id, "speech", "f2")
    replace = commit_module.replace_rows

    def undecodable_audio(*arguments: object) -> object:
        replace(*arguments)  # type: ignore[arg-type]
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr("stores.library_store.replace_rows", undecodable_audio)
        with pytest.raises(PowerCutError):
            store.commit(attempt, new_output(video_id))
    receipt = store.commit(attempt, new_output(video_id))
    assert (receipt.status, receipt.attempt) == ("done", attempt.number)
    assert seen(store, video_id) == NEW


def test_parts_are_removed_when_the_whole_is_done(store: LibraryStore) -> None:
    video_id = add_video(store)
    other = add_video(store, "other.mp4")
    for video, stage in ((video_id, "pictures.000"), (video_id, "pictures.001"), (other, "pictures.000")):
        put(store, video, stage, blobs=[Blob("part.npz", stage.encode())], fingerprint="p1")
    put(store, video_id, "picturesque")
    begun(store, video_id, "pictures.002", "p1")
    assert store.memory(video_id).blob("pictures.001", "part.npz") == b"pictures.001"
    assert store.catalog.entry(video_id).stages == {"pictures": "running", "picturesque": "done", "probe": "done"}
    put(store, video_id, "pictures", blobs=[Blob("pictures.npz", b"whole")])
    assert {r.key.stage for r in store.ledger.receipts(video_id)} == {"probe", "pictures", "picturesque"}
    assert store.memory(video_id).blob_names("pictures.001") == ()
    assert not store.blobs.exists(StageKey(video_id, "pictures.001", "p1"), "part.npz")
    assert store.memory(other).blob("pictures.000", "part.npz") == b"pictures.000"
    assert store.memory(video_id).blob("pictures", "pictures.npz") == b"whole"


def test_another_process_sees_a_commit_at_once(store: LibraryStore, tmp_path: Path) -> None:
    video_id = add_video(store)
    with LibraryStore.open(store.root) as reader:
        before = reader.catalog.active()
        assert reader.catalog.active() is before
        put(store, video_id, "speech", utterance(video_id, 0, "fresh"))
        assert (video_id, "speech") in reader.catalog.active()
        assert len(reader.fulltext.search("fresh", 1)) == 1
