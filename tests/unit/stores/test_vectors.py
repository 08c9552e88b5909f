"""Vectors: nearest first, only what readers may see, never two models mixed."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stores.core.errors import StoreError
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.vectors import opened, rows
from stores.vectors import store as module
from stores.vectors.items import check_vectors
from tests.unit.stores.builders import COLLECTION, add_video, put, vector_item

ROOT = Path(__file__).resolve().parents[3]
EAST = np.asarray([1, 0], np.float32)


@pytest.fixture
def filled(store: LibraryStore) -> tuple[LibraryStore, str, str]:
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    put(store, first, "vectors", vectors=[vector_item("e", 1, 0), vector_item("n", 0, 1, channel="speech", start=5)])
    put(store, second, "vectors", vectors=[vector_item("ne", 1, 1), vector_item("w", -1, 0)])
    return store, first, second


def test_nearest_first_with_cosines(filled: tuple[LibraryStore, str, str]) -> None:
    store, first, second = filled
    hits = store.vectors.query(COLLECTION, EAST * 3, 10)
    assert [hit.clip_id for hit in hits] == ["clp_e", "clp_ne", "clp_n", "clp_w"]
    assert [hit.similarity for hit in hits] == pytest.approx([1, math.sqrt(0.5), 0, -1], abs=1e-5)
    assert (hits[2].video_id, hits[2].channel, hits[2].start, hits[2].end) == (first, "speech", 5, 105)
    assert [hit.video_id for hit in store.vectors.query(COLLECTION, EAST, 10, video_ids=[second])] == [second] * 2
    assert [hit.clip_id for hit in store.vectors.query(COLLECTION, EAST, 10, channels=["speech"])] == ["clp_n"]
    both = store.vectors.query(COLLECTION, EAST, 1, video_ids=[first], channels=["picture", "screen"])
    assert [hit.clip_id for hit in both] == ["clp_e"]
    assert store.vectors.count(COLLECTION) == 4


def test_nothing_there_is_nothing_found(filled: tuple[LibraryStore, str, str]) -> None:
    store, *_ = filled
    assert store.vectors.query("another-model", EAST, 3) == []
    assert store.vectors.query(COLLECTION, EAST, 0) == []
    assert store.vectors.query(COLLECTION, EAST, 3, video_ids=[]) == []
    assert store.vectors.query(COLLECTION, EAST, 3, channels=[]) == []
    hits, vectors = store.vectors.fetch("another-model")
    assert (hits, vectors.shape) == ([], (0, 0))
    assert store.vectors.fetch(COLLECTION, video_ids=[])[0] == []


def test_fetching_gives_exactly_what_was_put(filled: tuple[LibraryStore, str, str]) -> None:
    store, first, second = filled
    hits, vectors = store.vectors.fetch(COLLECTION, video_ids=[first])
    assert [hit.clip_id for hit in hits] == ["clp_e", "clp_n"]
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[1, 0], [0, 1]]
    assert math.isnan(hits[0].similarity)
    assert [hit.clip_id for hit in store.vectors.fetch(COLLECTION, channel="speech")[0]] == ["clp_n"]
    put(store, second, "vectors", fingerprint="f2", vectors=[vector_item("new", 0, 1, fp="f2")])
    assert {hit.clip_id for hit in store.vectors.fetch(COLLECTION)[0]} == {"clp_e", "clp_n", "clp_new"}


def test_large_collections_and_long_lists_give_the_same(
    filled: tuple[LibraryStore, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, first, second = filled
    usual = store.vectors.query(COLLECTION, EAST, 3, video_ids=[first, second])
    one = store.vectors.fetch(COLLECTION, video_ids=[second])
    store.vectors.close()
    monkeypatch.setattr(module, "RANKED_EXACTLY", 1)
    monkeypatch.setattr(module, "LISTED_VIDEOS", 3)
    asked = store.vectors.query(COLLECTION, EAST, 3)
    assert [hit.vector_id for hit in asked] == [hit.vector_id for hit in usual]
    assert [replace(hit, similarity=0.0) for hit in asked] == [replace(hit, similarity=0.0) for hit in usual]
    again = store.vectors.fetch(COLLECTION, video_ids=[second])
    assert [hit.vector_id for hit in again[0]] == [hit.vector_id for hit in one[0]]
    assert again[1].tolist() == one[1].tolist()
    assert len(store.vectors.fetch(COLLECTION)[0]) == 4
    monkeypatch.setattr(module, "FEW_VIDEOS", 1)
    ranked = store.vectors.query(COLLECTION, EAST, 3, video_ids=[first, second])
    assert [hit.vector_id for hit in ranked] == [hit.vector_id for hit in usual]
    assert [hit.similarity for hit in ranked] == pytest.approx([hit.similarity for hit in usual], abs=1e-5)


def test_hidden_vectors_do_not_crowd_out_the_rest(store: LibraryStore) -> None:
    video_id = add_video(store)
    put(store, video_id, "vectors", vectors=[vector_item("far", -1, 0.1)])
    ghosts = [vector_item(f"ghost{n}", 1, n / 1000) for n in range(200)]
    store.vectors.upsert(ghosts, put(store, video_id, "other").key)
    assert [hit.clip_id for hit in store.vectors.query(COLLECTION, EAST, 1)] == ["clp_far"]


@pytest.mark.parametrize("exactly", [5000, 1], ids=["ranked in memory", "by the index"])
def test_many_asked_together_get_what_each_gets_alone(
    store: LibraryStore, monkeypatch: pytest.MonkeyPatch, exactly: int
) -> None:
    monkeypatch.setattr(module, "RANKED_EXACTLY", exactly)
    draw = np.random.default_rng(5)
    rows = draw.standard_normal((300, 8))
    for n in range(3):
        video_id = add_video(store, f"{n}.mp4")
        some = [vector_item(f"v{at}", *rows[at]) for at in range(n * 100, n * 100 + 100)]
        put(store, video_id, "vectors", vectors=some)
    asked = np.concatenate([rows[:20], draw.standard_normal((20, 8))]).astype(np.float32) * 3
    together = store.vectors.query_all(COLLECTION, asked, 12, 0.6)
    alone = [[hit for hit in store.vectors.query(COLLECTION, one, 12) if hit.similarity >= 0.6] for one in asked]
    assert [[hit.vector_id for hit in some] for some in together] == [[hit.vector_id for hit in some] for some in alone]
    for some, others in zip(together, alone, strict=True):
        assert [hit.similarity for hit in some] == pytest.approx([hit.similarity for hit in others], abs=1e-5)
    assert any(len(some) == 12 for some in together)
    assert any(0 < len(some) < 12 for some in together)
    assert store.vectors.query_all(COLLECTION, asked[:0], 3, 0.6) == []
    assert store.vectors.query_all("another-model", asked[:2], 3, 0.6) == [[], []]
    with pytest.raises(StoreError):
        store.vectors.query_all(COLLECTION, np.ones((2, 3), np.float32), 3, 0.6)


@pytest.mark.parametrize("exactly", [5000, 1])
def test_nor_do_they_where_many_are_asked_together(
    store: LibraryStore, monkeypatch: pytest.MonkeyPatch, exactly: int
) -> None:
    monkeypatch.setattr(module, "RANKED_EXACTLY", exactly)
    video_id = add_video(store)
    put(store, video_id, "vectors", vectors=[vector_item("east", 1, 0.5), vector_item("west", -1, 0.1)])
    ghosts = [vector_item(f"ghost{n}", 1, n / 1000) for n in range(200)]
    store.vectors.upsert(ghosts, put(store, video_id, "other").key)
    found = store.vectors.query_all(COLLECTION, np.stack([EAST, -EAST]), 1, 0.8)
    assert [[hit.clip_id for hit in some] for some in found] == [["clp_east"], ["clp_west"]]


def test_more_than_one_batch(store: LibraryStore) -> None:
    video_id = add_video(store)
    items = [vector_item(f"v{n}", math.cos(n), math.sin(n)) for n in range(6000)]
    put(store, video_id, "vectors", vectors=items)
    assert store.vectors.count(COLLECTION) == 6000
    hits, vectors = store.vectors.fetch(COLLECTION)
    assert (len(hits), vectors.shape) == (6000, (6000, 2))
    put(store, video_id, "vectors", fingerprint="f2")
    assert [ids for _, ids in store.vectors.stored()] == [[]]


@pytest.mark.parametrize("values", [(0.0, 0.0), (float("nan"), 1.0), (float("inf"), 1.0)])
def test_a_vector_without_direction_is_an_error(values: tuple[float, float]) -> None:
    broken = replace(vector_item("a", 1, 0), vector=np.asarray(values, np.float32))
    with pytest.raises(ValueError, match="not a direction"):
        check_vectors([broken])


@pytest.mark.parametrize("name", ["ab", "has space", "-begins", "ends-", "a/b/c", "x" * 513])
def test_names_that_chroma_does_not_accept(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        check_vectors([replace(vector_item("a", 1, 0), collection=name)])


def test_a_query_of_another_size_is_an_error(filled: tuple[LibraryStore, str, str]) -> None:
    store, *_ = filled
    with pytest.raises(StoreError) as caught:
        store.vectors.query(COLLECTION, np.ones(3, np.float32), 3)
    assert caught.value.code.name == "VECTOR_STORE_FAILED"


def test_a_damaged_index_is_named(store: LibraryStore) -> None:
    folder = store.root / "vectors"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError) as caught:
        store.vectors.query(COLLECTION, EAST, 3)
    assert caught.value.code.name == "LIBRARY_DAMAGED"


def test_after_a_commit_only_what_changed_is_read_anew(
    filled: tuple[LibraryStore, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, first, second = filled
    store.vectors.query(COLLECTION, EAST, 10)
    asked: list[str] = []
    values = store.vectors._values

    def noted(stored: object, vector_ids: list[str]) -> dict[str, np.ndarray]:
        asked.extend(vector_ids)
        return values(stored, vector_ids)

    monkeypatch.setattr(store.vectors, "_values", noted)
    third = add_video(store, "c.mp4")
    assert len(store.vectors.query(COLLECTION, EAST, 10)) == 4
    put(store, third, "vectors", vectors=[vector_item("new", 1, 0)])
    assert asked == []
    hits = store.vectors.query(COLLECTION, EAST, 10)
    assert {hit.clip_id for hit in hits[:2]} == {"clp_e", "clp_new"}
    assert [hit.clip_id for hit in hits[2:]] == ["clp_ne", "clp_n", "clp_w"]
    assert len(asked) == 1
    # What is replaced, forgotten or pending is found as it is now, and nothing else is read.
    put(store, second, "vectors", fingerprint="f2", vectors=[vector_item("late", 1, 1, fp="f2")])
    forget(store, [first])
    hits = store.vectors.query(COLLECTION, EAST, 10)
    assert [(hit.video_id, hit.clip_id) for hit in hits] == [(third, "clp_new"), (second, "clp_late")]
    assert [hit.similarity for hit in hits] == pytest.approx([1, math.sqrt(0.5)], abs=1e-5)
    assert len(asked) == 2
    fetched, vectors = store.vectors.fetch(COLLECTION)
    assert [hit.video_id for hit in fetched] == sorted([second, third])
    assert len(vectors) == 2


def test_a_collection_that_was_dropped_is_not_asked_again(filled: tuple[LibraryStore, str, str]) -> None:
    store, *_ = filled
    for collection, ids in list(store.vectors.stored()):
        store.vectors.delete(collection, ids)
        store.vectors.drop_empty()
        store.vectors.delete(collection, ids)
        assert store.vectors.values(collection, ids) == {}
    assert list(store.vectors.stored()) == []


def test_a_huge_collection_is_asked_for_more(
    filled: tuple[LibraryStore, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, *_ = filled
    monkeypatch.setattr(module, "RANKED_EXACTLY", 1)
    asked: list[int] = []
    monkeypatch.setattr(module, "ask_index", lambda *given: asked.append(given[-1]) or [])
    for many in (4, 3):
        store.vectors.close()
        monkeypatch.setattr(module, "ASKED_FOR_OF_MANY", (many, 77))
        store.vectors.query(COLLECTION, EAST, 2)
    assert asked == [module.ASKED_FOR, 77]


ELSEWHERE = """
import sys
from stores.library_store import LibraryStore
from tests.unit.stores.builders import add_video, put, vector_item
with LibraryStore.open(sys.argv[1]) as store:
    video_id = add_video(store, f"{sys.argv[2]}.mp4")
    put(store, video_id, "vectors", vectors=[vector_item(f"{sys.argv[2]}-{at}", 1, at) for at in range(40)])
