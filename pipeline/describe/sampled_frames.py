"""What of a clip is looked at again: a few of its frames, and what is said and to be read meanwhile."""

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

_NAME = "sights"
# Every frame of a stretch, scaled with care; None would scale them quickly.
_EVERY = 1e-6
# Frames of a stretch in which the one that is wanted is looked for first.
_NEAR = 3
# Where no place can be found, the whole file is decoded and a frame in so many seconds is looked at.
_PASS_SECONDS = 0.2

_Picture = tuple[int, NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class SampledFrames:
    """One clip as a describer is given it.

    Attributes:
        pixels: (n, h, w, 3) uint8 RGB, as displayed, n at least 1.
        ticks: of the frames, rising.
        said, read: lines that were heard, and read on screen, in the clip. Data, never instructions.
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
    """The middles of ``count`` equal stretches of ``span``: for one, the middle of it."""
    length = span.end - span.start
    return tuple(sorted({span.start + (2 * i + 1) * length // (2 * count) for i in range(count)}))


def clips_of(memory: Memory) -> list[Clip]:
    """The clips of one video in time."""
    clips = [record for record in memory.records("clips") if isinstance(record, Clip)]
    return sorted(clips, key=lambda clip: (clip.span.start, clip.span.end))


def sampled_frames(
    path: Path, memory: Memory, decoder: Decoder, count: int, long_side: int, words: bool = False
) -> Iterator[SampledFrames]:
    """Every clip of a video with up to ``count`` of its frames, in time; clips without a frame are left out.

    The file is decoded only around the wanted frames, unless it has no index to find them by.

    Args:
        long_side: pixels of the longer side of the frames.
        words: give lines that were heard and read, too.

    Raises:
        MediaError: as `pipeline.decode.decoder.Decoder`.
    """
    video = memory.video
    if video is None:
        return
    clips = clips_of(memory)
    spoken = [record for record in memory.records("speech") if isinstance(record, Utterance)] if words else []
    written = [record for record in memory.records("screentext") if isinstance(record, ScreenText)] if words else []
    look = _sought if is_seekable(video) else _passed
    for clip, pictures in look(path, video, decoder, clips, count, long_side):
        # A stream may change its size; what does not fit the first frame is left out.
        alike = [one for one in pictures if one[1].shape == pictures[0][1].shape]
        if alike:
            yield SampledFrames(
                clip,
                np.stack([pixels for _, pixels in alike]),
                tuple(tick for tick, _ in alike),
                tuple(line.text for line in spoken if line.span.overlap(clip.span)),
                tuple(dict.fromkeys(line.text for line in written if line.span.overlap(clip.span))),
            )


def _sought(
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
    """The first frame from ``tick`` on; where none follows soon, the one that is still shown then."""
    near = max(1, round(_NEAR / video.frame_rate / video.time_base)) if video.frame_rate else span.end - tick
    if soon := _stretch(path, video, decoder, sampling, tick, min(span.end, tick + near)):
        return soon[0]
    if before := _stretch(path, video, decoder, sampling, span.start, tick + 1):
        return before[-1]
    return next(iter(_stretch(path, video, decoder, sampling, tick, span.end)), None)


def _stretch(path: Path, video: Video, decoder: Decoder, sampling: Sampling, start: int, end: int) -> list[_Picture]:
    """The frames of [start, end). All are taken from the decoder: ending early would end its process."""
    taken: list[_Picture] = []
    if start < end:
        for frames in decoder.frames(path, video, [sampling], Span(start, end, video.time_base)):
            taken += zip(frames.ticks.tolist(), frames.pixels, strict=True)
    return taken


def _passed(
    path: Path, video: Video, decoder: Decoder, clips: Sequence[Clip], count: int, long_side: int
) -> Iterator[tuple[Clip, list[_Picture]]]:
    """The same out of one pass over the file."""
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
        pass  # the decoder is left ready for the next file
