"""Who has a role, and which role somebody has: names and roles stand beside each other, on screen or in a sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Protocol

from agents.answering.text.readers.names import PERSON, SURNAMES, is_name
from agents.answering.text.readers.reading import Reading
from agents.answering.text.role_words import ROLES_IN_CHINESE, has_role
from agents.answering.text.units import Unit
from stores.core.text_keys import HAN, search_key

_BETWEEN = re.compile(r"\s*(?:[,，:：;|/·•–—]|\s-\s)\s*")
_IS = re.compile(
    rf"(?P<name>{PERSON}),? (?:is|was|works as|serves as|works here as|who is) (?P<role>(?:(?:the|"
    rf"a|an|our|my|your|his|her|their) )?[^.,;!?]+)"
)
_IS_INVERTED = re.compile(
    rf"\b(?P<role>(?:[Tt]he|[Oo]ur|[Mm]y|[Yy]our|[Hh]is|[Hh]er|[Tt]heir) [^.,;!?]+?) (?:is|was|,) (?P<name>{PERSON})"
)
_APPOSED = re.compile(rf"(?P<name>{PERSON}), (?P<role>(?:the|a|an|our|my|your) [^.,;!?]+)")
_WORK = re.compile(r"\b(?:I work as|I'm|I am|I’m) (?P<role>(?:the|a|an|your|our) [^.,;!?]+)")
_IN_CHINESE = re.compile(
    f"(?:^|[，,。\\s：:/]|叫|位是|这是)(?P<name>[{SURNAMES}][{HAN}]{{1,2}}?)[，,]?(?:她|他|我)?(?:是|担任)"
    f"(?P<role>[{HAN}]{{0,12}}?(?:{ROLES_IN_CHINESE.pattern}))"
)


# Text reading often loses the space between a name and the role beside it.
_JOINED = re.compile(f"(?P<name>[{SURNAMES}][{HAN}]{{1,2}}?)(?P<role>[{HAN}]{{0,6}}?(?:{ROLES_IN_CHINESE.pattern}))$")

_TAUGHT = re.compile(f"^(?P<name>[{SURNAMES}][{HAN}]{{0,1}}?)(?P<title>老师|教授|教练|医生)(?P<of>[{HAN}]{{2,6}})$")
"""张老师数学: who teaches what, in a list of teachers."""


class _Said(Protocol):
    def said_in(self, text: str) -> float: ...


def people_in_role(unit: Unit, wanted: Sequence[_Said]) -> list[Reading]:
    """The names beside a role that says all that is wanted."""
    if not wanted:
        return []
    found = []
    for name, role in _pairs(unit):
        if all(one.said_in(role.text) for one in wanted):
            found.append(name)
    return found


def roles_of(unit: Unit, proper: Collection[str], wanted: Sequence[_Said]) -> list[Reading]:
    """The roles beside a name."""
    found = []
    for name, role in _pairs(unit):
        words = set(re.findall(r"\w+", search_key(name.text)))
        if (proper and words.issuperset(proper)) or (
            not proper and wanted and all(one.said_in(name.text) for one in wanted[:1])
        ):
            found.append(role)
    own = _WORK.search(unit.text)
    if own and proper and set(re.findall(r"\w+", search_key(unit.text))).issuperset(proper):
        found.append(Reading(own["role"], own.start("role"), own.end("role"), 0.9))
    return found


def _pairs(unit: Unit) -> list[tuple[Reading, Reading]]:
    """Names and roles that stand beside each other."""
    pairs = []
    pieces = pieces_of(unit)
    for place, piece in enumerate(pieces):
        if not is_name(piece.text):
            continue
        # A role stands below its name more often than above.
        for other in (*pieces[place + 1 : place + 2], *pieces[max(0, place - 1) : place]):
            if has_role(other.text) or (not is_name(other.text) and unit.channel == "screen" and len(other.text) < 48):
                pairs.append((piece, other))
                break
    for piece in pieces:
        taught = _TAUGHT.match(piece.text)
        if taught:
            name = Reading(taught["name"] + taught["title"], piece.start, piece.start + taught.end("title"))
            pairs.append((name, Reading(taught["of"] + taught["title"], piece.start, piece.end)))
    joined = _JOINED.match(unit.text.split(" / ")[0])
    if joined:
        pairs.append(
            (
                Reading(joined["name"], 0, joined.end("name")),
                Reading(joined["role"], joined.start("role"), joined.end("role")),
            )
        )
    for pattern in (_IS, _APPOSED, _IS_INVERTED, _IN_CHINESE):
        for found in pattern.finditer(unit.text):
            name = Reading(found["name"], found.start("name"), found.end("name"))
            role = Reading(found["role"].strip(), found.start("role"), found.end("role"))
            if is_name(name.text) and (has_role(role.text) or pattern is not _IN_CHINESE):
                pairs.append((name, role))
    return pairs


def pieces_of(unit: Unit) -> list[Reading]:
    """What stands between commas, colons and line ends."""
    pieces, at = [], 0
    for cut in [*_BETWEEN.finditer(unit.text), None]:
        end = cut.start() if cut else len(unit.text)
        text = unit.text[at:end].strip()
        if text:
            start = unit.text.index(text, at)
            pieces.append(Reading(text, start, start + len(text)))
        at = cut.end() if cut else end
    return pieces
