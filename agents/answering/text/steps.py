"""What comes before or after something that is said or read, and the first, the last or the n-th of several steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.answering.text.asked import Asked
from agents.answering.text.candidates import Candidate
from agents.answering.text.matching import said_share, says
from agents.answering.text.readers.numbers import value
from agents.answering.text.readers.reading import Reading
from agents.answering.text.support import Support, Surroundings
from agents.answering.text.units import RankedLine, Unit
from agents.questions.question import Question
from agents.words import Term, content_terms
from stores.core.text_keys import HAN

ANCHORED, ANCHORED_IN_CHINESE = 0.65, 0.5
"""Share of the anchor's words (of its characters) that its sentence must say. Ours."""

_THEN = re.compile(
    r"[,;，；]?\s*(?:\b(?:and )?(?:then|next|after that|afterwards|finally|lastly)\b|"
    r"然后|接着|之后|最后|随后)[,，]?\s*",
    re.I,
)
_BEFORE_OR_AFTER = re.compile(
    r"\b(?P<word>after|before|following|follows?|precedes?)\b (?P<anchor>[^?.,]+)|"
    f"(?P<chinese>[{HAN}]{{2,16}}?)(?:之|以)?(?P<side>后|前)(?:面|边)?(?:要|该|需要|应该|再)?(?:[做是说讲有干放加]|接着|，)",
    re.I,
)
_ASKS_STEP = re.compile(
    r"\bwhat (?:\w+ ){0,3}?(?:do|does|did|comes?|came|happens?|happened|follows?|is|was|should|"
    r"must|step|stop|to do|say|says)\b|"
    r"\b(?:which|what) (?:step|stop|part|stage)\b|什么|哪一?步|哪一?站",
    re.I,
)
_ORDER = ("first second third fourth fifth sixth seventh eighth ninth tenth").split()
_NTH = re.compile(
    rf"\b(?P<order>{'|'.join(_ORDER)}|last|final|next)\s+(?P<thing>step|stop|stage|rule|tip|point|"
    rf"item|chapter|part|phase|lesson|reason|day|station|task|instruction)\b|"
    r"\b(?P<named>step|stop|stage|rule|tip|point|item|chapter|part|phase|lesson|day|"
    r"task)\s+(?P<number>\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b|"
    r"(?:第(?P<nth>[一二三四五六七八九十\d]+)|(?P<final>最后一?))(?P<what>[步站条点章节课项关天])",
    re.I,
)
_NUMBERED = re.compile(
    r"^\W*(?P<thing>step|stop|stage|rule|tip|point|item|chapter|part|phase|lesson|day|"
    r"task)\s*(?P<number>\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b\W*(?P<rest>.*)$|"
    r"^\W*第(?P<nth>[一二三四五六七八九十\d]+)(?P<what>[步站条点章节课项关天])\W*(?P<also>.*)$",
    re.I | re.S,
)
_FIRST = re.compile(r"^\W*(?:first(?:ly| of all)?|to begin with|首先|第一步)[,，:：]?\s*(?P<rest>.+)$", re.I | re.S)
_LAST = re.compile(
    r"^\W*(?:finally|lastly|last(?: of all)?|in the end|the last \w+ is|最后|最终)[,，:：]?\s*(?P<rest>.+)$",
    re.I | re.S,
)
_SPOKEN_NTH = re.compile(
    rf"^\W*(?P<order>{'|'.join(f'{one}(?:ly)?' for one in _ORDER)})[,，]\s*(?P<rest>.+)$", re.I | re.S
)


@dataclass(frozen=True, slots=True)
class _Step:
    line: RankedLine
    number: float
    reading: Reading


def step_lines(
    question: Question, asked: Asked, texts: Sequence[RankedLine], around: Surroundings
) -> list[Candidate] | None:
    """The step that is asked for; none if it is not said. None if the question asks for no step."""
    side, anchor = _relation(question)
    if side and anchor:
        return _beside(side, anchor, texts)
    nth = _NTH.search(question.text)
    if nth and asked.kind in ("thing", "quote", "how", "place", "name", "number"):
        return _numbered(question, asked, nth, texts, around) or None
    return None


