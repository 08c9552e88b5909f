"""A forgotten video leaves nothing behind, and nothing of other videos is removed."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from sqlalchemy import select

from stores.core.errors import UsageError
from stores.core.records import Blob, Decision
from stores.library_store import LibraryStore
from stores.maintenance.forget import Forgotten, forget
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from stores.sql.database import reading
from stores.sql.tables import Base
from tests.unit.stores.builders import COLLECTION, add_video, begun, label, put, sha, utterance, vector_item


def filled(store: LibraryStore, name: str) -> str:
    video_id = add_video(store, name)
    put(store, video_id, "speech", utterance(video_id, 0, f"hello {name}"), blobs=[Blob("a.npz", b"1")])
    put(store, video_id, "labels", label(video_id, 0, "goldfish", "金鱼"))
    put(store, video_id, "vectors", vectors=[vector_item(name, 0, 1)])
    begun(store, video_id, "pictures.001")
    return video_id


def traces(store: LibraryStore, video_id: str) -> list[str]:
    with reading(store.engine) as connection:
        return [
            table.name
            for table in Base.metadata.sorted_tables
            if "video_id" in table.columns
            and connection.execute(select(table).where(table.columns["video_id"] == video_id)).first()
        ]


def test_nothing_is_left_of_it(store: LibraryStore) -> None:
    gone, kept = filled(store, "a.mp4"), filled(store, "b.mp4")
    evidence = store.catalog.evidence_of(gone)
    for video_id in (gone, kept):
        ids = tuple(item.evidence_id for item in store.catalog.evidence_of(video_id))
        store.tags.save_decisions(video_id, [Decision(video_id, "t1", "accepted", 0.9, ("picture",), ids)])
    assert forget(store, [gone, gone]) == Forgotten(videos=1, blobs=2, vectors=1)
    assert traces(store, gone) == []
    assert store.catalog.evidence(item.evidence_id for item in evidence) == {}
    assert {hit.video_id for hit in store.fulltext.search("hello goldfish", 9)} == {kept}
    assert [hit.video_id for hit in store.vectors.query(COLLECTION, np.asarray([0, 1], np.float32), 9)] == [kept]
    assert not (store.root / "blobs" / gone).exists()
    assert {"decisions", "decision_evidence", "labels", "locations"} <= set(traces(store, kept))
    assert verify(store).problems == ()
    # It may come back as if it had never been there.
    assert filled(store, "a.mp4") == gone
    assert verify(store).problems == ()


def test_all_or_none(store: LibraryStore) -> None:
    video_id = filled(store, "a.mp4")
    with pytest.raises(UsageError) as caught:
        forget(store, [video_id, "vid_0"])
    assert caught.value.code.name == "UNKNOWN_VIDEO"
    assert store.memory(video_id).has("speech")


def test_a_crash_before_the_files_are_removed(store: LibraryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    video_id = filled(store, "a.mp4")
    with monkeypatch.context() as patched:
        patched.setattr(LibraryStore, "discard", cut)
        with pytest.raises(KeyboardInterrupt):
            forget(store, [video_id])
    assert traces(store, video_id) == []
    assert store.vectors.query(COLLECTION, np.asarray([0, 1], np.float32), 9) == []
    assert {problem.kind for problem in verify(store).problems} == {"orphan"}
    sweep(store)
    assert verify(store).problems == ()


def test_videos_whose_files_are_gone_are_named(store: LibraryStore, tmp_path: Path) -> None:
    here, gone = tmp_path / "here.mp4", tmp_path / "gone.mp4"
    here.write_bytes(b"x")
    first = store.catalog.register(here, sha("1"), 1, 1)
    store.catalog.register(gone, sha("1"), 1, 1)
    second = store.catalog.register(gone, sha("2"), 1, 1)
    third = store.catalog.register(here / "no folder" / "c.mp4", sha("3"), 1, 1)
    assert [entry.video_id for entry in store.catalog.missing()] == [second, third]
    assert first not in traces(store, second)


def test_a_file_that_was_never_indexed_and_is_gone_does_not_make_the_index_partial(store: LibraryStore) -> None:
    add, stages = add_video, ("speech",)
    whole, broken = add(store, "whole.mp4"), add(store, "broken.mp4")
    put(store, whole, "speech")
    store.ledger.fail(begun(store, broken, "speech"), "DECODE_FAILED", "no")
    health = store.catalog.index_health(stages)
    assert (health.state, health.videos_known, health.videos_failed) == ("partial", 2, 1)
    store.catalog.note_missing(Path("/videos/broken.mp4"))
    health = store.catalog.index_health(stages)
    assert (health.state, health.videos_known, health.videos_failed) == ("complete", 1, 0)
    store.catalog.note_missing(Path("/videos/whole.mp4"))
    assert store.catalog.index_health(stages).videos_indexed == 1


def test_files_that_are_no_longer_there_are_no_longer_listed_as_unreadable(store: LibraryStore) -> None:
    for name in ("a", "b", "c"):
        store.catalog.record_input_error(f"/v/{name}.mp4", "FILE_EMPTY", "empty")
    assert store.catalog.prune_input_errors(lambda uri: uri != "/v/b.mp4") == ["/v/b.mp4"]
    store.catalog.forget_input_errors(["/v/a.mp4", "/v/none.mp4"])
    assert [error.uri for error in store.catalog.input_errors()] == ["/v/c.mp4"]
