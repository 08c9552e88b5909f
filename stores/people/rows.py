"""Reading and writing the rows of people inside a transaction."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from stores.core.errors import UsageError
from stores.core.text_keys import name_key
from stores.people.likeness import Known, Look, Vector, same_place
from stores.people.people_tables import PersonEventRow, PersonFaceRow, PersonLookRow, PersonRow
from stores.sql.fulltext import index_lines
from stores.sql.tables import FaceTrackRow, StageRunRow

STAGE = "faces"
VOICES = "speakers"
"""The stage of the voices."""
_LISTED = 500  # ids in one statement


@dataclass(frozen=True, slots=True)
class Run:
    """The faces (or voices, by ``stage``) of a video that readers see. ``name`` changes whenever they do."""

    video_id: str
    fingerprint: str
    name: str
    stage: str = STAGE


@dataclass(frozen=True, slots=True)
class Track:
    """A face track as people are assigned to it; ``box`` of the face in its middle, ``ticks`` of all its faces."""

    evidence_id: str
    start: int
    end: int
    box: tuple[float, ...]
    ticks: frozenset[int]


def batches(ids: Iterable[str]) -> Iterable[Sequence[str]]:
    """Ids in pieces that one statement takes."""
    listed = list(ids)
    for first in range(0, len(listed), _LISTED):
        yield listed[first : first + _LISTED]


def rows_of(
    connection: Connection, chosen: Select[*tuple[Any, ...]], column: Any, video_ids: Collection[str] | None
) -> list[Any]:
    """What a statement chooses of some videos, whose ids are in a column of it; None: of all."""
    if video_ids is None:
        return list(connection.execute(chosen))
    pieces = batches(sorted(set(video_ids)))
    return [row for some in pieces for row in connection.execute(chosen.where(column.in_(some)))]


def face_runs(connection: Connection, stage: str = STAGE) -> dict[str, Run]:
    """By video."""
    columns = (StageRunRow.video_id, StageRunRow.fingerprint, StageRunRow.finished_at)
    rows = connection.execute(select(*columns).where(StageRunRow.stage == stage, StageRunRow.active))
    return {
        row.video_id: Run(row.video_id, row.fingerprint, f"{row.fingerprint}@{row.finished_at!r}", stage)
        for row in rows
    }


def tracks(connection: Connection, run: Run) -> list[Track]:
    """The face tracks of a run, in order."""
    table = FaceTrackRow
    chosen = select(table.evidence_id, table.start_tick, table.end_tick, table.trajectory)
    chosen = chosen.where(table.video_id == run.video_id, table.stage == STAGE, table.fingerprint == run.fingerprint)
    return [
        Track(
            row.evidence_id,
            row.start_tick,
            row.end_tick,
            tuple(row.trajectory[len(row.trajectory) // 2][1:]),
            frozenset(one[0] for one in row.trajectory),
        )
        for row in connection.execute(chosen.order_by(table.ordinal))
    ]


def same_face(track: Track, row: Any) -> bool:
    """Whether a track is one that was there before: the same, or for most of its time at the same place."""
    if row.evidence_id == track.evidence_id:
        return True
    shared = min(track.end, row.end_tick) - max(track.start, row.start_tick)
    shorter = min(track.end - track.start, row.end_tick - row.start_tick)
    return 2 * shared >= shorter > 0 and bool(row.box) and same_place(track.box, row.box)


def known_people(connection: Connection, collection: str, but: Iterable[str] = ()) -> list[Known]:
    """Everybody with looks of a collection; of those that nobody said anything about, without the videos ``but``."""
    chosen = select(*PersonLookRow.__table__.columns, PersonRow.kept)
    chosen = chosen.join(PersonRow, PersonRow.person_id == PersonLookRow.person_id)
    chosen = chosen.where(PersonLookRow.collection == collection)
    without = set(but)
    people: dict[str, Known] = {}
    for row in connection.execute(chosen.order_by(PersonLookRow.look_id)):
        known = people.setdefault(row.person_id, Known(row.person_id))
        if row.video_id in without and not row.kept:
            known.changed = True
        else:
            known.looks.append(
                Look(np.frombuffer(row.vector, np.float32), row.weight, row.video_id, row.evidence_id, row.look_id)
            )
    return list(people.values())


def store_looks(connection: Connection, collection: str, people: Iterable[Known]) -> None:
    """Keep the looks of those people that changed."""
    for person in people:
        if not person.changed:
            continue
        same = (PersonLookRow.person_id == person.person_id) & (PersonLookRow.collection == collection)
        connection.execute(delete(PersonLookRow).where(same))
        rows = [look_row(person.person_id, collection, look) for look in person.looks]
        if rows:
            connection.execute(insert(PersonLookRow), rows)
        person.changed = False


def look_row(person_id: str, collection: str, look: Look) -> dict[str, Any]:
    """The columns of one look."""
    vector: Vector = np.ascontiguousarray(look.vector, np.float32)
    return {
        "person_id": person_id,
        "collection": collection,
        "video_id": look.video_id,
        "evidence_id": look.evidence_id,
        "vector": vector.tobytes(),
        "weight": look.weight,
    }


def person(connection: Connection, either: str) -> Any:
    """The row of a person, by id, or by a name that nobody else has.

    Raises:
        UsageError: NOT_FOUND; CONFLICT if several people have that name.
    """
    row = connection.execute(select(PersonRow.__table__).where(PersonRow.person_id == either)).one_or_none()
    if row is not None:
        return row
    key = name_key(either)
    rows = connection.execute(select(PersonRow.__table__).where(PersonRow.name != "")).all()
    found = [one for one in rows if key and key in (one.folded, *map(name_key, one.also))]
    if not found:
        raise UsageError("NOT_FOUND", f"There is no person {either!r}.", "`kinodex people list` shows all.")
    if len(found) > 1:
        ids = ", ".join(one.person_id for one in found)
        raise UsageError("CONFLICT", f"{len(found)} people are called {either!r}: {ids}.", "Name one by its id.")
    return found[0]


def show_names(connection: Connection, person_ids: Iterable[str]) -> None:
    """Have the face tracks of these people say their names, and the full-text index, too."""
    names: Mapping[str, Any] = {}
    changed: set[str] = set()
    for some in batches(dict.fromkeys(person_ids)):
        names = {
            row.person_id: row
            for row in connection.execute(select(PersonRow.__table__).where(PersonRow.person_id.in_(some)))
        }
        faces = connection.execute(
            select(PersonFaceRow.evidence_id, PersonFaceRow.video_id, PersonFaceRow.person_id).where(
                PersonFaceRow.person_id.in_(some)
            )
        ).all()
        for face in faces:
            of = names.get(face.person_id)
            label(connection, face.evidence_id, of.name if of else "", of.also if of else ())
            changed.add(face.video_id)
    refresh_lines(connection, changed)


def label(connection: Connection, evidence_id: str, name: str, also: Sequence[str]) -> None:
    """Whose face a track is; the full-text index is not told."""
    spoken = "".join(f"; {one}" for one in also)
    same = FaceTrackRow.evidence_id == evidence_id
    connection.execute(update(FaceTrackRow).where(same).values(person=name, person_also=spoken))


def refresh_lines(connection: Connection, video_ids: Iterable[str]) -> None:
    """Make the full-text lines of the faces of videos again."""
    for video_id in sorted(set(video_ids)):
        index_lines(connection, video_id, STAGE)


def note(
    connection: Connection, action: str, by_name: str, person_id: str = "", other_id: str = "", **detail: Any
) -> None:
    """Writes down who decided what."""
    row = {"at": time.time(), "by_name": by_name, "action": action, "person_id": person_id, "other_id": other_id}
    connection.execute(insert(PersonEventRow).values(**row, detail=detail))


def one_with(connection: Connection, person_id: str) -> list[str]:
    """The ids of everybody who was merged into a person, or joined with them, and the person's own, which is first."""
    found = [person_id]
    chosen = select(PersonEventRow.other_id).where(PersonEventRow.action.in_(("merged", "joined")))
    for one in found:
        others = connection.execute(chosen.where(PersonEventRow.person_id == one)).scalars()
        found += [other for other in dict.fromkeys(others) if other and other not in found]
    return found


def count_nobodies(connection: Connection) -> int:
    """How many people nobody said anything about and whose face is seen no more, as when their videos are gone."""
    seen = select(PersonFaceRow.person_id)
    chosen = select(func.count()).select_from(PersonRow).where(~PersonRow.kept, PersonRow.person_id.not_in(seen))
    return int(connection.execute(chosen).scalar_one())


def remove_nobodies(connection: Connection) -> int:
    """Remove people nobody said anything about and whose face is seen no more; how many."""
    seen = select(PersonFaceRow.person_id)
    gone = connection.execute(
        select(PersonRow.person_id).where(~PersonRow.kept, PersonRow.person_id.not_in(seen))
    ).scalars()
    ids = list(gone)
    for some in batches(ids):
        connection.execute(delete(PersonLookRow).where(PersonLookRow.person_id.in_(some)))
        connection.execute(delete(PersonRow).where(PersonRow.person_id.in_(some)))
    return len(ids)
