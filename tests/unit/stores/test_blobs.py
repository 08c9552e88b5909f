"""Blobs are written atomically, on disk and in an object store."""

from __future__ import annotations

from pathlib import Path

import pytest

from stores.core.errors import StoreError
from stores.core.records import Blob, StageKey
from stores.files.blobs import BlobStore

KEY = StageKey("vid_1", "thumbnails", "f1")


@pytest.fixture(params=["folder", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    # fsspec's memory file system stands where s3 would: a real object store behind the same calls.
    return BlobStore(tmp_path / "blobs" if request.param == "folder" else f"memory://{tmp_path.name}")


def test_put_get_delete(blobs: BlobStore) -> None:
    assert list(blobs.stored()) == []
    blobs.put(KEY, Blob("a.jpg", b"1"), Blob("b.npz", b"2" * 100_000))
    blobs.put(KEY, Blob("a.jpg", b"3"))
    assert blobs.get(KEY, "a.jpg") == b"3"
    assert {(blob.key, blob.name) for blob in blobs.stored()} == {(KEY, "a.jpg"), (KEY, "b.npz")}
    assert blobs.exists(KEY, "b.npz")
    for _ in range(2):
        blobs.delete(KEY, "b.npz")
    assert not blobs.exists(KEY, "b.npz")
    assert blobs.uri(KEY, "a.jpg").endswith("vid_1/thumbnails/f1/a.jpg")


def test_a_lost_blob_is_damage(blobs: BlobStore) -> None:
    with pytest.raises(StoreError) as caught:
        blobs.get(KEY, "a.jpg")
    assert caught.value.code.name == "LIBRARY_DAMAGED"


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\0", "x" * 300])
def test_names_cannot_escape_the_folder(blobs: BlobStore, name: str) -> None:
    with pytest.raises(ValueError):
        blobs.put(KEY, Blob(name, b""))
    with pytest.raises(ValueError):
        blobs.get(StageKey("vid_1", "..", "f1"), "a.jpg")


def test_a_failed_write_leaves_nothing_and_empty_folders_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = BlobStore(tmp_path)
    blobs.put(KEY, Blob("a.jpg", b"old"))

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stores.files.blobs.os.fsync", fail)
    with pytest.raises(StoreError) as caught:
        blobs.put(KEY, Blob("a.jpg", b"new"))
    assert caught.value.code.name == "DISK_FULL"
    assert blobs.get(KEY, "a.jpg") == b"old"
    assert [blob.name for blob in blobs.stored()] == ["a.jpg"]
    blobs.delete(KEY, "a.jpg")
    assert list(tmp_path.iterdir()) == []
