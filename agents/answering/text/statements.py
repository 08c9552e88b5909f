"""Yes or no, with the line that it rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.polarity import polarity_agrees
from agents.answering.text.candidates import Candidate
from agents.answering.text.readers.numbers import values_in
from agents.answering.text.support import Support, Wanted
from agents.answering.text.units import RankedLine
from agents.questions.question import Question

SAID = 0.8
"""Share of a statement's words that one sentence must say to confirm or deny it. Ours."""

_WH = re.compile(r"^\W*(?:is|are|was|were|do|does|did|can|could|has|have|will|would|should|must)\b", re.I)
_NOT_ASKED = re.compile(r"吗|呢|是不是|有没有|[?？。]")


def judged(question: Question, texts: Sequence[RankedLine], wanted: Sequence[Wanted]) -> list[Candidate]:
    """Whether what was said or written confirms or denies a statement; nothing if it does neither."""
    if not wanted:
        return []
    statement = _NOT_ASKED.sub("", _WH.sub("", question.text))
    numbers = values_in(statement)
    total = sum(one.weight for one in wanted)
    found: list[Candidate] = []
    for line in texts:
        text = line.unit.text
        if text.rstrip().endswith(("?", "？")):
            continue
        words = [one for one in wanted if not _is_number(one)]
        share = sum(one.weight * one.said_in(text) for one in words) / max(1e-6, sum(one.weight for one in words))
        if not words or share < SAID or any(one.strict and not one.said_in(text) for one in words):
            continue
        there = values_in(text)
        if numbers and not numbers <= there:
            if not there:
                continue
            yes = False
        else:
            yes = polarity_agrees(statement, {text})
        opening = ("是的，" if yes else "不，") if question.chinese else ("Yes: " if yes else "No: ")
        found.append(Candidate(line, None, Support(share, True), share + 0.1 * line.score / max(1.0, total), opening))
    found.sort(key=lambda one: -one.worth)
    return found[:1]


def _is_number(one: Wanted) -> bool:
    return bool(values_in(one.text)) if one.term is None else one.term.text.isdigit() or bool(values_in(one.term.text))
