"""Readers: the things of one kind in a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from agents.answering.text.asked import Asked
from agents.answering.text.bilingual import chinese_for, english_in, is_chinese
from agents.answering.text.kinds import Kind
from agents.answering.text.readers import amounts, clauses, contacts, dates, names
from agents.answering.text.readers.reading import Reading, apart
from agents.answering.text.units import Unit

_READERS: dict[Kind, Callable[[str], Iterable[Reading]]] = {
    "price": amounts.prices,
    "percent": amounts.percents,
    "phone": contacts.phones,
    "email": contacts.emails,
    "link": contacts.links,
    "year": dates.years,
    "date": dates.dates,
    "clock": dates.clocks,
    "age": amounts.ages,
    "place": names.places,
    "name": names.names,
    "person": names.people,
    "reason": clauses.reasons,
    "purpose": clauses.purposes,
    "meaning": clauses.meanings,
    "colour": clauses.colours,
    "how": clauses.ways,
    "often": amounts.frequencies,
    "code": amounts.codes,
}


def read(asked: Asked, text: str) -> list[Reading]:
    """The things in a text that are of the kind that is asked for; none for kinds that whole sentences answer."""
    if asked.kind == "number":
        found = _counts(asked, text)
        if re.search(r"\bscore\b|比分", asked.text, re.I):
            found = amounts.scores(text)
        return apart(found)
    if asked.kind == "duration" and re.search(r"\bhow long (?:is|are|was|were) ", asked.text, re.I):
        # A film is long in minutes, a boat in meters.
        lengths = amounts.measures(text, "length")
        return apart([*amounts.durations(text), *dates.ends(text), *lengths])
    if asked.kind == "duration":
        return apart([*amounts.durations(text), *dates.ends(text)])
    if asked.kind == "measure":
        return apart(amounts.measures(text, asked.text))
    reader = _READERS.get(asked.kind)
    return apart(reader(text)) if reader else []


def _counts(asked: Asked, text: str) -> Iterable[Reading]:
    unit = tuple(term.text for term in asked.unit)
    if unit and is_chinese(text):
        return [one for name in sorted(chinese_for(unit[-1])) for one in amounts.counts(text, (), f"个{name}")]
    if asked.counted and not is_chinese(text):
        names = [name for *_, words in english_in(asked.counted) for name in sorted(words)]
        return [one for name in names for one in amounts.counts(text, tuple(name.split()))]
    return amounts.counts(text, unit, asked.counted)


def holds(asked: Asked, unit: Unit) -> float:
    """How surely a unit has the kind of thing that is asked for, in [0, 1]."""
    if unit.channel not in ("speech", "screen"):
        return 0.0
    return max((reading.strength for reading in read(asked, unit.text)), default=0.0)
