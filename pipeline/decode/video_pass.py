"""The one pass over the pictures of a video. Runs in the decoding child."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from pipeline.decode.frames import Sampling
from pipeline.decode.open import frame_rate, shown, tells_times, video_stream
from pipeline.decode.probe_header import declared_end, start_of, truncation
from pipeline.decode.protocol import Emit
from pipeline.decode.seeking import decoding_from
from pipeline.decode.timeline import Timeline
from stores.core.errors import MediaError

# Frame threads each hold a frame, delay the first one and cost a third more processor time than one (measured), so that
# they only pay where cores are idle; beyond two there is nothing to gain beside the models.
_THREADS = 2 if (os.cpu_count() or 1) > 2 else 1


def watch_video(
    path: str,
    duration: int,
    rotation: int,
    samplings: Sequence[Mapping[str, Any]],
    emit: Emit,
    span: Sequence[int] | None = None,
    seconds: float = 0.0,
) -> None:
    """Decode all frames once and emit what each sampling wants, as ``frames`` messages.

    Args:
        duration: ticks, as probed; 0 if unknown.
        rotation: clockwise degrees.
        emit: takes a tag, values and a payload; ``alive`` is emitted for every decoded frame.
        span: first tick and end of the part that is wanted, if it is not the whole; the same frames are taken from
            it as by a pass over the whole.
        seconds: of the video, as probed; 0 if unknown.

    Raises:
        MediaError: as `opened` and `video_stream`; NO_FRAMES or DECODE_FAILED if there is no frame at all.
    """
    wishes = [Sampling(**values) for values in samplings]

    def place(container: Any, stream: Any) -> Fraction | None:
        return _place(container, stream, wishes, duration, span[0]) if span else None

    with decoding_from(path, _video_stream, place, emit, seconds) as decoding:
        stream, start = decoding.stream, decoding.first
        time_base = Fraction(stream.time_base)
        timed = tells_times(decoding.container)
        timeline = Timeline(start if timed else 0, time_base, frame_rate(decoding.container, stream))
        takers = [_Taker(wanted, duration, time_base, emit, span) for wanted in wishes]
        pictures = _Pictures(Fraction(stream.sample_aspect_ratio or 1), rotation)
        until = max((taker.end for taker in takers), default=math.inf)
        ended = True
        for frame in decoding.frames:
            emit("alive", {}, None)
            tick = timeline.tick(frame.pts, frame.dts, frame.duration) if timed else timeline.tick(None, None, None)
            # What lies behind the declared end is left over from cutting the file; players do not show it.
            if tick is None or 0 < duration <= tick:
                continue
            if tick >= until:
                ended = False
                break
            pictures.frame = frame
            for taker in takers:
                if tick >= taker.due:
                    taker.take(tick, pictures)
        if timeline.last < 0:
            code = "DECODE_FAILED" if stream.frames else "NO_FRAMES"
            raise MediaError(code, f"Not one picture of {shown(path)} can be decoded.", "Copy or download it again.")
        missing = truncation(timeline.end, declared_end(decoding.container, stream, start), time_base) if ended else []
        for taker in takers:
            taker.flush(next(iter(missing), ""), timeline.end if missing else None)


def _video_stream(container: Any, path: str) -> Any:
    stream = video_stream(container, path)
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = _THREADS
    return stream


def _place(container: Any, stream: Any, wishes: Sequence[Sampling], duration: int, first: int) -> Fraction | None:
    """Seconds, in the file's timestamps, from which frames must be known to take the right ones from ``first`` on."""
    time_base = Fraction(stream.time_base)
    back = [_distance(wanted, duration, time_base) + _margin(wanted, time_base) for wanted in wishes]
    tick = first - max(back, default=0)
    return (start_of(container, stream) + tick) * time_base if tick > 0 else None


