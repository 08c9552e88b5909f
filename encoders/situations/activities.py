"""What people do, and what is seen and sounds together when they do it.

A row of ``data/activities.tsv``, written by hand, names an activity in two languages and says what speaks for it, by
kinds that are independent of each other: things, things of another kind, how somebody is to a thing, sounds, places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

from encoders.concepts import BROADER, ConceptSpace
from encoders.situations.places import places

STANCES = ("astride", "on", "at head", "in hand", "near", "walking")
"""How somebody may be to a thing; the last one: how they move."""

_TABLE = "data/activities.tsv"


class Stance(NamedTuple):
    """How somebody is to a thing: one of `STANCES`, and a noun for the thing."""

    how: str
    noun: str


@dataclass(frozen=True, slots=True)
class Activity:
    """One row of the table.

    Attributes:
        names: in both languages, the usual ones first.
        who: must be seen: ``person``, ``people``, ``face`` (one shown large); all of them.
        things: nouns for what it is done with; ``also``: for things of another kind that are around.
        stances: any of them.
        sounds: a sound, or how voices take turns; any of them.
        places: numbers of `encoders.situations.places.places`.
    """

    names: tuple[str, ...]
    who: tuple[str, ...]
    things: tuple[str, ...]
    also: tuple[str, ...]
    stances: tuple[Stance, ...]
    sounds: tuple[str, ...]
    places: frozenset[int]


@dataclass(frozen=True, slots=True)
class Signs:
    """Concepts that speak for an activity: its ``things``, what is ``also`` there, and those of each stance."""

    things: frozenset[str]
    also: frozenset[str]
    stances: tuple[tuple[str, frozenset[str]], ...]


@cache
def activities() -> tuple[Activity, ...]:
    """All of them."""
    text = resources.files("encoders").joinpath(_TABLE).read_text(encoding="utf-8")
    return tuple(_activity(line) for line in text.splitlines() if line and not line.startswith("#"))


class ActivitiesOfThings:
    """The signs of each activity, and which activities are done with each concept."""

    def __init__(self, space: ConceptSpace) -> None:
        self.signs = tuple(_signs(space, one) for one in activities())
        self._of: defaultdict[str, list[int]] = defaultdict(list)
        for number, signs in enumerate(self.signs):
            for concept in signs.things:
                self._of[concept].append(number)

    def of(self, concepts: Iterable[str]) -> set[int]:
        """Numbers of the activities that are done with any of some concepts."""
        return {number for concept in concepts for number in self._of.get(concept, ())}


@lru_cache(maxsize=4)
def activities_of_things(space: ConceptSpace) -> ActivitiesOfThings:
    """Made once for each space."""
    return ActivitiesOfThings(space)


def things_done_with(space: ConceptSpace, names: Iterable[str]) -> list[str]:
    """Ids of the concepts that are the things of an activity of one of these names."""
    said, known = {name.casefold().strip() for name in names}, activities_of_things(space)
    found = (
        known.signs[number].things
        for number, one in enumerate(activities())
        if said & {name.casefold() for name in one.names}
    )
    return sorted(frozenset().union(*found))


def _activity(line: str) -> Activity:
    english, chinese, who, things, also, stances, sounds, where = (
        tuple(word for word in cell.split(";") if word) for cell in line.split("\t")
    )
    met = frozenset(number for number, place in enumerate(places()) if {*where} & {*place.names})
    return Activity((*english, *chinese), who, things, also, tuple(map(_stance, stances)), sounds, met)


def _stance(words: str) -> Stance:
    how = next(one for one in STANCES if words.startswith(f"{one} "))
    return Stance(how, words.removeprefix(f"{how} "))


def _signs(space: ConceptSpace, one: Activity) -> Signs:
    things = _meant(space, one.things)
    also = _meant(space, one.also) - things
    stances = tuple((how, _meant(space, (noun,))) for how, noun in one.stances)
    return Signs(things, also, stances)


def _meant(space: ConceptSpace, nouns: Iterable[str]) -> frozenset[str]:
    return frozenset(
        concept for noun in nouns for concept, strength in space.matching(noun).items() if strength >= BROADER
    )
