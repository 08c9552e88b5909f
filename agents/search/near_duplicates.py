"""Near-duplicates: moments that show the same pictures, which a list of results should not show twice.

Pictures decide. If they hardly move, speech decides as well: the slides of a lecture look the same for minutes while
different things are said.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

from encoders.frame_hashes import MOVING, Alignment, FrameHashes, aligned, unpacked
from stores.core.archives import UNREADABLE
from stores.core.errors import StoreError
from stores.core.records import Evidence, Span
from stores.core.text_keys import CJK, search_key
from stores.library_store import LibraryStore

SAME = 0.5
"""Share of the shorter moment's frame hashes that must match for a near-duplicate: more than not. Measured on
stretches of 6 s of the videos of `encoders.frame_hashes.NEAR`: copies 0.82 to 1 in 19 of 20 cases (0.5 for bars above
and below, 0.6 for clipped white), other videos at most 0.17; of 3 s: 0.33."""

SAID_AGAIN = 0.5
"""Share of the shorter transcript's word pairs that the other must have: transcripts of a copy differ in some words,
different sentences share almost none. Ours."""

_KEPT = 64  # videos whose frame hashes are kept in memory: at most 0.8 MB each
RETRY_SECONDS = 10.0
"""For so long frame hashes that could not be read are not asked for again: a search compares them up to a hundred
times, and several searches come one after the other. Ours."""

_STAGES = ("frame_hashes", "speech")
_Read = TypeVar("_Read")
_TOKEN = re.compile(f"[{CJK}]|(?:(?![{CJK}])[^\\W_])+")

Place = tuple[str, Span]


class NearDuplicates:
    """Finds near-duplicates among moments of one library. Thread-safe.

    Caches what it read of the videos used last, by the fingerprint of the stage run.
    """

    def __init__(self, store: LibraryStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._frame_hashes: OrderedDict[tuple[str, str], FrameHashes] = OrderedDict()
        self._speech: OrderedDict[tuple[str, str], list[Evidence]] = OrderedDict()
        self._failed: dict[tuple[str, str], float] = {}  # when they can be asked for again

    def among(self, video_ids: Iterable[str]) -> Comparison:
        """A comparison of moments of these videos (and others) for one list of results, as they are now."""
        return Comparison(self, list(dict.fromkeys(video_ids)))

    def fingerprints(self, video_ids: Sequence[str]) -> dict[tuple[str, str], str]:
        """The active run by (video id, stage), for the stages that near-duplicates are found by."""
        return self._store.catalog.active_of(video_ids, _STAGES)

    def frame_hashes(self, video_id: str, fingerprint: str) -> FrameHashes | None:
        """The frame hashes of a video; None if they cannot be read."""
        return self._kept(self._frame_hashes, (video_id, fingerprint), self._read)

    def speech(self, video_id: str, fingerprint: str) -> list[Evidence]:
        """What is said in a video."""
        return self._kept(self._speech, (video_id, fingerprint), self._read_speech) or []

    def _kept(
        self, memory: OrderedDict[tuple[str, str], _Read], key: tuple[str, str], read: Callable[[str], _Read | None]
    ) -> _Read | None:
        with self._lock:
            if key in memory:
                memory.move_to_end(key)
                return memory[key]
            if time.monotonic() < self._failed.get(key, 0.0):
                return None
        found = read(key[0])
        with self._lock:
            if found is None:
                now = time.monotonic()
                self._failed = {one: again for one, again in self._failed.items() if again > now}
                self._failed[key] = now + RETRY_SECONDS
                return None
            memory[key] = found
            while len(memory) > _KEPT:
                memory.popitem(last=False)
        return found

    def _read(self, video_id: str) -> FrameHashes | None:
        memory = self._store.memory(video_id)
        video = memory.video
        try:
            return (
                unpacked(memory.blob("frame_hashes", "frame_hashes.npz"), video.time_base)
                if video is not None
                else None
            )
        except (StoreError, *UNREADABLE):
            # Replaced, damaged, lost or out of reach right now: the results are worth showing with their duplicates.
            return None

    def _read_speech(self, video_id: str) -> list[Evidence]:
        return self._store.catalog.evidence_of(video_id, "speech")


class Comparison:
    """Compares the moments of one list of results."""

    def __init__(self, near_duplicates: NearDuplicates, video_ids: Sequence[str]) -> None:
        self._near_duplicates = near_duplicates
        self._known = set(video_ids)
        self._runs = near_duplicates.fingerprints(video_ids)
        self._stretches: dict[Place, FrameHashes | None] = {}

    def same(self, one: Place, other: Place) -> bool:
        """Whether two moments, each a video id and a span, show the same; False if frame hashes are missing."""
        stretches = [(place, self._stretch(place)) for place in (one, other)]
        (place, short), (place_there, long) = sorted(stretches, key=lambda pair: len(pair[1]) if pair[1] else 0)
        if short is None or long is None:
            return False
        found = aligned(short, long)
        if found is None or found.share < SAME:
            return False
        return found.variety >= MOVING or self._says_the_same(place, place_there, found)

    def _run(self, video_id: str, stage: str) -> str | None:
        if video_id not in self._known:
            self._known.add(video_id)
            self._runs |= self._near_duplicates.fingerprints([video_id])
        return self._runs.get((video_id, stage))

    def _stretch(self, place: Place) -> FrameHashes | None:
        if place not in self._stretches:
            self._stretches[place] = self._cut(place)
        return self._stretches[place]

    def _cut(self, place: Place) -> FrameHashes | None:
        video_id, span = place
        fingerprint = self._run(video_id, "frame_hashes")
        frame_hashes = self._near_duplicates.frame_hashes(video_id, fingerprint) if fingerprint is not None else None
        return frame_hashes.between(*span.seconds).solid if frame_hashes is not None else None

    def _says_the_same(self, one: Place, other: Place, found: Alignment) -> bool:
        """Whether the same is said in the stretch that both show. Silence is the same in different videos only."""
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
        fingerprint = self._run(video_id, "speech")
        if fingerprint is None:
            return ""
        said = self._near_duplicates.speech(video_id, fingerprint)
        lines = (line for line in said if _middle(line.span) >= start and _middle(line.span) < end)
        return " ".join(line.text for line in lines)


def _middle(span: Span) -> float:
    return sum(span.seconds) / 2


def _pairs(text: str) -> set[tuple[str, str]]:
    words = _TOKEN.findall(search_key(text))
    return set(pairwise(words)) if len(words) > 1 else {(word, "") for word in words}
