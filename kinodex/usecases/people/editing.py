"""What owners say about people. Each function returns what is true afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.schemas.persons import people as schema
from stores.core.errors import UsageError
from stores.listing.person_voices import person_voices
from stores.maintenance.people.assigning import assign_people, cluster_people
from stores.maintenance.people.editing import forget_person, merge_people, name_person, split_person
from stores.maintenance.people.switching import switch_faces
from stores.maintenance.people.voices import remove_all_voices
from stores.people.portraits import alike as likest

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore


def people(store: LibraryStore, video_ids: Sequence[str] | None = None, enabled: bool = True) -> schema.PeopleDocument:
    """Everybody seen in some videos (None: in all); ``enabled``: whether the settings have faces looked at."""
    off = store.people.off() if video_ids is None else []
    return schema.people(store.people.all(video_ids), person_voices(store, video_ids), off, enabled)


def alike(store: LibraryStore, person_id: str) -> schema.AlikeDocument:
    """Who looks most like a person, the likest first; those who are seen beside them are somebody else."""
    there = {one.person_id: one for one in store.people.all()}
    found = likest(store.engine, person_id)
    voices = person_voices(store)
    return schema.alike([(there[one], likeness) for one, likeness in found if one in there], voices)


def one_person(store: LibraryStore, either: str, video_ids: Sequence[str] | None = None) -> schema.PersonDocument:
    """A person, by id or name, and where they are seen and heard.

    Raises:
        UsageError: NOT_FOUND, CONFLICT.
    """
    found = store.people.one(either, video_ids)
    faces = store.people.faces(found.person_id, video_ids)
    names = {one: store.catalog.display_uri(one).rpartition("/")[2] for one in {face.video_id for face in faces}}
    events = store.people.events(found.person_id) if video_ids is None else []
    return schema.person(found, faces, person_voices(store, video_ids, found.person_id), names, events)


def name(
    store: LibraryStore, either: str, called: str, by_name: str, also: Sequence[str] | None = None
) -> schema.PersonDocument:
    """Give a person a name.

    Raises:
        UsageError: NOT_FOUND, CONFLICT, USAGE.
    """
    person_id, _ = name_person(store, either, called, by_name, also)
    return one_person(store, person_id)


def merge(store: LibraryStore, either: str, others: Sequence[str], by_name: str) -> schema.PersonDocument:
    """Have several people be one.

    Raises:
        UsageError: NOT_FOUND, CONFLICT, USAGE.
    """
    return one_person(store, merge_people(store, either, others, by_name))


def split(
    store: LibraryStore,
    either: str,
    faces: Sequence[str],
    videos: Sequence[str],
    by_name: str,
    joined: Sequence[str] = (),
) -> schema.PersonDocument:
    """Have some of a person's faces, all of some videos, or all that somebody had who was joined with them, be somebody
    else, who is returned.

    Raises:
        UsageError: NOT_FOUND, CONFLICT, USAGE.
    """
    person_id = store.people.one(either).person_id
    of_person = store.people.faces(person_id)
    chosen = {*faces, *(face.evidence_id for face in of_person if face.video_id in set(videos))}
    chosen.update(face for one in joined for face in store.people.joined_faces(person_id, one))
    return one_person(store, split_person(store, either, sorted(chosen), by_name))


def forget(store: LibraryStore, either: str, by_name: str) -> schema.ForgottenDocument:
    """Remove a person and every vector of theirs.

    Raises:
        UsageError: NOT_FOUND, CONFLICT.
        StoreError: LIBRARY_LOCKED if there is a job.
    """
    return schema.forgotten([forget_person(store, either, by_name)])


def forget_all(store: LibraryStore, by_name: str) -> schema.ForgottenDocument:
    """Remove everybody, and the vectors of all voices, those that go with nobody's face, too.

    Raises:
        StoreError: LIBRARY_LOCKED if there is a job.
    """
    assign_people(store)
    gone = [forget_person(store, one.person_id, by_name) for one in store.people.all()]
    voices, vectors = remove_all_voices(store)
    found = schema.forgotten(gone)
    return found.model_copy(update={"voices": found.voices + voices, "vectors": found.vectors + vectors})


def cluster(store: LibraryStore, by_name: str) -> schema.PeopleDocument:
    """Assign all faces again, but what owners decided.

    Raises:
        StoreError: LIBRARY_LOCKED if another process writes.
    """
    cluster_people(store, by_name)
    return people(store)


def switch(store: LibraryStore, collection: str, on: bool, by_name: str) -> schema.SwitchedDocument:
    """Look at faces in the videos of a collection, or no longer: then what was found is removed.

    Raises:
        UsageError: NOT_FOUND.
        StoreError: LIBRARY_LOCKED if there is a job.
    """
    found = store.access.collections.named(collection)
    removed = switch_faces(store, found.collection_id, on, by_name)
    return schema.SwitchedDocument(collection_id=found.collection_id, name=found.name, on=on, videos_removed=removed)


def import_photos(
    store: LibraryStore, encoders: Callable[[], Encoders], folder: Path, by_name: str
) -> schema.ImportedPeopleDocument:
    """Know people by photos: the name of a file, without a number at its end, or of its folder is that of the person.

    Raises:
        UsageError: USAGE if there is no such folder, or no photo in it.
        WeightsError: if a model is missing.
    """
    from kinodex.usecases.people.photos import import_folder

    if not folder.is_dir():
        raise UsageError("USAGE", f"{folder} is no folder.", "kinodex people import FOLDER")
    return import_folder(store, encoders(), folder, by_name)
