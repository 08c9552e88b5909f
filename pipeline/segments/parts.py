"""Long videos in parts: each part is watched and heard by itself, so that nothing is lost beyond one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stores.core.ids import fingerprint
from stores.core.records import Span, Video

# A part costs some minutes of work, which is what a crash may lose; its frames and results stay under some 100 MB.
# Source: the floor plan's units of 10 to 15 minutes.
PART_SECONDS = 720.0
LONGEST_WHOLE = 900.0
# So that no video falls into parts much shorter than asked for.
_WHOLE_SHARE = LONGEST_WHOLE / PART_SECONDS
# Raw streams (libavformat's names) hold neither times nor an index: each part would decode all that is before it.
_UNINDEXED = frozenset({"h261", "h263", "h264", "hevc", "vvc", "obu", "m4v", "vc1", "cavsvideo", "mjpeg", "mpegvideo"})

SPLICED = "SPLICED"
"""The code of the warning for joined recordings."""


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a long video.

    Attributes:
        number: from 0.
        of: how many parts there are.
        span: what belongs to this part; the parts' spans follow on each other from tick 0 to the video's duration.
    """

    number: int
    of: int
    span: Span


def parts_of(video: Video, seconds: float = PART_SECONDS) -> tuple[Part, ...]:
    """The parts of equal length, of at most ``seconds`` each, in which a video is watched and heard.

    Returns:
        Nothing for a video that is done as a whole: one not longer than 1.25 parts (`LONGEST_WHOLE` at the usual
        length), of unknown length, or a raw stream or joined recordings, in which no place can be found.

    Raises:
        ValueError: if ``seconds`` is not positive.
    """
    if seconds <= 0:
        raise ValueError(f"no length of a part: {seconds}")
    if not places_are_found(video) or video.seconds <= seconds * _WHOLE_SHARE:
        return ()
    count = min(video.duration, math.ceil(video.seconds / seconds))
    edges = [video.duration * number // count for number in range(count + 1)]
    return tuple(
        Part(number, count, Span(edges[number], edges[number + 1], video.time_base)) for number in range(count)
    )


def places_are_found(video: Video) -> bool:
    """Whether decoding can begin in the middle of the file.

    In a raw stream everything before would be decoded; so it would in joined recordings, whose clocks start again.
    """
    spliced = any(warning.startswith(f"{SPLICED}: ") for warning in video.warnings)
    return video.container not in _UNINDEXED and not spliced


def part_fingerprint(stage_fingerprint: str, part: Part) -> str:
    """The fingerprint of one part of a stage, from that of the whole stage."""
    span = part.span
    place = {"number": part.number, "of": part.of, "span": [span.start, span.end, str(span.time_base)]}
    return fingerprint("part", stage_fingerprint, place)
