"""Claims, citations and answers, and how claims are drafted from stored lines without a language model."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from agents.evidence import is_background
from agents.questions.question import Question
from agents.words import coverage
from stores.core.records import Channel, Evidence, Span
from stores.core.text_keys import HAN

SUPPORT = 0.5
"""Share of the question's content words that a spoken or written passage must contain to be quoted as its answer."""

NEIGHBOUR_SECONDS = 8.0
"""An answer often comes after the words of the question: lines this soon after a hit are quoted with it."""

LEAST_SEEN = 0.15
"""Confidence a label, an object or a caption needs to be named in an answer."""

SEEN: tuple[Channel, ...] = ("picture", "object", "caption")
"""Channels that tell what the pictures show."""

MOST_CLAIMS = 4
"""Claims of one answer at most: more quotes than this are no answer."""

_NUMBER = re.compile(
    r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million)\b|[一二三四五六七八九十百千万]",
    re.I,
)
_CHINESE_NAME = re.compile(f"[{HAN}]+")
_PROPER = re.compile(r"(?<!^)(?<![.!?。！？] )\b[A-Z](?!['’])[\w'’-]+")


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


def quote_lines(question: Question, lines: Sequence[Evidence]) -> list[Claim]:
    """Claims that quote spoken or written passages with enough words of the question and the kind of thing it asks for.

    Args:
        lines: speech and screen evidence of the videos in question.
    """
    passages = sorted(
        (
            (coverage(question.terms, " ".join(line.text for line in passage)), passage)
            for passage in _passages(lines)
            if coverage(question.terms, passage[0].text)
        ),
        key=lambda item: (-item[0], item[1][0].video_id, item[1][0].span.start),
    )
    claims: list[Claim] = []
    quoted: set[str] = set()
    for share, passage in passages:
        fresh = [line for line in passage if line.evidence_id not in quoted]
        if share < SUPPORT or (claims and share < passages[0][0]) or not fresh or not answers(question, fresh):
            continue
        quoted.update(line.evidence_id for line in fresh)
        claims.append(
            Claim(_sentence(question, fresh[0].channel, " ".join(s.text for s in fresh)), tuple(map(cite, fresh)))
        )
    return claims[:MOST_CLAIMS]


def name_seen(question: Question, seen: Sequence[Evidence]) -> list[Claim]:
    """Claims that name what was recognised or read, or quote what was said: one per text, in the order given."""
    claims: dict[str, Claim] = {}
    for line in seen:
        chinese = _CHINESE_NAME.search(line.search_text) if question.chinese and line.channel in SEEN else None
        name = chinese.group() if chinese else line.text
        claims.setdefault(line.text.casefold(), Claim(_sentence(question, line.channel, name), (cite(line),)))
    return list(claims.values())[:MOST_CLAIMS]


def give_overview(question: Question, lines: Sequence[Evidence]) -> list[Claim]:
    """Claims about a video as a whole: what was seen, said and read there, in turn.

    Args:
        lines: all evidence of the video. If the question is about speech or about text on screen, only that counts.
    """
    seen: dict[str, list[Evidence]] = defaultdict(list)
    for line in lines:
        if line.channel in SEEN and line.confidence >= LEAST_SEEN and not is_background(line):
            seen[line.text.casefold()].append(line)
    # What is certain and lasts long says most about the video; a caption says more than a label.
    by_weight = sorted(
        (max(same, key=lambda line: line.confidence) for same in seen.values()),
        key=lambda line: (line.channel != "caption", -_weighted_seconds(seen[line.text.casefold()]), line.span.start),
    )
    spoken, written = (
        sorted((line for line in lines if line.channel == channel), key=lambda line: line.span.start)
        for channel in ("speech", "screen")
    )
    if question.source == "picture":
        in_turn = [line for row in zip_longest(by_weight, spoken, written) for line in row if line is not None]
    else:
        in_turn = spoken if question.source == "speech" else written
    return name_seen(question, in_turn)


def _weighted_seconds(lines: Sequence[Evidence]) -> float:
    """Total length, each line weighted by its confidence."""
    return sum(line.confidence * (line.span.seconds[1] - line.span.seconds[0]) for line in lines)


def answers(question: Question, lines: Sequence[Evidence]) -> bool:
    """Whether the lines contain the kind of thing asked for: a number for "how much", a proper name for "who"."""
    text = " ".join(line.text for line in lines)
    if question.wants in ("number", "price", "date", "duration"):
        return bool(_NUMBER.search(text))
    if question.wants == "name" and not question.chinese:
        return any(name.lower() not in question.text.lower() for name in _PROPER.findall(text))
    return True


def _passages(lines: Sequence[Evidence]) -> list[list[Evidence]]:
    """Every line with those of its channel that follow within `NEIGHBOUR_SECONDS`."""
    ordered = sorted(lines, key=lambda line: (line.video_id, line.channel, line.span.start))
    passages = []
    for i, line in enumerate(ordered):
        passage = [line]
        for later in ordered[i + 1 : i + 4]:
            if (later.video_id, later.channel) != (line.video_id, line.channel):
                break
            if later.span.seconds[0] - line.span.seconds[1] <= NEIGHBOUR_SECONDS:
                passage.append(later)
        passages.append(passage)
    return passages


def _sentence(question: Question, channel: Channel, text: str) -> str:
    if question.chinese:
        spoken, written, seen = "听到：“{}”", "画面文字：“{}”", "看到：{}"
    else:
        spoken, written, seen = "Someone says: “{}”", "On screen: “{}”", "Seen: {}"
    return {"speech": spoken, "screen": written}.get(channel, seen).format(text.strip())
