"""Who is forgotten is forgotten as a voice, too."""

from __future__ import annotations

import io
import sqlite3

import pytest
from rich.console import Console

from kinodex.cli.people import render
from kinodex.perception import perception_config
from kinodex.usecases.people.editing import forget_all, one_person, people
from pipeline.stage import Stage
from stores.core.records import StageKey
from stores.library_store import LibraryStore
from stores.listing.person_voices import person_voices
from stores.listing.speakers import speakers_of
from stores.maintenance.people.assigning import assign_people
from stores.maintenance.people.editing import forget_person, name_person
from stores.maintenance.people.switching import switch_faces
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.verify import verify
from stores.vectors.snapshot import VECTORS_BLOB, unpack_vectors
from tests.unit.stores.builders import add_video
from tests.unit.stores.people.faces import put_faces
from tests.unit.stores.people.voices import COLLECTION, interview, put_voices, sound_of
from workflows.units import PEOPLE, Planner

ANNA, BELA = 1, 2


def talk(store: LibraryStore) -> tuple[str, list[str]]:
    """Anna and Bela talk; Anna has her name."""
    video = add_video(store, "talk.mp4")
    _, turns = interview(store, video, ANNA, BELA)
    assign_people(store)
    (first,) = [voice for voice in person_voices(store) if voice.speaker == 1]
    name_person(store, first.person_id, "Anna", "owner")
    return video, turns


def voices(store: LibraryStore, video: str, fingerprint: str) -> list[bytes]:
    """The vectors of voices that the kept blob of a run holds."""
    if not any(name == COLLECTION and ids for name, ids in store.vectors.stored()):
        return []
    items = unpack_vectors(store.blobs.get(StageKey(video, "speakers", fingerprint), VECTORS_BLOB))
    return [item.vector.tobytes() for item in items]


def indexed(store: LibraryStore) -> set[str]:
    """Ids of the turns whose vectors the index holds."""
    return {one.split(":")[1] for name, ids in store.vectors.stored() if name == COLLECTION for one in ids}


def asked(store: LibraryStore, who: int) -> set[str]:
    """Ids of the turns that a search by a voice finds."""
    return {hit.evidence_id for hit in store.vectors.query(COLLECTION, sound_of(who), 5)}


def test_a_voice_is_called_by_the_name_of_the_face_it_goes_with(store: LibraryStore) -> None:
    video, _ = talk(store)
    speakers = speakers_of(store, video)
    assert (speakers.name(1), speakers.name(2)) == ("Anna", "Speaker 2")
    anna = store.people.one("Anna").person_id
    (voice,) = person_voices(store, person_id=anna)
    assert (voice.video_id, voice.turns, voice.seconds) == (video, 4, 4.4)
    assert person_voices(store, [], anna) == [], "of no video, there is none"
    assert len(person_voices(store)) == 2


