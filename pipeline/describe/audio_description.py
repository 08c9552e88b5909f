"""Audio description: captions of clips, placed as short texts in the pauses of speech, for people who cannot see.

Nothing is asked of a model: what is stored is chosen, shortened and timed.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from stores.core.records import Caption, Span
from stores.core.text_keys import HAN

WORDS_PER_SECOND = 2.5
"""Words of a description that are spoken in a second. Source: our choice: 150 words a minute, an unhurried reading; 160
is often named as the most for audio description."""

CHARACTERS_PER_SECOND = 4.0
"""The same for Chinese characters. Source: our choice: 240 a minute; news is read at about 300."""

GUARD_SECONDS = 0.2
"""Silence kept between speech and a description. Source: our choice: voice activity is known to a tenth of a second."""

BETWEEN_SECONDS = 0.6
"""Silence kept between two descriptions: a breath."""

LATE_SECONDS = 2.0
"""A description ends at most this long after its clip. It never begins before it, so that nothing is given away."""

SHORTEST_SECONDS = 1.0
"""Shorter pauses are breaths of a speaker."""

ALIKE = 0.8
"""Share of common words from which a description repeats the one before, and is left out."""

_HAN = re.compile(f"[{HAN}]")
_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")
# What follows can be left out: the words before are a clause of their own.
_CLAUSE = re.compile(r"(?:,\s*|\s+)(?:while|as|and then|before|after which)\s|;\s*|；|，同时")
_PREAMBLE = re.compile(
    r"^(?:in (?:this|the) (?:video |short )?(?:clip|video|scene|image|picture|frames?)\b,?\s*(?:we (?:can )?see\s+)?|"
    r"(?:this|the) (?:video |short )?(?:clip|video|scene|image|picture|frames?) (?:shows?|depicts?|features?)\s+|"
    r"we (?:can )?see\s+)",
    re.I,
)
_LEAST_WORDS = 3  # of a shortened sentence


@dataclass(frozen=True, slots=True)
class Cue:
    """One description, in seconds from the start of the video."""

    start: float
    end: float
    text: str


def speaking_seconds(text: str) -> float:
    """How long a text takes to be spoken."""
    characters = len(_HAN.findall(text))
    words = len(_WORD.findall(_HAN.sub(" ", text)))
    return words / WORDS_PER_SECOND + characters / CHARACTERS_PER_SECOND


def pauses(speech: Iterable[Span], seconds: float) -> list[tuple[float, float]]:
    """The stretches of [0, seconds) in which nobody speaks, without `GUARD_SECONDS` at the side of speech."""
    found = []
    end = 0.0
    for start, stop in [*sorted(span.seconds for span in speech), (seconds + GUARD_SECONDS, seconds)]:
        if start - GUARD_SECONDS - end >= SHORTEST_SECONDS:
            found.append((end, start - GUARD_SECONDS))
        end = max(end, stop + GUARD_SECONDS)
    return found


def audio_description(captions: Iterable[Caption], speech: Iterable[Span], seconds: float) -> list[Cue]:
    """Descriptions in order of time, none of which overlaps speech or another.

    Each caption is placed in a pause at its clip, as long as it fits: whole, by its first sentences, or by its first
    clause; else it is left out, as is one that repeats what was just said.

    Args:
        speech: all spans in which somebody speaks.
        seconds: length of the video.
    """
    silent = pauses(speech, seconds)
    cues: list[Cue] = []
    for caption in sorted(captions, key=lambda one: (one.span.start, one.span.end)):
        if cues and _alike(cues[-1].text, next(iter(shorter(caption.text)), "")):
            continue
        cue = _placed(caption, silent, cues[-1].end + BETWEEN_SECONDS if cues else 0.0)
        if cue is not None and not (cues and _alike(cues[-1].text, cue.text)):
            cues.append(cue)
    return cues


def shorter(caption: str) -> Iterator[str]:
    """A caption in ever shorter forms, the longest first: always whole sentences or clauses."""
    plain = _PREAMBLE.sub("", " ".join(caption.split()))
    sentences = [one.strip() for one in _SENTENCE.split(plain) if one.strip()]
    for count in range(len(sentences), 0, -1):
        yield _ended(("" if _HAN.search(plain) else " ").join(sentences[:count]))
    if sentences:
        for hit in reversed(list(_CLAUSE.finditer(sentences[0]))):
            clause = sentences[0][: hit.start()]
            if len(_WORD.findall(clause)) >= _LEAST_WORDS or len(_HAN.findall(clause)) >= _LEAST_WORDS:
                yield _ended(clause)


def webvtt(cues: Sequence[Cue], models: Sequence[str]) -> str:
    """A WebVTT file with descriptions. Source: https://www.w3.org/TR/webvtt1/, section 4.

    Args:
        models: that wrote the captions.
    """
    by = ", ".join(_escaped(model) for model in models) or "an unknown model"
    lines = ["WEBVTT", "", f"{MADE_BY} {by}.", "Nobody has checked it: what it says may be wrong.", ""]
    for number, cue in enumerate(cues, 1):
        lines += [str(number), f"{_stamp(math.ceil(cue.start * 1000))} --> {_stamp(int(cue.end * 1000))}"]
        lines += [_escaped(cue.text), ""]
    return "\n".join(lines)


MADE_BY = "NOTE Audio description made by Kinodex from captions written by"
"""Begins the third line of each file, by which a file of Kinodex is told from one that somebody made."""


def _placed(caption: Caption, silent: Sequence[tuple[float, float]], earliest: float) -> Cue | None:
    begins, ends = caption.span.seconds
    for text in shorter(caption.text):
        needed = max(SHORTEST_SECONDS, speaking_seconds(text))
        for pause_start, pause_end in silent:
            start = max(pause_start, begins, earliest)
            if start < ends and start + needed <= min(pause_end, ends + LATE_SECONDS):
                return Cue(start, start + needed, text)
    return None


def _ended(text: str) -> str:
    text = text.rstrip(" ,;，；、")
    text = text[:1].upper() + text[1:]
    return (
        text if text.endswith((".", "!", "?", "。", "！", "？")) else text + ("。" if _HAN.search(text[-1:]) else ".")
    )


def _alike(one: str, other: str) -> bool:
    ours, theirs = (
        {key.casefold() for key in (*_WORD.findall(_HAN.sub(" ", text)), *_HAN.findall(text))} for text in (one, other)
    )
    return bool(ours or theirs) and len(ours & theirs) >= ALIKE * len(ours | theirs)


def _escaped(text: str) -> str:
    """Text in one line that no parser takes for a tag, a character reference or an arrow."""
    return html.escape(" ".join(text.split()), quote=False)


def _stamp(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"
