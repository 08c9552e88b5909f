"""The voices of forgotten people: their vectors are removed with those of the faces, and stay so.

A voice is a person's if it goes with their face; of several that do, each is
(`stores.listing.voice_faces.possible_voice_faces`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, insert, select

from stores.core.records import SpeakerTurn
from stores.listing.person_voices import VoicesAndFaces, faces_of, voices_and_faces
from stores.maintenance.people.vectors import remove_vectors
from stores.people.people_tables import ForgottenFaceRow, PersonFaceRow
from stores.people.rows import STAGE, VOICES, batches, face_runs, same_face, tracks
from stores.sql.database import reading, writing
from stores.sql.tables import StageRunRow, VectorRow

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

_BOTH = (STAGE, VOICES)
_CLOCKS = 86_400.0  # seconds by which the clocks of two machines differ at most: ours


def remove_voices_of(store: LibraryStore, person_id: str) -> tuple[dict[str, list[SpeakerTurn]], int]:
    """Remove the vectors of a person's voices; their turns by video, and how many vectors it were. Inside
    `LibraryStore.job` and `LibraryStore.writer`; `remember_turns` keeps them from coming back.

    Raises:
        StoreError: as `stores.maintenance.people.vectors.remove_vectors`.
    """
    with reading(store.engine) as connection:
        chosen = select(PersonFaceRow.video_id).where(PersonFaceRow.person_id == person_id).distinct()
        videos = voices_and_faces(connection, set(connection.execute(chosen).scalars()))
        whose = faces_of(connection, videos)
    speakers = {
        video_id: {pair.speaker for pair in of.pairs(whose[video_id], possible=True) if pair.face == person_id}
        for video_id, of in videos.items()
    }
    return _remove(store, {video_id: some for video_id, some in speakers.items() if some})


def remove_all_voices(store: LibraryStore) -> tuple[int, int]:
    """Remove the vectors of everybody's voices, those without a face, too; how many voices and vectors. They stay
    removed.

    Raises:
        StoreError: as `remove_voices_of`.
    """
    with store.job(), store.writer():
        with reading(store.engine) as connection:
            there = voices_and_faces(connection, _with_vectors(connection))
        turns, gone = _remove(store, {one: {turn.speaker for turn in of.turns} for one, of in there.items()})
        with writing(store.engine) as connection:
            remember_turns(connection, turns, time.time())
    return gone, gone  # each voice has one


def remove_forgotten_voices(store: LibraryStore) -> int:
    """Remove vectors of voices that came after their people were forgotten, as when a video is done again; how many.

    Such a voice is heard where a forgotten one was, or goes with a face at the place of a forgotten one.

    Raises:
        StoreError: as `remove_voices_of`; LIBRARY_LOCKED if another process writes.
    """
    with reading(store.engine) as connection:
        wanted = _speakers_forgotten(connection)
    if not wanted:
        return 0
    with store.writer():
        turns, gone = _remove(store, wanted)
        with writing(store.engine) as connection:
            remember_turns(connection, turns, time.time())
    return gone


def remember_turns(connection: Connection, turns: Mapping[str, Sequence[SpeakerTurn]], at: float) -> None:
    """Where forgotten voices are heard: a voice that is heard there again is removed again."""
    rows = [
        {
            "evidence_id": turn.evidence_id,
            "video_id": video_id,
            "start_tick": turn.span.start,
            "end_tick": turn.span.end,
            "box": [],
            "at": at,
        }
        for video_id, some in turns.items()
        for turn in some
    ]
    for some in batches([str(row["evidence_id"]) for row in rows]):
        connection.execute(delete(ForgottenFaceRow).where(ForgottenFaceRow.evidence_id.in_(some)))
    if rows:
        connection.execute(insert(ForgottenFaceRow), rows)


def _remove(store: LibraryStore, speakers: Mapping[str, Collection[int]]) -> tuple[dict[str, list[SpeakerTurn]], int]:
    with reading(store.engine) as connection:
        runs = face_runs(connection, VOICES)
        there = voices_and_faces(connection, speakers)
    turns = {
        video_id: [turn for turn in of.turns if turn.speaker in speakers[video_id]] for video_id, of in there.items()
    }
    gone = 0
    for video_id, some in sorted(turns.items()):
        if some and video_id in runs:
            gone += remove_vectors(store, runs[video_id], {turn.evidence_id for turn in some})
    return turns, gone


def _with_vectors(connection: Connection) -> set[str]:
    chosen = select(VectorRow.video_id).where(VectorRow.stage == VOICES).distinct()
    return set(connection.execute(chosen).scalars())


def _speakers_forgotten(connection: Connection) -> dict[str, set[int]]:
    """The voices that have a vector and are of forgotten people, by video."""
    last = select(ForgottenFaceRow.video_id, func.max(ForgottenFaceRow.at).label("at"))
    at = {row.video_id: row.at for row in connection.execute(last.group_by(ForgottenFaceRow.video_id))}
    if not at:
        return {}
    done: dict[str, float] = {}
    for row in connection.execute(
        select(StageRunRow.video_id, StageRunRow.finished_at).where(StageRunRow.active, StageRunRow.stage.in_(_BOTH))
    ):
        done[row.video_id] = max(done.get(row.video_id, 0.0), row.finished_at or 0.0)
    newer = {video_id for video_id, when in at.items() if done.get(video_id, 0.0) + _CLOCKS > when}
    videos = voices_and_faces(connection, newer & _with_vectors(connection))
    rows: dict[str, list[Any]] = defaultdict(list)
    for some in batches(sorted(videos)):
        for row in connection.execute(select(ForgottenFaceRow.__table__).where(ForgottenFaceRow.video_id.in_(some))):
            rows[row.video_id].append(row)
    whose, runs = faces_of(connection, videos), face_runs(connection)
    found: dict[str, set[int]] = {}
    for video_id, of in videos.items():
        with_vector = _with_vector_here(connection, video_id, of)
        faces = dict(whose[video_id])
        gone: set[Hashable] = set()
        for track in tracks(connection, runs[video_id]) if video_id in runs else ():
            for row in rows[video_id]:
                if row.box and same_face(track, row):
                    faces[track.evidence_id] = ("forgotten", row.at)
                    gone.add(faces[track.evidence_id])
        theirs = {pair.speaker for pair in of.pairs(faces, possible=True) if pair.face in gone}
        theirs |= _heard_again(of, [row for row in rows[video_id] if not row.box])
        if theirs & with_vector:
            found[video_id] = theirs & with_vector
    return found


def _with_vector_here(connection: Connection, video_id: str, of: VoicesAndFaces) -> set[int]:
    """The voices that have a vector."""
    same = (VectorRow.video_id == video_id) & (VectorRow.stage == VOICES)
    ids = set(connection.execute(select(VectorRow.evidence_id).where(same)).scalars())
    return {turn.speaker for turn in of.turns if turn.evidence_id in ids}


def _heard_again(of: VoicesAndFaces, rows: Sequence[Any]) -> set[int]:
    """Voices that are heard for half of their time where forgotten ones were, or for half of the time of these."""
    spans = [(row.start_tick, row.end_tick) for row in rows]
    forgotten = sum(end - start for start, end in spans)
    found = set()
    for speaker in {turn.speaker for turn in of.turns}:
        mine = [turn.span for turn in of.turns if turn.speaker == speaker]
        total = sum(span.end - span.start for span in mine)
        shared = sum(max(0, min(span.end, end) - max(span.start, start)) for span in mine for start, end in spans)
        if spans and 2 * shared >= min(total, forgotten):
            found.add(speaker)
    return found
