"""The log of jobs."""

from __future__ import annotations

from stores.library_store import LibraryStore


def test_a_job_is_logged_when_it_begins_and_when_it_ends(store: LibraryStore) -> None:
    first = store.runs.begin("ingest /videos", "host 1")
    second = store.runs.begin("tag", "host 1")
    store.runs.end(first, {"done": 3, "failed": 1})
    killed, ended = store.runs.runs()
    assert store.runs.newest() == killed
    assert store.runs.runs(1) == [killed]
    assert (killed.run_id, killed.finished_at, killed.summary) == (second, None, {})
    assert (ended.command, ended.summary) == ("ingest /videos", {"done": 3, "failed": 1})
    assert ended.finished_at is not None
    assert ended.finished_at >= ended.started_at


def test_without_a_job_there_is_no_newest_one(store: LibraryStore) -> None:
    assert store.runs.newest() is None
