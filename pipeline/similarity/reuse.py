"""Reuse: where a video shows what a known one shows, model results are taken from there.

What is taken depends on which videos are in the library already, so that for near-duplicates, and for them only, the
order of ingest matters. What holds whatever the order:

- A result comes from a video whose stage has the same fingerprint (same models, same config).
- The model itself saw that frame: what was taken once is not taken again from there, so that errors do not add up.
- The frame lies at the same place of the same stretch of pictures, to half a sample distance (and the eighth of a
  second that the alignment may be wrong by), and looks alike in colour and layout: what was graded, brightened, set
  between bars or cut to another shape is seen by the models anew.

Text on screen and speech are never taken: a caption or a dub may differ where the pictures do not.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.frame_hashes import FEWEST, MOVING, NEAR, SLACK, SOLID, FrameHashes, agreement, aligned, hamming
from pipeline.similarity.change import ColourGlance, colour_change

if TYPE_CHECKING:
    from stores.known_frame_hashes import KnownVideo

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ReuseConfig:
    """When pictures count as known. No part of any stage's fingerprint.

    Attributes:
        enabled: whether results are taken from other videos at all.
        window_seconds: the last prints by which a known video is found again.
        share: of the window's prints that must agree. Measured as for `encoders.frame_hashes.NEAR`: 0.83 to 1 in 19 of
            20 stretches of copies, at most 0.33 in other videos.
        alike: mean difference (0–255) of two colour glances up to which one frame's result may stand for the other's.
            Measured: recompressed 0.5 to 4, a third of a sample apart mostly below 16 (in fast motion up to 79, which
            the model then sees anew), made brighter or darker 25 and more, other videos 37 and more.
    """

    enabled: bool = True
    window_seconds: float = 3.0
    share: float = 0.8
    alike: float = 16.0


class KnownFrameHashes(Protocol):
    """The prints of all videos, for a whole process: `stores.known_frame_hashes.KnownFrameHashes`."""

    def of(self, video_id: str, fingerprints: Mapping[str, str]) -> OtherVideos:
        """What there is for a pass over one video: others that are done with these fingerprints, by stage."""
        ...


class OtherVideos(Protocol):
    """The prints and results of other videos, for one pass over a video."""

    def near(self, hashes: NDArray[np.uint64], bits: int) -> Sequence[str]:
        """Ids of videos that have some of these prints, to ``bits`` bits; the likeliest first."""
        ...

    def video(self, video_id: str) -> KnownVideo | None:
        """The prints of one of them; None if they are gone."""
        ...

    def blob(self, video_id: str, stage: str, name: str) -> bytes | None:
        """What a stage left of it; None if it is not done with the fingerprint that is wanted."""
        ...


@dataclass(slots=True)
class _Run:
    """A stretch that follows a known video at a constant offset; ``end`` is the last print that agreed."""

    video_id: str
    frame_hashes: FrameHashes
    tick: float
    offset: float
    start: float
    end: float
    misses: int = 0
    kinds: list[int] = field(default_factory=list)

    @property
    def sure(self) -> bool:
        """Whether enough different pictures agreed: slides or a still camera look alike in different videos."""
        return len(self.kinds) >= MOVING


class Reuse:
    """Follows one pass over one video, or over a part of it, and knows where the same pictures were seen before."""

    _RUNS = 3
    """Known videos that are tried at a time: of several copies one may have been seen by the models."""
    _MISSES = 12
    """Prints in a row that disagree, three seconds of them, until a stretch has ended: in fast motion prints an eighth
    of a second apart have little in common. What is taken meanwhile must look alike, as everywhere."""
    _HISTORY = 64
    """Prints that are kept, 16 seconds: a stretch may be recognised late, and frames come in batches."""
    _LOOKS = 4
    """New prints after which known videos are looked for again, while none is sure; as many in a row that disagree end
    a stretch that is not."""
    _FILES = 4
    """Blobs kept in memory: a stage's arrays of a long video may be some 50 MB."""

    def __init__(self, known: OtherVideos, config: ReuseConfig | None = None) -> None:
        self.config = config or ReuseConfig()
        self._known = known
        self._history: deque[tuple[float, int]] = deque(maxlen=self._HISTORY)
        self._open: list[_Run] = []
        self._closed: list[_Run] = []
        self._fresh = 0
        self._files: dict[tuple[str, str], Arrays | None] = {}

    def see(self, seconds: float, value: int, weight: float) -> None:
        """The next print; they come in order, each before the frames at its time."""
        if weight < SOLID:
            return
        self._history.append((seconds, value))
        for run in self._open:
            if self._agrees(run, seconds, value):
                run.end, run.misses = seconds, 0
            else:
                run.misses += 1
        self._closed += [run for run in self._open if run.sure and run.misses >= self._MISSES]
        self._open = [run for run in self._open if run.misses < (self._MISSES if run.sure else self._LOOKS)]
        self._fresh += 1
        if not any(run.sure for run in self._open) and self._fresh >= self._LOOKS:
            self._fresh = 0
            self._look()

    @classmethod
    def of(
        cls, known: KnownFrameHashes | None, video_id: str, fingerprints: Mapping[str, str], config: ReuseConfig
    ) -> Reuse | None:
        """For a pass over ``video_id``; None where nothing is to be reused."""
        return cls(known.of(video_id, fingerprints), config) if known is not None and config.enabled else None

    def see_all(self, frame_hashes: FrameHashes) -> None:
        """All prints of the video, where they are known before the pass."""
        columns = (frame_hashes.seconds.tolist(), frame_hashes.hashes.tolist(), frame_hashes.weights.tolist())
        for seconds, value, weight in zip(*columns, strict=True):
            self.see(seconds, value, weight)

    def at(self, seconds: float) -> tuple[tuple[str, float], ...]:
        """Where the picture at ``seconds`` was seen before: ids of videos, and seconds in them."""
        return tuple((run.video_id, seconds + run.offset) for run in self._runs(seconds))

    def taken(
        self, stage: str, frames: str, seconds: float, every_seconds: float, look: ColourGlance
    ) -> tuple[Arrays, int] | None:
        """A known result that may stand for the frame at ``seconds``.

        Args:
            stage: its blob is ``{stage}.npz`` with a row for each frame in ``frames`` (ticks), ``glances``, ``reused``.
            every_seconds: the stage's sample distance.
            look: the frame's own glance.

        Returns:
            The stage's arrays of the other video, and the row of the frame there.
        """
        for run in self._runs(seconds):
            file = self._file(run.video_id, stage)
            if file is None or not len(file[frames]):
                continue
            apart = np.abs(file[frames] * run.tick - (seconds + run.offset))
            row = int(apart.argmin())
            if apart[row] > every_seconds / 2 + 1e-6 or file["reused"][row]:
                continue
            if colour_change(look, file["glances"][row]) <= self.config.alike:
                return file, row
        return None

    def _runs(self, seconds: float) -> list[_Run]:
        runs = (*self._closed, *self._open)
        return [run for run in runs if run.sure and run.start <= seconds <= run.end + SLACK]

    def _agrees(self, run: _Run, seconds: float, value: int) -> bool:
        print_ = np.array(value, np.uint64)
        near = run.frame_hashes.between(seconds + run.offset - SLACK, seconds + run.offset + SLACK + 1e-6)
        agrees = len(near) > 0 and int(hamming(near.hashes, print_).min()) <= NEAR
        if agrees and not run.sure and (hamming(np.array(run.kinds, np.uint64), print_) > NEAR).all():
            run.kinds.append(value)
        return agrees

    def _look(self) -> None:
        since = self._history[-1][0] - self.config.window_seconds
        last = [one for one in self._history if one[0] >= since]
        window = FrameHashes(
            np.array([seconds for seconds, _ in last], np.float64),
            np.array([value for _, value in last], np.uint64),
            np.full(len(last), SOLID, np.float32),
        )
        # Fewer prints than fill most of the window are too few to tell one stretch from another.
        if len(window) < FEWEST or window.seconds[-1] - window.seconds[0] < 0.75 * self.config.window_seconds:
            return
        followed = {run.video_id for run in self._open}
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
            self._open.append(run)
            self._begin_earlier(run)

    def _begin_earlier(self, run: _Run) -> None:
        """Find the beginning of a stretch that was recognised after it."""
        misses = 0
        for seconds, value in reversed(self._history):
            if seconds > run.end:
                continue
            if self._agrees(run, seconds, value):
                run.start, misses = seconds, 0
            elif (misses := misses + 1) == self._MISSES:
                break

    def _file(self, video_id: str, stage: str) -> Arrays | None:
        key = (video_id, stage)
        if key not in self._files:
            data = self._known.blob(video_id, stage, f"{stage}.npz")
            if len(self._files) >= self._FILES:
                del self._files[next(iter(self._files))]
            self._files[key] = None if data is None else _arrays(data)
        return self._files[key]


def _arrays(data: bytes) -> Arrays:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
