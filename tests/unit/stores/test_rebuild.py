"""Rebuilding the indexes: the old ones serve until the new ones are complete, whatever happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from sqlalchemy import text

from stores.core.errors import StoreError
from stores.core.records import StageKey, VectorItem
from stores.library_store import LibraryStore
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from stores.sql.database import writing
from stores.vectors.rows import VectorNote, VectorRows
from stores.vectors.snapshot import pack_vectors, unpack_vectors
from tests.unit.stores.builders import COLLECTION, add_video, begun, put, span, utterance, vector_item

UP = np.asarray([0, 1], np.float32)


def filled(store: LibraryStore, name: str = "holiday.mp4") -> str:
    video_id = add_video(store, name)
    put(store, video_id, "speech", utterance(video_id, 0, "hello there"))
    vectors = [vector_item(f"{name}-a", 0.6, 0.8), vector_item(f"{name}-b", 0, 1)]
    put(store, video_id, "vectors", vectors=vectors)
    return video_id


def nearest(store: LibraryStore) -> list[str]:
    return [hit.vector_id for hit in store.vectors.query(COLLECTION, UP, 9)]


NEAREST = ["holiday.mp4-b:f1", "holiday.mp4-a:f1"]


def test_vectors_are_kept_to_the_last_bit() -> None:
    rng = np.random.default_rng(1)
    items = tuple(
        VectorItem(
            f"model-{n % 2}", f"v{n}", rng.normal(size=3 + n % 2).astype(np.float32), span(n, n + 5), "picture", "c"
        )
        for n in range(7)
    )
    data = pack_vectors(items)
    assert data == pack_vectors(items)
    back = unpack_vectors(data)
    assert [item.vector.tobytes() for item in back] == [item.vector.tobytes() for item in items]
    assert [(i.collection, i.vector_id, i.span, i.channel, i.clip_id) for i in back] == [
        (i.collection, i.vector_id, i.span, i.channel, i.clip_id) for i in items
    ]
    for broken in (b"", data[:-40], data[:300], b"x" * 500):
        with pytest.raises(ValueError):
            unpack_vectors(broken)


def test_a_lost_index_comes_back_without_a_model(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        filled(store)
    for path in sorted((tmp_path / "lib" / "vectors").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with LibraryStore.open(tmp_path / "lib") as store:
        assert len(verify(store).problems) == 1
        calls: list[tuple[int, int]] = []
        rebuilt = rebuild_index(store, lambda *progress: calls.append(progress))
        assert (rebuilt.vectors, rebuilt.collections, rebuilt.lines, calls) == (2, 1, 1, [(1, 1)])
        assert nearest(store) == NEAREST
    with LibraryStore.open(tmp_path / "lib") as store:
        assert nearest(store) == NEAREST
        filled(store, "later.mp4")
        assert len(nearest(store)) == 4
        assert verify(store).problems == ()


def test_other_readers_go_on_with_the_new_index(store: LibraryStore) -> None:
    video_id = filled(store)
    with LibraryStore.open(store.root) as reader:
        assert nearest(reader) == NEAREST
        rebuild_index(store)
        rebuild_index(store)
        put(store, video_id, "vectors", vectors=[vector_item("new", 0, 1, fp="f2")], fingerprint="f2")
        assert nearest(reader) == nearest(store) == ["new:f2"]
    assert sorted(path.name for path in (store.root / "vectors").iterdir()) == ["current", "index-0002"]


def test_a_crash_at_any_moment_leaves_a_library_that_serves(
    store: LibraryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(RuntimeError):
        pass

    def cut(*_: object, **__: object) -> NoReturn:
        raise PowerCutError

    filled(store)
    steps = (
        "stores.vectors.store.VectorStore.put_raw",
        "stores.maintenance.rebuild._salvage",
        "stores.vectors.generations.switch_to",
        "stores.vectors.generations.write_whole",
        "stores.maintenance.rebuild.index_all_lines",
        "stores.maintenance.rebuild.bump_revision",
        "stores.vectors.store.VectorStore.remove_stale",
    )
    for step in steps:
        with monkeypatch.context() as patched:
            patched.setattr(step, cut)
            with pytest.raises(PowerCutError):
                rebuild_index(store)
        with LibraryStore.open(store.root) as reader:
            assert nearest(reader) == NEAREST, step
            assert [hit.score > 0 for hit in reader.fulltext.search("hello", 5)] == [True], step
            assert verify(reader).problems == (), step
    rebuild_index(store)
    assert len(list((store.root / "vectors").glob("index-*"))) == 1
    assert nearest(store) == NEAREST


def test_what_an_interrupted_rebuild_left_is_swept(store: LibraryStore) -> None:
    filled(store)
    half = store.root / "vectors" / "index-0001"
    half.mkdir()
    (half / "chroma.sqlite3").write_bytes(b"half")
    assert sweep(store, dry_run=True).bytes == 4
    assert half.exists()
    sweep(store)
    assert not half.exists()
    assert nearest(store) == NEAREST


def test_a_library_of_an_older_version_says_which_videos_to_ingest_again(store: LibraryStore) -> None:
    old, new = filled(store), filled(store, "new.mp4")
    with writing(store.engine) as connection:
        connection.execute(text("DELETE FROM blobs_index WHERE video_id = :old"), {"old": old})
        connection.execute(text("UPDATE stage_runs SET row_count = NULL"))
    assert [problem.code for problem in verify(store).harmful] == ["VECTORS_NOT_KEPT"]
    with pytest.raises(StoreError) as caught:
        rebuild_index(store)
    assert caught.value.code.name == "LIBRARY_DAMAGED"
    assert "1 videos" in caught.value.message
    assert old in caught.value.message
    pending = [receipt.key for receipt in store.ledger.receipts() if receipt.status == "pending"]
    assert pending == [StageKey(old, "vectors", "f1")]
    # Until then the vectors of the old index are searched.
    assert len(nearest(store)) == 4
    again = [vector_item("holiday.mp4-a", 0.6, 0.8), vector_item("holiday.mp4-b", 0, 1)]
    put(store, old, "vectors", vectors=again)
    rebuild_index(store)
    sweep(store)
    assert verify(store).problems == ()
    assert store.memory(new).has("vectors")


def test_orphans_are_not_rebuilt(store: LibraryStore) -> None:
    filled(store)
    store.vectors.upsert([vector_item("ghost", 0, 1)], begun(store, add_video(store, "b.mp4"), "vectors").key)
    rebuild_index(store)
    assert [ids for _, ids in store.vectors.stored()] == [NEAREST[::-1]]


def test_an_empty_library_can_be_rebuilt(store: LibraryStore) -> None:
    rebuilt = rebuild_index(store)
    assert (rebuilt.vectors, rebuilt.collections, rebuilt.lines) == (0, 0, 0)
    filled(store)
    assert nearest(store) == NEAREST


def test_no_job_may_run_meanwhile(store: LibraryStore) -> None:
    with LibraryStore.open(store.root) as other, other.job(), pytest.raises(StoreError) as caught:
        rebuild_index(store)
    assert caught.value.code.name == "LIBRARY_LOCKED"


def test_a_killed_rebuild_leaves_the_old_index(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        filled(store)
    program = (
        "import os, signal, sys\n"
        "from stores.maintenance import rebuild\n"
        "from stores.library_store import LibraryStore\n"
        "from stores.vectors.store import VectorStore\n"
        "VectorStore.replace_with = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "rebuild.rebuild_index(LibraryStore.open(sys.argv[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path / "lib")]).returncode == -9
    with LibraryStore.open(tmp_path / "lib") as store:
        assert nearest(store) == NEAREST
        rebuild_index(store)
        assert nearest(store) == NEAREST


def test_a_search_under_way_ends_well_when_the_index_is_replaced(
    store: LibraryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = filled(store)
    of_videos = VectorRows.of_videos

    def meanwhile(rows: VectorRows, *given: Any) -> list[VectorNote]:
        # Between two requests to the index: another process replaces it, and another thread uses the new one.
        monkeypatch.undo()
        with LibraryStore.open(store.root) as other:
            rebuild_index(other)
        assert nearest(store) == NEAREST
        return of_videos(rows, *given)

    monkeypatch.setattr(VectorRows, "of_videos", meanwhile)
    hits = store.vectors.query(COLLECTION, UP, 9, video_ids=[video_id])
    assert [hit.vector_id for hit in hits] == NEAREST
