"""Which known videos have pictures like these: an index over the prints of all videos, in memory.

A print is 64 bits (blob ``prints.npz`` of stage ``prints``: ticks int64, hashes uint64, weights float16, of which
those of 1 and more count). Two prints of one picture differ in few bits, so that one of their four 16-bit bands is
mostly the same in both; that band finds the other. Prints of one moment that differ in all bands are found by their
neighbours.
"""

from __future__ import annotations

import io
import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

import numpy as np
from numpy.typing import NDArray

from stores.blobs import BlobStore
from stores.catalog import Catalog
from stores.errors import StoreError
from stores.patience import patiently
from stores.records import StageKey

Hashes = NDArray[np.uint64]

STAGE, BLOB = "prints", "prints.npz"
EVERY_SECONDS = 2.0
"""Distance of the prints that are in the index: a look has several seconds of them to compare. Ours."""

MOST = 5_000_000
"""Prints in the index, 28 bytes each: 140 MB, for 2,800 hours of video. For 10,000 hours it would take 500 MB. What
was loaded first is forgotten first; results of forgotten videos are just not taken again."""

_CHUNK = 65_536  # prints indexed together; until there are as many, the youngest are indexed anew for each video
_COMMON = 2_048  # prints of a chunk that share a band, above which it tells nothing (a title card, a test picture)
_KEPT = 16  # videos whose prints are kept: 0.8 MB for three hours
_NAMED = 8  # ours: videos that `near` names


@dataclass(frozen=True, slots=True)
class KnownVideo:
    """The prints of one video: (n,) ticks int64 of ``time_base``, hashes uint64, weights float16."""

    ticks: NDArray[np.int64]
    hashes: Hashes
    weights: NDArray[np.float16]
    time_base: Fraction


class _Chunk:
    """Some prints, each with the number of its video, ordered by each of the four bands."""

    def __init__(self, hashes: Hashes, videos: NDArray[np.uint32]) -> None:
        self.hashes, self.videos = hashes, videos
        bands = _bands(hashes)
        self._order = [np.argsort(bands[:, band], kind="stable").astype(np.uint16) for band in range(4)]
        self._sorted = [bands[order, band] for band, order in enumerate(self._order)]

    def near(self, wanted: Hashes, bits: int) -> NDArray[np.uint32]:
        """Numbers of videos, one for each pair of prints that share a band and differ in at most ``bits`` bits."""
        found: list[NDArray[np.uint32]] = []
        bands = _bands(wanted)
        for band in range(4):
            first = np.searchsorted(self._sorted[band], bands[:, band], "left")
            last = np.searchsorted(self._sorted[band], bands[:, band], "right")
            counts = np.where(last - first <= _COMMON, last - first, 0)
            if not counts.any():
                continue
            # All places from first to last, for each wanted print one range after the other.
            before = np.cumsum(counts) - counts
            rows = self._order[band][np.repeat(first - before, counts) + np.arange(counts.sum())]
            near = np.bitwise_count(np.bitwise_xor(self.hashes[rows], np.repeat(wanted, counts))) <= bits
            found.append(self.videos[rows[near]])
        return np.concatenate(found) if found else np.empty(0, np.uint32)


