"""People: assigned by their faces, and what their owners say stays."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from kinodex.usecases.people.editing import one_person
from kinodex.usecases.people.editing import split as split_joined
from stores.core.errors import UsageError
from stores.core.records import StageKey, VectorItem
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.people.assigning import assign_people, cluster_people
from stores.maintenance.people.editing import forget_person, merge_people, name_person, split_person
from stores.maintenance.people.photos import know_by_photos
from stores.maintenance.people.switching import switch_faces, videos_without_faces
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.verify import verify
from stores.people.likeness import NEW_LOOK, PERSON_LIKENESS
from stores.vectors.snapshot import VECTORS_BLOB, unpack_vectors
from tests.unit.stores.builders import add_video, put
from tests.unit.stores.people.faces import COLLECTION, DIM, looks, put_faces, track

ANNA, BELA, CARO = 1, 2, 3


def library(store: LibraryStore) -> tuple[str, str]:
    """Anna and Bela in one video, Anna and Caro in another."""
    one, other = add_video(store, "one.mp4"), add_video(store, "two.mp4")
    put_faces(store, one, [(ANNA, 0, 3, 0.1), (BELA, 0, 3, 0.6), (ANNA, 5, 8, 0.2)])
    put_faces(store, other, [(ANNA, 1, 4, 0.3), (CARO, 6, 9, 0.3)])
    assign_people(store)
    return one, other


def sizes(store: LibraryStore) -> list[tuple[int, int]]:
    return sorted(((one.faces, one.videos) for one in store.people.all()), reverse=True)


def anna(store: LibraryStore) -> str:
    return next(one.person_id for one in store.people.all() if one.faces == 3)


def found(store: LibraryStore, words: str) -> set[str]:
    return {hit.evidence_id for hit in store.fulltext.search(words, 20)}


def test_the_same_face_is_one_person_in_all_videos(store: LibraryStore) -> None:
    library(store)
    assert sizes(store) == [(3, 2), (1, 1), (1, 1)]
    assert assign_people(store).videos == 0, "what is assigned is not assigned again"


def test_two_faces_in_one_picture_are_never_one_person(store: LibraryStore) -> None:
    video = add_video(store)
    put_faces(store, video, [(ANNA, 0, 3, 0.1), (ANNA, 0, 3, 0.6)])  # a mirror, or twins
    assign_people(store)
    assert sizes(store) == [(1, 1), (1, 1)]


def turning(store: LibraryStore, at_once: bool = False) -> str:
    """A face from the left, from the right, and from the front, in this order: the first two are not like enough."""
    video = add_video(store, "turning.mp4")
    left = np.eye(DIM, dtype=np.float32)[0]
    right = np.array([0.643, 0.766, *np.zeros(DIM - 2)], np.float32)
    middle = 0.47 * left + 0.54 * right
    middle += np.sqrt(1 - middle @ middle) * np.eye(DIM, dtype=np.float32)[2]
    assert left @ right < PERSON_LIKENESS < left @ middle < right @ middle < NEW_LOOK
    starts = (0.0, 0.0 if at_once else 4.0, 8.0)
    shown = [track(video, start, start + 3, x) for start, x in zip(starts, (0.1, 0.6, 0.3), strict=True)]
    items = [
        VectorItem(COLLECTION, f"f1:{one.evidence_id}:f", vector, one.span, "face", evidence_id=one.evidence_id)
        for one, vector in zip(shown, (left, right, middle), strict=True)
    ]
    put(store, video, "faces", *shown[:2], fingerprint="f1", vectors=items[:2])
    assert assign_people(store).new_people == 2
    put(store, video, "faces", *shown, fingerprint="f2", vectors=items)
    return video


def test_people_who_turn_out_to_be_one_are_joined(store: LibraryStore) -> None:
    turning(store)
    assigned = assign_people(store)
    assert (assigned.faces, assigned.new_people) == (3, 0)
    assert sizes(store) == [(3, 1)]
    cluster_people(store, "owner")
    assert sizes(store) == [(3, 1)]


def test_who_was_joined_with_whom_is_written_down_and_taken_apart_for_good(store: LibraryStore) -> None:
    turning(store)
    before = {one.person_id: store.people.faces(one.person_id) for one in store.people.all()}
    assign_people(store)
    (one,) = store.people.all()
    name_person(store, one.person_id, "Anna", "owner")
    (gone,) = before.keys() - {one.person_id}
    said = one_person(store, "Anna").decisions[-1]
    assert (said.action, said.by, said.person_id, said.other_id) == ("joined", "", one.person_id, gone)
    assert said.detail["faces"] == [face.evidence_id for face in before[gone]]
    assert PERSON_LIKENESS <= said.detail["likeness"] < NEW_LOOK
    made = split_joined(store, "Anna", [], [], "owner", [gone])
    assert [face.evidence_id for video in made.seen for face in video.faces] == said.detail["faces"]
    with pytest.raises(UsageError, match="No face"):
        split_joined(store, "Anna", [], [], "owner", [gone])
    cluster_people(store, "owner")
    assert sizes(store) == [(2, 1), (1, 1)], "nobody is joined again who was taken apart"


def test_what_was_decided_about_who_became_somebody_is_told_with_them_and_forgotten_with_them(
    store: LibraryStore,
) -> None:
    library(store)
    first, second, third = (one.person_id for one in store.people.all())
    name_person(store, second, "Bela", "owner")
    merge_people(store, second, [third], "owner")
    merge_people(store, first, [second], "owner")
    assert [event.action for event in store.people.events(first)] == ["merged", "merged", "named"]
    forget_person(store, first, "owner")
    assert "Bela" not in str(store.people.events())


def test_who_is_seen_beside_somebody_is_not_joined_with_them(store: LibraryStore) -> None:
    turning(store, at_once=True)
    assign_people(store)
    assert sizes(store) == [(2, 1), (1, 1)]


def test_who_has_a_name_takes_in_who_has_none(store: LibraryStore) -> None:
    video = turning(store)
    first = store.people.faces(store.people.all()[0].person_id) or []
    name_person(store, first[0].person_id, "Anna", "owner")
    assign_people(store)
    assert [(one.name, one.faces) for one in store.people.all()] == [("Anna", 3)]
    assert len(found(store, "Anna")) == 3
    assert {face.video_id for face in store.people.faces(store.people.one("Anna").person_id)} == {video}


def test_two_people_with_names_stay_two(store: LibraryStore) -> None:
    turning(store)
    for one, name in zip(store.people.all(), ("Anna", "Bela"), strict=True):
        name_person(store, one.person_id, name, "owner")
    assign_people(store)
    assert sorted(one.name for one in store.people.all()) == ["Anna", "Bela"]


def test_a_named_person_is_found_by_every_name(store: LibraryStore) -> None:
    library(store)
    name_person(store, anna(store), " Anna  Lind ", "owner", also=["安娜"])
    who = store.people.one("anna lind")
    faces = {face.evidence_id for face in store.people.faces(who.person_id)}
    assert len(faces) == 3
    assert found(store, "Anna") == found(store, "安娜") == faces
    (line,) = store.catalog.evidence([min(faces)]).values()
    assert line.text == "Anna Lind"
    name_person(store, "安娜", "Ann", "owner")
    assert found(store, "lind") == set()
    assert found(store, "安娜") == faces, "further names stay"
    video = add_video(store, "three.mp4")
    (new,) = put_faces(store, video, [(ANNA, 2, 5, 0.4)])
    assign_people(store)
    assert found(store, "Ann") == faces | {new}


def test_names_are_of_one_person_each(store: LibraryStore) -> None:
    library(store)
    name_person(store, anna(store), "Anna", "owner")
    other = next(one.person_id for one in store.people.all() if not one.name)
    with pytest.raises(UsageError, match="is called 'Anna' already"):
        name_person(store, other, "ANNA", "owner")
    for wrong in ("", "  ", "x" * 121, "\u200b"):
        with pytest.raises(UsageError):
            name_person(store, other, wrong, "owner")
    with pytest.raises(UsageError, match="no person 'nobody'"):
        name_person(store, "nobody", "X", "owner")


def test_a_merge_keeps_names_and_outlives_clustering_and_a_second_ingest(store: LibraryStore) -> None:
    one, _ = library(store)
    name_person(store, anna(store), "Anna", "owner")
    bela = next(p.person_id for p in store.people.all() if not p.name and p.faces == 1 and _in(store, p.person_id, one))
    name_person(store, bela, "Bela", "owner")
    merged = merge_people(store, "Anna", ["Bela"], "owner")
    assert store.people.one("Bela").person_id == merged
    assert sizes(store) == [(4, 2), (1, 1)]
    cluster_people(store, "owner")
    assert sizes(store) == [(4, 2), (1, 1)]
    # The video is done again, by another version: all ids but one change.
    put_faces(store, one, [(ANNA, 0, 3.5, 0.11), (BELA, 0, 3, 0.6), (ANNA, 5, 8.5, 0.2)], "f2")
    assign_people(store)
    assert sizes(store) == [(4, 2), (1, 1)]
    with pytest.raises(UsageError, match="merged with others"):
        merge_people(store, "Anna", ["Anna"], "owner")
    assert [event.action for event in store.people.events()][:3] == ["clustered", "merged", "named"]
    assert {event.by_name for event in store.people.events()} == {"owner"}


def test_a_split_outlives_clustering_and_a_second_ingest(store: LibraryStore) -> None:
    _, other = library(store)
    name_person(store, anna(store), "Anna", "owner")
    mine = [face.evidence_id for face in store.people.faces(anna(store)) if face.video_id == other]
    new = split_person(store, "Anna", mine, "owner")
    assert sizes(store) == [(2, 1), (1, 1), (1, 1), (1, 1)]
    assert found(store, "Anna").isdisjoint(mine)
    for _ in range(2):
        cluster_people(store, "owner")
        assert [face.evidence_id for face in store.people.faces(new)] == mine
    put_faces(store, other, [(ANNA, 1, 4.5, 0.31), (CARO, 6, 9, 0.3)], "f2")
    assign_people(store)
    assert len(store.people.faces(new)) == 1
    assert len(store.people.faces(store.people.one("Anna").person_id)) == 2
    with pytest.raises(UsageError, match="not all"):
        split_person(store, new, [face.evidence_id for face in store.people.faces(new)], "owner")
    with pytest.raises(UsageError, match="No face"):
        split_person(store, "Anna", ["fac_nobody"], "owner")


def test_forgetting_removes_every_vector_and_the_name_wherever_it_is(store: LibraryStore) -> None:
    one, other = library(store)
    know_by_photos(store, "Anna", COLLECTION, [looks(ANNA, 99)], "owner", ["Anna.jpg"])
    who = store.people.one("Anna")
    ids = {face.evidence_id for face in store.people.faces(who.person_id)}
    assert len(ids) == 3
    kept = {face.evidence_id for p in store.people.all() for face in store.people.faces(p.person_id)} - ids
    gone = forget_person(store, "Anna", "owner")
    assert (gone.faces, gone.videos, gone.vectors) == (3, 2, 3)
    assert sizes(store) == [(1, 1), (1, 1)]
    # The index, the blobs beside it, the tables: only the others' vectors are there.
    stored = {vector_id.split(":")[1] for name, all_ids in store.vectors.stored() for vector_id in all_ids}
    assert stored == kept
    for video in (one, other):
        items = unpack_vectors(store.blobs.get(StageKey(video, "faces", "f1"), VECTORS_BLOB))
        assert ids.isdisjoint({item.evidence_id for item in items})
        assert len(items) == 1
    assert found(store, "Anna") == set()
    with pytest.raises(UsageError):
        store.people.one("Anna")
    with sqlite3.connect(store.root / "kinodex.sqlite3") as tables:
        names = [row[0] for row in tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        said = {
            name: list(tables.execute(f"SELECT * FROM {name}"))
            for name in names
            if not name.startswith(("sqlite", "evidence_fts_"))
        }
    vectors = {np.asarray(looks(ANNA, shot), np.float32).tobytes() for shot in (0, 50, 10, 99)}
    for name, rows in said.items():
        assert "anna" not in str(rows).casefold(), name
        assert not any(cell in vectors for row in rows for cell in row if isinstance(cell, bytes)), name
        if name == "vectors_index":
            assert ids.isdisjoint({cell for row in rows for cell in row})
    # Their faces stay, as nobody's; what is left still agrees with itself.
    assert ids <= set(store.catalog.evidence(sorted(ids)))
    assert verify(store).problems == ()
    rebuild_index(store)
    assert sizes(store) == [(1, 1), (1, 1)]


def test_who_was_forgotten_stays_forgotten_where_they_were_seen(store: LibraryStore) -> None:
    one, _ = library(store)
    name_person(store, anna(store), "Anna", "owner")
    forget_person(store, "Anna", "owner")
    put_faces(store, one, [(ANNA, 0, 3.5, 0.11), (BELA, 0, 3, 0.6), (ANNA, 5, 8, 0.2)], "f2")
    assign_people(store)
    assert sizes(store) == [(1, 1), (1, 1)]
    items = unpack_vectors(store.blobs.get(StageKey(one, "faces", "f2"), VECTORS_BLOB))
    assert len(items) == 1, "the vectors that the second ingest made are removed, too"
    assert sum(len(ids) for _, ids in store.vectors.stored()) == 2
    # Elsewhere they are somebody new, without a name: nothing is kept by which they could be told.
    video = add_video(store, "three.mp4")
    put_faces(store, video, [(ANNA, 2, 5, 0.4)])
    assign_people(store)
    assert [one.name for one in store.people.all()] == ["", "", ""]


def test_photos_name_who_is_there_already_and_who_comes_later(store: LibraryStore) -> None:
    library(store)
    known = know_by_photos(store, "Anna", COLLECTION, [looks(ANNA, 98), looks(ANNA, 99)], "owner", ["a.jpg", "b.jpg"])
    assert store.people.one("Anna").faces == 3
    assert store.people.one("Anna").photos == 2
    assert know_by_photos(store, "anna", COLLECTION, [looks(ANNA, 99)], "owner", ["b.jpg"]) == known
    assert store.people.one("Anna").photos == 2, "the same photo counts once"
    know_by_photos(store, "Dora", COLLECTION, [looks(4, 99)], "owner", ["Dora.jpg"])
    assert store.people.one("Dora").faces == 0
    video = add_video(store, "three.mp4")
    put_faces(store, video, [(4, 2, 5, 0.4)])
    assign_people(store)
    assert store.people.one("Dora").faces == 1
    cluster_people(store, "owner")
    assert (store.people.one("Anna").faces, store.people.one("Dora").faces) == (3, 1)


def test_who_may_see_some_videos_sees_the_people_in_these(store: LibraryStore) -> None:
    _, other = library(store)
    name_person(store, anna(store), "Anna", "owner")
    know_by_photos(store, "Dora", COLLECTION, [looks(4, 99)], "owner", ["Dora.jpg"])
    seen = store.people.all([other])
    assert [(p.name, p.faces, p.videos, p.photos) for p in seen] == [("Anna", 1, 1, 0), ("", 1, 1, 0)]
    assert {face.video_id for face in store.people.faces(anna(store), [other])} == {other}
    with pytest.raises(UsageError, match="no person 'Dora'"):
        store.people.one("Dora", [other])
    assert store.people.all([]) == []


def test_a_forgotten_video_takes_its_people_along(store: LibraryStore) -> None:
    one, other = library(store)
    forget(store, [one])
    assign_people(store)
    assert sizes(store) == [(1, 1), (1, 1)]
    forget(store, [other])
    assign_people(store)
    assert store.people.all() == []
    with sqlite3.connect(store.root / "kinodex.sqlite3") as tables:
        for table in ("people", "person_faces", "person_looks", "person_runs"):
            assert tables.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_a_collection_in_which_nobodys_face_is_looked_at(store: LibraryStore) -> None:
    one, _ = library(store)
    school = store.access.collections.add("School")
    store.access.collections.put_videos(school.collection_id, [one])
    assert switch_faces(store, school.collection_id, on=False, by_name="owner") == 1
    assert sizes(store) == [(1, 1), (1, 1)]
    assert videos_without_faces(store) == {one}
    assert store.people.off() == [school.collection_id]
    assert not store.memory(one).has("faces")
    assert sum(len(ids) for _, ids in store.vectors.stored()) == 2
    assert switch_faces(store, school.collection_id, on=True, by_name="owner") == 0
    assert videos_without_faces(store) == frozenset()


def _in(store: LibraryStore, person_id: str, video_id: str) -> bool:
    return any(face.video_id == video_id for face in store.people.faces(person_id))
