"""Whose faces are seen in many videos: one query instead of some for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, select

from stores.core.text_keys import name_key
from stores.people.people_tables import PersonFaceRow, PersonRow
from stores.sql.among import among, among_listed, listed, of_videos, shown
from stores.sql.database import reading
from stores.sql.tables import FaceTrackRow, LocationRow


class SeenFace(NamedTuple):
    """As `stores.core.records.FaceTrack`; ``faces``: how many faces were found along it; ``height``: the median of that
    of their boxes, as a fraction of the frame's; ``start``, ``end``: in ticks of its video.
    """

    evidence_id: str
    name: str
    female: float
    faces: int
    height: float
    start: int
    end: int


class SeenPerson(NamedTuple):
    """A person who is seen: the names, if any, and the ids of the tracks, the longest first."""

    names: tuple[str, ...]
    evidence_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenFaces:
    """What one video shows of faces; ``people`` who have a name, the first seen first."""

    tracks: tuple[SeenFace, ...] = ()
    people: tuple[SeenPerson, ...] = ()


def faces_of(engine: Engine, video_ids: Sequence[str]) -> dict[str, SeenFaces]:
    """The faces of each of some videos; all of them are there."""
    tracks: defaultdict[str, list[SeenFace]] = defaultdict(list)
    people: defaultdict[str, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    of_tracks, of_people = _statements(engine.dialect.name)
    chosen = {"chosen_ids": listed(video_ids)}
    with reading(engine) as connection:
        for video_id, _, evidence_id, name, female, path, start, end in connection.execute(of_tracks, chosen):
            height = median(box[4] - box[2] for box in path) if path else 0.0
            tracks[video_id].append(SeenFace(evidence_id, name, female, len(path), height, start, end))
        for row in connection.execute(of_people, chosen):
            people[row.video_id][row.person_id].append(row)
    return {one: SeenFaces(tuple(tracks[one]), tuple(map(_person, people[one].values()))) for one in video_ids}


@cache
def _statements(dialect: str) -> tuple[Any, Any]:
    track, face, person = FaceTrackRow, PersonFaceRow, PersonRow
    columns = (track.evidence_id, track.name, track.female, track.trajectory, track.start_tick, track.end_tick)
    of_face = (face.video_id, face.person_id, person.name, person.also, face.start_tick, face.end_tick)
    people = select(*of_face, face.evidence_id).join(person, person.person_id == face.person_id)
    people = people.where(among_listed(dialect, face.video_id)).order_by(face.start_tick, face.evidence_id)
    return of_videos(dialect, track, columns), people


def _person(rows: Sequence[Any]) -> SeenPerson:
    longest = sorted(rows, key=lambda row: (row.start_tick - row.end_tick, row.evidence_id))
    names = tuple(name for name in (rows[0].name, *rows[0].also) if name)
    return SeenPerson(names, tuple(row.evidence_id for row in longest))


def videos_with_people(engine: Engine, names: Iterable[str], limit: int) -> list[str]:
    """Videos in which somebody is seen who has one of some names; at most ``limit``."""
    wanted = {name_key(name) for name in names} - {""}
    row, face = PersonRow, PersonFaceRow
    with reading(engine) as connection:
        people = [
            person_id
            for person_id, name, also in connection.execute(select(row.person_id, row.name, row.also))
            if not wanted.isdisjoint(map(name_key, (name, *also)))
        ]
        if not people:
            return []
        chosen = select(face.video_id).where(among(engine, face.person_id, people)).distinct()
        return list(connection.execute(chosen.order_by(face.video_id).limit(limit)).scalars())


def videos_with_faces(engine: Engine, name: str, limit: int) -> list[str]:
    """Videos with a face of that name (``woman``, ``man``), the most such faces first; at most ``limit``."""
    row = FaceTrackRow
    chosen: Any = shown(select(row.video_id), row).where(row.name == name).group_by(row.video_id)
    with reading(engine) as connection:
        return list(connection.execute(chosen.order_by(func.count().desc(), row.video_id).limit(limit)).scalars())


def newest_first(engine: Engine, video_ids: Iterable[str]) -> list[str]:
    """Videos, those that came into the library last first."""
    ids = list(video_ids)
    came = func.min(LocationRow.seen_at)
    with reading(engine) as connection:
        chosen = select(LocationRow.video_id, came).where(among(engine, LocationRow.video_id, ids))
        seen = {row[0]: row[1] for row in connection.execute(chosen.group_by(LocationRow.video_id))}
    return sorted(ids, key=lambda one: (-seen.get(one, 0.0), one))
