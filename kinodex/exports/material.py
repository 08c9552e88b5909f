"""What exports are made of: one video with what is known about it, read from the library once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from stores.core.records import Span, Video

Kind = Literal["speech", "screen", "caption"]
KINDS: tuple[Kind, ...] = ("speech", "screen", "caption")

USUAL_RATE = Fraction(25)
"""Frames per second of a video whose container does not say. Source: our choice, the rate of European television."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one speaker says of a line; ``speaker``: what they are called, "" if it is not known who speaks."""

    speaker: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was said, shown or written about a clip.

    Attributes:
        language: ISO 639-1, "" where it is not known.
        corrected: whether a person wrote it.
        box: (x0, y0, x1, y1) of a line on the screen, as fractions of the picture.
        parts: of a line that was said, by who says it.
    """

    evidence_id: str
    kind: str
    span: Span
    text: str
    confidence: float
    language: str = ""
    corrected: bool = False
    box: tuple[float, float, float, float] | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Followed:
    """A tracklet; ``boxes``: (tick, x0, y0, x1, y1), fractions of the picture."""

    evidence_id: str
    span: Span
    name: str
    name_zh: str
    motion: str
    confidence: float
    boxes: tuple[tuple[int, float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about a tag, and the lines it rests on; ``by`` is ``automatic`` or ``person``."""

    tag_id: str
    name: str
    decision: str
    by: str
    confidence: float
    evidence: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundMoment:
    """A moment that a search found."""

    query: str
    rank: int
    span: Span
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a video with a title."""

    span: Span
    title: str


@dataclass(frozen=True, slots=True)
class VideoMaterial:
    """One video.

    Attributes:
        name: of its file.
        place: where players and editors find the file: a uri, or only its name for those who must not know places.
        summary: its script, "" if there is none.
    """

    video_id: str
    name: str
    place: str
    status: str
    video: Video | None
    sha256: str = ""
    lines: tuple[Line, ...] = ()
    scenes: tuple[Span, ...] = ()
    tracklets: tuple[Followed, ...] = ()
    decisions: tuple[Decided, ...] = ()
    moments: tuple[FoundMoment, ...] = ()
    summary: str = ""

    @property
    def seconds(self) -> float:
        """Its length; 0 if it is not known."""
        return self.video.seconds if self.video else 0.0

    @property
    def rate(self) -> Fraction:
        """Frames per second, the mean of a variable rate."""
        known = self.video.frame_rate if self.video else Fraction(0)
        return known if known > 0 else USUAL_RATE

    @property
    def accepted(self) -> tuple[Decided, ...]:
        """Tags that fit it."""
        return tuple(one for one in self.decisions if one.decision == "accepted")

    def of_kind(self, kind: str) -> tuple[Line, ...]:
        """Its lines of one kind, by time."""
        found = (line for line in self.lines if line.kind == kind)
        return tuple(sorted(found, key=lambda line: (line.span.start, line.span.end, line.evidence_id)))