def test_forgetting_removes_the_voice_to_the_last_vector(store: LibraryStore) -> None:
    video, turns = talk(store)
    assert indexed(store) == {turns[0], turns[1]}
    assert asked(store, ANNA) == {turns[0], turns[1]}
    gone = forget_person(store, "Anna", "owner")
    assert (gone.faces, gone.voices, gone.vectors) == (4, 1, 5)
    assert indexed(store) == {turns[1]}, "Bela's stays"
    assert voices(store, video, "s1") == [sound_of(BELA).tobytes()]
    with sqlite3.connect(store.root / "kinodex.sqlite3") as tables:
        for (name,) in list(tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'")):
            if name.startswith(("sqlite", "evidence_fts_")):
                continue
            for row in tables.execute(f"SELECT * FROM {name}"):
                assert sound_of(ANNA).tobytes() not in [cell for cell in row if isinstance(cell, bytes)], name
                assert name != "vectors_index" or turns[0] not in row
    assert asked(store, ANNA) == {turns[1]}, "nor does an index that was asked before know it"
    assert speakers_of(store, video).name(1) == "Speaker 1"
    assert verify(store).problems == ()
    rebuild_index(store)
    assert indexed(store) == {turns[1]}


def test_a_forgotten_voice_does_not_come_back(store: LibraryStore) -> None:
    video, _ = talk(store)
    forget_person(store, "Anna", "owner")
    # Done again by another version: other ids, times that are a little off.
    _, turns = interview(store, video, ANNA, BELA, "2", shift=0.05)
    assign_people(store)
    assert indexed(store) == {turns[1]}
    assert voices(store, video, "s2") == [sound_of(BELA).tobytes()]
    # Only the voices, and not the faces.
    numbers = [(ANNA if number % 2 == 0 else BELA, number * 1.2, number * 1.2 + 1.0) for number in range(8)]
    turns = put_voices(store, video, numbers, "s3")
    assign_people(store)
    assert indexed(store) == {turns[1]}
    assert verify(store).problems == ()


def test_a_voice_that_is_heard_after_its_face_was_forgotten(store: LibraryStore) -> None:
    video = add_video(store, "talk.mp4")
    put_faces(store, video, [((ANNA, BELA)[n % 2], n * 1.2, n * 1.2 + 1.2, 0.2) for n in range(8)], "f1")
    assign_people(store)
    anna = next(p.person_id for p in store.people.all() if store.people.faces(p.person_id)[0].start == 0)
    forget_person(store, anna, "owner")
    turns = put_voices(store, video, [((ANNA, BELA)[n % 2], n * 1.2, n * 1.2 + 1.1) for n in range(8)])
    assign_people(store)
    assert indexed(store) == {turns[1]}


def test_forgetting_everybody_covers_voices_without_a_face(store: LibraryStore) -> None:
    video, _ = talk(store)
    radio = add_video(store, "radio.mp4")
    put_voices(store, radio, [(7, 0, 4), (8, 5, 9)])
    gone = forget_all(store, "owner")
    assert (gone.people, gone.videos, gone.voices, gone.vectors) == (2, 1, 4, 12), "both are seen in one video"
    assert sum(len(ids) for _, ids in store.vectors.stored()) == 0
    put_voices(store, radio, [(7, 0.1, 4), (8, 5, 9)], "s2")
    assign_people(store)
    assert sum(len(ids) for _, ids in store.vectors.stored()) == 0
    assert verify(store).problems == ()
    assert voices(store, video, "s1") == []


def test_where_people_are_switched_off_no_voice_stays(store: LibraryStore) -> None:
    video, _ = talk(store)
    school = store.access.collections.add("School")
    store.access.collections.put_videos(school.collection_id, [video])
    assert switch_faces(store, school.collection_id, on=False, by_name="owner") == 1
    assert sum(len(ids) for _, ids in store.vectors.stored()) == 0
    assert not store.memory(video).has("speakers")


@pytest.mark.parametrize(
    ("tables", "faces", "speakers"),
    [
        ({}, True, True),
        ({"faces": {"enabled": False}}, False, False),
        ({"faces": {"enabled": False}, "speakers": {"like": 0.8}}, False, False),
        ({"faces": {"enabled": False}, "speakers": {"enabled": True}}, False, True),
        ({"speakers": {"enabled": False}}, True, False),
    ],
)
def test_settings_switch_people_off_as_a_whole(tables: dict, faces: bool, speakers: bool) -> None:
    config = perception_config(tables)
    assert (config.faces.enabled, config.speakers.enabled) == (faces, speakers)


def test_people_are_listed_with_their_voices(store: LibraryStore) -> None:
    video, _ = talk(store)
    other = add_video(store, "silent.mp4")
    put_faces(store, other, [(ANNA, 0, 3, 0.1)])
    assign_people(store)
    anna = people(store).people[0]
    assert (anna.name, anna.videos, anna.voices, anna.seconds_spoken) == ("Anna", 2, 1, 4.4)
    shown = one_person(store, "Anna")
    assert [(one.video_id, one.speaker, one.turns) for one in shown.speaking] == [(video, 1, 4)]
    assert people(store, [other]).people[0].voices == 0, "who sees one video sees only what is heard in it"
    assert one_person(store, "Anna", [other]).speaking == []
    console = Console(record=True, width=200, file=io.StringIO())
    render.people(console, people(store))
    render.person(console, shown)
    said = console.export_text()
    assert "speaks 0:04.4 in 1 video" in said
    assert "in 4 turns, as speaker 1" in said


def test_an_ingest_leaves_out_both_stages_where_people_are_switched_off(store: LibraryStore) -> None:
    video, _ = talk(store)
    school = store.access.collections.add("School")
    store.access.collections.put_videos(school.collection_id, [video])
    order = [Stage("probe", "1", {}), *(Stage(name, "1", {}, inputs=("probe",)) for name in ("speech", *PEOPLE))]
    assert set(Planner(store, order).wanted_of(video)) == {"probe", "speech", *PEOPLE}
    switch_faces(store, school.collection_id, on=False, by_name="owner")
    assert set(Planner(store, order).wanted_of(video)) == {"probe", "speech"}
