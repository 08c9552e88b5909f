"""Batches of tagging in a folder and on a database server: what waits, what was decided from what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stores.core.errors import UsageError
from stores.core.records import Decision
from stores.corrections.records import NewText
from stores.library_store import LibraryStore
from stores.listing.evidence_marks import evidence_marks
from stores.maintenance.amending import amend
from stores.maintenance.forget import forget
from stores.tags.batches.runs import TagKey, TagRun
from stores.tags.removal import remove_tags
from tests.unit.stores.builders import add_video, put, utterance

KEY = TagKey("e", "v", "r")


def decided(video_id: str, tag_id: str, confidence: float = 0.75) -> Decision:
    return Decision(video_id, tag_id, "accepted", confidence, ("speech",), ("utt_1",), (("speech", 0.5),))


def with_tags(store: LibraryStore, tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_text("id,name\ndog,Dog\ncat,猫\n", encoding="utf-8")
    store.tags.import_csv(tmp_path / "tags.csv")


def test_decisions_wait_until_they_are_put_in_place(
    store: LibraryStore, elsewhere: Callable[[LibraryStore], LibraryStore], tmp_path: Path
) -> None:
    with_tags(store, tmp_path)
    one, two, three = (add_video(store, f"{name}.mp4") for name in "abc")
    store.tags.save_decisions(one, [decided(one, "cat", 0.5)])
    store.tags.save_decisions(one, [Decision(one, "cat", "rejected", 0, ("person",), ())], "person")
    failed = TagRun(three, KEY, "failed", "ENDPOINT_FILTERED", "It would not.", "here", 2.5, 3.0)
    waiting = {
        TagRun(id_, KEY, "staged", seconds=0.5): [decided(id_, "dog"), decided(id_, "cat")] for id_ in (one, two)
    }
    store.tag_runs.save({**waiting, failed: []})
    other = elsewhere(store)
    assert (other.tag_runs.staged(), other.tags.decisions(two)) == (2, [])
    assert other.tag_runs.known([three, "vid_gone"]) == {three: failed}
    remove_tags(store.engine, ["cat"])
    assert [store.tag_runs.put_in_place(1) for _ in range(3)] == [1, 1, 0]
    assert other.tags.decisions(two) == [decided(two, "dog")]
    assert other.tag_runs.staged() == 0
    assert {run.status for run in other.tag_runs.known([one, two]).values()} == {"done"}
    assert ("dog", two) in {(item.tag_id, item.video_id) for item in store.reviews.queue()}


def test_a_run_is_replaced_and_goes_with_its_video(store: LibraryStore) -> None:
    one, two = (add_video(store, f"{name}.mp4") for name in "ab")
    run = TagRun(one, KEY, "staged", worker="w", seconds=0.25, finished_at=9.0)
    for _ in range(2):
        store.tag_runs.save({run: [], TagRun(two, KEY, "staged"): [], TagRun("vid_gone", KEY, "staged"): []})
    assert store.tag_runs.known([one]) == {one: run}
    store.tag_runs.forget_staged([two])
    assert store.tag_runs.staged() == 1
    forget(store, [one])
    assert store.tag_runs.known([one, two]) == {}


def test_a_vocabulary_is_carried_over_where_decisions_are_in_place(store: LibraryStore) -> None:
    one, two = (add_video(store, f"{name}.mp4") for name in "ab")
    store.tag_runs.save({TagRun(one, KEY, "staged"): []})
    store.tag_runs.put_in_place()
    store.tag_runs.save({TagRun(two, KEY, "staged"): []})
    assert store.tag_runs.carry_vocabulary("v", "w") == 1
    known = store.tag_runs.known([one, two])
    assert (known[one].key, known[two].key) == (replace(KEY, vocabulary="w"), KEY)


def test_evidence_has_another_mark_when_it_is_another(store: LibraryStore) -> None:
    one, two = (add_video(store, f"{name}.mp4") for name in "ab")
    before = evidence_marks(store.engine, [one, two, "vid_gone"])
    said = utterance(one, 0, "hello")
    put(store, one, "speech", said)
    after = evidence_marks(store.engine, [one, two, "vid_gone"])
    assert after[one] != before[one]
    assert (after[two], after["vid_gone"]) == (before[two], "")
    amend(store, [NewText(one, said.evidence_id, "Hello!")], "Ada")
    assert evidence_marks(store.engine, [one])[one] != after[one]


def test_many_videos_are_put_in_place_as_one_after_the_other(store: LibraryStore, tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_text("id,name,parent\nroot,root,\nold,old,root\nnew,new,root\ngone,gone,\n")
    store.tags.import_csv(tmp_path / "many.csv")
    videos = [add_video(store, f"many{number}.mp4") for number in range(6)]

    def made(video: str, *tags: str) -> list[Decision]:
        return [Decision(video, tag, "accepted", 0.7, ("speech",), ("e1", "e2"), (("speech", 0.7),)) for tag in tags]

    for video in videos:
        store.tags.save_decisions(video, made(video, "old", "gone"))
    store.tags.save_decisions(videos[1], [Decision(videos[1], "new", "rejected", 1.0, (), ())], "person")
    store.tag_editor.retire(["gone"])
    half = len(videos) // 2
    for video in videos[:half]:
        store.tags.save_decisions(video, made(video, "new", "gone"))
    store.tags.save_of_videos({video: made(video, "new", "gone") for video in videos[half:]}, "automatic")
    found = [[replace(one, video_id="") for one in store.tags.decisions(video)] for video in videos]
    assert found[0] == found[2] == found[3] == found[4] == found[5]
    assert {one.tag_id: one.decision for one in found[0]} == dict.fromkeys(("gone", "new", "root"), "accepted")
    assert {one.tag_id: one.decision for one in found[1]}["new"] == "rejected"
    with pytest.raises(UsageError, match="vid_none"):
        store.tags.save_of_videos({videos[0]: [], "vid_none": []}, "automatic")
    assert len(store.tags.decisions(videos[0])) == 3, "all or none"
