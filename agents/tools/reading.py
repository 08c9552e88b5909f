"""Reading lines of one video without reading all of a long one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agents.evidence import is_background
from agents.words import Term, coverage
from stores.core.records import Channel, Evidence, Span, Video
from stores.library_store import LibraryStore

MOST_READ = 1000
"""Lines of one video that one look-up reads at most. Ours: some twenty minutes of speech and what was seen with it."""

STRETCHES = 20
"""Places of a video with more lines than that which are read instead of all of it."""


def lines_between(
    store: LibraryStore, video_id: str, start: float, end: float | None, channels: Sequence[Channel]
) -> list[Evidence]:
    """The lines of a stretch, in seconds, by time; the first `MOST_READ` of them. ``end``: None for the video's."""
    video = store.catalog.video(video_id)
    if video is None:
        return []
    last = _end(video) if end is None else end
    span = Span.from_seconds(max(0.0, start), max(0.0, last), video.time_base)
    return _telling(store.catalog.evidence_during(video_id, span, channels, MOST_READ))


def lines_throughout(store: LibraryStore, video_id: str, channels: Sequence[Channel]) -> list[Evidence]:
    """The lines of a video by time: all of them if they are not too many, else those at places spread over it."""
    video = store.catalog.video(video_id)
    if video is None:
        return []
    whole = Span(0, max(1, video.duration), video.time_base)
    lines = store.catalog.evidence_during(video_id, whole, channels, MOST_READ)
    if len(lines) < MOST_READ:
        return _telling(lines)
    step = -(-whole.end // STRETCHES)
    found: dict[str, Evidence] = {}
    for start in range(0, whole.end, step):
        span = Span(start, start + step, video.time_base)
        some = store.catalog.evidence_during(video_id, span, channels, MOST_READ // STRETCHES)
        found |= {line.evidence_id: line for line in some}
    return sorted(_telling(found.values()), key=lambda line: (line.span.start, line.evidence_id))


def lines_saying(
    store: LibraryStore, video_id: str, words: Sequence[Term], channels: Sequence[Channel], most: int
) -> list[Evidence]:
    """The lines of a video that have at least one of some words, those that say most of them first."""
    text = " ".join(word.text for word in words)
    hits = store.fulltext.search(text, most, video_ids=[video_id], channels=channels)
    lines = store.catalog.evidence([hit.evidence_id for hit in hits])
    return [line for line in lines.values() if coverage(words, line.search_text) > 0 or coverage(words, line.text) > 0]


def _end(video: Video) -> float:
    return Span(0, max(1, video.duration), video.time_base).seconds[1]


def _telling(lines: Iterable[Evidence]) -> list[Evidence]:
    return [line for line in lines if not is_background(line)]
