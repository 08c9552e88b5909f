"""People who turn out to be one: faces come one after the other, and what looked like somebody new may not be."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select, update

from stores.people.likeness import PERSON_LIKENESS, KnownPeople
from stores.people.people_tables import PersonFaceRow
from stores.people.rows import face_runs, note, show_names, tracks

Vectors = NDArray[np.float32]

_AT_ONCE = 256  # people that are compared with all others at a time: memory


def join_people(connection: Connection, known: KnownPeople, kept: Collection[str]) -> set[str]:
    """Join people who are one; the ids of those who are no more.

    The looks of the one are, on average, as like those of the other as a face must be to be of somebody
    (`PERSON_LIKENESS`): the average of several pairs strays less than one pair, and so is wrong more rarely. Those who
    got a new face are compared with all others, the most alike first. Never joined are two who are seen in one picture,
    and two who are both kept. What was joined, and how like they are, is written down.

    Args:
        kept: ids of those that somebody said anything about; others become them.
    """
    ids = list(known.people)
    place = {person_id: row for row, person_id in enumerate(ids)}
    if len(ids) < 2:
        return set()
    centres = np.stack([known.people[one].centre for one in ids])
    gone: set[str] = set()
    for one in _like_others(known, ids, centres):
        refused = {one}
        while one not in gone:
            alike = centres @ centres[place[one]]
            alike[[place[other] for other in refused | gone]] = -1.0
            other = ids[int(alike.argmax())]
            if alike[place[other]] < PERSON_LIKENESS:
                break
            if {one, other} <= set(kept) or _seen_together(connection, one, other):
                refused.add(other)
                continue
            stays, goes = sorted((one, other), key=lambda each: (each not in kept, -known.people[each].weight))
            faces = _move(connection, goes, stays)
            likeness = round(float(alike[place[other]]), 4)
            note(connection, "joined", "", stays, goes, likeness=likeness, faces=faces)
            known.join(stays, goes)
            gone.add(goes)
            centres[place[stays]] = known.people[stays].centre
            one, refused = stays, {stays}
    show_names(connection, [one for one in ids if one in kept and known.people[one].changed] if gone else ())
    return gone


def _like_others(known: KnownPeople, ids: Sequence[str], centres: Vectors) -> list[str]:
    """Those with a new face who are like enough to anybody else."""
    changed = np.array([row for row, one in enumerate(ids) if known.people[one].changed], np.int64)
    found: list[str] = []
    for begin in range(0, len(changed), _AT_ONCE):
        rows = changed[begin : begin + _AT_ONCE]
        alike = centres[rows] @ centres.T
        alike[np.arange(len(rows)), rows] = -1.0
        found += [ids[row] for row in rows[alike.max(axis=1) >= PERSON_LIKENESS]]
    return found


def _seen_together(connection: Connection, one: str, other: str) -> bool:
    """Whether two people are in one picture at one time."""
    faces: dict[str, dict[str, set[str]]] = {}
    chosen = select(PersonFaceRow.video_id, PersonFaceRow.person_id, PersonFaceRow.evidence_id)
    for row in connection.execute(chosen.where(PersonFaceRow.person_id.in_((one, other)))):
        faces.setdefault(row.video_id, {one: set(), other: set()})[row.person_id].add(row.evidence_id)
    both = {video_id: of for video_id, of in faces.items() if all(of.values())}
    runs = face_runs(connection) if both else {}
    for video_id, of in both.items():
        there = tracks(connection, runs[video_id]) if video_id in runs else []
        ticks = {
            who: {tick for track in there if track.evidence_id in ids for tick in track.ticks}
            for who, ids in of.items()
        }
        if ticks[one] & ticks[other]:
            return True
    return False


def _move(connection: Connection, goes: str, stays: str) -> list[str]:
    """Have somebody's faces, whose ids are returned, be another's."""
    chosen = select(PersonFaceRow.evidence_id).where(PersonFaceRow.person_id == goes)
    faces = sorted(connection.execute(chosen).scalars())
    connection.execute(update(PersonFaceRow).where(PersonFaceRow.person_id == goes).values(person_id=stays))
    return faces
