"""Which known videos have pictures like these: an index over the prints of all videos, in memory.

A print is 64 bits (blob ``frame_hashes.npz`` of stage ``frame_hashes``: ticks int64, hashes uint64, weights float16, of
which those of 1 and more count). Two prints of one picture differ in few bits, so that one of their four 16-bit bands
is mostly the same in both; that band finds the other. Prints of one moment that differ in all bands are found by their
neighbours.
"""

from __future__ import annotations

import io
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from stores.catalog import ActiveRun, Catalog
from stores.core.errors import StoreError
from stores.core.patience import patiently
from stores.core.records import StageKey
from stores.files.blobs import BlobStore

Hashes = NDArray[np.uint64]

STAGE, BLOB = "frame_hashes", "frame_hashes.npz"
EVERY_SECONDS = 2.0
"""Distance of the prints that are in the index: a look has several seconds of them to compare. Ours."""

MOST = 5_000_000
"""Prints in the index, 28 bytes each: 140 MB, for 2,800 hours of video. For 10,000 hours it would take 500 MB. The
oldest are dropped first; results of dropped videos are just not taken again."""

PASS_SECONDS = 2.0
"""How long a pass may wait at its beginning for videos to be indexed. A video takes half a millisecond from a local
disk, and as long as a request from an object store. Ours."""

LOOK_SECONDS = 0.02
"""As `PASS_SECONDS`, for each look within a pass: there is at most one each second of video. Ours."""

_CHUNK = 65_536  # prints indexed together; until there are as many, the youngest are indexed anew for each video
_COMMON = 2_048  # prints of a chunk that share a band, above which it tells nothing (a title card, a test picture)
_KEPT = 16  # videos whose prints are kept: 0.8 MB for three hours
_NAMED = 8  # ours: videos that `near` names
_CLOCKS = 60.0  # ours: seconds that clocks of committing machines may differ; what is missed waits for a restart
_SMALL = 1_000  # videos up to which every pass looks for new ones
_PAUSE = 1e-4  # seconds between looks for each video. A look reads the ledger: measured 2e-6 s a video of 14 stages


@dataclass(frozen=True, slots=True)
class KnownVideo:
    """The prints of one video: (n,) ticks int64 of ``time_base``, hashes uint64, weights float16."""

    ticks: NDArray[np.int64]
    hashes: Hashes
    weights: NDArray[np.float16]
    time_base: Fraction


@dataclass(frozen=True, slots=True)
class _Some:
    """Prints in the index of the video with that number, done at that time."""

    hashes: Hashes
    number: int
    finished_at: float


class _Chunk:
    """Some prints, each with the number of its video, ordered by each of the four bands; ``finished_at`` of the last
    of its videos."""

    def __init__(self, hashes: Hashes, videos: NDArray[np.uint32], finished_at: float) -> None:
        self.hashes, self.videos, self.finished_at = hashes, videos, finished_at
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


