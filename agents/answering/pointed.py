"""Claims from a line that a reader pointed at: it is quoted, what answers stands before the quotation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agents.answering.by_reader import Picked
from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.answering.drafting.things import named
from agents.answering.drafting.times import draft_times, in_the_video
from agents.answering.text.asked import asked_of
from agents.answering.text.kinds import Kind
from agents.answering.text.readers import read
from agents.answering.text.readers.reading import Reading
from agents.answering.text.units import Unit
from agents.answering.text.wording import quoted, sentence
from agents.evidence import RECOGNISED
from stores.core.records import Evidence

MOST_OF_IT = 0.6
"""Share of a line from which the words that answer are not told apart from it. Ours."""

_TOLD: frozenset[Kind] = frozenset(
    ("price", "percent", "phone", "email", "link", "year", "clock", "age", "measure", "code", "place")
)
"""Kinds of things that a text has or has not: a line that has none is no answer, however near it is. Source: of 111
unanswerable planted questions a model answered two so, "at what temperature" by a step without any degrees."""

LEAST_TOLD = 0.5
"""How sure the reading of such a thing must be: a word with a capital letter alone is no place yet. Ours."""


def claims_of(material: Material, picked: Picked) -> list[Claim]:
    """What the line says; where it is asked when, at what time; of a picture, what is seen.

    Nothing, if it has no thing of the kind that is asked for.
    """
    question, unit, lines = material.question, picked.line.unit, picked.evidence
    if question.intent == "when" and question.wants == "time" and in_the_video(question):
        return draft_times(material, lines[:1], seen=False)
    cited = tuple(map(cite, lines))
    if unit.channel in RECOGNISED:
        name = named(lines[0], material.chinese, question.text)
        return [Claim(f"看到：{name}" if material.chinese else f"Seen: {name}", cited, "seen")]
    asked = asked_of(question)
    # "How fast?" alone: what of, and so in which words it is told, is not in the question.
    about_something = asked.focus or asked.phrases
    if (
        asked.kind in _TOLD
        and about_something
        and not any(one.strength >= LEAST_TOLD for one in read(asked, picked.words))
    ):
        return []
    if unit.channel not in ("speech", "screen"):
        return [Claim(f"“{unit.text.strip()}”", cited, "quote")]
    unit = _of_lines(unit, lines)
    start = unit.text.find(picked.words)
    if start < 0 or len(picked.words) >= MOST_OF_IT * len(unit.text):
        return [Claim(quoted(question, unit), cited, "quote")]
    reading = Reading(picked.words, start, start + len(picked.words))
    return [Claim(sentence(question, asked, unit, reading), cited, "words")]


def _of_lines(unit: Unit, lines: Sequence[Evidence]) -> Unit:
    """The part of a unit that some of its lines hold: of a page of text, the line with the answer."""
    if len(lines) != 1:
        return unit
    return replace(unit, text=lines[0].text.strip(), parts=tuple(one for one in unit.parts if one.line in lines))
