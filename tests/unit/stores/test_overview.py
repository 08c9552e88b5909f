"""The library as a whole, as listing all of it would tell."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import event

from stores.core.ids import base_stage
from stores.core.records import StageKey, StageOutput
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.listing.overview import overview
from tests.unit.stores.builders import add_video, put, vector_item
from tests.unit.stores.test_standing import step


def check(store: LibraryStore) -> None:
    entries, receipts = store.catalog.videos(), store.ledger.receipts()
    assert list(store.catalog.each()) == entries
    found = overview(store)
    stages: dict[str, Counter[str]] = {}
    for entry in entries:
        for stage, ending in entry.stages.items():
            stages.setdefault(stage, Counter())[ending] += 1
    parts: dict[tuple[str, str], Counter[str]] = {}
    for one in receipts:
        if one.key.stage != base_stage(one.key.stage):
            parts.setdefault((one.key.video_id, base_stage(one.key.stage)), Counter())[one.status] += 1
    # The order is part of what is printed.
    assert list(found.statuses.items()) == list(Counter(entry.status for entry in entries).items())
    assert [(name, list(ends.items())) for name, ends in found.stages.items()] == [
        (name, list(ends.items())) for name, ends in stages.items()
    ]
    assert [(key, list(ends.items())) for key, ends in found.parts.items()] == [
        (key, list(ends.items())) for key, ends in parts.items()
    ]
    assert found.videos == len(entries)
    assert found.quarantined == sum(one.status == "quarantined" for one in receipts)
    seconds = [entry.video.seconds for entry in entries if entry.video is not None]
    assert found.media_seconds == pytest.approx(sum(seconds))
    assert type(found.media_seconds) is type(sum(seconds))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_counted_is_what_a_listing_tells(store: LibraryStore, seed: int) -> None:
    chance = random.Random(seed)
    check(store)
    for at in range(80):
        step(store, chance)
        if at % 4 == 3:
            check(store)


def test_descriptions_are_counted(store: LibraryStore) -> None:
    videos = [add_video(store, f"{name}.mp4") for name in "abcd"]
    for number, video_id in enumerate(videos):
        item = vector_item(str(number), 1, number)
        put(store, video_id, "vectors", vectors=[item])
    put(store, videos[0], "captions")
    attempt = store.ledger.begin(StageKey(videos[1], "captions", "f1"), "tester")
    assert isinstance(attempt, Attempt)
    store.ledger.fail(attempt, "MODEL_FAILED", "no")
    found = overview(store).descriptions
    assert (found.described, found.nothing_found, found.not_described, found.failed) == (0, 1, 3, 1)


@pytest.mark.parametrize("number", [3, 30])
def test_what_is_read_does_not_grow_with_the_library(store: LibraryStore, tmp_path: Path, number: int) -> None:
    for at in range(number):
        video_id = add_video(store, f"{at}.mp4")
        attempt = store.ledger.begin(StageKey(video_id, "speech", "f1"), "tester")
        assert isinstance(attempt, Attempt)
        store.commit(attempt, StageOutput())
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert overview(store).videos == number
    assert len([one for one in asked if one.startswith("SELECT")]) == 11
