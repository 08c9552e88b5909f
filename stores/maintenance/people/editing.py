"""What persons say about people: names, merges, splits, photos, and that somebody be forgotten."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select, update

from stores.catalog import bump_revision
from stores.core.errors import UsageError
from stores.core.records import VectorItem
from stores.core.text_keys import name_key
from stores.maintenance.people.photos import photos_of, proper_name
from stores.maintenance.people.vectors import face_vectors, remove_vectors
from stores.maintenance.people.voices import remember_turns, remove_voices_of
from stores.people.likeness import Known, Look
from stores.people.people_tables import (
    ForgottenFaceRow,
    PersonEventRow,
    PersonFaceRow,
    PersonLookRow,
    PersonRow,
)
from stores.people.rows import (
    batches,
    face_runs,
    known_people,
    label,
    note,
    one_with,
    person,
    refresh_lines,
    show_names,
    store_looks,
)
from stores.sql.database import reading, writing

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True)
class ForgottenPerson:
    """What was removed of somebody. ``voices``: how many went with their face, each in one video."""

    person_id: str
    faces: int
    video_ids: frozenset[str]
    vectors: int
    voices: int = 0

    @property
    def videos(self) -> int:
        """In how many they were seen."""
        return len(self.video_ids)


def name_person(
    store: LibraryStore, either: str, name: str, by_name: str, also: Sequence[str] | None = None
) -> tuple[str, str]:
    """Give a person a name, and further ones (None leaves those); their id, and the name they had.

    Raises:
        UsageError: NOT_FOUND, CONFLICT if somebody else has the name, USAGE if it is empty or too long.
        StoreError: LIBRARY_LOCKED and the like.
    """
    proper, others = proper_name(name), None if also is None else [proper_name(one) for one in also]
    with store.writer(), writing(store.engine) as connection:
        row = person(connection, either)
        _free(connection, [proper, *(others or ())], row.person_id)
        changes: dict[str, Any] = {"name": proper, "folded": name_key(proper), "kept": True}
        if others is not None:
            changes["also"] = others
        connection.execute(update(PersonRow).where(PersonRow.person_id == row.person_id).values(**changes))
        show_names(connection, [row.person_id])
        note(connection, "named", by_name, row.person_id, name=proper, former=row.name, also=others or [])
        bump_revision(connection)
    return str(row.person_id), str(row.name)


def merge_people(store: LibraryStore, either: str, others: Sequence[str], by_name: str) -> str:
    """Have others be one person with the first; that one's id and names stay, and get those of the others.

    Raises:
        UsageError: NOT_FOUND, CONFLICT; USAGE if one is merged with itself.
    """
    with store.writer(), writing(store.engine) as connection:
        into = person(connection, either)
        rows = [person(connection, other) for other in others]
        if not rows or into.person_id in {row.person_id for row in rows}:
            raise UsageError("USAGE", "A person is merged with others.", "kinodex people merge ANNA per_1 per_2")
        names = dict.fromkeys([*into.also, *(name for row in rows for name in (row.name, *row.also) if name)])
        name = into.name or next(iter(names), "")
        names.pop(name, None)
        changes = {"name": name, "folded": name_key(name) if name else "", "also": list(names), "kept": True}
        for row in rows:
            for table in (PersonFaceRow, PersonLookRow):
                of_it = table.person_id == row.person_id
                connection.execute(update(table).where(of_it).values(person_id=into.person_id))
            connection.execute(delete(PersonRow).where(PersonRow.person_id == row.person_id))
            note(connection, "merged", by_name, into.person_id, row.person_id, name=name, other=row.name)
        connection.execute(update(PersonRow).where(PersonRow.person_id == into.person_id).values(**changes))
        # They were said to be one: no clustering takes them apart.
        same = PersonFaceRow.person_id == into.person_id
        connection.execute(update(PersonFaceRow).where(same).values(decided="person"))
        _few_looks(connection, into.person_id)
        show_names(connection, [into.person_id])
        bump_revision(connection)
    return str(into.person_id)


def split_person(store: LibraryStore, either: str, evidence_ids: Sequence[str], by_name: str) -> str:
    """Have some faces of a person be another, new one, whose id is returned.

    Raises:
        UsageError: NOT_FOUND if a face is not theirs; USAGE if none or all of them are named.
    """
    wanted = set(evidence_ids)
    with reading(store.engine) as connection:
        runs = face_runs(connection)
        row = person(connection, either)
        faces = connection.execute(
            select(PersonFaceRow.__table__).where(PersonFaceRow.person_id == row.person_id)
        ).all()
    if missing := wanted - {face.evidence_id for face in faces}:
        raise UsageError("NOT_FOUND", f"No face {min(missing)!r} of that person.", "`kinodex people show` lists them.")
    if not wanted or len(wanted) == len(faces):
        raise UsageError("USAGE", "Some of a person's faces are split off, not all.", "Name faces by their ids.")
    vectors = {
        item.evidence_id: (video_id, item)
        for video_id in sorted({face.video_id for face in faces})
        if video_id in runs
        for item in face_vectors(store, runs[video_id])
    }
    new = f"per_{secrets.token_hex(8)}"
    with store.writer(), writing(store.engine) as connection:
        photos = photos_of(connection, row.person_id)
        made = {"person_id": new, "name": "", "folded": "", "also": [], "kept": True, "made_at": time.time()}
        connection.execute(insert(PersonRow).values(**made))
        connection.execute(update(PersonRow).where(PersonRow.person_id == row.person_id).values(kept=True))
        for some in batches(wanted):
            moved = update(PersonFaceRow).where(PersonFaceRow.evidence_id.in_(some))
            connection.execute(moved.values(person_id=new, decided="person"))
        stay = (PersonFaceRow.person_id == row.person_id) & PersonFaceRow.evidence_id.not_in(wanted)
        connection.execute(update(PersonFaceRow).where(stay).values(decided="person"))
        connection.execute(delete(PersonLookRow).where(PersonLookRow.person_id == row.person_id))
        _know_by(connection, new, [vectors[one] for one in sorted(wanted) if one in vectors])
        left = [face.evidence_id for face in faces if face.evidence_id not in wanted and face.evidence_id in vectors]
        _know_by(connection, row.person_id, [vectors[one] for one in left], photos)
        for evidence_id in wanted:
            label(connection, evidence_id, "", ())
        refresh_lines(connection, {face.video_id for face in faces if face.evidence_id in wanted})
        note(connection, "split", by_name, row.person_id, new, faces=sorted(wanted))
        bump_revision(connection)
    return new


def forget_person(store: LibraryStore, either: str, by_name: str) -> ForgottenPerson:
    """Remove a person with every vector of theirs: of the tables, the index, the kept blobs, their photos and looks;
    also those of the voices that go with their face.

    Their faces stay as faces of nobody, and what is found again at their places, or in their voice, is removed again
    (`stores.maintenance.people.assigning`). Of earlier decisions about them, no name stays. If it is interrupted, the
    same call goes on.

    Raises:
        UsageError: NOT_FOUND, CONFLICT.
        StoreError: LIBRARY_LOCKED, VECTOR_STORE_FAILED and the like.
    """
    with store.job(), store.writer():
        with reading(store.engine) as connection:
            row = person(connection, either)
            runs = face_runs(connection)
            chosen = select(PersonFaceRow.__table__).where(PersonFaceRow.person_id == row.person_id)
            faces = connection.execute(chosen).all()
        of_videos: dict[str, set[str]] = defaultdict(set)
        for face in faces:
            of_videos[face.video_id].add(face.evidence_id)
        turns, vectors = remove_voices_of(store, row.person_id)
        for video_id, ids in sorted(of_videos.items()):
            if video_id in runs:
                vectors += remove_vectors(store, runs[video_id], ids)
        with writing(store.engine) as connection:
            now = time.time()
            _remember_places(connection, faces, now)
            remember_turns(connection, turns, now)
            for face in faces:
                label(connection, face.evidence_id, "", ())
            for table in (PersonFaceRow, PersonLookRow, PersonRow):
                connection.execute(delete(table).where(table.person_id == row.person_id))
            theirs = one_with(connection, row.person_id)
            about = PersonEventRow.person_id.in_(theirs) | PersonEventRow.other_id.in_(theirs)
            connection.execute(update(PersonEventRow).where(about).values(detail={}))
            note(connection, "forgotten", by_name, row.person_id, faces=len(faces))
            refresh_lines(connection, of_videos)
            bump_revision(connection)
    voices = sum(len({turn.speaker for turn in some}) for some in turns.values())
    return ForgottenPerson(row.person_id, len(faces), frozenset(of_videos), vectors, voices)


def _know_by(
    connection: Connection, person_id: str, items: Sequence[tuple[str, VectorItem]], photos: Sequence[Look] = ()
) -> None:
    """Have a person be known by these vectors, each with its video, alone."""
    if not items:
        return
    known = Known(person_id, list(photos))
    for video_id, item in items:
        known.add(Look(item.vector, 1, video_id, item.evidence_id))
    store_looks(connection, items[0][1].collection, [known])


def _few_looks(connection: Connection, person_id: str) -> None:
    """Join looks that are alike, after a merge."""
    names = connection.execute(select(PersonLookRow.collection).where(PersonLookRow.person_id == person_id).distinct())
    for collection in names.scalars().all():
        looks = next(one for one in known_people(connection, collection) if one.person_id == person_id).looks
        joined = Known(person_id)
        for look in sorted(looks, key=lambda one: (bool(one.evidence_id), -one.weight)):
            joined.add(look)
        joined.changed = True
        store_looks(connection, collection, [joined])


def _remember_places(connection: Connection, faces: Sequence[Any], at: float) -> None:
    ids = [face.evidence_id for face in faces]
    for some in batches(ids):
        connection.execute(delete(ForgottenFaceRow).where(ForgottenFaceRow.evidence_id.in_(some)))
    names = ("evidence_id", "video_id", "start_tick", "end_tick", "box")
    rows = [{name: getattr(face, name) for name in names} | {"at": at} for face in faces]
    if rows:
        connection.execute(insert(ForgottenFaceRow), rows)


def _free(connection: Connection, names: Sequence[str], person_id: str) -> None:
    wanted = {name_key(name): name for name in names}
    for row in connection.execute(select(PersonRow.__table__).where(PersonRow.person_id != person_id)):
        for one in (row.name, *row.also):
            if one and name_key(one) in wanted:
                message = f"{row.person_id} is called {one!r} already."
                raise UsageError("CONFLICT", message, f"Merge them: kinodex people merge {row.person_id} {person_id}")
