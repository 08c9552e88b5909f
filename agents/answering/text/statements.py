"""Yes or no, with the line that it rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.text.asked import Asked, denies, ordinals_in
from agents.answering.text.candidates import Candidate
from agents.answering.text.matching import words_of
from agents.answering.text.readers.numbers import values_in
from agents.answering.text.support import Place, SoughtWord, Support, Surroundings, support_of
from agents.answering.text.units import RankedLine
from agents.questions.question import Question
from stores.core.text_keys import search_key

SAID = 0.5
"""Share of a statement's words that one sentence itself must say to confirm or deny it. Ours."""

SUPPORTED = 0.78
"""Share of them that it must say together with what stands beside it. Ours."""

_CLAUSE = re.compile(r"[,;，；。!！?？]|\.\s|\b(?:but|because|although|so)\b|但是|因为|所以")
_CONTRARY = (
    "loud quiet, noisy quiet, noisy silent, open closed, open shut, hot cold, warm cold, big "
    "small, large small, heavy light, fast slow, "
    "cheap expensive, easy difficult, easy hard, new old, young old, wet dry, full empty, alive "
    "dead, safe dangerous, clean dirty, "
    "early late, long short, tall short, deep shallow, thick thin, happy sad, rich poor, strong "
    "weak, sweet sour, true false, "
    "allowed forbidden, allowed prohibited, free paid, win lose, won lost, rise fall, rose fell, "
    "increase decrease, inside outside, "
    "left right, first last, good bad, better worse, healthy sick, male female, public private, "
    "legal illegal, possible impossible"
)
_OPPOSITES: dict[str, frozenset[str]] = {}
for _pair in _CONTRARY.split(","):
    _one, _other = _pair.split()
    _OPPOSITES[_one] = _OPPOSITES.get(_one, frozenset()) | {_other}
    _OPPOSITES[_other] = _OPPOSITES.get(_other, frozenset()) | {_one}
_OPPOSITES_IN_CHINESE = ("开关", "大小", "高低", "快慢", "贵便宜", "冷热", "新旧", "长短", "重轻", "吵静")


def judged(
    question: Question, asked: Asked, texts: Sequence[RankedLine], wanted: Sequence[SoughtWord], around: Surroundings
) -> list[Candidate]:
    """Whether what was said or written confirms or denies a statement; nothing if it does neither."""
    words = [one for one in wanted if not _is_number(one)]
    if not words:
        return []
    numbers = values_in(asked.text)
    words = [one for one in words if not one.light] or words
    total = sum(one.weight for one in words)
    found: list[Candidate] = []
    for line in texts:
        text = line.unit.text
        if text.rstrip().endswith(("?", "？")) or _other_ordinal(asked, text):
            continue
        contrary = _contrary(words, text)
        own = sum(one.weight * max(one.said_in(text), float(one in contrary)) for one in words)
        if own < SAID * total or any(one.strict and not one.said_in(text) for one in words):
            continue
        support = support_of(Place(line), [one for one in words if one not in contrary], around)
        if support.share < SUPPORTED or not support.said:
            continue
        there = values_in(text)
        if numbers and not numbers <= there and not there:
            continue
        same = not numbers or numbers <= there
        yes = (denied(words, text) == asked.negated) == (same and not contrary)
        if numbers and not same and denied(words, text):
            continue
        opening = ("是的。" if yes else "不是。") if question.chinese else ("Yes. " if yes else "No. ")
        worth = own / total + support.share + 0.1 * line.score
        found.append(Candidate(line, None, Support(support.share, True, support.context), worth, opening))
    found.sort(key=lambda one: -one.worth)
    return found[:1]


def _other_ordinal(asked: Asked, text: str) -> bool:
    others = ordinals_in(text) if asked.ordinals else frozenset()
    return bool(others) and asked.ordinals.isdisjoint(others)


def _contrary(words: Sequence[SoughtWord], text: str) -> list[SoughtWord]:
    """The words whose contrary a text says, and not they themselves."""
    there = words_of(text)
    key = search_key(text)
    found = []
    for one in words:
        if one.said_in(text):
            continue
        opposite = not there.isdisjoint(_OPPOSITES.get(one.text, ()))
        pairs = [pair for pair in _OPPOSITES_IN_CHINESE if one.term is None and pair.startswith(one.text)]
        if opposite or any(pair[1:] in key for pair in pairs):
            found.append(one)
    return found


def denied(words: Sequence[SoughtWord], text: str) -> bool:
    """Whether the clause that is about the words denies them."""
    clauses = [clause for clause in _CLAUSE.split(text) if clause and clause.strip()]
    best = max(clauses, key=lambda clause: sum(one.weight * one.said_in(clause) for one in words), default=text)
    return denies(best)


def _is_number(one: SoughtWord) -> bool:
    return bool(values_in(one.text)) and len(one.phrase) < 2
