"""Transport and program streams that were joined end to end: their clock starts again. Runs in the decoding child."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av

from pipeline.decode.protocol import Emit
from pipeline.decode.timeline import Timeline

# Containers that are still files when put one behind the other, by libavformat's names.
_JOINABLE = frozenset({"mpegts", "mpegtsraw", "mpeg"})
# What FFmpeg estimates as the length of such a file may be this much off, in seconds. Ours.
_ESTIMATE_SECONDS = 1
_TOLD_SECONDS = 60


def is_joinable(container: Any) -> bool:
    """Whether two files of the kind, put end to end, are one file."""
    return container.format.name in _JOINABLE


def is_spliced(container: Any, seconds: float) -> bool:
    """Whether a file is longer than the difference of its timestamps, so that no place in it can be sought by them.

    Args:
        seconds: of the video, as probed.
    """
    declared = Fraction(container.duration or 0, 1_000_000)
    return is_joinable(container) and bool(declared) and seconds > declared + _ESTIMATE_SECONDS


def spliced_end(container: Any, stream: Any, start: int, declared: int, rate: Fraction, emit: Emit) -> int:
    """Where the pictures of a spliced file end, in ticks from tick 0; 0 for a file that is not spliced.

    All packets of the stream are read, since a join may be anywhere; nothing is decoded.

    Args:
        start: timestamp of tick 0.
        declared: length in ticks that the timestamps allow.
        emit: told ``detour`` with the seconds that were read through, so that no long file is taken for a loop.
    """
    time_base = Fraction(stream.time_base)
    timeline = Timeline(start, time_base, rate)
    told = 0
    for packet in _packets(container, stream):
        emit("alive", {}, None)
        if packet.size:
            timeline.tick(packet.pts, packet.dts, packet.duration)
        if (timeline.last - told) * time_base > _TOLD_SECONDS:
            emit("detour", {"seconds": float((timeline.last - told) * time_base)}, None)
            told = timeline.last
    beyond = (timeline.end - declared) * time_base
    return timeline.end if timeline.restarts and beyond > _ESTIMATE_SECONDS else 0


def _packets(container: Any, stream: Any) -> Any:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError):
            return
        if packet is None:
            return
        yield packet
