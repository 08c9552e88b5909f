"""The one pass over the pictures of a video. Runs in the decoding child."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from pipeline.describing import declared_end, start_of, truncation
from pipeline.frames import Sampling
from pipeline.opening import decoded, opened, shown, video_stream
from pipeline.timeline import Timeline
from pipeline.wire import Emit
from stores.errors import MediaError

# Frame threads each hold a frame and delay the first one; beyond two there is nothing to gain beside the models.
_THREADS = 2


def watch_video(path: str, duration: int, rotation: int, samplings: Sequence[Mapping[str, Any]], emit: Emit) -> None:
    """Decode all frames once and emit what each sampling wants, as ``frames`` messages.

    Args:
        duration: ticks, as probed; 0 if unknown.
        rotation: clockwise degrees.
        emit: takes a tag, values and a payload; ``alive`` is emitted for every decoded frame.

    Raises:
        MediaError: as `opened` and `video_stream`; NO_FRAMES or DECODE_FAILED if there is no frame at all.
    """
    with opened(path) as container:
        stream = video_stream(container, path)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = _THREADS
        time_base = Fraction(stream.time_base)
        start = start_of(container, stream)
        timeline = Timeline(start, time_base, Fraction(stream.average_rate or 0))
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        takers = [_Taker(Sampling(**values), duration, time_base, emit) for values in samplings]
        pictures = _Pictures(aspect, rotation)
        for frame in decoded(container, stream):
            emit("alive", {}, None)
            tick = timeline.tick(frame.pts, frame.dts, frame.duration)
            # What lies behind the declared end is left over from cutting the file; players do not show it.
            if tick is None or 0 < duration <= tick:
                continue
            pictures.frame = frame
            for taker in takers:
                if tick >= taker.due:
                    taker.take(tick, pictures)
        if timeline.last < 0:
            code = "DECODE_FAILED" if stream.frames else "NO_FRAMES"
            raise MediaError(code, f"Not one picture of {shown(path)} can be decoded.", "Copy or download it again.")
        warning = next(iter(truncation(timeline.end, declared_end(container, stream, start), time_base)), "")
        for taker in takers:
            taker.flush(warning)


@dataclass(frozen=True, slots=True)
class _Size:
    width: int
    height: int


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

    def size(self, long_side: int) -> _Size:
        """Even width and height before turning, with square pixels, for a long side of at most ``long_side``."""
        width, height = float(self._frame.width * self._aspect), float(self._frame.height)
        scale = min(1.0, long_side / max(width, height))
        return _Size(*(max(2, round(side * scale / 2) * 2) for side in (width, height)))

    def scaled(self, size: _Size) -> NDArray[np.uint8]:
        """The frame as (h, w, 3) RGB, turned as displayed; valid until the next frame."""
        if size not in self._made:
            reformatter = self._reformatters.setdefault(size, VideoReformatter())
            small = reformatter.reformat(self._frame, size.width, size.height, "rgb24")
            plane = small.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            pixels = rows[: size.height, : size.width * 3].reshape(size.height, size.width, 3)
            self._made[size] = np.rot90(pixels, -self._turns) if self._turns else pixels
        return self._made[size]


class _Taker:
    """Collects the frames of one sampling into batches."""

    def __init__(self, wanted: Sampling, duration: int, time_base: Fraction, emit: Emit) -> None:
        self._wanted = wanted
        self._emit = emit
        self._time_base = time_base
        self._every = 0
        if wanted.every_seconds is not None:
            self._every = max(1, round(Fraction(wanted.every_seconds) / time_base))
            if duration > 0:
                self._every = max(1, min(self._every, duration // wanted.minimum))
        self.due = 0
        self._size: _Size | None = None
        self._pixels = np.empty((0, 0, 0, 3), np.uint8)
        self._ticks: list[int] = []

    def take(self, tick: int, pictures: _Pictures) -> None:
        """Keep the current frame, and set the tick from which the next one is wanted."""
        if self._size is None:
            # One size for the whole pass, also where the stream changes its size.
            self._size = pictures.size(self._wanted.long_side)
        picture = pictures.scaled(self._size)
        if not self._ticks:
            self._pixels = np.empty((self._wanted.batch, *picture.shape), np.uint8)
        self._pixels[len(self._ticks)] = picture
        self._ticks.append(tick)
        # On a grid from tick 0, so that a late frame does not shift all later ones.
        self.due = math.floor(tick / self._every + 1) * self._every if self._every else tick + 1
        if len(self._ticks) == self._wanted.batch:
            self.flush()

    def flush(self, warning: str = "") -> None:
        """Emit what is there; also nothing, if there is a warning to tell."""
        if not self._ticks and not warning:
            return
        pixels = self._pixels[: len(self._ticks)]
        ticks, shape = self._ticks, [len(self._ticks), *self._pixels.shape[1:]]
        values = {"name": self._wanted.name, "ticks": ticks, "shape": shape, "warning": warning}
        self._ticks = []
        self._pixels = self._pixels[:0]
        self._emit("frames", values, pixels)
