"""What comes before or after something that is said or read, and the first and last of several steps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.text.candidates import Candidate
from agents.answering.text.matching import said_share, says
from agents.answering.text.readers.reading import Reading
from agents.answering.text.support import Support
from agents.answering.text.units import RankedLine, Unit
from agents.questions.question import Question
from agents.words import Term

ANCHORED = 0.7
"""Share of the anchor's words that its sentence must say. Ours."""

_THEN = re.compile(
    r"[,;，；]?\s*(?:\b(?:and )?(?:then|next|after that|afterwards|finally|lastly)\b|然后|接着|之后|最后|随后|再)[,，]?\s*",
    re.I,
)


def step_lines(question: Question, texts: Sequence[RankedLine]) -> list[Candidate]:
    """What is said (or written) just before or after the anchor of a question.

    In one sentence with both ("wash the rice, then soak it"), that is its other part; otherwise the next sentence.
    """
    if question.relation not in ("before", "after"):
        return []
    best: tuple[float, RankedLine] | None = None
    for line in texts:
        share = _share(question.anchor, line.unit.text)
        if share >= ANCHORED and not line.unit.text.rstrip().endswith(("?", "？")):
            worth = share + 0.1 * line.score
            if best is None or worth > best[0]:
                best = worth, line
    if best is None:
        return []
    line = best[1]
    inside = _inside(question, line.unit)
    if inside is not None:
        return [Candidate(line, inside, Support(1.0, True), 1.0)]
    beside = line.after if question.relation == "after" else line.before
    if not beside:
        return []
    other = RankedLine(beside[0], line.score, line.likeness, line.share)
    return [Candidate(other, None, Support(1.0, True, (line.unit,)), 1.0)]


def _share(anchor: Sequence[Term], text: str) -> float:
    found = [said_share(term.text, text) if term.cjk else says(term, text) for term in anchor]
    return sum(found) / len(found)


def _inside(question: Question, unit: Unit) -> Reading | None:
    """The part of a sentence before or after its part with the anchor."""
    parts: list[tuple[int, int]] = []
    at = 0
    for cut in _THEN.finditer(unit.text):
        if unit.text[at : cut.start()].strip():
            parts.append((at, cut.start()))
        at = cut.end()
    parts.append((at, len(unit.text)))
    shares = [_share(question.anchor, unit.text[start:end]) for start, end in parts]
    place = max(range(len(parts)), key=lambda n: shares[n])
    if len(parts) < 2 or shares[place] < ANCHORED:
        return None
    wanted = place + (1 if question.relation == "after" else -1)
    if not 0 <= wanted < len(parts):
        return None
    start, end = parts[wanted]
    text = unit.text[start:end].strip(" ,，.。")
    start = unit.text.index(text, start)
    return Reading(text, start, start + len(text))
