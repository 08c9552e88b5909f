"""When the frames of a video are shown: from its packets, without decoding, where they say it. Runs in the child."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.decode.open import frame_rate, has_timestamps, opened, video_stream
from pipeline.decode.probe_header import start_of
from pipeline.decode.protocol import Emit
from pipeline.decode.seeking import decoding_from
from pipeline.decode.splices import is_spliced
from pipeline.decode.timeline import Timeline
from pipeline.playback.facts import says_when

# If a seek lands behind the wanted place, earlier places are tried, then the beginning.
_EARLIER_SECONDS = (0, 10, 60)
_USUAL_RATE = 25


@dataclass(frozen=True, slots=True)
class TimesJob:
    """Which frames' times are wanted: those shown at some moment between two ticks.

    Attributes:
        start, end: ticks of the video; ``end`` is not among them.
        duration: of the video in ticks, 0 if unknown; frames behind it are not shown.
        seconds: of the video, to recognise joined recordings.
    """

    start: int
    end: int
    duration: int
    seconds: float


def read_frame_times(path: str, job: TimesJob, emit: Emit) -> NDArray[np.int64]:
    """Ticks (n + 1,) at which n frames begin, in order, and the one at which the last of them ends.

    Raises:
        MediaError: as `pipeline.decode.open.opened` and `video_stream`.
    """
    found = _from_packets(path, job, emit)
    return _chosen(_from_frames(path, job, emit) if found is None else found, job)


def _chosen(lengths: Mapping[int, int], job: TimesJob) -> NDArray[np.int64]:
    """Of frames by their ticks, with their lengths as far as known (0), those that are shown in the job's span."""
    ticks = sorted(tick for tick in lengths if tick >= 0 and not 0 < job.duration <= tick)
    if not ticks:
        return np.empty(0, np.int64)
    steps = sorted(b - a for a, b in pairwise(ticks))
    last = lengths[ticks[-1]] or (steps[len(steps) // 2] if steps else 1)
    ends = [*ticks[1:], ticks[-1] + last]
    shown = [place for place, end in enumerate(ends) if end > job.start and ticks[place] < job.end]
    if not shown:
        return np.empty(0, np.int64)
    return np.asarray([*ticks[shown[0] : shown[-1] + 1], ends[shown[-1]]], np.int64)


def _from_packets(path: str, job: TimesJob, emit: Emit) -> dict[int, int] | None:
    """As `_chosen` takes it, with a frame more at both ends; None where only decoding tells."""
    for earlier in (*_EARLIER_SECONDS, None):
        with opened(path) as container:
            stream = video_stream(container, path)
            if not says_when(container) or is_spliced(container, job.seconds):
                return None
            first = start_of(container, stream)
            target = 0 if earlier is None else job.start - round(earlier / Fraction(stream.time_base))
            if target > 0:
                emit("seeking", {}, None)
                try:
                    container.seek(first + target, stream=stream, backward=True)
                except (av.error.FFmpegError, OSError):
                    continue
            found = _read(_packets(container, stream), first, job.end, emit)
        if found is None or target <= 0 or (found and min(found) <= job.start):
            return found
    return {}


def _read(packets: Iterator[Any], first: int, end: int, emit: Emit) -> dict[int, int] | None:
    found: dict[int, int] = {}
    behind: int | None = None  # the earliest frame that begins at the end or later
    decodable = False
    for packet in packets:
        emit("alive", {}, None)
        if not packet.size:
            continue
        if packet.pts is None:
            return None
        # No later packet is shown before it is decoded.
        if behind is not None and packet.dts is not None and packet.dts - first >= behind:
            break
        decodable = decodable or packet.is_keyframe
        # What precedes the first key frame is not shown, nor what an edit list leaves out.
        if packet.is_discard or not decodable:
            continue
        tick = int(packet.pts) - first
        found[tick] = int(packet.duration or 0)
        if tick >= end:
            behind = tick if behind is None else min(behind, tick)
    return found


def _from_frames(path: str, job: TimesJob, emit: Emit) -> dict[int, int]:
    def place(_container: Any, stream: Any) -> Fraction | None:
        return (start_of(_container, stream) + job.start) * stream.time_base if job.start > 0 else None

    found: dict[int, int] = {}
    for tick, frame in frames_from(path, place, job.seconds, emit):
        found[tick] = int(frame.duration or 0)
        if tick >= job.end:
            break
    return found


def frames_from(path: str, place: Any, seconds: float, emit: Emit) -> Iterator[tuple[int, Any]]:
    """Decoded frames with their ticks, as the pass over a video counts them, from a place or before.

    Args:
        place: as ``wanted`` of `pipeline.decode.seeking.decoding_from`.
        seconds: of the video, to recognise joined recordings.
    """
    with decoding_from(path, video_stream, place, emit, seconds) as decoding:
        stream, timed = decoding.stream, has_timestamps(decoding.container)
        rate = frame_rate(decoding.container, stream) or Fraction(_USUAL_RATE)
        timeline = Timeline(decoding.first if timed else 0, Fraction(stream.time_base), rate)
        for frame in decoding.frames:
            emit("alive", {}, None)
            tick = timeline.tick(frame.pts, frame.dts, frame.duration) if timed else timeline.tick(None, None, None)
            if tick is not None:
                yield tick, frame


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    with suppress(av.error.FFmpegError, OSError):  # the container ends abruptly here; what was read counts
        yield from container.demux(stream)
