"""Whose face is whose: new face tracks are assigned to the people there are, or to new ones.

What it costs grows with the new tracks times the people. Faces that are seen in the same picture at one time are never
one person. What persons decided stays: a face that they gave to somebody stays theirs, also where its video was done
again; who was forgotten stays forgotten where they were seen.
"""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select

from stores.catalog import bump_revision
from stores.core.errors import StoreError
from stores.core.records import VectorItem
from stores.maintenance.people.joining import join_people
from stores.maintenance.people.vectors import face_vectors, remove_vectors
from stores.maintenance.people.voices import remove_forgotten_voices
from stores.people.likeness import KnownPeople, Look
from stores.people.people_tables import ForgottenFaceRow, PersonFaceRow, PersonLookRow, PersonRow, PersonRunRow
from stores.people.rows import (
    Run,
    Track,
    batches,
    count_nobodies,
    face_runs,
    known_people,
    label,
    note,
    refresh_lines,
    remove_nobodies,
    same_face,
    store_looks,
    tracks,
)
from stores.sql.database import reading, writing

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True)
class Assigned:
    """What assigning did. ``left``: videos whose vectors could not be read, which the next ingest makes again."""

    videos: int = 0
    faces: int = 0
    new_people: int = 0
    left: int = 0


@dataclass(slots=True)
class _Batch:
    """The people while videos are assigned."""

    collection: str
    people: KnownPeople
    new: list[dict[str, Any]] = field(default_factory=list)
    faces: int = 0


def assign_people(store: LibraryStore) -> Assigned:
    """Assign the face tracks of those videos that are new or were done again; remove forgotten voices in these.

    Raises:
        StoreError: LIBRARY_LOCKED if another process writes; else as `stores.sql.database.writing`.
    """
    assigned = _assign_new(store)
    remove_forgotten_voices(store)
    return assigned


def _assign_new(store: LibraryStore) -> Assigned:
    with reading(store.engine) as connection:
        runs = face_runs(connection)
        nobodies = count_nobodies(connection)
        done = {row.video_id: row.run for row in connection.execute(select(PersonRunRow.__table__))}
    changed = [run for video_id, run in sorted(runs.items()) if done.get(video_id) != run.name]
    gone = sorted(set(done) - set(runs))
    if not changed and not gone and not nobodies:
        return Assigned()
    vectors: dict[str, Sequence[VectorItem]] = {}
    left = 0
    for run in changed:
        try:
            vectors[run.video_id] = face_vectors(store, run)
        except StoreError as error:
            if error.code.name != "LIBRARY_DAMAGED":
                raise
            left += 1
    with store.writer():
        unwanted: dict[str, list[VectorItem]] = defaultdict(list)
        with writing(store.engine) as connection:
            now = face_runs(connection)
            same = [run for run in changed if now.get(run.video_id) == run and run.video_id in vectors]
            assigned = _assign(connection, same, vectors, unwanted)
            for some in batches(gone):
                for table in (PersonFaceRow, PersonLookRow, PersonRunRow):
                    connection.execute(delete(table).where(table.video_id.in_(some)))
            remove_nobodies(connection)
            bump_revision(connection)
        for run in same:
            if run.video_id in unwanted:
                remove_vectors(store, run, {item.evidence_id for item in unwanted[run.video_id]})
    return Assigned(len(same), assigned.faces, len(assigned.new), left)


def cluster_people(store: LibraryStore, by_name: str) -> Assigned:
    """Assign all faces again but those that persons decided, and those of people with a name.

    Raises:
        StoreError: as `assign_people`.
    """
    with store.writer():
        with writing(store.engine) as connection:
            automatic = PersonFaceRow.decided == "automatic"
            kept = set(connection.execute(select(PersonRow.person_id).where(PersonRow.kept)).scalars())
            named = set(connection.execute(select(PersonRow.person_id).where(PersonRow.name != "")).scalars())
            connection.execute(delete(PersonFaceRow).where(automatic, PersonFaceRow.person_id.not_in(named or {""})))
            connection.execute(delete(PersonLookRow).where(PersonLookRow.person_id.not_in(kept or {""})))
            connection.execute(delete(PersonRunRow))
            remove_nobodies(connection)
            note(connection, "clustered", by_name)
            bump_revision(connection)
        return assign_people(store)


