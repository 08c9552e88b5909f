"""What a database counts and compares by itself: Postgres says what SQLite says."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, text

from kinodex.settings import Settings
from kinodex.usecases.failures import Place, failures_page
from stores import holdings
from stores.core.records import Utterance
from stores.library_store import LibraryStore
from stores.listing.overview import overview
from stores.sql.database import reading, writing
from stores.sql.finished_runs import finished_of, finished_since
from stores.sql.standing import counted, recounted
from stores.sql.tables import InputErrorRow
from tests.unit.stores.builders import add_video, put, span, vector_item
from tests.unit.stores.test_overview import check
from tests.unit.stores.test_standing import step


def test_counters_and_overview_hold_on_a_server(served: LibraryStore) -> None:
    chance = random.Random(1)
    for at in range(60):
        step(served, chance)
        with reading(served.engine) as connection:
            assert counted(connection) == recounted(connection)
        if at % 10 == 9:
            check(served)


def test_videos_that_stand_alike_are_counted_together(served: LibraryStore) -> None:
    chance = random.Random(1)
    for number in range(8):
        video_id = add_video(served, f"{number}.mp4")
        for stage in chance.sample(["speech", "pictures", "labels", "objects"], 4):
            put(served, video_id, stage)
    read = []

    def note(_connection: Any, cursor: Any, statement: str, *_more: Any) -> None:
        if "string_agg" in statement:
            read.append(cursor.rowcount)

    event.listen(served.engine, "after_cursor_execute", note)
    assert overview(served).stages["labels"] == {"done": 8}
    assert read == [1]
    check(served)


def answers(store: LibraryStore) -> list[Any]:
    """What each function of `stores.holdings` says of a small library with something in every state."""
    videos = [add_video(store, f"{name}.mp4") for name in "abcd"]
    for number, video_id in enumerate(videos[:3]):
        put(store, video_id, "speech", Utterance(f"utt_{number}", span(0, 100), "hello", "en", 0.9))
        put(store, video_id, "vectors", vectors=[vector_item(f"v{number}", 1, number)] if number else [])
    collections = sorted(holdings.collection_names(store))
    groups = {"picture": collections, "object": ["no-such-collection"]}
    runs = {(one.video_id, one.key.fingerprint) for one in finished_since(store.engine, "speech", 0.0)}
    return [
        collections,
        holdings.vectors_held(store),
        holdings.count_videos(store, *collections),
        holdings.count_videos(store, *collections, without=collections),
        holdings.videos_by_collection(store, collections),
        holdings.lacking(store, groups),
        holdings.active_runs(store, ["vectors"]),
        holdings.lines_held(store),
        holdings.line_sources(store, videos),
        runs,
        {key: mark for key, (mark, _) in finished_of(store.engine, videos).items()},
        [receipt.key for receipt in store.ledger.newest_with(("done",))],
        store.catalog.count(),
    ]


def test_what_there_is_to_search_is_the_same_everywhere(served: LibraryStore, tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "embedded", create=True) as embedded:
        for there, here in zip(answers(served), answers(embedded), strict=True):
            assert there == here


def test_failures_come_page_by_page_on_a_server(served: LibraryStore) -> None:
    uris = [f"/a/{name}{n}.mp4" for n in range(200) for name in ("b", "B ", "_b", "é", "中")]
    rows = [
        {"uri": uri, "error_code": "FILE_MISSING", "error_message": "", "seen_at": 1e9 + n // 400 * 0.1}
        for n, uri in enumerate(uris)
    ]
    with writing(served.engine) as connection:
        connection.execute(insert(InputErrorRow), rows)
        names = connection.execute(text("SELECT indexname FROM pg_indexes WHERE tablename = 'input_errors'")).scalars()
        assert "input_errors_by_time" in set(names)
    found: list[str] = []
    after: Place = ()
    while not found or after:
        page, after = failures_page(served, Settings(library=served.root), 130, after)
        found += [one.uri for one in page]
    assert sorted(found) == sorted(uris)
