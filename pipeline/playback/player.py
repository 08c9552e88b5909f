"""What players need of a file, read in a child process with limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.decode.decoder import Decoder, DecoderLimits
from pipeline.playback.cutting import CutJob
from pipeline.playback.facts import MediaFacts
from pipeline.playback.frame import FrameJob
from pipeline.playback.frame_times import TimesJob
from pipeline.playback.playable import copies_sound, playable
from pipeline.playback.proxy import ProxyJob
from stores.core.records import Span, Video

# Half a microsecond: what is lost when an exact time becomes a float and comes back.
_LOST = Fraction(1, 2_000_000)
PROXY_SIDE = 1280
"""Pixels of the longer side of a proxy, at most."""

# Encoding takes longer than decoding, and nobody is kept from anything by it.
CONVERTING = DecoderLimits(seconds_per_media_second=60.0)
_QUALITY = 85  # of JPEGs of single frames, in [0, 100]


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """When frames are shown, in seconds from the start of the video.

    Attributes:
        starts: of each frame, in order.
        end: of the last one.
    """

    starts: tuple[Fraction, ...]
    end: Fraction

    @property
    def middles(self) -> tuple[float, ...]:
        """The middle of each frame: a place from which no rounding leads to another one."""
        ends = [*self.starts[1:], self.end][: len(self.starts)]
        return tuple(float((start + end) / 2) for start, end in zip(self.starts, ends, strict=True))


class Cancelled(Exception):  # noqa: N818 - not an error
    """Somebody no longer wants what was being made."""


class Player(Decoder):
    """Reads files for players in one reusable child process. For one thread only; must be closed.

    All methods raise `MediaError`, as those of `pipeline.decode.decoder.Decoder`.
    """

    _module = "pipeline.playback.child"

    def facts(self, path: Path) -> MediaFacts:
        """What decides whether browsers play a file; nothing is decoded."""
        (message,) = self._messages("facts", path, 0.0, {})
        return MediaFacts.from_json(message.values)

    def frame_times(self, path: Path, video: Video, start: float, end: float) -> FrameTimes:
        """Exact times of the frames that are shown at some moment from ``start`` until before ``end``, in seconds.

        At least of the one that is shown at ``start``; none behind the end of the video.
        """
        first = tick_at(video, start)
        last = math.ceil((Fraction(end) - _LOST) / video.time_base)
        job = TimesJob(first, max(first + 1, last), video.duration, video.seconds)
        (message,) = self._messages("times", path, video.seconds, asdict(job))
        ticks = [tick * video.time_base for tick in message.payload.view(np.int64).tolist()]
        return FrameTimes(tuple(ticks[:-1]), ticks[-1] if ticks else Fraction(0))

    def frame(self, path: Path, video: Video, t: float, width: int) -> tuple[float, NDArray[np.uint8]]:
        """The frame that is shown at ``t`` seconds: when it begins, and its pixels (h, w, 3) uint8 RGB as displayed.

        Args:
            width: of the picture, at most; it is never enlarged.
        """
        tick = min(tick_at(video, t), video.duration - 1) if video.duration else tick_at(video, t)
        across, down = _fitted(video.width, video.height, width)
        if video.rotation % 180:
            across, down = down, across
        job = FrameJob(max(0, tick), across, down, video.rotation, video.seconds)
        (message,) = self._messages("frame", path, video.seconds, asdict(job))
        values: Any = message.values
        return float(values["tick"] * video.time_base), message.payload.reshape(values["shape"])

    def frame_jpeg(self, path: Path, video: Video, t: float, width: int) -> bytes:
        """The frame that is shown at ``t`` seconds, as a JPEG of at most ``width`` pixels across."""
        return jpeg(self.frame(path, video, t, width)[1])

    def cut(self, path: Path, video: Video, out: Path, span: Span, *, exact: bool) -> Span:
        """Write a part of a video as a file of its own; returns the span that is in it.

        Args:
            exact: encode again, so that it begins and ends at just these frames; else packets are copied as they
                are, from the key frame before.

        Raises:
            MediaError: whatever is wrong with the file; DECODE_FAILED if it cannot be cut so.
            KinodexError: DISK_FULL.
        """
        job = CutJob(str(out.absolute()), span.start, span.end, exact, video.rotation)
        (message,) = self._messages("cut", path, video.seconds, asdict(job))
        return Span(max(0, message.values["start"]), message.values["end"], span.time_base)

    def make_proxy(
        self,
        path: Path,
        video: Video,
        out: Path,
        on_progress: Callable[[float], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Write a copy that browsers play, with every frame and sound at its time: H.264 and AAC in an MP4.

        Pictures are copied as they are where that is enough, else made smaller than `PROXY_SIDE`.

        Args:
            on_progress: called with what is done, in [0, 1].
            cancelled: asked a few times a second.

        Raises:
            Cancelled: if it was; what was written of ``out`` stays.
            KinodexError: DISK_FULL.
        """
        facts = self.facts(path)
        width, height = _even(*_long_side(video.width, video.height, PROXY_SIDE))
        if video.rotation % 180:
            width, height = height, width
        job = ProxyJob(
            out=str(out.absolute()),
            copied=playable(facts).how == "remux",
            copied_sound=copies_sound(facts),
            width=width,
            height=height,
            rotation=video.rotation,
            duration=video.duration,
            seconds=video.seconds,
        )
        for message in self._messages("proxy", path, video.seconds, asdict(job)):
            if cancelled():
                raise Cancelled
            on_progress(float(message.values["done"]))
        on_progress(1.0)


def tick_at(video: Video, seconds: float) -> int:
    """The tick that is on at a time; never below 0."""
    return max(0, math.floor((Fraction(seconds) + _LOST) / video.time_base))


def jpeg(pixels: NDArray[np.uint8], quality: int = _QUALITY) -> bytes:
    """Pixels (h, w, 3) uint8 RGB as a JPEG."""
    made, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not made:
        raise RuntimeError(f"cannot encode a picture of {pixels.shape}")
    return data.tobytes()


def _long_side(width: int, height: int, longest: int) -> tuple[float, float]:
    scale = min(1.0, longest / max(width, height))
    return width * scale, height * scale


def _even(width: float, height: float) -> tuple[int, int]:
    return max(2, round(width / 2) * 2), max(2, round(height / 2) * 2)


def _fitted(width: int, height: int, across: int) -> tuple[int, int]:
    scale = min(1.0, across / width)
    return max(1, round(width * scale)), max(1, round(height * scale))
