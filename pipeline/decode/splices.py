"""Transport and program streams joined end to end, whose clocks restart. Runs in the decoding child."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av

from pipeline.decode.protocol import Emit
from pipeline.decode.timeline import Timeline

# Containers of which two files, concatenated, are a valid file; by libavformat's names.
_JOINABLE = frozenset({"mpegts", "mpegtsraw", "mpeg"})
# FFmpeg's estimate of the length of such a file may be off by this many seconds. Ours.
_ESTIMATE_SECONDS = 1
_REPORT_SECONDS = 60


def is_joinable(container: Any) -> bool:
    """Whether two files of this format, concatenated, are a valid file."""
    return container.format.name in _JOINABLE


def is_spliced(container: Any, seconds: float) -> bool:
    """Whether a file is longer than its timestamps say, so that seeking by timestamps would land in the wrong place.

    Args:
        seconds: of the video, as probed.
    """
    declared = Fraction(container.duration or 0, 1_000_000)
    return is_joinable(container) and bool(declared) and seconds > declared + _ESTIMATE_SECONDS


def spliced_end(container: Any, stream: Any, start: int, declared: int, rate: Fraction, emit: Emit) -> int:
    """Where the last frame of a spliced file ends, in ticks from tick 0; 0 for a file that is not spliced.

    All packets of the stream are read, since a join may be anywhere; nothing is decoded.

    Args:
        start: timestamp of tick 0.
        declared: length in ticks according to the timestamps.
        emit: gets ``detour`` with the seconds that were read, so that a long file is not mistaken for an endless loop.
    """
    time_base = Fraction(stream.time_base)
    timeline = Timeline(start, time_base, rate)
    reported = 0
    for packet in _packets(container, stream):
        emit("alive", {}, None)
        if packet.size:
            timeline.tick(packet.pts, packet.dts, packet.duration)
        if (timeline.last - reported) * time_base > _REPORT_SECONDS:
            emit("detour", {"seconds": float((timeline.last - reported) * time_base)}, None)
            reported = timeline.last
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
