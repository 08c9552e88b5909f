"""Whether an answer is right: strictly, by what was planted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.answer_cases.cases import Case
from workflows.evaluation.strict_answers import says_strictly

if TYPE_CHECKING:
    from agents.answering.claims import Answer, Citation

_CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?![\d:])")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:s\b|sec|second|秒)")
_MINUTES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:min\b|minute|分钟|分)")
_NO = re.compile(r"^\s*(no\b|there is no|nothing|没有|不|否)", re.I)
_YES = re.compile(r"^\s*(yes\b|是|对|有|可以)", re.I)
_SLACK = 1.0
"""Seconds by which a time may miss what was planted: pictures are looked at once a second."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer, judged.

    Attributes:
        citations: how many; of these ``overlapping`` lie in what was planted.
        held: of the planted lines' videos and texts, whether the answer cites one.
    """

    right: bool
    abstained: bool
    citations: int = 0
    overlapping: int = 0
    why_not: str = ""


def judge(case: Case, answer: Answer, names: Mapping[str, str]) -> Judged:
    """Compare an answer with the truth.

    Args:
        names: video id to the file's name.
    """
    citations = [citation for claim in answer.claims for citation in claim.citations]
    overlapping = sum(_lies_right(case, citation, names) for citation in citations)
    if not case.answerable:
        declined = answer.abstained or (case.no and bool(_NO.match(answer.text)))
        return Judged(declined, answer.abstained, len(citations), 0, "" if declined else "answered")
    why_not = "declined" if answer.abstained else _fault(case, answer.text, citations, overlapping, names)
    return Judged(not why_not, answer.abstained, len(citations), overlapping, why_not)


def _fault(case: Case, text: str, citations: Sequence[Citation], overlapping: int, names: Mapping[str, str]) -> str:
    """What is wrong with an answer; "" if nothing is."""
    if case.answers and not any(_says(text, wanted) for wanted in case.answers):
        return "other words"
    if any(_says(text, never) for never in case.never):
        return "says what is wrong"
    if case.time and not any(_within(second, case.time) for second in times_in(text)):
        return "other time"
    if case.seconds and not any(_within(second, case.seconds) for second in lengths_in(text)):
        return "other length"
    if case.parts and sum(says_strictly(text, part) for part in case.parts) < case.least:
        return "too little"
    cited = {names.get(citation.video_id, "") for citation in citations}
    if case.every and cited != set(case.videos):
        return "other videos"
    if case.least and not case.parts and len(cited & set(case.videos)) < case.least:
        return "too few videos"
    if case.videos and case.lines and not overlapping:
        return "cites something else"
    return ""


def _says(text: str, wanted: str) -> bool:
    """As `says_strictly`; "yes" and "no", which that takes for empty words, count where an answer begins with them."""
    plain = {"yes": _YES, "no": _NO}.get(wanted)
    return bool(plain.search(text)) if plain else says_strictly(text, wanted)


def times_in(text: str) -> list[float]:
    """The times of a video that a text names, in seconds: 0:12, 12 s, 第12秒."""
    return [60.0 * int(minutes) + int(seconds) for minutes, seconds in _CLOCK.findall(text)] + [
        float(seconds) for seconds in _SECONDS.findall(text)
    ]


def lengths_in(text: str) -> list[float]:
    """The lengths that a text names, in seconds."""
    return times_in(text) + [60 * float(minutes) for minutes in _MINUTES.findall(text)]


def _within(second: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] - _SLACK <= second <= bounds[1] + _SLACK


def _lies_right(case: Case, citation: Citation, names: Mapping[str, str]) -> bool:
    if names.get(citation.video_id) not in case.videos and case.videos:
        return False
    if case.span is None:
        return True
    start, end = citation.span.seconds
    return start < case.span[1] and end > case.span[0]
