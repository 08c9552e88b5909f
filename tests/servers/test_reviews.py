"""Review in a folder and on a database server: the same order, the same undo, on the index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from stores.core.errors import KinodexError
from stores.core.records import Decision
from stores.library_store import LibraryStore
from stores.tags.review import Judgement, Waiting
from tests.unit.stores.builders import add_video

TAGS = "id,name\ndog,Dog\ncat,猫\n"


@pytest.fixture
def video(store: LibraryStore, tmp_path: Path) -> str:
    (tmp_path / "tags.csv").write_text(TAGS, encoding="utf-8")
    store.tags.import_csv(tmp_path / "tags.csv")
    video_id = add_video(store, "one")
    store.tags.save_decisions(video_id, [made(video_id, "dog", 0.9), made(video_id, "cat", 0.55)])
    return video_id


def made(video_id: str, tag_id: str, confidence: float) -> Decision:
    return Decision(
        video_id,
        tag_id,
        "accepted" if confidence >= 0.6 else "abstained",
        confidence,
        ("words",),
        ("e1", "e2"),
        (("words", confidence),),
    )


def waiting(store: LibraryStore) -> list[str]:
    return [one.tag_id for one in store.reviews.queue()]


def rows(store: LibraryStore) -> list[Any]:
    names = ("decisions", "decision_evidence", "review_queue")
    with store.engine.connect() as connection:
        return [connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2, 3, 4")).all() for name in names]


def test_decided_and_undone(store: LibraryStore, video: str) -> None:
    assert waiting(store) == ["cat", "dog"]
    before = rows(store)
    first = store.reviews.decide([Judgement(video, "dog", "rejected"), Judgement(video, "cat", "unsure")], "u", "Una")
    assert waiting(store) == []
    middle = rows(store)
    second = store.reviews.decide([Judgement(video, "dog", "accepted")], "u", "Una")
    with pytest.raises(KinodexError) as refused:
        store.reviews.undo(first, "u")
    assert refused.value.code.name == "CONFLICT"
    with pytest.raises(KinodexError) as foreign:
        store.reviews.undo(second, "somebody else")
    assert foreign.value.code.name == "NOT_FOUND"
    store.reviews.undo(second, "u")
    assert rows(store) == middle
    assert store.reviews.undo(first, None) == [(video, "dog"), (video, "cat")]
    assert rows(store) == before
    assert [one.verdict for one in store.reviews.history(video, "dog")] == ["accepted", "rejected"]


def test_pages_and_counts(store: LibraryStore, video: str) -> None:
    (first,) = store.reviews.queue(1)
    (rest,) = store.reviews.queue(9, (first.place, first.video_id, first.tag_id))
    assert (first.tag, rest.tag, rest.evidence_ids) == ("猫", "Dog", ("e1", "e2"))
    assert [store.reviews.left(one) for one in (None, Waiting("cat"), Waiting(video_ids=()))] == [2, 1, 0]
    assert [one.tag.tag_id for one in store.tag_listing.page("猫")] == ["cat"]
    assert store.tag_listing.videos_by_tag(["dog", "cat"]) == {"dog": 1}
    assert store.tag_listing.videos_by_tag(["dog"], ()) == {}
    assert [one.video_id for one in store.tag_listing.videos_of("dog")] == [video]
    assert store.tag_listing.videos_of("dog", after=(0.9, video)) == []


def test_tagging_again_fills_the_queue_anew_but_for_what_people_decided(store: LibraryStore, video: str) -> None:
    store.reviews.decide([Judgement(video, "dog", "rejected")], "", "owner")
    store.tags.save_decisions(video, [made(video, "dog", 0.61), made(video, "cat", 0.7)])
    assert waiting(store) == ["cat"]
    assert {one.tag_id: one.decision for one in store.tags.decisions(video)} == {"dog": "rejected", "cat": "accepted"}
