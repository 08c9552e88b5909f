"""The rows of the tables that persons may correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, select, update

from stores.sql.tables import CaptionRow, ScreenTextRow, StageRunRow, UtteranceRow, VideoRow

TABLES: Mapping[str, Any] = {"speech": UtteranceRow, "screentext": ScreenTextRow, "captions": CaptionRow}
"""By stage."""

PERSONAL = 1.0
"""How sure a line is that a person wrote."""


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it stands in its table; ``confidence`` None for a caption that was not measured."""

    video_id: str
    stage: str
    evidence_id: str
    start: int
    end: int
    text: str
    confidence: float | None


def line(connection: Connection, video_id: str, evidence_id: str) -> StoredLine | None:
    """The line of a video with this id that readers see."""
    for stage in TABLES:
        for found in lines(connection, video_id, stage, evidence_id):
            return found
    return None


def lines(connection: Connection, video_id: str, stage: str, evidence_id: str | None = None) -> list[StoredLine]:
    """The lines of one stage of one video that readers see, in the order of the stage's output."""
    table = TABLES[stage]
    same = (StageRunRow.video_id == table.video_id) & (StageRunRow.stage == table.stage)
    chosen = (
        select(table.evidence_id, table.start_tick, table.end_tick, table.text, _confidence(table))
        .join(StageRunRow, same & (StageRunRow.fingerprint == table.fingerprint))
        .where(StageRunRow.active, table.video_id == video_id, table.stage == stage)
        .order_by(table.ordinal)
    )
    if evidence_id is not None:
        chosen = chosen.where(table.evidence_id == evidence_id)
    return [StoredLine(video_id, stage, *row) for row in connection.execute(chosen).all()]


def set_line(connection: Connection, stage: str, evidence_id: str, text: str, confidence: float | None) -> None:
    """Has a line say something else."""
    table = TABLES[stage]
    values = {"text": text, _confidence(table).key: confidence}
    connection.execute(update(table).where(table.evidence_id == evidence_id).values(**values))


def time_base(connection: Connection, video_id: str) -> Fraction | None:
    """The time base of a video's ticks; None before it is probed."""
    base = select(VideoRow.time_base_numerator, VideoRow.time_base_denominator).where(VideoRow.video_id == video_id)
    row = connection.execute(base).first()
    return None if row is None or row[0] is None else Fraction(row[0], row[1])


def _confidence(table: Any) -> Any:
    return table.score if table is CaptionRow else table.confidence
