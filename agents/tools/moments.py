"""Looking for moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agents.evidence import is_background
from agents.search.finder import Found, Moment
from agents.tools.arguments import SearchMoments, SimilarMoments
from stores.core.records import CHANNELS, Channel, Evidence, Span
from stores.library_store import LibraryStore

MOST_READ = 200
"""Lines read of one moment."""

LONGEST_TEXT = 300
"""Characters of one text in a result: a whole page on screen is not needed to judge what was found."""

LINES_OF_A_MOMENT = 6
"""Lines cited with each moment: enough to say why it was found. Ours."""

_TOLD: tuple[Channel, ...] = tuple(channel for channel in CHANNELS if channel != "format")


Search = Callable[[str, int, Sequence[str] | None], Found]


def find_moments(search: Search, asked: SearchMoments, video_ids: Sequence[str] | None) -> Found:
    """Search, and keep the moments on the channels and in the stretch that were asked for.

    Raises:
        UsageError, WeightsError: as `Finder.search`.
    """
    narrowed = bool(asked.channels) or asked.start is not None or asked.end is not None
    found = search(asked.query, max(asked.k, 4 * asked.k if narrowed else 0), video_ids)
    kept = tuple(one for one in found.moments if _wanted(one, asked))[: asked.k]
    return Found(found.query, found.verdict if kept else "no_match", found.index, kept)


def _wanted(moment: Moment, asked: SearchMoments) -> bool:
    start, end = moment.span.seconds
    if asked.channels and not set(asked.channels) & set(moment.channels):
        return False
    return (asked.start is None or end > asked.start) and (asked.end is None or start < asked.end)


def lines_of(store: LibraryStore, moment: Moment) -> list[Evidence]:
    """The lines of a moment that its channels rest on, the most telling first."""
    there = [
        line
        for line in store.catalog.evidence_during(moment.video_id, moment.span, _TOLD, MOST_READ)
        if not is_background(line)
    ]
    worth = dict(moment.channels)
    return sorted(there, key=lambda line: (line.text != moment.text, -worth.get(line.channel, 0.0), -line.confidence))[
        :LINES_OF_A_MOMENT
    ]


def short(text: str) -> str:
    """A text cut to `LONGEST_TEXT`."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def moment_row(moment: Moment, name: str) -> dict[str, Any]:
    """A moment as JSON values; times in seconds."""
    start, end = moment.span.seconds
    return {
        "video_id": moment.video_id,
        "name": name,
        "start": round(start, 3),
        "end": round(end, 3),
        "score": round(moment.score, 3),
        "text": short(moment.text),
        "channels": sorted(moment.channels, key=lambda channel: -moment.channels[channel]),
    }


def words_of_moment(store: LibraryStore, asked: SimilarMoments, video_id: str) -> str:
    """What a moment shows, in the words of its strongest labels: a query for the like of it; "" if nothing is known."""
    video = store.catalog.video(video_id)
    if video is None:
        return ""
    span = Span.from_seconds(asked.at, asked.at + 0.001, video.time_base)
    seen = [
        line
        for line in store.catalog.evidence_during(video_id, span, ("caption", "picture", "object"), MOST_READ)
        if not is_background(line)
    ]
    strongest = sorted(seen, key=lambda line: (line.channel != "caption", -line.confidence))
    return ", ".join(dict.fromkeys(line.text for line in strongest[:3]))
