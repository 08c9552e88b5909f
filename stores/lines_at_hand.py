"""The lines of evidence around given times, and where on screen text stands: bounded, whatever a video's length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, select

from stores.core.records import Channel, Evidence, Span
from stores.library_store import LibraryStore
from stores.sql.database import reading
from stores.sql.tables import EVIDENCE, ScreenTextRow, VideoRow

_LISTED = 500

Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1) as fractions of the displayed picture."""


def lines_around(
    store: LibraryStore, video_id: str, span: Span, channels: Sequence[Channel], limit: int
) -> list[Evidence]:
    """The evidence of one video on some channels that overlaps a span, in order of time: ``limit`` lines at most, those
    that begin last if there are more.

    Raises:
        StoreError: as `stores.sql.database.reading`.
    """
    there = (EVIDENCE.c.video_id == video_id) & EVIDENCE.c.channel.in_(list(channels))
    there &= (EVIDENCE.c.start_tick < max(span.end, span.start + 1)) & (EVIDENCE.c.end_tick > span.start)
    base = (VideoRow.time_base_numerator, VideoRow.time_base_denominator)
    chosen = select(EVIDENCE, *base).join(VideoRow, VideoRow.video_id == EVIDENCE.c.video_id).where(there)
    # What began long ago and lasts (a logo, a background) says less about a time than what begins there.
    nearest = chosen.order_by(EVIDENCE.c.start_tick.desc(), EVIDENCE.c.evidence_id).limit(limit)
    with reading(store.engine) as connection:
        found = [_line(row) for row in connection.execute(nearest)]
    return sorted(found, key=lambda line: (line.span.start, line.span.end, line.channel, line.evidence_id))


def boxes_of(store: LibraryStore, evidence_ids: Iterable[str]) -> dict[str, Box]:
    """Where text stands on screen, by evidence id; ids of other lines are absent.

    Raises:
        StoreError: as `stores.sql.database.reading`.
    """
    wanted = list(dict.fromkeys(evidence_ids))
    found: dict[str, Box] = {}
    with reading(store.engine) as connection:
        for first in range(0, len(wanted), _LISTED):
            found.update(_boxes(connection, wanted[first : first + _LISTED]))
    return found


def _boxes(connection: Connection, evidence_ids: Sequence[str]) -> dict[str, Box]:
    chosen = select(ScreenTextRow.evidence_id, ScreenTextRow.box).where(ScreenTextRow.evidence_id.in_(evidence_ids))
    rows = connection.execute(chosen)
    return {row.evidence_id: (row.box[0], row.box[1], row.box[2], row.box[3]) for row in rows}


def _line(row: Any) -> Evidence:
    return Evidence(
        evidence_id=row.evidence_id,
        video_id=row.video_id,
        span=Span(row.start_tick, row.end_tick, Fraction(row.time_base_numerator, row.time_base_denominator)),
        channel=row.channel,
        text=row.text,
        search_text=row.search_text,
        confidence=row.confidence,
    )
