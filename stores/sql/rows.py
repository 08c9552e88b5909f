"""Which table holds the records of each kind; `stores.core.record_columns` converts between both."""

from __future__ import annotations

from typing import Any

from stores.core.records import (
    Caption,
    Clip,
    Fact,
    Label,
    Record,
    Scene,
    ScreenText,
    Script,
    SpeechActivity,
    Tracklet,
    Utterance,
)
from stores.sql.tables import (
    CaptionRow,
    ClipRow,
    FactRow,
    LabelRow,
    SceneRow,
    ScreenTextRow,
    ScriptRow,
    SpeechActivityRow,
    TrackletRow,
    UtteranceRow,
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
}
