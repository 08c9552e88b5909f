"""Decoding from the middle of a file, with a check that the seek landed right. Runs in the decoding child."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

import av

from pipeline.decode.open import decoded, has_timestamps, opened
from pipeline.decode.probe_header import start_of
from pipeline.decode.protocol import Emit
from pipeline.decode.splices import is_spliced

# If a seek lands behind the wanted place, or nothing can be decoded from there, earlier places are tried: far enough
# apart that a file without its second half needs only a few attempts.
_EARLIER_SECONDS = (0, 10, 30, 90, 270, 810, 2430, 7290)
# Frames shown before the first key frame refer to frames that were not decoded. Source: reordering buffers hold at
# most 16 frames (H.264 annex A); a stream without a key frame for several times as long does not flag any.
_LEADING_FRAMES = 64


@dataclass(frozen=True, slots=True)
class Decoding:
    """Frames in presentation order, from the wanted place or an earlier one.

    Attributes:
        first: timestamp of tick 0 of the video, in the stream's time base; for video streams.
        frames: those that can be decoded; empty only if the whole file has none.
    """

    container: Any
    stream: Any
    first: int
    frames: Iterator[Any]


@contextmanager
def decoding_from(
    path: str,
    choose: Callable[[Any, str], Any],
    wanted: Callable[[Any, Any], Fraction | None],
    emit: Emit,
    seconds: float = 0.0,
) -> Iterator[Decoding]:
    """The frames of one stream from a key frame at or before a place; all of them if the place cannot be found.

    Args:
        choose: called with the container and the path; returns the stream, set up for decoding.
        wanted: called with the container and the stream; returns the place in seconds of the file's timestamps, or
            None for the beginning of the file.
        emit: gets ``seeking`` before each seek, which may take long in a file without an index, and ``detour`` with
            the seconds that are decoded in vain.
        seconds: of the video, as probed, to recognise a spliced file; 0 if unknown.

    Raises:
        MediaError: as `opened` and ``choose``.
    """
    with opened(path) as container:
        stream = choose(container, path)
        place = wanted(container, stream)
        frames = None
        if place is not None and has_timestamps(container) and not is_spliced(container, seconds):
            begin = Fraction(stream.start_time or 0) * stream.time_base
            frames = _found(container, stream, place, begin, emit)
        if place is None or frames is not None:
            source = frames if frames is not None else decoded(container, stream)
            yield Decoding(container, stream, start_of(container, stream), source)
            return
    # Opened again: after a failed seek, not even the beginning is sure to decode correctly.
    with opened(path) as container:
        stream = choose(container, path)
        emit(
            "detour", {"seconds": float(max(Fraction(0), place - Fraction(container.start_time or 0, 1_000_000)))}, None
        )
        yield Decoding(container, stream, start_of(container, stream), decoded(container, stream))


def _found(container: Any, stream: Any, place: Fraction, begin: Fraction, emit: Emit) -> Iterator[Any] | None:
    time_base = Fraction(stream.time_base)
    for earlier in _EARLIER_SECONDS:
        target = place - earlier
        if target <= begin:
            return None
        emit("seeking", {}, None)
        try:
            container.seek(int(target / time_base), stream=stream, backward=True)
        except (av.error.FFmpegError, OSError):
            return None
        frames = decoded(container, stream)
        first = _first_key(frames, emit)
        if first is not None and first.pts is None:
            return None  # the file has no presentation timestamps
        if first is not None and first.pts * first.time_base <= place:
            if earlier:
                emit("detour", {"seconds": float(earlier)}, None)
            return chain([first], frames)
    return None


def _first_key(frames: Iterator[Any], emit: Emit) -> Any | None:
    for count, frame in enumerate(frames):
        emit("alive", {}, None)
        if isinstance(frame, av.AudioFrame) or frame.key_frame:
            return frame
        if count >= _LEADING_FRAMES:
            return None
    return None
