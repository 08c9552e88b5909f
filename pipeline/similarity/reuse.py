"""Reuse: where a video shows the same pictures as a known one, the model results of the known one are reused.

What is reused depends on which videos are in the library already, so for near-duplicates, and only for them, the
order of ingest matters. In any order:

- A result comes from a video whose stage has the same fingerprint (same models, same config).
- The model itself saw that frame: a reused result is not reused again, so that errors do not accumulate.
- The frame lies at the same place in the same sequence of pictures, to within half a sampling interval (and the eighth
  of a second by which the alignment may be wrong), and is similar in colour and layout: frames that were graded,
  brightened, letterboxed or cropped go through the models again.

Screen text and speech are never reused: a caption or a dub may differ where the pictures do not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.frame_hashes import FEWEST, MOVING, NEAR, SLACK, SOLID, FrameHashes, agreement, aligned, hamming
from pipeline.similarity.change import ColourGlance, colour_change
from stores.core.archives import arrays_of

if TYPE_CHECKING:
    from stores.known_frame_hashes import KnownVideo

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ReuseConfig:
    """When pictures count as known. Not part of any stage's fingerprint.

    Attributes:
        enabled: whether results of other videos are reused at all.
        window_seconds: length of the most recent frame hashes by which a known video is recognised.
        share: of the hashes in the window that must match. Measured as for `encoders.frame_hashes.NEAR`: 0.83 to 1 in
            19 of 20 stretches of copies, at most 0.33 in other videos.
        alike: mean difference (0–255) of two colour glances up to which one frame's result is used for the other.
            Measured: recompressed 0.5 to 4, a third of a sampling interval apart mostly below 16 (in fast motion up to
            79, which then goes through the model), brightened or darkened 25 and more, other videos 37 and more.
    """

    enabled: bool = True
    window_seconds: float = 3.0
    share: float = 0.8
    alike: float = 16.0


class KnownFrameHashes(Protocol):
    """The frame hashes of all videos, for a whole process: `stores.known_frame_hashes.KnownFrameHashes`."""

    def of(self, video_id: str, fingerprints: Mapping[str, str]) -> OtherVideos:
        """The other videos for a pass over ``video_id``: those done with these fingerprints, by stage."""
        ...


class OtherVideos(Protocol):
    """The frame hashes and results of other videos, for one pass over a video."""

    def near(self, hashes: NDArray[np.uint64], bits: int) -> Sequence[str]:
        """Ids of videos with some of these hashes, to within ``bits`` bits; the likeliest first."""
        ...

    def video(self, video_id: str) -> KnownVideo | None:
        """The frame hashes of one of them; None if they are gone."""
        ...

    def blob(self, video_id: str, stage: str, name: str) -> bytes | None:
        """A blob that a stage stored for it; None if the stage is not done with the wanted fingerprint."""
        ...


@dataclass(slots=True)
class _Run:
    """A stretch that matches a known video at a constant offset.

    Attributes:
        tick: seconds per tick of the known video.
        offset: seconds to add for the time in the known video.
        start, end: seconds of the first and the last frame hash that matched.
        misses: hashes since then that did not.
        distinct: hashes that matched and differ from each other, at most `MOVING`.
    """

    video_id: str
    frame_hashes: FrameHashes
    tick: float
    offset: float
    start: float
    end: float
    misses: int = 0
    distinct: list[int] = field(default_factory=list)

    @property
    def confirmed(self) -> bool:
        """Whether enough different pictures matched: slides or a still camera look alike in different videos."""
        return len(self.distinct) >= MOVING


class Reuse:
    """Follows one pass over a video, or over a part of it, and finds known videos with the same pictures."""

    _RUNS = 3
    """Known videos that are tried at a time: of several copies, only one may have gone through the models."""
    _MISSES = 12
    """Consecutive hashes without a match, three seconds of them, after which a stretch has ended: in fast motion,
    hashes an eighth of a second apart have little in common. Reused results must be similar meanwhile, too."""
    _HISTORY = 64
    """Hashes that are remembered, 16 seconds: a stretch may be recognised late, and frames come in batches."""
    _SEARCH_EVERY = 4
    """New hashes after which known videos are searched for again, while none is confirmed; as many consecutive hashes
    without a match end an unconfirmed stretch."""
    _FILES = 4
    """Blobs cached in memory: a stage's arrays of a long video may be about 50 MB."""

    def __init__(self, known: OtherVideos, config: ReuseConfig | None = None) -> None:
        self.config = config or ReuseConfig()
        self._known = known
        self._history: deque[tuple[float, int]] = deque(maxlen=self._HISTORY)
        self._active: list[_Run] = []
        self._ended: list[_Run] = []
        self._since_search = 0
        self._files: dict[tuple[str, str], Arrays | None] = {}

    def add(self, seconds: float, value: int, weight: float) -> None:
        """Add the next frame hash; in order, and before the frames at its time are looked up."""
        if weight < SOLID:
            return
        self._history.append((seconds, value))
        for run in self._active:
            if self._matches(run, seconds, value):
                run.end, run.misses = seconds, 0
            else:
                run.misses += 1
        self._ended += [run for run in self._active if run.confirmed and run.misses >= self._MISSES]
        self._active = [
            run for run in self._active if run.misses < (self._MISSES if run.confirmed else self._SEARCH_EVERY)
        ]
        self._since_search += 1
        if not any(run.confirmed for run in self._active) and self._since_search >= self._SEARCH_EVERY:
            self._since_search = 0
            self._search()

    @classmethod
    def of(
        cls, known: KnownFrameHashes | None, video_id: str, fingerprints: Mapping[str, str], config: ReuseConfig
    ) -> Reuse | None:
        """For a pass over ``video_id``; None if nothing is to be reused."""
        return cls(known.of(video_id, fingerprints), config) if known is not None and config.enabled else None

    def add_all(self, frame_hashes: FrameHashes) -> None:
        """Add all frame hashes of the video, if they are known before the pass."""
        columns = (frame_hashes.seconds.tolist(), frame_hashes.hashes.tolist(), frame_hashes.weights.tolist())
        for seconds, value, weight in zip(*columns, strict=True):
            self.add(seconds, value, weight)

    def at(self, seconds: float) -> tuple[tuple[str, float], ...]:
        """Where the picture at ``seconds`` is known from: ids of videos, and seconds in them."""
        return tuple((run.video_id, seconds + run.offset) for run in self._runs(seconds))

    def result(
        self, stage: str, frames: str, seconds: float, every_seconds: float, seen: ColourGlance
    ) -> tuple[Arrays, int] | None:
        """A known result for the frame at ``seconds``; None if there is none.

        Args:
            stage: its blob ``{stage}.npz`` has a row for each frame in ``glances``, ``reused``, and ``frames`` (ticks).
            every_seconds: the stage's sampling interval.
            seen: the frame's own colour glance.

        Returns:
            The stage's arrays of the other video, and the row of the frame in them.
        """
        for run in self._runs(seconds):
            file = self._file(run.video_id, stage)
            if file is None or not len(file[frames]):
                continue
            apart = np.abs(file[frames] * run.tick - (seconds + run.offset))
            row = int(apart.argmin())
            if apart[row] > every_seconds / 2 + 1e-6 or file["reused"][row]:
                continue
            if colour_change(seen, file["glances"][row]) <= self.config.alike:
                return file, row
        return None

    def _runs(self, seconds: float) -> list[_Run]:
        runs = (*self._ended, *self._active)
        return [run for run in runs if run.confirmed and run.start <= seconds <= run.end + SLACK]

    def _matches(self, run: _Run, seconds: float, value: int) -> bool:
        one = np.array(value, np.uint64)
        near = run.frame_hashes.between(seconds + run.offset - SLACK, seconds + run.offset + SLACK + 1e-6)
        matches = len(near) > 0 and int(hamming(near.hashes, one).min()) <= NEAR
        if matches and not run.confirmed and (hamming(np.array(run.distinct, np.uint64), one) > NEAR).all():
            run.distinct.append(value)
        return matches

    def _search(self) -> None:
        since = self._history[-1][0] - self.config.window_seconds
        recent = [one for one in self._history if one[0] >= since]
        window = FrameHashes(
            np.array([seconds for seconds, _ in recent], np.float64),
            np.array([value for _, value in recent], np.uint64),
            np.full(len(recent), SOLID, np.float32),
        )
        # Hashes that do not fill most of the window are too few to tell one stretch from another.
        if len(window) < FEWEST or window.seconds[-1] - window.seconds[0] < 0.75 * self.config.window_seconds:
            return
        followed = {run.video_id for run in self._active}
        likely = [video_id for video_id in self._known.near(window.hashes, NEAR) if video_id not in followed]
        for video_id in likely[: self._RUNS]:
            known = self._known.video(video_id)
            if known is None:
                continue
            tick = float(known.time_base)
            frame_hashes = FrameHashes(
                known.ticks.astype(np.float64) * tick, known.hashes, known.weights.astype(np.float32)
            ).solid
            found = aligned(window, frame_hashes)
            if found is None or found.share < self.config.share:
                continue
            end = float(window.seconds[agreement(window, frame_hashes, found.offset)[2]][-1])
            run = _Run(video_id, frame_hashes, tick, found.offset, end, end)
            self._active.append(run)
            self._begin_earlier(run)

    def _begin_earlier(self, run: _Run) -> None:
        """Extend a stretch, which is recognised only after it began, back to its beginning."""
        misses = 0
        for seconds, value in reversed(self._history):
            if seconds > run.end:
                continue
            if self._matches(run, seconds, value):
                run.start, misses = seconds, 0
            elif (misses := misses + 1) == self._MISSES:
                break

    def _file(self, video_id: str, stage: str) -> Arrays | None:
        key = (video_id, stage)
        if key not in self._files:
            data = self._known.blob(video_id, stage, f"{stage}.npz")
            if len(self._files) >= self._FILES:
                del self._files[next(iter(self._files))]
            # Damaged: the models do the work, and `stores.maintenance.verify` names it. Reuse only saves time.
            self._files[key] = arrays_of(data)
        return self._files[key]
