"""Whose voices are heard: voices that go with the faces of people, in many videos at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from stores.core.records import FaceTrack, Span, SpeakerTurn
from stores.listing.voice_faces import VoiceFace, possible_voice_faces, voice_faces
from stores.people.people_tables import PersonFaceRow
from stores.people.rows import STAGE, VOICES, batches, rows_of
from stores.sql.database import reading
from stores.sql.tables import FaceTrackRow, SpeakerTurnRow, StageRunRow, VideoRow

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True)
class PersonVoice:
    """A voice of one video that goes with the face of a person.

    Attributes:
        speaker: its number in the video; turns: how often it speaks, and seconds: how long.
        confidence: as `stores.listing.voice_faces.VoiceFace.confidence`.
    """

    person_id: str
    video_id: str
    speaker: int
    turns: int
    seconds: float
    confidence: float


@dataclass(frozen=True, slots=True)
class VoicesAndFaces:
    """The turns of a video, and its face tracks, without their boxes."""

    turns: Sequence[SpeakerTurn]
    tracks: Sequence[FaceTrack]

    def pairs(self, whose: Mapping[str, Hashable], possible: bool = False) -> tuple[VoiceFace, ...]:
        """Which voice goes with which face.

        Args:
            whose: whose face a track is, by its id; those of nobody are one each.
            possible: whether all of `stores.listing.voice_faces.possible_voice_faces` are wanted.
        """
        by_face: dict[Hashable, list[FaceTrack]] = {}
        for track in self.tracks:
            by_face.setdefault(whose.get(track.evidence_id, track.evidence_id), []).append(track)
        return (possible_voice_faces if possible else voice_faces)(self.turns, by_face)


def person_voices(
    store: LibraryStore, video_ids: Collection[str] | None = None, person_id: str = ""
) -> list[PersonVoice]:
    """The voices of people (of one of them) in some videos (None: in all), by video and speaker.

    What it costs grows with the videos in which somebody both speaks and is seen.
    """
    with reading(store.engine) as connection:
        chosen = select(PersonFaceRow.video_id).distinct()
        if person_id:
            chosen = chosen.where(PersonFaceRow.person_id == person_id)
        there = set(connection.execute(chosen).scalars())
        if video_ids is not None:
            there &= set(video_ids)
        videos = voices_and_faces(connection, there)
        whose = faces_of(connection, videos)
    found = []
    for video_id, of_video in sorted(videos.items()):
        people = whose[video_id]
        known = set(people.values())
        for pair in of_video.pairs(people):
            if pair.face in known and (not person_id or pair.face == person_id):
                spans = [turn.span for turn in of_video.turns if turn.speaker == pair.speaker]
                seconds = float(sum((span.end - span.start) * span.time_base for span in spans))
                voice = (str(pair.face), video_id, pair.speaker, len(spans), round(seconds, 3), pair.confidence)
                found.append(PersonVoice(*voice))
    return sorted(found, key=lambda one: (one.video_id, one.speaker))


def voices_and_faces(connection: Connection, video_ids: Collection[str]) -> dict[str, VoicesAndFaces]:
    """Those of the videos in which somebody speaks."""
    turns: dict[str, list[SpeakerTurn]] = defaultdict(list)
    for row in _rows(connection, SpeakerTurnRow, VOICES, video_ids):
        turn = SpeakerTurn(row.evidence_id, _span(row), row.name, row.name_zh, row.speaker, row.confidence)
        turns[row.video_id].append(turn)
    tracks: dict[str, list[FaceTrack]] = defaultdict(list)
    for row in _rows(connection, FaceTrackRow, STAGE, list(turns)):
        track = FaceTrack(row.evidence_id, _span(row), row.name, row.name_zh, (), row.female, row.confidence)
        tracks[row.video_id].append(track)
    return {video_id: VoicesAndFaces(some, tracks.get(video_id, ())) for video_id, some in turns.items()}


def faces_of(connection: Connection, video_ids: Collection[str]) -> dict[str, dict[str, Hashable]]:
    """Whose face a track is, by its id, by video."""
    found: dict[str, dict[str, Hashable]] = {video_id: {} for video_id in video_ids}
    columns = (PersonFaceRow.video_id, PersonFaceRow.evidence_id, PersonFaceRow.person_id)
    for some in batches(sorted(video_ids)):
        for row in connection.execute(select(*columns).where(PersonFaceRow.video_id.in_(some))):
            found[row.video_id][row.evidence_id] = row.person_id
    return found


def _rows(connection: Connection, table: Any, stage: str, video_ids: Collection[str]) -> list[Any]:
    run, video = StageRunRow, VideoRow
    columns = [column for column in table.__table__.columns if column.name != "trajectory"]
    chosen = select(*columns, video.time_base_numerator, video.time_base_denominator)
    same = (run.video_id == table.video_id) & (run.stage == table.stage) & (run.fingerprint == table.fingerprint)
    chosen = chosen.join(run, same).join(video, video.video_id == table.video_id).where(run.active, run.stage == stage)
    chosen = chosen.order_by(table.start_tick, table.ordinal)
    return rows_of(connection, chosen, table.video_id, video_ids)


def _span(row: Any) -> Span:
    base = Fraction(row.time_base_numerator or 1, row.time_base_denominator or 1)
    return Span(row.start_tick, row.end_tick, base)
