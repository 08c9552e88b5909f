"""Review in a folder and on a database server: the same order, the same undo, on the index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from stores.core.errors import KinodexError
from stores.core.records import Decision
from stores.library_store import LibraryStore
from stores.maintenance.verify import verify
from stores.sql.database import writing
from stores.sql.opening import HEAD, MIGRATIONS
from stores.sql.tables import DecisionRow
from stores.tags.review import Judgement, Waiting
from stores.tags.review.projecting import project
from stores.tags.vocabulary.browsing import Order, TagFilter, browse, count_tags, facets
from tests.unit.stores.builders import add_video

TAGS = "id,name\ndog,Dog\ncat,猫\ncow,Cow\n"


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
    assert [one.tag.tag_id for one in browse(store.engine, TagFilter("猫"))] == ["cat"]
    assert store.tag_listing.videos_by_tag(["dog", "cat"]) == {"dog": 1}
    assert store.tag_listing.videos_by_tag(["dog"], ()) == {}
    assert [one.video_id for one in store.tag_listing.videos_of("dog")] == [video]
    assert store.tag_listing.videos_of("dog", after=(0.9, video)) == []


def test_tagging_again_fills_the_queue_anew_but_for_what_people_decided(store: LibraryStore, video: str) -> None:
    store.reviews.decide([Judgement(video, "dog", "rejected")], "", "owner")
    store.tags.save_decisions(video, [made(video, "dog", 0.61), made(video, "cat", 0.7)])
    assert waiting(store) == ["cat"]
    assert {one.tag_id: one.decision for one in store.tags.decisions(video)} == {"dog": "rejected", "cat": "accepted"}


def test_what_was_decided_before_there_were_events_counts_and_can_be_undone(store: LibraryStore, video: str) -> None:
    """A library as migration 0018 left it: reviews, some undone, over others, and a decision out of an import."""
    old = sa.MetaData()
    text_, real = sa.Text(), sa.Float()
    reviews = sa.Table(
        "reviews",
        old,
        sa.Column("review_id", sa.Integer(), primary_key=True),
        *(sa.Column(name, text_, nullable=False) for name in ("undo", "video_id", "tag_id", "verdict", "by_id")),
        *(sa.Column(name, text_, nullable=False) for name in ("by_name", "automatic", "model")),
        sa.Column("score", real),
        sa.Column("former", sa.JSON()),
        sa.Column("at", real, nullable=False),
        sa.Column("undone_at", real),
        sa.Index("reviews_by_undo", "undo"),
        sa.Index("reviews_of_decision", "video_id", "tag_id"),
    )
    queue = sa.Table(
        "review_queue",
        sa.MetaData(),
        *(sa.Column(name, text_, primary_key=True) for name in ("video_id", "tag_id")),
        *(sa.Column(name, real, nullable=False) for name in ("uncertainty", "score")),
        sa.Index("review_by_uncertainty", "uncertainty"),
        sa.Index("review_of_tag", "tag_id"),
    )
    store.tags.save_decisions(video, [made(video, "cat", 0.55), made(video, "dog", 0.9), made(video, "cow", 0.4)])
    imported = {"decision": "accepted", "confidence": 1.0, "recalled_by": ["person"], "scores": []}
    imported |= {"decided_at": 5.0, "ordinal": 0, "evidence": ["e2"]}
    shared = {"by_id": "u", "by_name": "Una", "automatic": "abstained", "model": "m", "score": 0.55, "video_id": video}
    rows_ = [
        shared | {"undo": "und_1", "tag_id": "cat", "verdict": "rejected", "former": imported, "at": 7.0},
        shared | {"undo": "und_1", "tag_id": "dog", "verdict": "unsure", "former": None, "at": 7.0},
        shared | {"undo": "und_2", "tag_id": "cat", "verdict": "accepted", "former": None, "at": 8.0, "undone_at": 9.0},
    ]
    with writing(store.engine) as connection:
        for name in ("review_events", "review_queue"):
            connection.execute(text(f"DROP TABLE {name}"))
        old.create_all(connection)
        queue.create(connection)
        for row in rows_:
            connection.execute(sa.insert(reviews).values(**{"undone_at": None} | row))
        for number, (tag, verdict, at) in enumerate(
            (("cat", "rejected", 7.0), ("dog", "unsure", 7.0), ("cow", "accepted", 3.0))
        ):
            values = {"decision": verdict, "confidence": 0.25, "recalled_by": ["person"], "scores": []}
            place = {"video_id": video, "tag_id": tag, "origin": "person", "ordinal": number, "decided_at": at}
            connection.execute(sa.insert(DecisionRow).values(**values, **place))
        connection.execute(text("UPDATE alembic_version SET version_num = '0018'"))
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0019")
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{HEAD}'"))
    before = rows(store)
    counting = {one.tag_id: (one.decision, one.confidence) for one in store.tags.decisions(video)}
    assert counting == {"cat": ("rejected", 0.25), "dog": ("unsure", 0.25), "cow": ("accepted", 0.25)}
    assert waiting(store) == []
    said = [(one.tag_id, one.verdict, one.by_name, one.undone_at) for one in store.reviews.history(video)]
    assert said == [
        ("cat", "accepted", "Una", 9.0),
        ("dog", "unsure", "Una", None),
        ("cat", "rejected", "Una", None),
        ("cat", "accepted", "", None),
        ("cow", "accepted", "", None),
    ]
    with writing(store.engine) as connection:
        project(connection, [(video, tag) for tag in ("cat", "dog", "cow")])
    assert rows(store) == before
    assert not [one for one in verify(store, deep=False).problems if one.kind == "review"]
    store.reviews.undo("und_1", "u")
    assert {one.tag_id: one.decision for one in store.tags.decisions(video)} == {
        "cat": "accepted",
        "cow": "accepted",
        "dog": "accepted",
    }
    assert waiting(store) == ["dog"]


def test_tags_are_browsed_in_every_order(store: LibraryStore, video: str) -> None:
    judged = [Judgement(video, "dog", "accepted")]
    store.reviews.decide(judged, "u", "Una")
    orders: tuple[Order, ...] = ("added", "name", "-videos")
    for order in orders:
        whole = browse(store.engine, TagFilter(), order, 99)
        first = browse(store.engine, TagFilter(), order, 1)
        rest = browse(store.engine, TagFilter(), order, 99, first[-1].place)
        assert [*first, *rest] == whole
        assert browse(store.engine, TagFilter(), order, 99, 1) == rest
        assert {one.tag.tag_id: one.videos for one in whole}["dog"] == 1
    assert browse(store.engine, TagFilter(), "-videos", 1)[0].tag.tag_id == "dog"
    assert browse(store.engine, TagFilter(), "-videos", 1, None, [])[0].videos == 0
    assert count_tags(store.engine, TagFilter(facet="-")) == sum(one.tags for one in facets(store.engine))
