"""Long videos in parts: each part is processed by itself, so that a crash loses no more than one part."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.decode.seekable import is_seekable
from stores.core.ids import fingerprint
from stores.core.records import Span, Video

# Our choice: a part takes a few minutes of work, which is what a crash may lose, and its frames and results stay
# under about 100 MB.
PART_SECONDS = 720.0
LONGEST_WHOLE = 900.0
# So that no video is split into parts much shorter than asked for.
_WHOLE_SHARE = LONGEST_WHOLE / PART_SECONDS


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a long video.

    Attributes:
        number: from 0.
        of: how many parts there are.
        span: of this part; the spans of all parts follow one another from tick 0 to the video's duration.
    """

    number: int
    of: int
    span: Span


def parts_of(video: Video, seconds: float = PART_SECONDS) -> tuple[Part, ...]:
    """The parts in which a video is processed: of equal length, of at most ``seconds`` each.

    Returns:
        Nothing for a video that is processed as a whole: one of at most 1.25 parts (`LONGEST_WHOLE` at the default
        length), of unknown length, or in a file that is not seekable (`pipeline.decode.seekable`).

    Raises:
        ValueError: if ``seconds`` is not positive.
    """
    if seconds <= 0:
        raise ValueError(f"the length of a part must be positive, not {seconds} s")
    if not is_seekable(video) or video.seconds <= seconds * _WHOLE_SHARE:
        return ()
    count = min(video.duration, math.ceil(video.seconds / seconds))
    edges = [video.duration * number // count for number in range(count + 1)]
    return tuple(
        Part(number, count, Span(edges[number], edges[number + 1], video.time_base)) for number in range(count)
    )


def part_fingerprint(stage_fingerprint: str, part: Part) -> str:
    """The fingerprint of one part of a stage, from that of the whole stage."""
    span = part.span
    place = {"number": part.number, "of": part.of, "span": [span.start, span.end, str(span.time_base)]}
    return fingerprint("part", stage_fingerprint, place)
