"""Pages of the lines of one video: what was said, read on screen, described or recognised, in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from stores.core.records import Channel, Evidence, Span
from stores.sql.database import reading
from stores.sql.tables import EVIDENCE, UtteranceRow, VideoRow

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True)
class Line:
    """A line and, if it was said, its language ("" otherwise)."""

    evidence: Evidence
    language: str


_LINES = (
    select(EVIDENCE, VideoRow.time_base_numerator, VideoRow.time_base_denominator, UtteranceRow.language)
    .join(VideoRow, VideoRow.video_id == EVIDENCE.c.video_id)
    .outerjoin(UtteranceRow, UtteranceRow.evidence_id == EVIDENCE.c.evidence_id)
)


def lines_page(
    store: LibraryStore,
    video_id: str,
    channels: Sequence[Channel],
    limit: int,
    after: tuple[int, str] | None = None,
) -> list[Line]:
    """At most ``limit`` lines of a video on some channels, by time and id.

    Args:
        after: the start, in ticks, and the id of the last line of the page before.
    """
    chosen = (
        _LINES.where(EVIDENCE.c.video_id == video_id, EVIDENCE.c.channel.in_(channels))
        .order_by(EVIDENCE.c.start_tick, EVIDENCE.c.evidence_id)
        .limit(limit)
    )
    if after is not None:
        start, evidence_id = after
        same = (EVIDENCE.c.start_tick == start) & (EVIDENCE.c.evidence_id > evidence_id)
        chosen = chosen.where((EVIDENCE.c.start_tick > start) | same)
    with reading(store.engine) as connection:
        return [_line(row) for row in connection.execute(chosen)]


def line_of(store: LibraryStore, video_id: str, evidence_id: str) -> Line | None:
    """One line of a video; None if it has no such line."""
    chosen = _LINES.where(EVIDENCE.c.video_id == video_id, EVIDENCE.c.evidence_id == evidence_id)
    with reading(store.engine) as connection:
        row = connection.execute(chosen).first()
    return None if row is None else _line(row)


def _line(row: Any) -> Line:
    return Line(
        Evidence(
            evidence_id=row.evidence_id,
            video_id=row.video_id,
            span=Span(row.start_tick, row.end_tick, Fraction(*row[-3:-1])),
            channel=row.channel,
            text=row.text,
            search_text=row.search_text,
            confidence=row.confidence,
        ),
        row.language or "",
    )