def _distance(wanted: Sampling, duration: int, time_base: Fraction) -> int:
    """Ticks from one frame of a sampling to the next; 0 if it wants every frame."""
    if wanted.every_seconds is None:
        return 0
    every = max(1, round(Fraction(wanted.every_seconds) / time_base))
    return max(1, min(every, duration // wanted.minimum)) if duration > 0 else every


def _margin(wanted: Sampling, time_base: Fraction) -> int:
    return math.ceil(Fraction(wanted.margin_seconds) / time_base)


@dataclass(frozen=True, slots=True)
class _Size:
    width: int
    height: int
    how: Interpolation


class _Pictures:
    """The current frame in every size that somebody wants, each made once, by libswscale."""

    def __init__(self, aspect: Fraction, rotation: int) -> None:
        self._aspect = aspect if Fraction(1, 4) <= aspect <= 4 else Fraction(1)
        self._turns = rotation // 90
        self._frame: Any = None
        self._made: dict[_Size, NDArray[np.uint8]] = {}
        # A reformatter keeps its scaling tables; `frame.reformat` would build them anew for every frame.
        self._reformatters: dict[_Size, Any] = {}

    @property
    def frame(self) -> Any:
        return self._frame

    @frame.setter
    def frame(self, frame: Any) -> None:
        self._frame = frame
        self._made.clear()

    def size(self, wanted: Sampling) -> _Size:
        """Width and height before turning, even and with square pixels unless an exact size is wanted."""
        if wanted.exact is not None:
            across, down = wanted.exact[::-1] if self._turns % 2 else wanted.exact
            return _Size(across, down, Interpolation.BICUBIC)  # FFmpeg's own choice, which such networks were fed by
        # Who looks at every frame only compares it with the one before: two taps do, at half the cost.
        how = Interpolation.FAST_BILINEAR if wanted.every_seconds is None else Interpolation.BILINEAR
        width, height = float(self._frame.width * self._aspect), float(self._frame.height)
        scale = min(1.0, wanted.long_side / max(width, height))
        even = [max(2, round(side * scale / 2) * 2) for side in (width, height)]
        return _Size(even[0], even[1], how)

    def scaled(self, size: _Size) -> NDArray[np.uint8]:
        """The frame as (h, w, 3) RGB, turned as displayed; valid until the next frame."""
        if size not in self._made:
            reformatter = self._reformatters.setdefault(size, VideoReformatter())
            # One thread: handing slices to several costs as much again as scaling a picture of this size.
            small = reformatter.reformat(
                self._frame, size.width, size.height, "rgb24", interpolation=size.how, threads=1
            )
            plane = small.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            pixels = rows[: size.height, : size.width * 3].reshape(size.height, size.width, 3)
            self._made[size] = np.rot90(pixels, -self._turns) if self._turns else pixels
        return self._made[size]


class _Taker:
    """Collects the frames of one sampling into batches."""

    def __init__(
        self, wanted: Sampling, duration: int, time_base: Fraction, emit: Emit, span: Sequence[int] | None
    ) -> None:
        self._wanted = wanted
        self._emit = emit
        self._every = _distance(wanted, duration, time_base)
        margin = _margin(wanted, time_base)
        self._first, self.end = 0, math.inf
        if span is not None:
            self._first, self.end = max(0, span[0] - margin), span[1] + margin
        # In a part, the first step of the grid may have had its frame before the part begins.
        self.due = self._first // self._every * self._every if self._every else self._first
        self._size: _Size | None = None
        self._pixels = np.empty((0, 0, 0, 3), np.uint8)
        self._ticks: list[int] = []

    def take(self, tick: int, pictures: _Pictures) -> None:
        """Keep the current frame if it is in the part, and set the tick from which the next one is wanted."""
        # On a grid from tick 0, so that a late frame does not shift all later ones.
        self.due = tick // self._every * self._every + self._every if self._every else tick + 1
        if not self._first <= tick < self.end:
            return
        if self._size is None:
            # One size for the whole pass, also where the stream changes its size.
            self._size = pictures.size(self._wanted)
        picture = pictures.scaled(self._size)
        if not self._ticks:
            self._pixels = np.empty((self._wanted.batch, *picture.shape), np.uint8)
        self._pixels[len(self._ticks)] = picture
        self._ticks.append(tick)
        if len(self._ticks) == self._wanted.batch:
            self.flush()

    def flush(self, warning: str = "", end: int | None = None) -> None:
        """Emit what is there; also nothing, if there is a warning to tell."""
        if not self._ticks and not warning:
            return
        pixels = self._pixels[: len(self._ticks)]
        ticks, shape = self._ticks, [len(self._ticks), *self._pixels.shape[1:]]
        values = {"name": self._wanted.name, "ticks": ticks, "shape": shape, "warning": warning, "end": end}
        self._ticks = []
        self._pixels = self._pixels[:0]
        self._emit("frames", values, pixels)