def _assign(
    connection: Connection,
    runs: Sequence[Run],
    vectors: dict[str, Sequence[VectorItem]],
    unwanted: dict[str, list[VectorItem]],
) -> _Batch:
    by_collection: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        found = vectors[run.video_id]
        by_collection[found[0].collection if found else ""].append(run)
    batch = _Batch("", KnownPeople())
    for collection, some in by_collection.items():
        again = [run.video_id for run in some]
        stored = known_people(connection, collection, again)
        people = KnownPeople(stored)
        batch = _Batch(collection, people, batch.new, batch.faces)
        before = _faces_before(connection, again)
        rows = {row.person_id: row for row in connection.execute(select(PersonRow.__table__))}
        for run in some:
            unwanted_here = _assign_video(connection, batch, run, vectors[run.video_id], before, rows)
            if unwanted_here:
                unwanted[run.video_id] = unwanted_here
        kept = {one for one, row in rows.items() if row.kept}
        gone = join_people(connection, people, kept)
        batch.new[:] = [row for row in batch.new if row["person_id"] not in gone]
        lost = [one for one in stored if one.person_id not in people.people]
        store_looks(connection, collection, [*people.people.values(), *lost])
    return batch


def _faces_before(connection: Connection, video_ids: Sequence[str]) -> dict[str, list[Any]]:
    """The faces that the videos had, whose rows are removed."""
    found: dict[str, list[Any]] = defaultdict(list)
    for some in batches(video_ids):
        for row in connection.execute(select(PersonFaceRow.__table__).where(PersonFaceRow.video_id.in_(some))):
            found[row.video_id].append(row)
        for table in (PersonFaceRow, PersonRunRow):
            connection.execute(delete(table).where(table.video_id.in_(some)))
    return found


def _assign_video(
    connection: Connection,
    batch: _Batch,
    run: Run,
    items: Sequence[VectorItem],
    before: dict[str, list[Any]],
    people: dict[str, Any],
) -> list[VectorItem]:
    """Assign the tracks of one video; the vectors of forgotten people among them."""
    by_id = {item.evidence_id: item for item in items}
    there = tracks(connection, run)
    forgotten = connection.execute(
        select(ForgottenFaceRow.__table__).where(ForgottenFaceRow.video_id == run.video_id)
    ).all()
    unwanted: list[VectorItem] = []
    taken: list[tuple[Track, str]] = []
    rows, changed = [], False
    # What persons decided first: the others must not be taken for somebody who is elsewhere in the picture.
    decided = {track.evidence_id: _formerly(track, before.get(run.video_id, ()), people) for track in there}
    for track in sorted(there, key=lambda one: (not _by_person(decided[one.evidence_id]), one.start, one.evidence_id)):
        item, former = by_id.get(track.evidence_id), decided[track.evidence_id]
        if item is not None and any(same_face(track, row) for row in forgotten):
            unwanted.append(item)
            continue
        if item is None and not _by_person(former):
            continue
        elsewhere = {who for other, who in taken if other.ticks & track.ticks}
        person_id, likeness = _who(batch, item, former, elsewhere, connection)
        if item is not None:
            batch.people.add(person_id, Look(item.vector, 1, run.video_id, track.evidence_id))
        taken.append((track, person_id))
        rows.append(
            {
                "evidence_id": track.evidence_id,
                "video_id": run.video_id,
                "person_id": person_id,
                "start_tick": track.start,
                "end_tick": track.end,
                "box": list(track.box),
                "likeness": round(likeness, 4),
                "decided": "person" if _by_person(former) else "automatic",
            }
        )
        of = people.get(person_id)
        if of is not None and of.name:
            label(connection, track.evidence_id, of.name, of.also)
            changed = True
    if rows:
        connection.execute(insert(PersonFaceRow), rows)
    connection.execute(insert(PersonRunRow).values(video_id=run.video_id, run=run.name))
    if changed:
        refresh_lines(connection, [run.video_id])
    batch.faces += len(rows)
    return unwanted


def _who(
    batch: _Batch,
    item: VectorItem | None,
    former: Any,
    elsewhere: set[str],
    connection: Connection,
) -> tuple[str, float]:
    """The person that a face is, who may be new, and how like them it is."""
    if former is not None and (_by_person(former) or former.person_id not in elsewhere):
        return former.person_id, former.likeness
    assert item is not None
    nearest = batch.people.nearest(item.vector, elsewhere)
    if nearest is not None:
        return nearest
    row = {"person_id": f"per_{secrets.token_hex(8)}", "name": "", "folded": "", "also": [], "kept": False}
    row["made_at"] = time.time()
    connection.execute(insert(PersonRow).values(**row))
    batch.new.append(row)
    return str(row["person_id"]), 1.0


def _by_person(former: Any) -> bool:
    return former is not None and former.decided == "person"


def _formerly(track: Track, before: Sequence[Any], people: dict[str, Any]) -> Any:
    """What was decided about the same face before its video was done again; None if nothing, or they are gone."""
    alike = [row for row in before if row.person_id in people and same_face(track, row)]
    return next((row for row in alike if row.evidence_id == track.evidence_id), alike[0] if alike else None)
