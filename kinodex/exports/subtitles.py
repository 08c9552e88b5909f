"""Transcripts as SubRip, WebVTT and plain text.

Written by hand: pysubs2 reads both formats well, but writes neither cue identifiers nor the escapes of WebVTT, and
takes ``{\\…}`` in a text for markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from kinodex.exports.material import Line, Part
from kinodex.exports.wording import escaped, one_line, untagged
from stores.core.records import Span


def milliseconds(tick: int, time_base: Fraction) -> int:
    """A time in whole milliseconds, which is all that subtitles can say."""
    return round(tick * time_base * 1000)


def stamp(tick: int, time_base: Fraction, comma: str = ".") -> str:
    """``HH:MM:SS.mmm``."""
    seconds, rest = divmod(milliseconds(tick, time_base), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{comma}{rest:03d}"


def between(span: Span, comma: str = ".") -> str:
    """``HH:MM:SS.mmm --> HH:MM:SS.mmm``; a cue lasts a millisecond at least, since players drop empty ones."""
    end = span.end
    while milliseconds(end, span.time_base) <= milliseconds(span.start, span.time_base):
        end += max(1, int(Fraction(1, 1000) / span.time_base))
    return f"{stamp(span.start, span.time_base, comma)} --> {stamp(end, span.time_base, comma)}"


def srt(lines: Iterable[Line]) -> str:
    """SubRip; markup in a text is made harmless by an invisible word joiner."""
    cues = (
        f"{number}\n{between(line.span, ',')}\n{untagged(line.text)}\n\n" for number, line in enumerate(_said(lines), 1)
    )
    return "".join(cues)


def vtt(lines: Iterable[Line]) -> str:
    """WebVTT; the identifier of each cue is the evidence id of its line, by which an import finds it."""
    cues = (f"{line.evidence_id}\n{between(line.span)}\n{escaped(line.text)}\n\n" for line in _said(lines))
    return "WEBVTT\n\n" + "".join(cues)


def plain(lines: Iterable[Line]) -> str:
    """The text alone, a line each."""
    return "".join(f"{one_line(line.text)}\n" for line in _said(lines))


def speaker_srt(lines: Iterable[Line]) -> str:
    """SubRip with who speaks before each text; a line that changes hands is several cues."""
    cues = (
        f"{number}\n{between(part.span, ',')}\n{untagged(_named(part))}\n\n"
        for number, part in enumerate(_parts(lines), 1)
    )
    return "".join(cues)


def speaker_vtt(lines: Iterable[Line]) -> str:
    """WebVTT with the voice of each cue as its ``<v>``."""
    return "WEBVTT\n\n" + "".join(f"{between(part.span)}\n{_voiced(part)}\n\n" for part in _parts(lines))


def speaker_plain(lines: Iterable[Line]) -> str:
    """The text with who speaks before it; what somebody says without a break is one line."""
    joined: list[tuple[str, list[str]]] = []
    for part in _parts(lines):
        if joined and joined[-1][0] == part.speaker and part.speaker:
            joined[-1][1].append(one_line(part.text))
        else:
            joined.append((part.speaker, [one_line(part.text)]))
    return "".join(f"{one_line(who)}: {' '.join(texts)}\n" if who else f"{texts[0]}\n" for who, texts in joined)


def _parts(lines: Iterable[Line]) -> Iterable[Part]:
    for line in _said(lines):
        for part in line.parts or (Part("", line.span, line.text),):
            if one_line(part.text):
                yield part


def _named(part: Part) -> str:
    return f"{one_line(part.speaker)}: {part.text}" if part.speaker else part.text


def _voiced(part: Part) -> str:
    # What ends a voice's name, or begins markup, cannot be part of it.
    return f"<v {escaped(one_line(part.speaker))}>{escaped(part.text)}" if part.speaker else escaped(part.text)


def _said(lines: Iterable[Line]) -> Iterable[Line]:
    return (line for line in lines if one_line(line.text))
