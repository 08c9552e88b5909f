"""Which known videos have pictures like these: the hashes of all videos, looked up in a file.

A frame hash is 64 bits (blob ``frame_hashes.npz`` of stage ``frame_hashes``: ticks int64, hashes uint64, weights
float16, of which those of 1 and more count). Two hashes of one picture differ in few bits, so that one of their four
16-bit bands is mostly the same in both; that band finds the other. Hashes of one moment that differ in all bands are
found by their neighbours.

The file (`stores.files.frame_hash_file`) lies in the library's folder. The first pass after a commit adds what was
committed, by any process; what the file names is believed only if the tables say the same.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stores.core.archives import arrays_of
from stores.core.errors import StoreError
from stores.core.patience import patiently
from stores.core.records import StageKey
from stores.files.frame_hash_file import FrameHashEntry, FrameHashFile
from stores.sql.faults import storage_faults
from stores.sql.finished_runs import FinishedRun, finished_of, finished_since

if TYPE_CHECKING:
    from stores.files.blobs import BlobStore
    from stores.library_store import LibraryStore

Hashes = NDArray[np.uint64]

STAGE, BLOB = "frame_hashes", "frame_hashes.npz"
FILE = "frame_hashes.index"
"""The file of the index, in the library's folder."""

UNFINISHED = f"{FILE}.new"
"""What takes its place when the index is rebuilt."""

EVERY_SECONDS = 2.0
"""Distance of the frame hashes that are in the index: a look has several seconds of them to compare. Ours."""

PASS_SECONDS = 2.0
"""How long a pass may wait at its beginning for videos to be indexed. A video takes half a millisecond from a local
disk, and as long as a request from an object store. Ours."""

LOOK_SECONDS = 0.02
"""As `PASS_SECONDS`, for each look within a pass: there is at most one each second of video. Ours."""

_KEPT = 16  # videos whose frame hashes are kept: 0.8 MB for three hours
_NAMED = 8  # ours: videos that `near` names
_CLOCKS = 60.0  # ours: seconds that clocks of committing machines may differ; what is missed waits for a rebuild


Arrays = tuple[NDArray[np.int64], Hashes, NDArray[np.float16]]


@dataclass(frozen=True, slots=True)
class Alike:
    """The stages of a video that were done with the wanted fingerprints, and when its frame hashes were done."""

    stages: frozenset[str]
    finished_at: float


@dataclass(frozen=True, slots=True)
class KnownVideo:
    """The frame hashes of one video: (n,) ticks int64 of ``time_base``, hashes uint64, weights float16."""

    ticks: NDArray[np.int64]
    hashes: Hashes
    weights: NDArray[np.float16]
    time_base: Fraction


