"""How many videos are known, failed and indexed: the counters are always right, and cost nothing to read."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import text

from stores.core.records import StageKey, StageOutput
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.verify import verify
from stores.sql.database import reading, writing
from stores.sql.standing import counted, recounted
from tests.unit.stores.builders import add_video, put, sha, vector_item, video_of

STAGES = ("probe", "speech", "vectors", "vectors.001")
CODES = ("DECODE_FAILED", "MODEL_FAILED", "WORKER_LOST")


def step(store: LibraryStore, chance: random.Random) -> None:
    name, path = str(chance.randrange(4)), Path("/v") / str(chance.randrange(4))
    known = [entry.video_id for entry in store.catalog.videos()]
    what = chance.choice(("register", "missing", "back", "forget", "reset", "end", "end", "end", "end", "end"))
    if what == "register" or not known:
        store.catalog.register(path, sha(name), 1, 1)
    elif what == "missing":
        store.catalog.note_missing(path)
    elif what == "back":
        store.catalog.known(path, 1, 1)
    elif what == "forget":
        forget(store, [chance.choice(known)])
    elif what == "reset":
        store.ledger.reset(statuses=chance.choice((["done"], ["failed", "quarantined"])))
    else:
        end(store, chance, StageKey(chance.choice(known), chance.choice(STAGES), chance.choice(("f1", "f2"))))


def end(store: LibraryStore, chance: random.Random, key: StageKey) -> None:
    attempt = store.ledger.begin(key, "tester")
    how = chance.choice(("commit", "commit", "fail", "release", "die"))
    if not isinstance(attempt, Attempt) or how == "die":
        return
    if how == "commit":
        hashed = store.catalog.sha256(key.video_id)
        video = video_of(key.video_id, hashed) if key.stage == "probe" else None
        store.commit(attempt, StageOutput(video=video))
    elif how == "fail":
        store.ledger.fail(attempt, chance.choice(CODES), "no")
    else:
        store.ledger.release(attempt)


@pytest.mark.parametrize("seed", range(4))
def test_the_counters_agree_with_counting(store: LibraryStore, seed: int) -> None:
    chance = random.Random(seed)
    seen = set()
    for _ in range(60):
        step(store, chance)
        with reading(store.engine) as connection:
            kept = counted(connection)
            assert kept == recounted(connection)
        health = store.catalog.index_health(("vectors",))
        assert (health.videos_indexed, health.videos_known) == (kept["videos_indexed"], kept["videos_known"])
        seen.add(tuple(kept.values()))
    assert len(seen) > 4


def test_a_transaction_that_fails_counts_nothing(store: LibraryStore) -> None:
    video_id = add_video(store)

    def interrupted() -> None:
        with writing(store.engine) as connection:
            connection.execute(text("DELETE FROM locations"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with reading(store.engine) as connection:
        assert counted(connection) == {"videos_known": 1, "videos_failed": 0, "videos_indexed": 0}
    assert store.catalog.indexed() == []
    put(store, video_id, "vectors", vectors=[vector_item("a", 1, 0)])
    assert store.catalog.indexed() == [video_id]


def test_wrong_counters_are_noticed_and_set_right(store: LibraryStore) -> None:
    put(store, add_video(store), "vectors", vectors=[vector_item("a", 1, 0)])
    assert not verify(store).harmful
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE counters SET value = 9 WHERE name = 'videos_known'"))
        connection.execute(text("UPDATE videos SET standing = 1"))
    assert {problem.code for problem in verify(store).harmful} == {"COUNTS_DIFFER"}
    rebuild_index(store)
    assert not verify(store).harmful
    assert store.catalog.index_health(("vectors",)).state == "complete"


def test_columns_of_an_older_version_are_read_from_the_index_and_filled_by_a_rebuild(store: LibraryStore) -> None:
    video_id = add_video(store)
    put(store, video_id, "vectors", vectors=[vector_item("a", 1, 0, start=5), vector_item("b", 0, 1)])
    collection = next(iter(store.vectors.stored()))[0]
    before = store.vectors.fetch(collection)[0]
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE vectors_index SET channel = NULL, start_tick = NULL, clip_id = NULL"))
    store.vectors.close()
    assert store.vectors.fetch(collection)[0] == before
    rebuild_index(store)
    with reading(store.engine) as connection:
        untold = "SELECT count(*) FROM vectors_index WHERE channel IS NULL OR start_tick IS NULL OR clip_id IS NULL"
        assert connection.execute(text(untold)).scalar() == 0
    assert store.vectors.fetch(collection)[0] == before
