"""Twins: moments that show the same pictures, so that a list of results need not tell the same thing twice.

Pictures decide, and where they hardly move, what is said decides with them: a lecture's slides or two camera angles
look the same all the time, and say different things.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from itertools import pairwise

from encoders.frame_hashes import MOVING, Alignment, Prints, aligned, unpacked
from stores.core.errors import StoreError
from stores.core.records import Evidence, Span
from stores.library_store import LibraryStore
from stores.text_keys import CJK, search_key

SAME = 0.5
"""Share of the prints of the shorter moment from which it shows what the other does: more of it than not. Measured on
stretches of 6 s of the videos of `encoders.frame_hashes.NEAR`: copies 0.82 to 1 in 19 of 20 cases (0.5 for bars above
and below, 0.6 for clipped white), other videos at most 0.17; of 3 s: 0.33."""

SAID_AGAIN = 0.5
"""Share of the shorter moment's pairs of words that the other has, too: recognition of a copy errs in some words,
different sentences share next to none. Ours."""

_KEPT = 64  # videos whose prints are kept in memory: at most 0.8 MB each
_TOKEN = re.compile(f"[{CJK}]|(?:(?![{CJK}])[^\\W_])+")

Place = tuple[str, Span]


class Twins:
    """Tells twins among moments of one library. What it read is forgotten when something is committed."""

    def __init__(self, store: LibraryStore) -> None:
        self._store = store
        self._active: Mapping[tuple[str, str], str] = {}
        self._prints: OrderedDict[str, Prints | None] = OrderedDict()
        self._speech: dict[str, list[Evidence]] = {}

    def refresh(self) -> None:
        """Follow what was committed since; to be called before each list of results."""
        active = self._store.catalog.active()
        if active is not self._active:
            self._active = active
            self._prints.clear()
            self._speech.clear()

    def same(self, one: Place, other: Place) -> bool:
        """Whether two moments, each a video id and a span, show the same; False where there are no prints to tell."""
        stretches = [(place, self._stretch(place)) for place in (one, other)]
        (place, short), (place_there, long) = sorted(stretches, key=lambda pair: len(pair[1]) if pair[1] else 0)
        if short is None or long is None:
            return False
        found = aligned(short, long)
        if found is None or found.share < SAME:
            return False
        return found.variety >= MOVING or self._says_the_same(place, place_there, found)

    def _stretch(self, place: Place) -> Prints | None:
        video_id, span = place
        if (video_id, "prints") not in self._active:
            return None
        if video_id not in self._prints:
            self._prints[video_id] = self._read(video_id)
            if len(self._prints) > _KEPT:
                self._prints.popitem(last=False)
        prints = self._prints[video_id]
        return prints.between(*span.seconds).solid if prints is not None else None

    def _read(self, video_id: str) -> Prints | None:
        memory = self._store.memory(video_id)
        video = memory.video
        try:
            return unpacked(memory.blob("prints", "prints.npz"), video.time_base) if video is not None else None
        except (KeyError, StoreError):
            # Replaced, lost or out of reach at this moment: the results are worth showing, twins and all.
            return None

    def _says_the_same(self, one: Place, other: Place, found: Alignment) -> bool:
        """Whether what is said in the stretch that both show is the same; silence is, unless it is one video's own."""
        start, end = one[1].seconds
        there = other[1].seconds
        start, end = max(start, there[0] - found.offset), min(end, there[1] - found.offset)
        here = _pairs(self._said(one[0], start, end))
        again = _pairs(self._said(other[0], start + found.offset, end + found.offset))
        if not here and not again:
            return one[0] != other[0]
        fewer = min(len(here), len(again))
        return fewer > 0 and len(here & again) >= SAID_AGAIN * fewer

    def _said(self, video_id: str, start: float, end: float) -> str:
        if video_id not in self._speech:
            self._speech[video_id] = self._store.catalog.evidence_of(video_id, "speech")
        lines = (line for line in self._speech[video_id] if _middle(line.span) >= start and _middle(line.span) < end)
        return " ".join(line.text for line in lines)


def _middle(span: Span) -> float:
    return sum(span.seconds) / 2


def _pairs(text: str) -> set[tuple[str, str]]:
    words = _TOKEN.findall(search_key(text))
    return set(pairwise(words)) if len(words) > 1 else {(word, "") for word in words}
