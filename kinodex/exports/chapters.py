"""Chapters: parts of a video with titles, as WebVTT and as metadata of FFmpeg."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from kinodex.exports.material import Chapter, VideoMaterial
from kinodex.exports.subtitles import between
from kinodex.exports.wording import escaped, one_line
from kinodex.text import clock
from stores.core.records import Span

SHORTEST_SECONDS = 10.0
"""Scenes are joined to chapters at least this long. Source: that of YouTube,
https://support.google.com/youtube/answer/9884579."""

MOST_CHAPTERS = 50
"""Above it, chapters get longer. Source: our choice: players list them on one page."""

_LONGEST_TITLE = 80
_SPECIAL = re.compile(r"([=;#\\])")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s|(?<=[。！？])")


def chapters_of(one: VideoMaterial) -> list[Chapter]:
    """Its scenes, joined to chapters, each named by the first caption, else the first line said or shown in it."""
    if one.video is None or not one.video.duration:
        return []
    least = max(SHORTEST_SECONDS, one.seconds / MOST_CHAPTERS)
    starts = [0]
    base = one.video.time_base
    for scene in sorted(one.scenes):
        gap, left = (scene.start - starts[-1]) * base, (one.video.duration - scene.start) * base
        if gap >= least and left >= least:
            starts.append(scene.start)
    ends = [*starts[1:], one.video.duration]
    spans = [Span(start, end, base) for start, end in zip(starts, ends, strict=True)]
    return [Chapter(span, _title(one, span)) for span in spans]


def _title(one: VideoMaterial, span: Span) -> str:
    for kind in ("caption", "screen", "speech"):
        for line in one.of_kind(kind):
            text = one_line(line.text)
            if span.contains(line.span.start) and text:
                first = _SENTENCE_END.split(text, maxsplit=1)[0].rstrip("。. ")
                return first if len(first) <= _LONGEST_TITLE else f"{first[: _LONGEST_TITLE - 1].rstrip()}…"
    return clock(span.seconds[0])


def webvtt(chapters: Sequence[Chapter]) -> str:
    """WebVTT for a track of kind ``chapters``."""
    cues = (f"{between(one.span)}\n{escaped(one.title)}\n\n" for one in chapters)
    return "WEBVTT\n\n" + "".join(cues)


def ffmetadata(title: str, chapters: Sequence[Chapter]) -> str:
    """Metadata that ``ffmpeg -i VIDEO -i FILE -map_metadata 1`` writes into a video; exact in the video's time base.

    Source: FFmpeg Formats, https://ffmpeg.org/ffmpeg-formats.html#Metadata-2.
    """
    parts = [f";FFMETADATA1\ntitle={_escaped(title)}\n"]
    for one in chapters:
        base: Fraction = one.span.time_base
        parts.append(
            f"[CHAPTER]\nTIMEBASE={base.numerator}/{base.denominator}\nSTART={one.span.start}\nEND={one.span.end}\n"
            f"title={_escaped(one.title)}\n"
        )
    return "".join(parts)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", one_line(text))