class _Index:
    """Prints of videos in chunks, the youngest of which is made when it is asked for. Not safe to use from threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._next = count()
        self._number_of: dict[str, int] = {}
        self._chunks: list[_Chunk] = []
        self._young: list[_Some] = []
        self._young_hashes = 0
        self._youngest: _Chunk | None = None
        self.names: dict[int, str] = {}
        self.dropped = -1.0  # what was done then or earlier has no place here any more

    def add(self, run: ActiveRun, hashes: Hashes) -> None:
        if not len(hashes):
            return
        number = next(self._next)
        self.names[number], self._number_of[run.video_id] = run.video_id, number
        for start in range(0, len(hashes), _CHUNK):
            some = hashes[start : start + _CHUNK]
            if self._young_hashes + len(some) > _CHUNK:
                self._chunks.append(self._youngest or _chunk_of(self._young))
                self._young, self._young_hashes = [], 0
                self._drop_oldest()
            self._young.append(_Some(some, number, run.finished_at))
            self._young_hashes += len(some)
            self._youngest = None

    def forget(self, video_id: str) -> None:
        if video_id in self._number_of:
            del self.names[self._number_of.pop(video_id)]

    def chunks(self) -> list[_Chunk]:
        if self._youngest is None and self._young:
            self._youngest = _chunk_of(self._young)
        return [*self._chunks, *([self._youngest] if self._youngest else [])]

    def _drop_oldest(self) -> None:
        while self._chunks and sum(len(chunk.hashes) for chunk in self._chunks) + _CHUNK > self._most:
            oldest = min(self._chunks, key=lambda chunk: chunk.finished_at)
            self._chunks.remove(oldest)
            self.dropped = max(self.dropped, oldest.finished_at)


class KnownFrameHashes:
    """The prints of a library's videos. One for a process: `of` brings it up to date; safe to use from threads.

    What is new is listed by the time it was done, and indexed for a short while at a time, the youngest first: in a
    large library the first passes of a process know its youngest videos only.
    """

    def __init__(self, catalog: Catalog, blobs: BlobStore, most: int = MOST) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[StageKey, KnownVideo] = OrderedDict()
        self._fingerprint = ""
        self._revision, self._newest, self._next_look = -1, 0.0, 0.0
        self._listed: dict[str, float] = {}
        self._waiting: list[ActiveRun] = []  # by time; the youngest last
        self._index = _Index(most)

    def of(self, video_id: str, fingerprints: Mapping[str, str]) -> KnownFor:
        """What there is for a pass over ``video_id``: other videos done with these fingerprints.

        Args:
            fingerprints: by stage; that of ``frame_hashes`` must be among them.
        """
        self._list(fingerprints[STAGE])
        self.index(fingerprints[STAGE], PASS_SECONDS)
        return KnownFor(self, video_id, dict(fingerprints))

    def index(self, fingerprint: str, seconds: float) -> None:
        """Indexes what is listed, for about so many seconds; nothing if prints with another fingerprint are wanted."""
        end = time.monotonic() + seconds
        while self._waiting:
            with self._lock:
                if fingerprint != self._fingerprint or not self._waiting:
                    return
                run = self._waiting.pop()
                if run.finished_at <= self._index.dropped:
                    self._waiting.clear()
                    return
                if self._listed.get(run.video_id) != run.finished_at:
                    continue
            # Read without the lock: passes that begin together share the work, and none waits for another's reads.
            chosen = self._chosen(run, fingerprint)
            with self._lock:
                if fingerprint == self._fingerprint and self._listed.get(run.video_id) == run.finished_at:
                    self._index.add(run, chosen)
            if time.monotonic() >= end:
                return

    def near(self, hashes: Hashes, bits: int) -> Counter[str]:
        """How many pairs of near prints each video has with these."""
        with self._lock:
            chunks, names = self._index.chunks(), self._index.names
        found: Counter[str] = Counter()
        for chunk in chunks:
            numbers, times = np.unique(chunk.near(hashes, bits), return_counts=True)
            for number, pairs in zip(numbers.tolist(), times.tolist(), strict=True):
                name = names.get(number)
                if name is not None:
                    found[name] += pairs
        return found

    def alike(self, video_ids: Sequence[str], fingerprints: Mapping[str, str]) -> dict[str, frozenset[str]]:
        """The stages that each of these few videos has done with the wanted fingerprints, as of now."""
        active = patiently(lambda: self._catalog.active_of(video_ids))
        return {
            video_id: frozenset(
                stage for stage, wanted in fingerprints.items() if active.get((video_id, stage)) == wanted
            )
            for video_id in video_ids
        }

    def video(self, video_id: str, fingerprint: str) -> KnownVideo | None:
        """The prints of one video; None if they are gone."""
        key = StageKey(video_id, STAGE, fingerprint)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        arrays = self._arrays(key)
        video = patiently(lambda: self._catalog.video(video_id))
        if arrays is None or video is None:
            return None
        known = KnownVideo(*arrays, video.time_base)
        with self._lock:
            self._kept[key] = known
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return known

    def blob(self, key: StageKey, name: str) -> bytes | None:
        """The bytes of a blob; None if it cannot be had: this is a shortcut, and nobody fails for want of one."""
        try:
            return self._blobs.get(key, name)
        except StoreError:
            return None

    def _begin(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        self._revision, self._newest, self._next_look = -1, 0.0, 0.0
        self._listed, self._waiting, self._index = {}, [], _Index(self._most)
        self._kept.clear()

    def _list(self, fingerprint: str) -> None:
        """Lists what was done since the last look, in two queries whatever the library's size."""
        revision = patiently(self._catalog.revision)
        with self._lock:
            if fingerprint != self._fingerprint:
                self._begin(fingerprint)
            now = time.monotonic()
            if revision == self._revision or now < self._next_look:
                return
            if len(self._listed) > _SMALL:
                self._next_look = now + _PAUSE * len(self._listed)
            since = min(self._newest, time.time()) - _CLOCKS
        runs = patiently(lambda: self._catalog.active_since(STAGE, fingerprint, since))
        with self._lock:
            if fingerprint != self._fingerprint:
                return
            self._revision = revision
            fresh = [run for run in runs if self._listed.get(run.video_id) != run.finished_at]
            for run in fresh:
                # Done again, as after another probe: what is known of it is out of date.
                self._index.forget(run.video_id)
                self._kept.pop(StageKey(run.video_id, STAGE, fingerprint), None)
                self._listed[run.video_id] = run.finished_at
                self._newest = max(self._newest, run.finished_at)
            if fresh:
                self._waiting += fresh
                self._waiting.sort(key=lambda run: run.finished_at)

    def _chosen(self, run: ActiveRun, fingerprint: str) -> Hashes:
        """The prints of a video that go into the index; none if its blob is gone."""
        arrays = self._arrays(StageKey(run.video_id, STAGE, fingerprint))
        if arrays is None:
            return np.empty(0, np.uint64)
        ticks, hashes, weights = arrays
        solid = weights >= 1
        slots = np.floor(ticks[solid] * float(run.time_base) / EVERY_SECONDS)
        chosen: Hashes = hashes[solid][np.unique(slots, return_index=True)[1]]
        return chosen

    def _arrays(self, key: StageKey) -> tuple[NDArray[np.int64], Hashes, NDArray[np.float16]] | None:
        data = self.blob(key, BLOB)
        if data is None:
            return None
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                return file["ticks"], file["hashes"], file["weights"]
        except (ValueError, KeyError, EOFError, BadZipFile):
            # damaged: that is its own video's trouble (`stores.maintenance.verify`), not of the one that looks for it
            return None


