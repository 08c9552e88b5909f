"""Which table holds the records of each kind (`stores.core.record_columns` converts between both), and which place of a
video is its first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal, select

from stores.core.records import (
    Caption,
    Clip,
    FaceTrack,
    Fact,
    Label,
    Record,
    Scene,
    ScreenText,
    Script,
    SoundEvent,
    SpeakerTurn,
    SpeechActivity,
    Tracklet,
    Utterance,
)
from stores.sql.tables import (
    CaptionRow,
    ClipRow,
    FaceTrackRow,
    FactRow,
    LabelRow,
    LocationRow,
    SceneRow,
    ScreenTextRow,
    ScriptRow,
    SoundEventRow,
    SpeakerTurnRow,
    SpeechActivityRow,
    TrackletRow,
    UtteranceRow,
    VideoRow,
)

TABLE_OF: dict[type[Record], Any] = {
    Scene: SceneRow,
    Clip: ClipRow,
    Utterance: UtteranceRow,
    ScreenText: ScreenTextRow,
    Label: LabelRow,
    Tracklet: TrackletRow,
    Fact: FactRow,
    SpeechActivity: SpeechActivityRow,
    Caption: CaptionRow,
    Script: ScriptRow,
    SoundEvent: SoundEventRow,
    FaceTrack: FaceTrackRow,
    SpeakerTurn: SpeakerTurnRow,
}

_OF_VIDEO = select(func.min(LocationRow.uri)).where(LocationRow.video_id == VideoRow.video_id)

FIRST_PLACE: Any = func.coalesce(
    _OF_VIDEO.where(~LocationRow.missing).correlate(VideoRow).scalar_subquery(),
    _OF_VIDEO.correlate(VideoRow).scalar_subquery(),
    literal(" ") + VideoRow.video_id,
)
"""Of a row of ``videos`` the uri that is listed first, those still there before others; what lies nowhere comes before
all others, by id."""