"""


def commit_elsewhere(store: LibraryStore, name: str) -> None:
    subprocess.run([sys.executable, "-c", ELSEWHERE, str(store.root), name], check=True, cwd=ROOT)


@pytest.mark.parametrize("exactly", [5_000, 0])
def test_what_another_process_wrote_meanwhile_is_found(
    store: LibraryStore, exactly: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RANKED_EXACTLY", exactly)
    monkeypatch.setattr(opened, "REOPEN_SECONDS", 0.0)
    ours = add_video(store, "ours.mp4")
    put(store, ours, "vectors", vectors=[vector_item("ours", 1, 0)])
    for at in range(1, 4):
        commit_elsewhere(store, f"theirs{at}")
        assert len(store.vectors.query(COLLECTION, EAST, 500)) == 1 + 40 * at
    # And what this one writes then stands beside it, in this process and in others.
    late = add_video(store, "late.mp4")
    put(store, late, "vectors", vectors=[vector_item("late", 1, 0)])
    commit_elsewhere(store, "theirs4")
    found = store.vectors.query(COLLECTION, EAST, 500)
    assert len(found) == 2 + 40 * 4
    assert {"clp_ours", "clp_late", "clp_theirs4-0"} <= {hit.clip_id for hit in found}
    assert sum(len(ids) for _, ids in store.vectors.stored()) == len(found)


def test_a_client_that_fails_is_opened_again_at_once(store: LibraryStore) -> None:
    ours = add_video(store, "ours.mp4")
    put(store, ours, "vectors", vectors=[vector_item("ours", 1, 0)])
    assert len(store.vectors.query(COLLECTION, EAST, 500)) == 1
    commit_elsewhere(store, "theirs")
    assert len(store.vectors.query(COLLECTION, EAST, 500)) == 41


def test_some_videos_are_read_without_the_rest_of_their_collection(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store, store.engine.connect() as connection:
        asked = rows._BY_VIDEO.params(of_collection=COLLECTION, video_ids=["a", "b"])
        sql = asked.compile(connection, compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").fetchall()
    assert any("vectors_of_stage" in row[-1] for row in plan)
