"""Beginning to decode in the middle of a file, at a place that is surely the right one. Runs in the decoding child."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

import av

from pipeline.decode.open import decoded, opened, tells_times
from pipeline.decode.probe_header import start_of
from pipeline.decode.protocol import Emit
from pipeline.decode.splices import is_spliced

# Where seeking lands behind the wanted place, or where nothing can be decoded from there on, earlier places are tried:
# far enough apart that a file whose second half is missing costs few of them.
_EARLIER_SECONDS = (0, 10, 30, 90, 270, 810, 2430, 7290)
# Frames before the first key frame in time order refer to what was not decoded. Source: reordering buffers hold at
# most 16 frames (H.264 annex A); beyond some of them the stream marks no key frames.
_LEADING_FRAMES = 64


@dataclass(frozen=True, slots=True)
class Decoding:
    """Frames in time order, from the wanted place or before it.

    Attributes:
        first: timestamp of tick 0 of the video, in the stream's time base, for streams of pictures.
        frames: those that can be decoded; there are none only if the whole file has none.
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
    """The frames of one stream from a key frame at or before a place; from the first one if that cannot be found.

    Args:
        choose: takes the container and the path, gives the stream, set up for decoding.
        wanted: takes the container and the stream, gives the place in seconds of the file's timestamps; None for the
            beginning of the file.
        emit: told ``seeking`` before the file is searched, which may take long in one without an index, and
            ``detour`` with the seconds that are decoded in vain.
        seconds: of the video, as probed, by which a spliced file is known; 0 if unknown.

    Raises:
        MediaError: as `opened` and ``choose``.
    """
    with opened(path) as container:
        stream = choose(container, path)
        place = wanted(container, stream)
        frames = None
        if place is not None and tells_times(container) and not is_spliced(container, seconds):
            begin = Fraction(stream.start_time or 0) * stream.time_base
            frames = _found(container, stream, place, begin, emit)
        if place is None or frames is not None:
            source = frames if frames is not None else decoded(container, stream)
            yield Decoding(container, stream, start_of(container, stream), source)
            return
    # Opened again: after a seek that went wrong, not even the beginning need come out whole.
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
            return None  # the file tells no times of presentation
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
