"""The order in which videos are listed: by their first place."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal, select

from stores.sql.tables import LocationRow, VideoRow

_OF_VIDEO = select(func.min(LocationRow.uri)).where(LocationRow.video_id == VideoRow.video_id)

FIRST_PLACE: Any = func.coalesce(
    _OF_VIDEO.where(~LocationRow.missing).correlate(VideoRow).scalar_subquery(),
    _OF_VIDEO.correlate(VideoRow).scalar_subquery(),
    literal(" ") + VideoRow.video_id,
)
"""Of a row of ``videos`` the uri that is listed first, those still there before others; what lies nowhere comes before
all others, by id."""