class KnownFrameHashes:
    """The frame hashes of a library's videos. One for a process; safe to use from threads."""

    def __init__(self, store: LibraryStore) -> None:
        self._engine = store.engine
        self._catalog = store.catalog
        self._blobs = store.blobs
        self._file = FrameHashFile(store.root / FILE)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[StageKey, float], KnownVideo] = OrderedDict()
        self._revision = -1
        self._waiting: list[FinishedRun] = []  # by time; the oldest last
        self._stuck = False  # what is next cannot be read or written now: the next pass tries it again

    def of(self, video_id: str, fingerprints: Mapping[str, str]) -> KnownFor:
        """What there is for a pass over ``video_id``: other videos done with these fingerprints.

        Args:
            fingerprints: by stage; that of ``frame_hashes`` must be among them.
        """
        self._stuck = False
        self._list()
        self.index(PASS_SECONDS)
        return KnownFor(self, video_id, dict(fingerprints))

    def index(self, seconds: float | None = None) -> None:
        """Adds what is listed to the file, for about so many seconds (None: all of it).

        What cannot be read or written now (a server that does not answer, a full disk) stays listed with all behind it:
        a video that was left out would be missing until the index is rebuilt. Nobody fails for want of this shortcut.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while self._waiting and not self._stuck:
            with self._lock:
                if not self._waiting:
                    return
                run = self._waiting.pop()
            try:
                # Read without the lock: passes that begin together share the work, and none waits for another's reads.
                entry = frame_hash_entry(self._blobs, run)
                with self._lock:
                    self._file.append(entry)
            except (OSError, StoreError):
                with self._lock:
                    self._stuck = True
                    self._waiting.append(run)
                    self._waiting.sort(key=lambda one: -one.finished_at)
                return
            if end is not None and time.monotonic() >= end:
                return

    def near(self, hashes: Hashes, bits: int) -> dict[tuple[str, float], int]:
        """How many pairs of near hashes each video has with these; and when the run was done that left them."""
        with self._lock, suppress(OSError):
            return self._file.near(hashes, bits)
        return {}

    def alike(self, video_ids: Sequence[str], fingerprints: Mapping[str, str]) -> dict[str, Alike]:
        """The stages that each of these few videos has done with the wanted fingerprints, as of now."""
        runs = patiently(lambda: finished_of(self._engine, video_ids))
        none = ("", -1.0)
        return {
            video_id: Alike(
                frozenset(
                    stage for stage, wanted in fingerprints.items() if runs.get((video_id, stage), none)[0] == wanted
                ),
                runs.get((video_id, STAGE), none)[1],
            )
            for video_id in video_ids
        }

    def video(self, video_id: str, fingerprint: str, finished_at: float) -> KnownVideo | None:
        """The frame hashes of one video, of the run that was done then; None if they are gone."""
        key = StageKey(video_id, STAGE, fingerprint)
        with self._lock:
            if (key, finished_at) in self._kept:
                self._kept.move_to_end((key, finished_at))
                return self._kept[key, finished_at]
        arrays = self._arrays(key)
        video = patiently(lambda: self._catalog.video(video_id))
        if arrays is None or video is None:
            return None
        known = KnownVideo(*arrays, video.time_base)
        with self._lock:
            self._kept[key, finished_at] = known
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return known

    def blob(self, key: StageKey, name: str) -> bytes | None:
        """The bytes of a blob; None if it cannot be had: this is a shortcut, and nobody fails for want of one."""
        try:
            return self._blobs.get(key, name)
        except (StoreError, OSError):
            return None

    def _list(self) -> None:
        """Lists what was done since the file was last added to, in two queries whatever the library's size."""
        revision = patiently(self._catalog.revision)
        with self._lock, suppress(OSError):
            self._file.refresh()
        with self._lock:
            if revision == self._revision:
                return
            since = min(self._file.newest, time.time()) - _CLOCKS
        runs = patiently(lambda: finished_since(self._engine, STAGE, since))
        with self._lock:
            self._revision = revision
            there, waiting = self._file.young, {(run.video_id, run.finished_at) for run in self._waiting}
            self._waiting += [
                run
                for run in runs
                if there.get(run.video_id) != run.finished_at and (run.video_id, run.finished_at) not in waiting
            ]
            self._waiting.sort(key=lambda run: -run.finished_at)

    def _arrays(self, key: StageKey) -> Arrays | None:
        return frame_hashes_of(self.blob(key, BLOB))


