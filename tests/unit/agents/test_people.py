"""People in tags and answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from agents.answering.drafting.recognised.people import asks_who, draft_people
from agents.tagging.phrases import Names
from agents.tagging.recall.case import Case
from agents.tagging.recall.faces import face_source
from agents.tagging.recall.seen import Seen
from encoders.bundle import Encoders
from pipeline.observers.face_tracks import sex_of
from stores.core.records import Tag, VectorItem
from stores.library_store import LibraryStore
from stores.maintenance.people.assigning import assign_people
from stores.maintenance.people.editing import name_person
from tests.unit.stores.builders import add_video, put
from tests.unit.stores.people.faces import COLLECTION, looks, put_faces, track


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def video(store: LibraryStore) -> str:
    video_id = add_video(store)
    faces = put_faces(store, video_id, [(1, 0, 3, 0.1), (2, 0, 1, 0.6), (1, 5, 9, 0.2)])
    assign_people(store)
    who = next(one for one in store.people.all() if one.faces == 2)
    name_person(store, who.person_id, "Anna", "owner", also=["安娜"])
    assert len(faces) == 3
    return video_id


def case(store: LibraryStore, video: str, *names: str) -> Case:
    tags, by_fact = [Tag(name, name, "who") for name in names], Names()
    for number, tag in enumerate(tags):
        by_fact.add(tag.name.casefold(), number)
    prepared = SimpleNamespace(tags=tags, by_fact=by_fact)
    return cast(Case, SimpleNamespace(tags=prepared, seen=Seen(video, store, cast(Encoders, None)), top=60))


def test_tags_named_like_a_person_and_woman_where_one_is_seen(store: LibraryStore, video: str) -> None:
    found = {one.tag_id: one for one in face_source(case(store, video, "anna", "安娜", "女人", "man", "Bela"))}
    assert sorted(found) == sorted(["anna", "安娜", "女人"])
    assert found["anna"].probability == 0.9
    mine = {face.evidence_id for face in store.people.faces(store.people.one("Anna").person_id)}
    assert set(found["anna"].evidence_ids) == mine
    assert found["女人"].probability == pytest.approx(0.9)


def test_one_person_is_woman_or_man_by_all_their_tracks(store: LibraryStore) -> None:
    video = add_video(store)
    shots = [(1, 0.05), (1, 0.1), (1, 0.45), (1, 0.9), (2, 0.95)]
    tracks = [
        replace(track(video, 3.0 * number, 3.0 * number + 2), name=sex_of(female), female=female)
        for number, (_, female) in enumerate(shots)
    ]
    items = [
        VectorItem(COLLECTION, f"f1:{one.evidence_id}:f", looks(who), one.span, "face", evidence_id=one.evidence_id)
        for one, (who, _) in zip(tracks, shots, strict=True)
    ]
    put(store, video, "faces", *tracks, vectors=items)
    assign_people(store)
    found = {one.tag_id: one for one in face_source(case(store, video, "woman", "man"))}
    assert found["woman"].evidence_ids == (tracks[4].evidence_id,), "not by the one shot of somebody else"
    assert "man" not in found, "half of the shots of the other one do not say so"
    put(store, video, "faces", *tracks[:2], *tracks[3:], fingerprint="f2", vectors=[*items[:2], *items[3:]])
    assign_people(store)
    found = {one.tag_id: one for one in face_source(case(store, video, "woman", "man"))}
    assert set(found["man"].evidence_ids) == {tracks[0].evidence_id, tracks[1].evidence_id, tracks[3].evidence_id}
    assert found["man"].probability == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Who is in it?", True),
        ("who is seen in the video", True),
        ("里面有谁？", True),
        ("谁在里面", True),
        ("Who is in the kitchen?", False),
        ("Who sings in it?", False),
        ("谁在唱歌？", False),
    ],
)
def test_which_questions_are_about_who_is_seen(text: str, who: bool) -> None:
    assert asks_who(text) is who


def drafted(store: LibraryStore, text: str, named: tuple[str, ...] = ()) -> list[tuple[str, list[float]]]:
    material = SimpleNamespace(
        question=SimpleNamespace(text=text), store=store, named=named, within=None, name=lambda _: "holiday.mp4"
    )
    claims = draft_people(material)  # type: ignore[arg-type]
    return [(claim.text, [one.span.seconds[0] for one in claim.citations]) for claim in claims]


def test_answers_cite_the_faces(store: LibraryStore, video: str) -> None:
    assert drafted(store, "Who is in it?", (video,)) == [("holiday.mp4: Anna", [5.0])]
    assert drafted(store, "When is Anna seen?") == [("holiday.mp4: Anna", [0.0, 5.0])]
    assert drafted(store, "安娜什么时候出现？", (video,)) == [("holiday.mp4: Anna", [0.0, 5.0])]
    assert drafted(store, "When is Bela seen?") == []
    assert drafted(store, "Who is in it?") == []
