"""What people judged, in a folder and on a database server."""

from __future__ import annotations

from stores.library_store import LibraryStore
from stores.tags.judgements import Judged, judgements
from stores.tags.review import Judgement
from tests.servers.test_reviews import made, video

__all__ = ["video"]


def test_the_judgement_that_counts_comes_with_what_the_sources_said(store: LibraryStore, video: str) -> None:
    assert judgements(store.engine) == []
    store.reviews.decide([Judgement(video, "dog", "accepted")], "u", "Una")
    second = store.reviews.decide([Judgement(video, "dog", "rejected")], "u", "Una")
    store.reviews.decide([Judgement(video, "cat", "unsure")], "u", "Una")
    dog, cat = judgements(store.engine)
    assert dog == Judged(video, "dog", "rejected", (("words", 0.9),), dog.at)
    assert cat == Judged(video, "cat", "unsure", (("words", 0.55),), cat.at)
    assert judgements(store.engine, after=dog.at) == [cat]
    assert judgements(store.engine, after=cat.at) == []
    store.reviews.undo(second, "u")
    assert [(one.tag_id, one.verdict) for one in judgements(store.engine)] == [("dog", "accepted"), ("cat", "unsure")]


def test_decisions_of_imports_count_and_abstentions_do_not(store: LibraryStore, video: str) -> None:
    store.tags.save_decisions(video, [made(video, "dog", 0.9), made(video, "cat", 0.5)], "person")
    assert [(one.tag_id, one.verdict) for one in judgements(store.engine)] == [("dog", "accepted")]
