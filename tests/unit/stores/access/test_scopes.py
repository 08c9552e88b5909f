"""What lies outside of a scope does not exist inside: not in names, hints, counts, neighbours; scopes may be large."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert

from stores.access.tables import CollectionVideoRow
from stores.core.errors import UsageError
from stores.library_store import LibraryStore
from stores.sql.database import writing
from stores.sql.tables import VideoRow
from stores.vectors import store as vectors
from tests.unit.stores.builders import COLLECTION, add_video, put, vector_item

PASSWORD = "correct horse battery"
MANY = 100_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def test_a_name_is_that_of_a_video_in_the_scope(store: LibraryStore) -> None:
    mine, theirs, other = (add_video(store, name) for name in ("a/harbour.mp4", "b/harbour.mp4", "b/harbours.mp4"))
    resolve = store.catalog.resolve
    with pytest.raises(UsageError, match="matches 2 videos"):
        resolve("harbour.mp4")
    assert resolve("harbour.mp4", [mine]) == mine
    assert resolve("harbour", [theirs, other]) == theirs
    assert resolve(theirs[:12], [theirs]) == theirs
    said = []
    for text in ("harbours.mp4", theirs, theirs[:12], "/videos/b/harbour.mp4", "harbours", "nothing.mp4"):
        with pytest.raises(UsageError) as caught:
            resolve(text, [mine])
        said.append(str(caught.value).replace(repr(text), "TEXT"))
    assert len(set(said)) == 1
    assert "Did you mean" not in said[0]


def test_the_health_of_a_scope_counts_what_is_in_it(store: LibraryStore) -> None:
    ids = [add_video(store, f"{n}.mp4") for n in range(4)]
    for n in (0, 1):
        put(store, ids[n], "vectors", vectors=[vector_item(f"v{n}", 1, 0)])
    health = store.catalog.index_health(("vectors",), ids[1:3])
    assert (health.state, health.videos_indexed, health.videos_known) == ("partial", 1, 2)
    assert store.catalog.index_health(("vectors",), []).state == "empty"
    gone = store.catalog.index_health(("vectors",), [ids[0], "vid_of_nobody"])
    assert (gone.state, gone.videos_known) == ("complete", 1)


@pytest.mark.parametrize("few", [1, 1_000])
def test_neighbours_are_those_in_the_scope_however_large(
    store: LibraryStore, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(vectors, "RANKED_EXACTLY", 1)
    monkeypatch.setattr(vectors, "SCANNED_VIDEOS", few)
    ids = [add_video(store, f"{n}.mp4") for n in range(12)]
    for n, one in enumerate(ids):
        put(store, one, "vectors", vectors=[vector_item(f"v{n}", float(np.cos(n / 20)), float(np.sin(n / 20)))])
    wanted = ids[1::3]
    query = np.asarray([1, 0], np.float32)
    found = store.vectors.query(COLLECTION, query, 3, video_ids=wanted)
    assert [hit.video_id for hit in found] == wanted[:3]
    every = store.vectors.query(COLLECTION, query, 50, video_ids=wanted)
    assert [hit.video_id for hit in every] == wanted


def test_a_collection_of_very_many_videos_is_seen(store: LibraryStore) -> None:
    store.access.users.add("Ada", PASSWORD)
    bob = store.access.users.add("Bob", PASSWORD)
    mine = store.access.collections.add("Mine").collection_id
    store.access.collections.grant(mine, bob.user_id, "reader")
    ids = [f"vid_{n:020x}" for n in range(MANY)]
    with writing(store.engine) as connection:
        connection.execute(insert(VideoRow), [{"video_id": one, "sha256": one, "size": 1} for one in ids])
        connection.execute(insert(CollectionVideoRow), [{"collection_id": mine, "video_id": one} for one in ids])
    seen = store.access.visible(bob.user_id)
    assert seen is not None
    assert seen.ids == tuple(ids)
    assert store.access.visible(bob.user_id) is seen, "kept until access changes"
    assert store.catalog.index_health(("vectors",), seen.ids).state == "empty"
    assert store.fulltext.search("harbour", 10, video_ids=seen.ids) == []
    found = store.query.run("SELECT COUNT(*) FROM clips", seen.known, seconds=10)
    assert found.rows == ((0,),)
    store.access.collections.take_videos(mine, ids[:1])
    fewer = store.access.visible(bob.user_id)
    assert fewer is not None
    assert len(json.dumps(fewer.ids)) < len(json.dumps(ids))
