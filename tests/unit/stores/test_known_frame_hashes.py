"""Which known videos have pictures like these."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event, insert, update

from stores import known_frame_hashes as known_frame_hashes
from stores.catalog import bump_revision
from stores.core.errors import StoreError
from stores.core.records import Blob, StageKey, StageOutput, Video
from stores.files import frame_hash_file
from stores.files.frame_hash_file import FrameHashEntry, FrameHashFile
from stores.known_frame_hashes import KnownFrameHashes
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from stores.sql.database import writing
from stores.sql.tables import StageRunRow, VideoRow

MS = Fraction(1, 1000)


def pictures(seed: int, count: int = 80) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64, endpoint=False)


def commit(store: LibraryStore, video_id: str, stage: str, fingerprint: str, output: StageOutput) -> None:
    attempt = store.ledger.begin(StageKey(video_id, stage, fingerprint), "test")
    assert isinstance(attempt, Attempt)
    store.commit(attempt, output)


def add(store: LibraryStore, path: Path, hashes: np.ndarray, weight: float = 5.0, fingerprint: str = "p1") -> str:
    path.write_text(path.name)
    sha = path.name.encode().hex().ljust(64, "0")
    video_id = store.catalog.register(path, sha, 1, 1)
    video = Video(video_id, sha, 1, 20_000, MS, 0, 64, 36, 0, Fraction(25), False, "h264", "", "mp4")
    commit(store, video_id, "probe", "x", StageOutput(video=video))
    file = io.BytesIO()
    weights = np.full(len(hashes), weight, np.float16)
    np.savez(file, ticks=np.arange(len(hashes), dtype=np.int64) * 250, hashes=hashes, weights=weights)
    commit(
        store, video_id, "frame_hashes", fingerprint, StageOutput(blobs=(Blob("frame_hashes.npz", file.getvalue()),))
    )
    return video_id


def add_many(store: LibraryStore, number: int) -> None:
    """Videos done in the last hours, straight into the tables; only every tenth still has its prints."""
    file = io.BytesIO()
    np.savez(file, ticks=np.arange(8), hashes=pictures(9, 8), weights=np.ones(8, np.float16))
    names = [f"vid_{place:026d}" for place in range(number)]
    run = {"fingerprint": "p1", "status": "done", "active": True, "attempts": 1, "worker": "test", "seconds": 0.5}
    run |= {"error_code": "", "error_message": "", "started_at": 0.0}
    base = {"time_base_numerator": 1, "time_base_denominator": 1000, "size": 1}
    runs = [
        run | {"video_id": name, "stage": stage, "finished_at": time.time() - 60 * (place + 2)}
        for place, name in enumerate(names)
        for stage in ("frame_hashes", "scenes", "pictures", "objects")
    ]
    with writing(store.engine) as connection:
        connection.execute(insert(VideoRow), [base | {"video_id": name, "sha256": name} for name in names])
        connection.execute(insert(StageRunRow), runs)
        bump_revision(connection)
    for name in names[::10]:
        store.blobs.put(StageKey(name, "frame_hashes", "p1"), Blob("frame_hashes.npz", file.getvalue()))


@contextmanager
def statements(store: LibraryStore) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(store.engine, "before_cursor_execute", note)


@contextmanager
def reads(store: LibraryStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    seen: list[str] = []
    get = store.blobs.get

    def noted(key: StageKey, name: str) -> bytes:
        seen.append(key.video_id)
        return get(key, name)

    with monkeypatch.context() as patch:
        patch.setattr(store.blobs, "get", noted)
        yield seen


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def test_a_video_is_found_by_prints_that_nearly_agree(store: LibraryStore, tmp_path: Path) -> None:
    one, other = add(store, tmp_path / "a", pictures(1)), add(store, tmp_path / "b", pictures(2))
    known = KnownFrameHashes(store)
    view = known.of("vid_new", {"frame_hashes": "p1"})
    assert view.near(pictures(1)[8:24] ^ np.uint64(0b111), 12) == [one]
    assert view.near(pictures(3), 12) == []
    found = view.video(one)
    assert found is not None
    assert found.hashes.tolist() == pictures(1).tolist()
    assert found.time_base == MS
    # What is committed later is found by the next pass.
    late = add(store, tmp_path / "c", pictures(3))
    assert known.of("vid_new", {"frame_hashes": "p1"}).near(pictures(3), 12) == [late]
    assert known.of(other, {"frame_hashes": "p1"}).near(pictures(2), 12) == []


def test_only_what_was_done_alike_is_given(store: LibraryStore, tmp_path: Path) -> None:
    one = add(store, tmp_path / "a", pictures(1))
    commit(store, one, "pictures", "old", StageOutput(blobs=(Blob("pictures.npz", b"old"),)))
    known = KnownFrameHashes(store)
    view = known.of("vid_new", {"frame_hashes": "p1", "pictures": "old"})
    assert view.blob(one, "pictures", "pictures.npz") == b"old"
    assert view.blob(one, "pictures", "gone.npz") is None
    assert known.of(one, {"frame_hashes": "p1", "pictures": "old"}).blob(one, "pictures", "pictures.npz") is None
    assert known.of("vid_new", {"frame_hashes": "p1", "pictures": "new"}).blob(one, "pictures", "pictures.npz") is None
    other = known.of("vid_new", {"frame_hashes": "p2"})
    assert (other.near(pictures(1), 12), other.video(one)) == ([], None)


def test_flat_pictures_find_nothing(store: LibraryStore, tmp_path: Path) -> None:
    add(store, tmp_path / "a", np.zeros(40, np.uint64), weight=0.2)
    view = KnownFrameHashes(store).of("vid_new", {"frame_hashes": "p1"})
    assert view.near(np.zeros(8, np.uint64), 12) == []


def test_more_than_one_chunk_is_looked_through(store: LibraryStore, tmp_path: Path) -> None:
    many = 30_000 * 8  # in the index: one in eight, each two seconds
    names = [add(store, tmp_path / f"v{seed}", pictures(seed, many)) for seed in range(3)]
    some = np.concatenate([pictures(seed, many)[:800] for seed in range(3)])
    for known in (KnownFrameHashes(store), KnownFrameHashes(store)):
        assert sorted(known.of("vid_new", {"frame_hashes": "p1"}).near(some, 4)) == sorted(names)


@pytest.mark.parametrize("number", [10, 300])
def test_a_pass_costs_what_is_new_and_not_what_is_known(
    store: LibraryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    add_many(store, number)
    known = KnownFrameHashes(store)
    with statements(store) as first, reads(store, monkeypatch) as opened:
        known.of("vid_new", {"frame_hashes": "p1"})
    assert (len([one for one in first if one != "BEGIN"]), len(opened)) == (2, number)
    late = add(store, tmp_path / "a", pictures(1))
    with statements(store) as asked, reads(store, monkeypatch) as opened:
        view = known.of("vid_new", {"frame_hashes": "p1", "pictures": "p1"})
        assert len([one for one in asked if one != "BEGIN"]) == 2
        assert view.near(pictures(1)[8:24], 12) == [late]
        assert view.near(pictures(1)[8:24], 12) == [late]
    assert len([one for one in asked if one != "BEGIN"]) == 3
    assert opened == [late]
    with statements(store) as asked, reads(store, monkeypatch) as opened:
        known.of("vid_new", {"frame_hashes": "p1"})
    assert (len([one for one in asked if one != "BEGIN"]), opened) == (1, [])


def test_another_process_reads_no_blob_again(
    store: LibraryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_many(store, 300)
    name = add(store, tmp_path / "a", pictures(1))
    first = KnownFrameHashes(store)
    assert first.of("vid_new", {"frame_hashes": "p1"}).near(pictures(1), 12) == [name]
    second = KnownFrameHashes(store)
    with statements(store) as asked, reads(store, monkeypatch) as opened:
        assert second.of("vid_new", {"frame_hashes": "p1"}).near(pictures(1), 12) == [name]
    assert (len([one for one in asked if one != "BEGIN"]), opened) == (3, [])
    # What one of them has added, the other one finds.
    late = add(store, tmp_path / "b", pictures(2))
    second.of("vid_new", {"frame_hashes": "p1"})
    with reads(store, monkeypatch) as opened:
        assert first.of("vid_new", {"frame_hashes": "p1"}).near(pictures(2), 12) == [late]
    assert opened == []


def test_what_takes_long_is_added_bit_by_bit(
    store: LibraryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_frame_hashes, "PASS_SECONDS", 0.0)
    monkeypatch.setattr(known_frame_hashes, "LOOK_SECONDS", 0.0)
    names = [add(store, tmp_path / f"v{seed}", pictures(seed)) for seed in range(4)]
    some = np.concatenate([pictures(seed)[:16] for seed in range(4)])
    view = KnownFrameHashes(store).of("vid_new", {"frame_hashes": "p1"})  # one for the pass, and one for each look
    assert sorted(view.near(some, 4)) == sorted(names[:2])
    assert sorted(view.near(some, 4)) == sorted(names[:3])
    # A process that ends meanwhile leaves nothing undone.
    other = KnownFrameHashes(store).of("vid_new", {"frame_hashes": "p1"})
    assert sorted(other.near(some, 4)) == sorted(names)


def test_a_file_that_is_lost_or_cut_is_made_whole(store: LibraryStore, tmp_path: Path) -> None:
    names = [add(store, tmp_path / f"v{seed}", pictures(seed)) for seed in range(4)]
    some = np.concatenate([pictures(seed)[:16] for seed in range(4)])
    file = store.root / known_frame_hashes.FILE
    for damage in (lambda: os.truncate(file, file.stat().st_size - 9), file.unlink, lambda: file.write_bytes(b"?")):
        assert sorted(KnownFrameHashes(store).of("vid_new", {"frame_hashes": "p1"}).near(some, 4)) == sorted(names)
        damage()
    assert sorted(KnownFrameHashes(store).of("vid_new", {"frame_hashes": "p1"}).near(some, 4)) == sorted(names)


def test_superseded_forgotten_and_changed_prints_are_not_taken(store: LibraryStore, tmp_path: Path) -> None:
    stays, goes, changes = (add(store, tmp_path / f"v{seed}", pictures(seed)) for seed in range(3))
    some = np.concatenate([pictures(seed)[:16] for seed in range(3)])
    known = KnownFrameHashes(store)
    assert len(known.of("vid_new", {"frame_hashes": "p1"}).near(some, 4)) == 3
    forget(store, [goes])
    commit(store, changes, "frame_hashes", "p2", StageOutput())
    view = known.of("vid_new", {"frame_hashes": "p1"})
    assert view.near(some, 4) == [stays]
    assert [view.video(one) for one in (goes, changes)] == [None, None]
    # Back again, with other pictures: the earlier ones are no longer found.
    assert add(store, tmp_path / "v1", pictures(5)) == goes
    view = known.of("vid_new", {"frame_hashes": "p1"})
    assert view.near(some, 4) == [stays]
    assert view.near(pictures(5)[:16], 4) == [goes]
    found = view.video(goes)
    assert found is not None
    assert found.hashes.tolist() == pictures(5).tolist()


def test_a_damaged_file_is_noticed_and_made_anew(
    store: LibraryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_hash_file, "CHUNK", 25)  # two videos
    names = [add(store, tmp_path / f"v{seed}", pictures(seed)) for seed in range(3)]
    with writing(store.engine) as connection:  # long ago: nobody would look for it any more
        connection.execute(update(StageRunRow).where(StageRunRow.video_id == names[0]).values(finished_at=5.0))
    some = np.concatenate([pictures(seed)[:16] for seed in range(3)])
    file = store.root / known_frame_hashes.FILE
    known = KnownFrameHashes(store)
    assert len(known.of("vid_new", {"frame_hashes": "p1"}).near(some, 4)) == 3
    assert not verify(store).harmful
    with file.open("r+b") as opened:
        opened.seek(120)
        opened.write(b"!")
    assert [one.code for one in verify(store).harmful] == ["FRAME_HASHES_DAMAGED"]
    file.unlink()
    newest = FrameHashFile(file)
    newest.append(FrameHashEntry("vid_other", time.time(), pictures(9)))
    assert [one.code for one in verify(store).harmful] == ["FRAME_HASHES_MISSING"]
    rebuild_index(store)
    assert not verify(store).harmful
    assert sorted(known.of("vid_new", {"frame_hashes": "p1"}).near(some, 4)) == sorted(names)
    forget(store, names)
    rebuild_index(store)
    assert not file.exists()


def test_what_cannot_be_read_or_written_now_is_added_later(
    store: LibraryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [add(store, tmp_path / f"v{seed}", pictures(seed)) for seed in range(3)]
    with writing(store.engine) as connection:  # long ago: nobody would look for them any more
        for name, seconds in zip(names[:2], (5.0, 6.0), strict=True):
            change = update(StageRunRow).where(StageRunRow.video_id == name)
            connection.execute(change.values(finished_at=seconds))
    some = np.concatenate([pictures(seed)[:16] for seed in range(3)])
    known = KnownFrameHashes(store)

    def refused(*arguments: object) -> bytes:
        raise StoreError("BLOB_STORE_UNREACHABLE", "The server does not answer.")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store.blobs, "get", refused)
        assert known.of("vid_new", {"frame_hashes": "p1"}).near(some, 4) == []
        with pytest.raises(StoreError, match="does not answer"):
            rebuild_index(store)
    with monkeypatch.context() as patch:
        patch.setattr(frame_hash_file, "_write", full)
        assert known.of("vid_new", {"frame_hashes": "p1"}).near(some, 4) == []
    assert sorted(known.of("vid_new", {"frame_hashes": "p1"}).near(some, 4)) == sorted(names)
    assert not verify(store).harmful


def test_frame_hashes_that_are_damaged_anywhere_stop_no_other_video(store: LibraryStore, tmp_path: Path) -> None:
    one, other = (add(store, tmp_path / f"v{seed}", pictures(seed)) for seed in range(2))
    key = StageKey(one, "frame_hashes", "p1")
    whole = store.blobs.get(key, "frame_hashes.npz")
    some = np.concatenate([pictures(seed)[:16] for seed in range(2)])
    file = store.root / known_frame_hashes.FILE
    heads = [place for place in range(len(whole)) if whole[place : place + 2] == b"PK"]
    for place in {head + more for head in heads for more in range(4, 12)}:
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        store.blobs.put(key, Blob("frame_hashes.npz", bytes(damaged)))
        file.unlink(missing_ok=True)
        view = KnownFrameHashes(store).of("vid_new", {"frame_hashes": "p1"})
        assert view.near(some, 4)[-1] == other
        view.video(one)


def test_what_a_killed_rebuild_left_is_swept(
    store: LibraryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = add(store, tmp_path / "a", pictures(1))
    assert KnownFrameHashes(store).of("vid_new", {"frame_hashes": "p1"}).near(pictures(1), 4) == [name]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            known_frame_hashes.rebuild_frame_hashes(store)
    left = store.root / known_frame_hashes.UNFINISHED
    size = left.stat().st_size
    assert sweep(store, dry_run=True).bytes == size
    assert left.exists()
    assert sweep(store).bytes == size
    assert not left.exists()
    assert KnownFrameHashes(store).of("vid_new", {"frame_hashes": "p1"}).near(pictures(1), 4) == [name]
