"""Questions beside writers, of several threads, and in folders with strange names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stores.core.errors import UsageError
from stores.library_store import LibraryStore
from tests.unit.stores.builders import add_video, put, tracklet


def test_threads_ask_while_another_writes(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "a folder? #1 %41'", create=True) as store:
        videos = [add_video(store, f"{number}.mp4") for number in range(8)]

        def ask(_: int) -> int:
            (row,) = store.query.run("SELECT COUNT(*), COUNT(DISTINCT video_id) FROM tracklets", seconds=20).rows
            # A video's two tracklets are committed together.
            assert row[0] == 2 * int(row[1] or 0)
            return int(row[0] or 0)

        with ThreadPoolExecutor(4) as pool:
            counts = [pool.submit(ask, number) for number in range(40)]
            for video_id in videos:
                put(
                    store,
                    video_id,
                    "tracklets",
                    tracklet(video_id, "dog", "red", "left"),
                    tracklet(video_id, "cat", "", ""),
                )
            assert all(0 <= count.result() <= 16 for count in counts)
        assert ask(0) == 16


def test_a_query_that_was_cut_does_no_harm_to_the_next(planted: LibraryStore) -> None:
    slow = (
        "SELECT COUNT(*) FROM tracklets a, tracklets b, tracklets c, tracklets d, tracklets e, tracklets f, tracklets g"
    )
    for _ in range(3):
        with pytest.raises(UsageError, match="QUERY_LIMIT"):
            planted.query.run(slow, seconds=0.05)
        assert planted.query.run("SELECT COUNT(*) FROM videos").rows == ((4,),)


def test_a_library_that_nobody_else_has_open_can_be_asked(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        video_id = add_video(store)
    with LibraryStore.open(tmp_path / "library") as store:
        assert store.query.run("SELECT video_id FROM videos").rows == ((video_id,),)
