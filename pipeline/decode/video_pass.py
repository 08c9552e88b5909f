"""The pass over the pictures of a video. Runs in the decoding child."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from pipeline.decode.frames import Sampling
from pipeline.decode.open import frame_rate, has_timestamps, shown, video_stream
from pipeline.decode.probe_header import declared_end, start_of, truncation
from pipeline.decode.protocol import Emit
from pipeline.decode.seeking import decoding_from
from pipeline.decode.timeline import Timeline
from stores.core.errors import MediaError

# Each frame thread keeps a frame in memory, delays the first one and costs a third more processor time (measured), so
# they only pay off where cores are idle; more than two gain nothing next to the models.
_THREADS = 2 if (os.cpu_count() or 1) > 2 else 1


@dataclass(frozen=True, slots=True)
class VideoJob:
    """Which frames of a file are decoded.

    Attributes:
        duration: ticks, as probed; 0 if unknown.
        rotation: clockwise degrees, a multiple of 90.
        samplings: what the observers want.
        span: first tick and end of the part that is wanted, None for the whole video; a part yields the frames that
            a pass over the whole would have yielded there.
        seconds: of the video, as probed; 0 if unknown.
    """

    duration: int
    rotation: int
    samplings: tuple[Sampling, ...]
    span: tuple[int, int] | None = None
    seconds: float = 0.0

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> VideoJob:
        """The job out of values that went through JSON."""
        span = values["span"]
        samplings = tuple(Sampling(**sampling) for sampling in values["samplings"])
        return cls(**{**values, "samplings": samplings, "span": tuple(span) if span else None})


def decode_video(path: str, job: VideoJob, emit: Emit) -> None:
    """Decode all frames once and emit what each sampling wants, as ``frames`` messages.

    ``alive`` is emitted for every decoded frame.

    Raises:
        MediaError: as `opened` and `video_stream`; NO_FRAMES or DECODE_FAILED if there is no frame at all.
    """
    duration = job.duration

    def place(container: Any, stream: Any) -> Fraction | None:
        return _place(container, stream, job) if job.span else None

    with decoding_from(path, _video_stream, place, emit, job.seconds) as decoding:
        stream, start = decoding.stream, decoding.first
        time_base = Fraction(stream.time_base)
        timed = has_timestamps(decoding.container)
        timeline = Timeline(start if timed else 0, time_base, frame_rate(decoding.container, stream))
        batchers = [_Batcher(sampling, duration, time_base, emit, job.span) for sampling in job.samplings]
        pictures = _Pictures(Fraction(stream.sample_aspect_ratio or 1), job.rotation)
        until = max((batcher.end for batcher in batchers), default=math.inf)
        at_end_of_file = True
        for frame in decoding.frames:
            emit("alive", {}, None)
            tick = timeline.tick(frame.pts, frame.dts, frame.duration) if timed else timeline.tick(None, None, None)
            # Frames behind the declared end are left over from editing the file; players do not show them.
            if tick is None or 0 < duration <= tick:
                continue
            if tick >= until:
                at_end_of_file = False
                break
            pictures.frame = frame
            for batcher in batchers:
                if tick >= batcher.due:
                    batcher.add(tick, pictures)
        if timeline.last < 0:
            code = "DECODE_FAILED" if stream.frames else "NO_FRAMES"
            raise MediaError(code, f"Not one frame of {shown(path)} can be decoded.", "Copy or download it again.")
        warnings: list[str] = []
        if at_end_of_file:
            warnings = truncation(timeline.end, declared_end(decoding.container, stream, start), time_base)
        for batcher in batchers:
            batcher.flush(next(iter(warnings), ""), timeline.end if warnings else None)


def _video_stream(container: Any, path: str) -> Any:
    stream = video_stream(container, path)
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = _THREADS
    return stream


def _place(container: Any, stream: Any, job: VideoJob) -> Fraction | None:
    """Seconds, in the file's timestamps, from which to decode for the right frames from the beginning of the span on.

    None for the beginning of the file.
    """
    time_base = Fraction(stream.time_base)
    back = [_interval(sampling, job.duration, time_base) + _margin(sampling, time_base) for sampling in job.samplings]
    tick = (job.span[0] if job.span else 0) - max(back, default=0)
    return (start_of(container, stream) + tick) * time_base if tick > 0 else None


def _interval(sampling: Sampling, duration: int, time_base: Fraction) -> int:
    """Ticks from one frame of a sampling to the next; 0 if it wants every frame."""
    if sampling.every_seconds is None:
        return 0
    every = max(1, round(Fraction(sampling.every_seconds) / time_base))
    return max(1, min(every, duration // sampling.minimum)) if duration > 0 else every


def _margin(sampling: Sampling, time_base: Fraction) -> int:
    return math.ceil(Fraction(sampling.margin_seconds) / time_base)


@dataclass(frozen=True, slots=True)
class _Size:
    width: int
    height: int
    interpolation: Interpolation


class _Pictures:
    """The current frame in every size that a sampling wants, each scaled once, by libswscale."""

    def __init__(self, aspect: Fraction, rotation: int) -> None:
        self._aspect = aspect if Fraction(1, 4) <= aspect <= 4 else Fraction(1)
        self._turns = rotation // 90
        self._frame: Any = None
        self._scaled: dict[_Size, NDArray[np.uint8]] = {}
        # A reformatter keeps its scaling tables; `frame.reformat` would rebuild them for every frame.
        self._reformatters: dict[_Size, Any] = {}

    @property
    def frame(self) -> Any:
        return self._frame

    @frame.setter
    def frame(self, frame: Any) -> None:
        self._frame = frame
        self._scaled.clear()

    def size(self, sampling: Sampling) -> _Size:
        """Width and height before rotation, even and for square pixels unless the sampling has an exact size."""
        if sampling.exact is not None:
            across, down = sampling.exact[::-1] if self._turns % 2 else sampling.exact
            return _Size(across, down, Interpolation.BICUBIC)  # FFmpeg's default, with which such networks were trained
        # Observers of every frame only compare it with the one before: two taps suffice, at half the cost.
        every_frame = sampling.every_seconds is None
        interpolation = Interpolation.FAST_BILINEAR if every_frame else Interpolation.BILINEAR
        width, height = float(self._frame.width * self._aspect), float(self._frame.height)
        scale = min(1.0, sampling.long_side / max(width, height))
        even = [max(2, round(side * scale / 2) * 2) for side in (width, height)]
        return _Size(even[0], even[1], interpolation)

    def scaled(self, size: _Size) -> NDArray[np.uint8]:
        """The frame (h, w, 3) uint8 RGB, rotated as displayed; valid until the next frame."""
        if size not in self._scaled:
            reformatter = self._reformatters.setdefault(size, VideoReformatter())
            # One thread: distributing slices costs as much as scaling a picture of this size.
            small = reformatter.reformat(
                self._frame, size.width, size.height, "rgb24", interpolation=size.interpolation, threads=1
            )
            plane = small.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            pixels = rows[: size.height, : size.width * 3].reshape(size.height, size.width, 3)
            self._scaled[size] = np.rot90(pixels, -self._turns) if self._turns else pixels
        return self._scaled[size]


class _Batcher:
    """Collects the frames of one sampling into batches."""

    def __init__(
        self, sampling: Sampling, duration: int, time_base: Fraction, emit: Emit, span: tuple[int, int] | None
    ) -> None:
        self._sampling = sampling
        self._emit = emit
        self._every = _interval(sampling, duration, time_base)
        margin = _margin(sampling, time_base)
        self._first, self.end = 0, math.inf
        if span is not None:
            self._first, self.end = max(0, span[0] - margin), span[1] + margin
        # The frame for the first step of the grid may lie before the part, and so belong to the part before.
        self.due = self._first // self._every * self._every if self._every else self._first
        self._size: _Size | None = None
        self._pixels = np.empty((0, 0, 0, 3), np.uint8)
        self._ticks: list[int] = []

    def add(self, tick: int, pictures: _Pictures) -> None:
        """Add the current frame if it lies in the part, and set the tick from which the next one is due."""
        # On a grid from tick 0, so that one late frame does not shift all later ones.
        self.due = tick // self._every * self._every + self._every if self._every else tick + 1
        if not self._first <= tick < self.end:
            return
        if self._size is None:
            # One size for the whole pass, even if the stream changes its size.
            self._size = pictures.size(self._sampling)
        picture = pictures.scaled(self._size)
        if not self._ticks:
            self._pixels = np.empty((self._sampling.batch, *picture.shape), np.uint8)
        self._pixels[len(self._ticks)] = picture
        self._ticks.append(tick)
        if len(self._ticks) == self._sampling.batch:
            self.flush()

    def flush(self, warning: str = "", end: int | None = None) -> None:
        """Emit the frames collected so far; an empty batch only if there is a warning to send."""
        if not self._ticks and not warning:
            return
        pixels = self._pixels[: len(self._ticks)]
        ticks, shape = self._ticks, [len(self._ticks), *self._pixels.shape[1:]]
        values = {"name": self._sampling.name, "ticks": ticks, "shape": shape, "warning": warning, "end": end}
        self._ticks = []
        self._pixels = self._pixels[:0]
        self._emit("frames", values, pixels)