class KnownPrints:
    """The prints of a library's videos. One for a process: `of` brings it up to date; safe to use from threads."""

    def __init__(self, catalog: Catalog, blobs: BlobStore, most: int = MOST) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._most = most
        self._lock = threading.Lock()
        self._numbers = count()
        self._fingerprint = ""
        self._names: dict[int, str] = {}
        self._loaded: set[str] = set()
        self._chunks: list[_Chunk] = []
        self._young: list[tuple[Hashes, int]] = []
        self._youngest: _Chunk | None = None
        self._kept: OrderedDict[str, KnownVideo] = OrderedDict()

    def of(self, video_id: str, fingerprints: Mapping[str, str]) -> KnownFor:
        """What there is for a pass over ``video_id``: other videos done with these fingerprints, as of now.

        Args:
            fingerprints: by stage; that of ``prints`` must be among them.
        """
        active = patiently(self._catalog.active)
        wanted = fingerprints[STAGE]
        with self._lock:
            if wanted != self._fingerprint:
                self._forget()
                self._fingerprint = wanted
            for (known, stage), fingerprint in active.items():
                if stage == STAGE and fingerprint == wanted and known not in self._loaded:
                    self._load(known)
        return KnownFor(self, video_id, dict(fingerprints), active)

    def near(self, hashes: Hashes, bits: int) -> Counter[str]:
        """How many pairs of near prints each video has with these."""
        with self._lock:
            if self._youngest is None and self._young:
                self._youngest = _chunk_of(self._young)
            chunks = [*self._chunks, *([self._youngest] if self._youngest else [])]
            names = self._names
        found: Counter[str] = Counter()
        for chunk in chunks:
            numbers, times = np.unique(chunk.near(hashes, bits), return_counts=True)
            for number, time in zip(numbers.tolist(), times.tolist(), strict=True):
                found[names[number]] += time
        return found

    def video(self, video_id: str, fingerprint: str) -> KnownVideo | None:
        """The prints of one video; None if they are gone."""
        with self._lock:
            if video_id in self._kept:
                self._kept.move_to_end(video_id)
                return self._kept[video_id]
        known = self._read(video_id, fingerprint)
        if known is not None:
            with self._lock:
                self._kept[video_id] = known
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return known

    def blob(self, key: StageKey, name: str) -> bytes | None:
        """The bytes of a blob; None if it cannot be had: this is a shortcut, and nobody fails for want of one."""
        try:
            return self._blobs.get(key, name)
        except StoreError:
            return None

    def _forget(self) -> None:
        self._names, self._loaded, self._chunks, self._young, self._youngest = {}, set(), [], [], None
        self._kept.clear()

    def _load(self, video_id: str) -> None:
        self._loaded.add(video_id)
        known = self._read(video_id, self._fingerprint)
        if known is None:
            return
        solid = known.weights >= 1
        ticks, hashes = known.ticks[solid], known.hashes[solid]
        slots = np.floor(ticks * float(known.time_base) / EVERY_SECONDS)
        chosen = hashes[np.unique(slots, return_index=True)[1]]
        number = next(self._numbers)
        self._names[number] = video_id
        for start in range(0, len(chosen), _CHUNK):
            self._add(chosen[start : start + _CHUNK], number)

    def _add(self, hashes: Hashes, number: int) -> None:
        if sum(len(one) for one, _ in self._young) + len(hashes) > _CHUNK:
            self._chunks.append(self._youngest or _chunk_of(self._young))
            self._young = []
            while self._chunks and sum(len(chunk.hashes) for chunk in self._chunks) + _CHUNK > self._most:
                del self._chunks[0]
        self._young.append((hashes, number))
        self._youngest = None

    def _read(self, video_id: str, fingerprint: str) -> KnownVideo | None:
        data = self.blob(StageKey(video_id, STAGE, fingerprint), BLOB)
        video = patiently(lambda: self._catalog.video(video_id))
        if data is None or video is None:
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return KnownVideo(file["ticks"], file["hashes"], file["weights"], video.time_base)


class KnownFor:
    """`KnownPrints` for one pass: without the video itself, and only what was done with the wanted fingerprints."""

    def __init__(
        self, known: KnownPrints, video_id: str, fingerprints: Mapping[str, str], active: Mapping[tuple[str, str], str]
    ) -> None:
        self._known = known
        self._video_id = video_id
        self._fingerprints = fingerprints
        self._active = active

    def near(self, hashes: Hashes, bits: int) -> list[str]:
        """Ids of videos that have some of these prints, to ``bits`` bits; those with most of them first."""
        found = [(-times, name) for name, times in self._known.near(hashes, bits).items() if self._may(name, STAGE)]
        return [name for _, name in sorted(found)[:_NAMED]]

    def video(self, video_id: str) -> KnownVideo | None:
        """The prints of one of them; None if they are gone."""
        return self._known.video(video_id, self._fingerprints[STAGE]) if self._may(video_id, STAGE) else None

    def blob(self, video_id: str, stage: str, name: str) -> bytes | None:
        """What a stage left of it; None if it is not done with the fingerprint that is wanted, or gone."""
        if not self._may(video_id, stage):
            return None
        return self._known.blob(StageKey(video_id, stage, self._fingerprints[stage]), name)

    def _may(self, video_id: str, stage: str) -> bool:
        wanted = self._fingerprints.get(stage)
        return video_id != self._video_id and wanted is not None and self._active.get((video_id, stage)) == wanted


def _bands(hashes: Hashes) -> NDArray[np.uint16]:
    return hashes.view(np.uint16).reshape(-1, 4)


def _chunk_of(owned: list[tuple[Hashes, int]]) -> _Chunk:
    videos = [np.full(len(hashes), owner, np.uint32) for hashes, owner in owned]
    return _Chunk(np.concatenate([hashes for hashes, _ in owned]), np.concatenate(videos))