_UNTIL_WHEN = re.compile(
    r"\b(?:until|till|by|since|from|after|before) (?:when|(?:what|which) (?:time|day|date|hour|year)\b)", re.I
)
"""Asks for a time, and not for what comes before something."""


def _relation(question: Question) -> tuple[str, tuple[Term, ...]]:
    if _UNTIL_WHEN.search(question.text):
        return "", ()
    found = _BEFORE_OR_AFTER.search(question.text)
    if question.relation in ("before", "after") and question.anchor and not (found and found["chinese"]):
        return question.relation, question.anchor
    if not found or not _ASKS_STEP.search(question.text):
        return "", ()
    if found["chinese"]:
        return ("after" if found["side"] == "后" else "before"), (Term(found["chinese"], True),)
    word = found["word"].lower()
    anchor = tuple(
        term for term in content_terms(found["anchor"]) if term.text not in ("talking", "speaking", "saying")
    )
    return ("before" if word.startswith(("before", "precede")) else "after"), anchor


def _beside(side: str, anchor: Sequence[Term], texts: Sequence[RankedLine]) -> list[Candidate]:
    """What is said (or written) just before or after the anchor of a question.

    In one sentence with both ("wash the rice, then soak it"), that is its other part; otherwise the next sentence.
    """
    found: list[tuple[float, RankedLine]] = []
    for line in texts:
        share = _share(anchor, line.unit.text)
        if share >= (ANCHORED_IN_CHINESE if anchor[0].cjk else ANCHORED) and not line.unit.text.rstrip().endswith(
            ("?", "？")
        ):
            found.append((share + 0.1 * line.score, line))
    for _, line in sorted(found, key=lambda pair: -pair[0])[:3]:
        if _says_when(side, anchor, line.unit.text):
            return [Candidate(line, None, Support(1.0, True), 1.0)]
        inside = _inside(side, anchor, line.unit)
        if inside is not None:
            return [Candidate(line, inside, Support(1.0, True), 1.0)]
        beside = line.after if side == "after" else line.before
        if beside:
            other = RankedLine(beside[0], line.score, line.likeness, line.share)
            return [Candidate(other, None, Support(1.0, True), 1.0)]
    return []


_CONJUNCTION = {"after": r"\bafter\b|之后|以后|后", "before": r"\bbefore\b|之前|以前|前"}


def _says_when(side: str, anchor: Sequence[Term], text: str) -> bool:
    """Whether a sentence says itself what is after the anchor: "After lunch there is a walk"."""
    for found in re.finditer(_CONJUNCTION[side], text, re.I):
        there = (
            text[max(0, found.start() - 8) : found.start()] if anchor[0].cjk else text[found.end() : found.end() + 40]
        )
        rest = [term for term in content_terms(text) if not any(says(one, term.text) for one in anchor)]
        if _share(anchor, there) >= ANCHORED and len(rest) > 1:
            return True
    return False


def _share(anchor: Sequence[Term], text: str) -> float:
    found = [said_share(term.text, text) if term.cjk else says(term, text) for term in anchor]
    return sum(found) / len(found)


def _inside(side: str, anchor: Sequence[Term], unit: Unit) -> Reading | None:
    """The part of a sentence before or after its part with the anchor."""
    parts: list[tuple[int, int]] = []
    at = 0
    for cut in _THEN.finditer(unit.text):
        if unit.text[at : cut.start()].strip():
            parts.append((at, cut.start()))
        at = cut.end()
    parts.append((at, len(unit.text)))
    shares = [_share(anchor, unit.text[start:end]) for start, end in parts]
    place = max(range(len(parts)), key=lambda n: shares[n])
    wanted = place + (1 if side == "after" else -1)
    if len(parts) < 2 or shares[place] < ANCHORED or not 0 <= wanted < len(parts):
        return None
    start, end = parts[wanted]
    text = unit.text[start:end].strip(" ,，.。")
    return Reading(text, start := unit.text.index(text, start), start + len(text)) if text else None