class KnownFor:
    """`KnownFrameHashes` for one pass: without the video itself, and only what was done with the wanted fingerprints.

    How a video stands is asked when it is named first, and holds for the pass.
    """

    def __init__(self, known: KnownFrameHashes, video_id: str, fingerprints: Mapping[str, str]) -> None:
        self._known = known
        self._video_id = video_id
        self._fingerprints = fingerprints
        self._alike: dict[str, frozenset[str]] = {video_id: frozenset()}

    def near(self, hashes: Hashes, bits: int) -> list[str]:
        """Ids of videos that have some of these prints, to ``bits`` bits; those with most of them first."""
        self._known.index(self._fingerprints[STAGE], LOOK_SECONDS)
        found = sorted((-pairs, name) for name, pairs in self._known.near(hashes, bits).items())
        named: list[str] = []
        for first in range(0, len(found), _NAMED):
            some = [name for _, name in found[first : first + _NAMED]]
            self._ask(some)
            named += [name for name in some if STAGE in self._alike[name]]
            if len(named) >= _NAMED:
                break
        return named[:_NAMED]

    def video(self, video_id: str) -> KnownVideo | None:
        """The prints of one of them; None if they are gone."""
        self._ask([video_id])
        return self._known.video(video_id, self._fingerprints[STAGE]) if STAGE in self._alike[video_id] else None

    def blob(self, video_id: str, stage: str, name: str) -> bytes | None:
        """What a stage left of it; None if it is not done with the fingerprint that is wanted, or gone."""
        self._ask([video_id])
        if stage not in self._alike[video_id]:
            return None
        return self._known.blob(StageKey(video_id, stage, self._fingerprints[stage]), name)

    def _ask(self, video_ids: Sequence[str]) -> None:
        unknown = [video_id for video_id in video_ids if video_id not in self._alike]
        if unknown:
            self._alike |= self._known.alike(unknown, self._fingerprints)


def _bands(hashes: Hashes) -> NDArray[np.uint16]:
    return hashes.view(np.uint16).reshape(-1, 4)


def _chunk_of(some: list[_Some]) -> _Chunk:
    videos = [np.full(len(one.hashes), one.number, np.uint32) for one in some]
    hashes = np.concatenate([one.hashes for one in some])
    return _Chunk(hashes, np.concatenate(videos), max(one.finished_at for one in some))