class KnownFor:
    """`KnownFrameHashes` for one pass: without the video itself, and only what was done with the wanted fingerprints.

    The stages of another video are looked up when it is first named, and are taken to stay so for the whole pass.
    """

    def __init__(self, known: KnownFrameHashes, video_id: str, fingerprints: Mapping[str, str]) -> None:
        self._known = known
        self._video_id = video_id
        self._fingerprints = fingerprints
        self._alike: dict[str, Alike] = {video_id: Alike(frozenset(), -1.0)}

    def near(self, hashes: Hashes, bits: int) -> list[str]:
        """Ids of videos that have some of these frame hashes, to ``bits`` bits; those with most of them first."""
        self._known.index(LOOK_SECONDS)
        found = sorted((-pairs, *place) for place, pairs in self._known.near(hashes, bits).items())
        named: list[str] = []
        for first in range(0, len(found), _NAMED):
            some = found[first : first + _NAMED]
            self._ask([name for _, name, _ in some])
            named += [name for _, name, done in some if self._is_known(name) and self._alike[name].finished_at == done]
            if len(named) >= _NAMED:
                break
        return named[:_NAMED]

    def video(self, video_id: str) -> KnownVideo | None:
        """The frame hashes of one of them; None if they are gone."""
        self._ask([video_id])
        if not self._is_known(video_id):
            return None
        return self._known.video(video_id, self._fingerprints[STAGE], self._alike[video_id].finished_at)

    def blob(self, video_id: str, stage: str, name: str) -> bytes | None:
        """What a stage left of it; None if it is not done with the fingerprint that is wanted, or gone."""
        self._ask([video_id])
        if stage not in self._alike[video_id].stages:
            return None
        return self._known.blob(StageKey(video_id, stage, self._fingerprints[stage]), name)

    def _is_known(self, video_id: str) -> bool:
        return STAGE in self._alike[video_id].stages

    def _ask(self, video_ids: Sequence[str]) -> None:
        unknown = [video_id for video_id in video_ids if video_id not in self._alike]
        if unknown:
            self._alike |= self._known.alike(unknown, self._fingerprints)


def frame_hashes_of(data: bytes | None) -> Arrays | None:
    """Ticks, hashes and weights of a blob; None if there is none, or what there is cannot be read."""
    # Damaged: that is its own video's trouble (`stores.maintenance.verify`), not of the one that looks for it.
    arrays = arrays_of(data, "ticks", "hashes", "weights")
    return None if arrays is None else (arrays["ticks"], arrays["hashes"], arrays["weights"])


def indexed_hashes(run: FinishedRun, arrays: Arrays | None) -> Hashes:
    """The frame hashes of a video that go into the file; none if its blob is gone."""
    if arrays is None:
        return np.empty(0, np.uint64)
    ticks, hashes, weights = arrays
    solid = weights >= 1
    slots = np.floor(ticks[solid] * float(run.time_base) / EVERY_SECONDS)
    chosen: Hashes = hashes[solid][np.unique(slots, return_index=True)[1]]
    return chosen


def frame_hash_entry(blobs: BlobStore, run: FinishedRun) -> FrameHashEntry:
    """What of a run goes into the file; no hashes if its blob is gone or damaged.

    Raises:
        StoreError: as `BlobStore.get`, if the blob cannot be had now.
    """
    try:
        arrays = frame_hashes_of(blobs.get(run.key, BLOB))
    except StoreError as error:
        if error.code.name != "LIBRARY_DAMAGED":
            raise
        arrays = None
    except OSError:  # this very file cannot be read, which may stay so
        arrays = None
    return FrameHashEntry(run.video_id, run.finished_at, indexed_hashes(run, arrays))


def rebuild_frame_hashes(store: LibraryStore) -> None:
    """Makes the file again, from what readers see; the former one serves meanwhile.

    Raises:
        StoreError: DISK_FULL or LIBRARY_READ_ONLY; BLOB_STORE_UNREACHABLE.
    """
    place, fresh = store.root / FILE, store.root / UNFINISHED
    with storage_faults(f"Making {place}"):
        fresh.unlink(missing_ok=True)
        runs, made = finished_since(store.engine, STAGE, 0.0), FrameHashFile(fresh)
        for run in runs:
            made.append(frame_hash_entry(store.blobs, run))
        if runs:
            fresh.replace(place)
        else:
            place.unlink(missing_ok=True)


def missing_frame_hashes(store: LibraryStore) -> int:
    """How many videos are not in the file that should be, and will not be added by themselves.

    Raises:
        ValueError: if what is in the file is not what was written.
    """
    file = FrameHashFile(store.root / FILE)
    file.refresh()
    there = {(entry.video_id, entry.finished_at) for entry in file.entries()}
    runs = finished_since(store.engine, STAGE, 0.0)
    return sum(
        1 for run in runs if run.finished_at < file.newest - _CLOCKS and (run.video_id, run.finished_at) not in there
    )