def _numbered(
    question: Question, asked: Asked, nth: re.Match[str], texts: Sequence[RankedLine], around: Surroundings
) -> list[Candidate]:
    """The step of a number: "Step 2: …", 第二步：…, "First, …", "Finally, …"."""
    words = (*(Term(phrase, True) for phrase in asked.phrases), *asked.focus)
    topic = [term for term in words if term.text not in _SCAFFOLD and not (term.cjk and _NTH.search(term.text))]
    topic += [
        Term(term.text.replace(nth.group(), ""), True)
        for term in words
        if term.cjk and nth.group() in term.text and term.text != nth.group()
    ]
    last = bool(nth["final"]) or (nth["order"] or "").lower() in ("last", "final")
    number = _number_of(nth)
    found: list[tuple[float, _Step]] = []
    for line in texts:
        step = _step(line, nth)
        if step is None:
            continue
        # What the steps are for is said elsewhere in the video.
        share = _topic_share(topic, around.text_of(line.unit.video_id))
        share += 0.2 * (bool(re.search(f"[{HAN}]", line.unit.text)) == question.chinese)
        if share >= 0.65 and (last or step.number == number):
            found.append((share + 0.1 * line.score + (0.2 if line.unit.channel == "screen" else 0.0), step))
    if not found:
        return []
    video = max(found, key=lambda pair: pair[0])[1].line.unit.video_id
    mine = [pair for pair in found if pair[1].line.unit.video_id == video]
    if last:
        highest = max(step.number for _, step in mine)
        mine = [pair for pair in mine if pair[1].number == highest]
    step = max(mine, key=lambda pair: pair[0])[1]
    return [Candidate(step.line, step.reading, Support(1.0, True), 1.0)]


_SCAFFOLD = frozenset("do what step stop stage come name say video part first last".split())


def _topic_share(topic: Sequence[Term], text: str) -> float:
    if not topic:
        return 0.5
    found = [said_share(term.text, text) if term.cjk else says(term, text) for term in topic]
    return sum(found) / len(found)


def _number_of(nth: re.Match[str]) -> float:
    if nth["order"]:
        order = nth["order"].lower()
        return _ORDER.index(order) + 1 if order in _ORDER else -1
    text = nth["number"] or nth["nth"]
    found = value(text) if text else None
    return -1 if found is None else found


def _step(line: RankedLine, nth: re.Match[str]) -> _Step | None:
    """The step that a line is, if it is one of the kind asked for."""
    text = line.unit.text
    thing = (nth["thing"] or nth["named"] or nth["what"] or "").lower()
    found = _NUMBERED.match(text)
    if found:
        kind = (found["thing"] or found["what"]).lower()
        rest = found["rest"] or found["also"] or ""
        number = value(found["number"] or found["nth"])
        if number is not None and rest.strip() and _same_kind(kind, thing):
            start = text.rindex(rest)
            return _Step(line, number, Reading(rest.strip(), start, start + len(rest)))
        return None
    spoken = _SPOKEN_NTH.match(text)
    first, last = _FIRST.match(text), _LAST.match(text)
    match, number = (spoken, 0.0) if spoken else (first, 1.0) if first else (last, 99.0)
    if match is None or thing not in ("step", "stop", "task", "instruction", "步", "站"):
        return None
    if spoken:
        number = _ORDER.index(re.sub("ly$", "", spoken["order"].lower())) + 1
    rest = match["rest"].strip()
    start = text.rindex(rest)
    return _Step(line, number, Reading(rest, start, start + len(rest)))


def _same_kind(one: str, other: str) -> bool:
    return one == other or {one, other} <= {"step", "步"} or {one, other} <= {"stop", "站", "station"}
