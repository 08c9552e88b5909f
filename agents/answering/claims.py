"""Claims, citations and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stores.core.records import Channel, Evidence, Span

LEAST_SEEN = 0.15
"""Confidence a label, an object or a caption needs to be named in an answer."""

SEEN: tuple[Channel, ...] = ("picture", "object", "caption")
"""Channels that tell what the pictures show."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A claim's pointer to stored evidence. The times come from the store, never from a model."""

    evidence_id: str
    video_id: str
    span: Span
    channel: Channel
    quote: str


Basis = Literal["words", "quote", "seen", "computed", "listed"]
"""What a claim rests on: ``quote``: a line is repeated; ``words``: lines say it in other words; ``seen``: what the
models recognised; ``computed``: a number, time or order worked out from lines or from the rows of a query; ``listed``:
tags, names or properties of videos."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer with its evidence: at least one citation, once it is checked.

    Attributes:
        basis: what it rests on.
        sql: of a claim about the rows of a query, the query (`stores.query`); the checker runs it again.
        value: the part of ``text`` that was computed ("3", "1:05", "red"), which must come out again.
    """

    text: str
    citations: tuple[Citation, ...]
    basis: Basis = "words"
    sql: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or the statement that the library has none (``abstained``)."""

    question: str
    text: str
    abstained: bool
    mode: Literal["extractive", "llm"]
    claims: tuple[Claim, ...]


def cite(line: Evidence) -> Citation:
    """A citation of one stored line, quoted in full."""
    return Citation(line.evidence_id, line.video_id, line.span, line.channel, line.text)
