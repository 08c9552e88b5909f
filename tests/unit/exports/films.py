"""A video as exports see it, with everything that other programs stumble over."""

from __future__ import annotations

from fractions import Fraction

from kinodex.exports.material import Decided, Followed, FoundMoment, Line, VideoMaterial
from stores.core.records import Span, Video

BASE = Fraction(1001, 30000)
"""Ticks of one frame at 29.97 frames per second."""

HOSTILE = (
    '=cmd|"/c calc"!A1 --> <img src=x onerror=alert(1)> & {\\an8}\x1b[31m\u202e\ud800\n\n7\n'
    "00:00:01,000 --> 00:00:02,000\nx"
)
BOXES = ((60, 0.1, 0.1, 0.3, 0.4), (90, 0.2, 0.1, 0.5, 0.4))
CHINESE = "打鼓的人：快！"


def span(start: float, end: float, base: Fraction = BASE) -> Span:
    return Span.from_seconds(start, end, base)


def film(name: str = "打鼓 a&b.mp4", base: Fraction = BASE, rate: Fraction = Fraction(30000, 1001)) -> VideoMaterial:
    sha256 = "0f" * 32
    length = round(Fraction(60) / base)
    video = Video(f"vid_{name[:4]}", sha256, 1, length, base, 0, 640, 360, 0, rate, False, "h264", "aac", "mp4")
    lines = tuple(
        Line(f"utt_{number}", "speech", span(start, start + 2, base), text, 0.9, language)
        for number, (start, text, language) in enumerate(
            ((1.001, "Good evening.", "en"), (4.004, HOSTILE, "en"), (8.5, CHINESE, "zh"), (12.0, "- 5 +3", ""))
        )
    )
    shown = Line("txt_1", "screen", span(20, 22, base), "@SUM(1)", 0.8, box=(0.1, 0.2, 0.5, 0.4))
    return VideoMaterial(
        video_id=video.video_id,
        name=name,
        place=f"file:///videos/{name}",
        status="done",
        video=video,
        sha256=sha256,
        lines=(*lines, shown),
        scenes=(span(0, 15, base), span(15, 18, base), span(18, 40, base), span(40, 60, base)),
        tracklets=(
            Followed(
                "trk_1",
                span(2, 4, base),
                "dog",
                "狗",
                "left",
                0.7,
                ((60, 0.1, 0.1, 0.3, 0.4), (90, 0.2, 0.1, 0.5, 0.4)),
            ),
        ),
        decisions=(
            Decided("t1", "=鼓", "accepted", "person", 0.9, (lines[2], shown)),
            Decided("t2", "rain", "rejected", "automatic", 0.2, ()),
        ),
        moments=(
            FoundMoment("drums", 2, span(30.03, 35.035, base), 0.6, CHINESE),
            FoundMoment("drums", 1, span(10, 12, base), 0.9, "<b>drums</b>"),
        ),
        summary="A man plays.\n\nHe stops & <i>bows</i>.\x00",
    )
