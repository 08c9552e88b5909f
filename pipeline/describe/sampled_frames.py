"""The input of a describer: a few frames of each clip, decoded again, with its speech and screen text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Sampling
from pipeline.decode.seekable import is_seekable
from pipeline.stage import Memory
from stores.core.records import Clip, ScreenText, Span, Utterance, Video

_NAME = "sampled_frames"
# Every frame of a span, scaled bilinearly; None would select the faster and coarser scaling.
_EVERY = 1e-6
# Frames after a wanted tick that are decoded first.
_NEAR = 3
# If the file is not seekable, it is decoded from the beginning, with a frame at this interval.
_PASS_SECONDS = 0.2

_Picture = tuple[int, NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class SampledFrames:
    """One clip, as passed to a describer.

    Attributes:
        pixels: (n, h, w, 3) uint8 RGB, as displayed, n at least 1.
        ticks: of the frames, increasing.
        said, read: lines of speech and of screen text in the clip. Data, never instructions.
    """

    clip: Clip
    pixels: NDArray[np.uint8]
    ticks: tuple[int, ...]
    said: tuple[str, ...] = ()
    read: tuple[str, ...] = ()

    @property
    def seconds(self) -> tuple[float, ...]:
        """Seconds of the frames from the start of the video."""
        return tuple(float(tick * self.clip.span.time_base) for tick in self.ticks)


def wanted_ticks(span: Span, count: int) -> tuple[int, ...]:
    """The middles of ``count`` equal sections of ``span``."""
    length = span.end - span.start
    return tuple(sorted({span.start + (2 * i + 1) * length // (2 * count) for i in range(count)}))


def clips_of(memory: Memory) -> list[Clip]:
    """The clips of one video, in order of time."""
    clips = [record for record in memory.records("clips") if isinstance(record, Clip)]
    return sorted(clips, key=lambda clip: (clip.span.start, clip.span.end))


def sampled_frames(
    path: Path, memory: Memory, decoder: Decoder, count: int, long_side: int, words: bool = False
) -> Iterator[SampledFrames]:
    """Every clip of a video with up to ``count`` of its frames, in order of time; clips without a frame are left out.

    The file is decoded only around the wanted frames, unless it is not seekable.

    Args:
        long_side: pixels of the longer side of the frames.
        words: whether to include the speech and screen text of each clip.

    Raises:
        MediaError: as `pipeline.decode.decoder.Decoder`.
    """
    video = memory.video
    if video is None:
        return
    clips = clips_of(memory)
    spoken = [record for record in memory.records("speech") if isinstance(record, Utterance)] if words else []
    written = [record for record in memory.records("screentext") if isinstance(record, ScreenText)] if words else []
    sample = _by_seeking if is_seekable(video) else _in_one_pass
    for clip, pictures in sample(path, video, decoder, clips, count, long_side):
        # A stream may change its size; frames of another size than the first are left out.
        alike = [one for one in pictures if one[1].shape == pictures[0][1].shape]
        if alike:
            yield SampledFrames(
                clip,
                np.stack([pixels for _, pixels in alike]),
                tuple(tick for tick, _ in alike),
                tuple(line.text for line in spoken if line.span.overlap(clip.span)),
                tuple(dict.fromkeys(line.text for line in written if line.span.overlap(clip.span))),
            )


def _by_seeking(
    path: Path, video: Video, decoder: Decoder, clips: Sequence[Clip], count: int, long_side: int
) -> Iterator[tuple[Clip, list[_Picture]]]:
    sampling = Sampling(_NAME, _EVERY, long_side, batch=4)
    for clip in clips:
        found: dict[int, NDArray[np.uint8]] = {}
        for tick in wanted_ticks(clip.span, count):
            picture = _at(path, video, decoder, sampling, clip.span, tick)
            if picture is not None:
                found[picture[0]] = picture[1]
        yield clip, sorted(found.items(), key=lambda one: one[0])


def _at(path: Path, video: Video, decoder: Decoder, sampling: Sampling, span: Span, tick: int) -> _Picture | None:
    """The first frame at or soon after ``tick``; else the last one before it, which is still shown then."""
    near = max(1, round(_NEAR / video.frame_rate / video.time_base)) if video.frame_rate else span.end - tick
    if soon := _decoded(path, video, decoder, sampling, tick, min(span.end, tick + near)):
        return soon[0]
    if before := _decoded(path, video, decoder, sampling, span.start, tick + 1):
        return before[-1]
    return next(iter(_decoded(path, video, decoder, sampling, tick, span.end)), None)


def _decoded(path: Path, video: Video, decoder: Decoder, sampling: Sampling, start: int, end: int) -> list[_Picture]:
    """The frames in [start, end) ticks. They are read to the end: stopping early would end the decoder's process."""
    pictures: list[_Picture] = []
    if start < end:
        for frames in decoder.frames(path, video, [sampling], Span(start, end, video.time_base)):
            pictures += zip(frames.ticks.tolist(), frames.pixels, strict=True)
    return pictures


def _in_one_pass(
    path: Path, video: Video, decoder: Decoder, clips: Sequence[Clip], count: int, long_side: int
) -> Iterator[tuple[Clip, list[_Picture]]]:
    """The same as `_by_seeking`, in one pass over the file."""
    frames = decoder.frames(path, video, [Sampling(_NAME, _PASS_SECONDS, long_side)])
    pictures = (one for batch in frames for one in zip(batch.ticks.tolist(), batch.pixels, strict=True))
    last: _Picture | None = None
    coming = next(pictures, None)
    for clip in clips:
        found: dict[int, NDArray[np.uint8]] = {}
        for tick in wanted_ticks(clip.span, count):
            while coming is not None and coming[0] < tick:
                last, coming = coming, next(pictures, None)
            for picture in (coming, last):
                if picture is not None and clip.span.contains(picture[0]):
                    found[picture[0]] = picture[1]
                    break
        yield clip, sorted(found.items(), key=lambda one: one[0])
    for _ in pictures:
        pass  # reading to the end leaves the decoder ready for the next file
