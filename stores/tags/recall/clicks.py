"""Which searches led to which videos: imported, or this library's own log. It stays in the library.

Only how often is kept, never who searched. Nothing is logged for who may not see the whole library: what they look for
must not show in what others see (`kinodex.usecases.behaviour`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from stores.core.text_keys import search_key
from stores.sql.among import among, among_listed, listed
from stores.sql.database import reading, writing
from stores.sql.tables import VideoRow
from stores.tags.recall.tables import ClickRow

Origin = Literal["import", "log"]

MOST_QUERIES = 50
"""Searches of one video that are read, the most frequent ones: the rest are one each."""

LONGEST = 200
"""Characters of a search that are kept. Source: our choice; a longer one is a text, and no name of anything."""


class Clicks(NamedTuple):
    """A search that led to a video, so often."""

    query: str
    clicks: int


class ClickStore:
    """Owner of the table of searches that led to videos."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, clicks: Iterable[tuple[str, str, int]], origin: Origin) -> int:
        """Adds to the counts; returns how many were added. What is empty, not positive, or of a video that is not there
        counts nothing.

        Args:
            clicks: (search, video id, how often) each.
        """
        counts: dict[tuple[str, str], int] = {}
        written: dict[tuple[str, str], str] = {}
        for query, video_id, often in clicks:
            text = " ".join(query.split())[:LONGEST]
            key = (video_id, search_key(text).strip())
            if key[1] and often > 0:
                counts[key] = counts.get(key, 0) + often
                written[key] = text
        named = sorted({video_id for video_id, _ in counts})
        with writing(self._engine) as connection:
            there = set(
                connection.execute(
                    select(VideoRow.video_id).where(among(self._engine, VideoRow.video_id, named))
                ).scalars()
            )
            counts = {key: often for key, often in counts.items() if key[0] in there}
            for key, often in counts.items():
                _count(connection, key, written[key], often, origin)
        return sum(counts.values())

    def of_videos(self, video_ids: Collection[str]) -> dict[str, list[Clicks]]:
        """The searches that led to each of some videos, the most frequent first; a video without any is absent."""
        chosen = _of_videos(self._engine.dialect.name)
        found: defaultdict[str, list[Clicks]] = defaultdict(list)
        with reading(self._engine) as connection:
            for video_id, query, clicks in connection.execute(chosen, {"chosen_ids": listed(video_ids)}):
                if len(found[video_id]) < MOST_QUERIES:
                    found[video_id].append(Clicks(query, int(clicks)))
        return dict(found)

    def videos_for(self, names: Sequence[str], limit: int) -> list[str]:
        """Videos to which a search with one of some names in it led, the most clicked first; at most ``limit``."""
        row, often = ClickRow, func.sum(ClickRow.clicks)
        best: defaultdict[str, int] = defaultdict(int)
        with reading(self._engine) as connection:
            for key in dict.fromkeys(search_key(name).strip() for name in names):
                if len(key) > 1:
                    some = select(row.video_id, often).where(row.folded.contains(key, autoescape=True))
                    some = some.group_by(row.video_id).order_by(often.desc(), row.video_id).limit(limit)
                    for video_id, clicks in connection.execute(some):
                        best[video_id] += int(clicks)
        return sorted(best, key=lambda one: (-best[one], one))[:limit]

    def count(self) -> dict[str, int]:
        """How many clicks are kept, by origin."""
        chosen = select(ClickRow.origin, func.sum(ClickRow.clicks)).group_by(ClickRow.origin)
        with reading(self._engine) as connection:
            return {origin: int(clicks) for origin, clicks in connection.execute(chosen)}

    def clear(self, origin: Origin | None = None) -> int:
        """Forgets searches (None: of both origins); returns how many rows there were."""
        gone: Any = delete(ClickRow)
        with writing(self._engine) as connection:
            return int(connection.execute(gone if origin is None else gone.where(ClickRow.origin == origin)).rowcount)


@cache
def _of_videos(dialect: str) -> Any:
    row, often = ClickRow, func.sum(ClickRow.clicks)
    chosen = select(row.video_id, func.max(row.query), often).where(among_listed(dialect, row.video_id))
    return chosen.group_by(row.video_id, row.folded).order_by(row.video_id, often.desc(), row.folded)


def _count(connection: Connection, key: tuple[str, str], query: str, often: int, origin: Origin) -> None:
    video_id, folded = key
    row, now = ClickRow, time.time()
    here = (row.video_id == video_id) & (row.folded == folded) & (row.origin == origin)
    more = update(row).where(here).values(clicks=row.clicks + often, last_at=now, query=query)
    if not connection.execute(more).rowcount:
        place = {"video_id": video_id, "folded": folded, "origin": origin}
        connection.execute(insert(row).values(**place, query=query, clicks=often, last_at=now))
