"""Reading people: who is known, where they are seen, and what was decided about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Engine, func, select

from stores.core.errors import UsageError
from stores.core.text_keys import name_key
from stores.people.people_tables import FacesOffRow, PersonEventRow, PersonFaceRow, PersonLookRow, PersonRow
from stores.people.records import Person, PersonEvent, PersonFace
from stores.people.rows import batches, one_with, person, rows_of
from stores.sql.database import reading
from stores.sql.tables import VideoRow


class People:
    """The people of one library, read.

    ``video_ids`` of its methods: what is seen in these videos is all there is; None for all videos.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self, video_ids: Collection[str] | None = None) -> list[Person]:
        """Everybody seen in the videos, most seen first; without ``video_ids`` also those of photos only."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(PersonRow.__table__)).all()
            photos = connection.execute(
                select(PersonLookRow.person_id, func.count())
                .where(PersonLookRow.evidence_id == "")
                .group_by(PersonLookRow.person_id)
            )
            shown = {person_id: int(count) for person_id, count in photos}
        faces: dict[str, list[PersonFace]] = defaultdict(list)
        for face in self._faces(PersonFaceRow.person_id != "", video_ids):
            faces[face.person_id].append(face)
        found = [
            Person(
                row.person_id,
                row.name,
                tuple(row.also),
                len(faces[row.person_id]),
                len({face.video_id for face in faces[row.person_id]}),
                round(sum(face.end - face.start for face in faces[row.person_id]), 3),
                shown.get(row.person_id, 0) if video_ids is None else 0,
                bool(row.kept),
            )
            for row in rows
            if faces[row.person_id] or (video_ids is None and row.kept)
        ]
        return sorted(found, key=lambda one: (not one.name, -one.videos, -one.seconds, one.name, one.person_id))

    def one(self, either: str, video_ids: Collection[str] | None = None) -> Person:
        """A person by id or name.

        Raises:
            UsageError: NOT_FOUND, also where they are in none of the videos; CONFLICT.
        """
        there = self.all(video_ids)
        with reading(self._engine) as connection:
            try:
                person_id = person(connection, either).person_id
            except UsageError as error:
                # Somebody of the same name that may not be seen does not make it unclear.
                key = name_key(either)
                alike = [one for one in there if key and key in map(name_key, (one.name, *one.also))]
                if error.code.name != "CONFLICT" or len(alike) != 1:
                    raise
                person_id = alike[0].person_id
        found = next((one for one in there if one.person_id == person_id), None)
        if found is None:
            raise UsageError("NOT_FOUND", f"There is no person {either!r}.", "`kinodex people list` shows all.")
        return found

    def faces(self, person_id: str, video_ids: Collection[str] | None = None) -> list[PersonFace]:
        """Where a person is seen, by video and time."""
        return self._faces(PersonFaceRow.person_id == person_id, video_ids)

    def of_video(self, video_id: str) -> list[tuple[Person, list[PersonFace]]]:
        """Who is seen in a video, with their tracks; who is seen first comes first."""
        faces: dict[str, list[PersonFace]] = defaultdict(list)
        for face in self._faces(PersonFaceRow.video_id == video_id, None):
            faces[face.person_id].append(face)
        return [(one, faces[one.person_id]) for one in self._ordered(faces, [video_id])]

    def named(self, video_ids: Collection[str] | None = None) -> list[Person]:
        """Those with a name."""
        return [one for one in self.all(video_ids) if one.name]

    def events(self, person_id: str = "", limit: int = 100) -> list[PersonEvent]:
        """The newest decisions (about a person, and those who became one with them), newest first."""
        table = PersonEventRow
        chosen = select(table.__table__).order_by(table.event_id.desc()).limit(limit)
        with reading(self._engine) as connection:
            if person_id:
                theirs = one_with(connection, person_id)
                chosen = chosen.where(table.person_id.in_(theirs) | table.other_id.in_(theirs))
            return [
                PersonEvent(row.at, row.by_name, row.action, row.person_id, row.other_id, row.detail)
                for row in connection.execute(chosen)
            ]

    def joined_faces(self, person_id: str, other_id: str) -> list[str]:
        """Those faces of a person that another one had who was joined with them.

        Raises:
            UsageError: NOT_FOUND if there is none.
        """
        table = PersonEventRow
        chosen = select(table.detail).where(table.other_id == other_id, table.action == "joined")
        with reading(self._engine) as connection:
            had = {face for detail in connection.execute(chosen).scalars() for face in detail.get("faces", ())}
        found = [face.evidence_id for face in self.faces(person_id) if face.evidence_id in had]
        if not found:
            hint = "`kinodex people show` lists who was joined with somebody."
            raise UsageError("NOT_FOUND", f"No face of that person was of {other_id!r}.", hint)
        return found

    def with_face(self, evidence_ids: Iterable[str]) -> set[str]:
        """Those of some face tracks that are somebody's."""
        face = PersonFaceRow.evidence_id
        with reading(self._engine) as connection:
            pieces = batches(evidence_ids)
            return {one for some in pieces for one in connection.execute(select(face).where(face.in_(some))).scalars()}

    def off(self) -> list[str]:
        """Ids of the collections in whose videos nobody's face is looked at."""
        with reading(self._engine) as connection:
            return sorted(connection.execute(select(FacesOffRow.collection_id)).scalars())

    def _ordered(self, faces: dict[str, list[PersonFace]], video_ids: Sequence[str]) -> list[Person]:
        there = {one.person_id: one for one in self.all(video_ids)}
        return [there[one] for one in faces if one in there]

    def _faces(self, which: Any, video_ids: Collection[str] | None) -> list[PersonFace]:
        columns = (*PersonFaceRow.__table__.columns, VideoRow.time_base_numerator, VideoRow.time_base_denominator)
        chosen = select(*columns).join(VideoRow, VideoRow.video_id == PersonFaceRow.video_id).where(which)
        with reading(self._engine) as connection:
            rows = rows_of(connection, chosen, PersonFaceRow.video_id, video_ids)
        found = []
        for row in rows:
            tick = (row.time_base_numerator or 1) / (row.time_base_denominator or 1)
            span = (round(row.start_tick * tick, 3), round(row.end_tick * tick, 3))
            found.append(PersonFace(row.evidence_id, row.video_id, row.person_id, *span, row.likeness, row.decided))
        return sorted(found, key=lambda one: (one.video_id, one.start, one.evidence_id))
