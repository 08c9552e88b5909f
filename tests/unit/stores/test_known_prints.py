"""Which known videos have pictures like these."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stores.known_prints import KnownPrints
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.records import Blob, StageKey, StageOutput, Video

MS = Fraction(1, 1000)


def pictures(seed: int, count: int = 80) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64, endpoint=False)


def commit(store: LibraryStore, video_id: str, stage: str, mark: str, output: StageOutput) -> None:
    attempt = store.ledger.begin(StageKey(video_id, stage, mark), "test")
    assert isinstance(attempt, Attempt)
    store.commit(attempt, output)


def add(store: LibraryStore, path: Path, hashes: np.ndarray, weight: float = 5.0, mark: str = "p1") -> str:
    path.write_text(path.name)
    sha = path.name.encode().hex().ljust(64, "0")
    video_id = store.catalog.register(path, sha, 1, 1)
    video = Video(video_id, sha, 1, 20_000, MS, 0, 64, 36, 0, Fraction(25), False, "h264", "", "mp4")
    commit(store, video_id, "probe", "x", StageOutput(video=video))
    file = io.BytesIO()
    weights = np.full(len(hashes), weight, np.float16)
    np.savez(file, ticks=np.arange(len(hashes), dtype=np.int64) * 250, hashes=hashes, weights=weights)
    commit(store, video_id, "prints", mark, StageOutput(blobs=(Blob("prints.npz", file.getvalue()),)))
    return video_id


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def test_a_video_is_found_by_prints_that_nearly_agree(store: LibraryStore, tmp_path: Path) -> None:
    one, other = add(store, tmp_path / "a", pictures(1)), add(store, tmp_path / "b", pictures(2))
    known = KnownPrints(store.catalog, store.blobs)
    view = known.of("vid_new", {"prints": "p1"})
    assert view.near(pictures(1)[8:24] ^ np.uint64(0b111), 12) == [one]
    assert view.near(pictures(3), 12) == []
    found = view.video(one)
    assert found is not None
    assert found.hashes.tolist() == pictures(1).tolist()
    assert found.time_base == MS
    # What is committed later is found by the next pass.
    late = add(store, tmp_path / "c", pictures(3))
    assert known.of("vid_new", {"prints": "p1"}).near(pictures(3), 12) == [late]
    assert known.of(other, {"prints": "p1"}).near(pictures(2), 12) == []


def test_only_what_was_done_alike_is_given(store: LibraryStore, tmp_path: Path) -> None:
    one = add(store, tmp_path / "a", pictures(1))
    commit(store, one, "pictures", "old", StageOutput(blobs=(Blob("pictures.npz", b"old"),)))
    known = KnownPrints(store.catalog, store.blobs)
    view = known.of("vid_new", {"prints": "p1", "pictures": "old"})
    assert view.blob(one, "pictures", "pictures.npz") == b"old"
    assert view.blob(one, "pictures", "gone.npz") is None
    assert known.of(one, {"prints": "p1", "pictures": "old"}).blob(one, "pictures", "pictures.npz") is None
    assert known.of("vid_new", {"prints": "p1", "pictures": "new"}).blob(one, "pictures", "pictures.npz") is None
    other = known.of("vid_new", {"prints": "p2"})
    assert (other.near(pictures(1), 12), other.video(one)) == ([], None)


def test_flat_pictures_find_nothing(store: LibraryStore, tmp_path: Path) -> None:
    add(store, tmp_path / "a", np.zeros(40, np.uint64), weight=0.2)
    view = KnownPrints(store.catalog, store.blobs).of("vid_new", {"prints": "p1"})
    assert view.near(np.zeros(8, np.uint64), 12) == []


def test_the_index_is_bounded(store: LibraryStore, tmp_path: Path) -> None:
    many = 30_000 * 8  # in the index: one in eight, each two seconds
    for seed in range(3):
        add(store, tmp_path / f"v{seed}", pictures(seed, many))
    young = KnownPrints(store.catalog, store.blobs, most=1).of("vid_new", {"prints": "p1"})
    whole = KnownPrints(store.catalog, store.blobs).of("vid_new", {"prints": "p1"})
    some = np.concatenate([pictures(seed, many)[:800] for seed in range(3)])
    assert len(young.near(some, 4)) < len(whole.near(some, 4)) == 3
