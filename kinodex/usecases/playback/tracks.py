"""What was said in a video, as a text track that a player shows."""

from __future__ import annotations

from collections.abc import Iterable

from stores.core.records import Evidence


def webvtt(lines: Iterable[Evidence]) -> str:
    """A WebVTT file of these lines, in order of time; what they say is text, never markup.

    Source: WebVTT: The Web Video Text Tracks Format, section 4.
    """
    cues = ["WEBVTT"]
    for line in sorted(lines, key=lambda line: (line.span.start, line.span.end)):
        start, end = line.span.seconds
        text = " ".join(line.text.split())
        for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(letter, entity)
        if text and end > start:
            cues.append(f"{_clock(start)} --> {_clock(end)}\n{text}")
    return "\n\n".join(cues) + "\n"


def _clock(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
