"""The source of tags of activities: their signs taken together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property

from agents.tagging.recall.activities.people import People
from agents.tagging.recall.activities.sign import ABSENT, Sign
from agents.tagging.recall.activities.stances import Stances
from agents.tagging.recall.activities.things import Things
from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from agents.tagging.recall.faces import length_of
from encoders.situations.activities import STANCES, ActivitiesOfThings, Activity, activities, activities_of_things

UNLIKELY = -3.6
"""Log odds of an activity of which there is no sign: one video in forty. Source: our choice, like the weights here: one
sign alone leaves it at .27, less than a person is asked about (`agents.tagging.rank.ABSTAIN`); two make it .83."""

WEIGHT = 2.6
"""By how much a sign that is surely there raises the log odds, times how telling its kind is."""

TELLING = {
    "things": 1.0,
    "also": 1.0,
    "place": 0.5,
    "person": 0.3,
    "people": 0.5,
    "face": 0.5,
    "astride": 1.0,
    "on": 1.0,
    "at head": 1.0,
    "in hand": 0.7,
    "near": 0.5,
    "walking": 1.0,
    "singing": 1.0,
    "turns": 1.0,
    "questions": 1.0,
    "alone": 0.5,
    "music": 0.6,
    "speech": 0.3,
}
"""How telling each kind of sign is. Source: our choice: 1 for what is mostly there because of the activity; half of
that for what many videos have, too; less for what most videos have."""

WITHOUT = 0.25
"""Most that an activity may be worth without what it needs: somebody who does it, and the things that it is done with;
how it sounds, if there are none. Then its signs are associations, worth less than what a person is asked about
(`agents.tagging.rank.ABSTAIN`)."""

ENOUGH = 2.0
"""What an activity needs is there if that is as likely as not."""

LEAST = 0.1
"""Things that are seen less surely are not looked at any further. Source: our choice."""

SHOWN = 4
"""Pieces of evidence at most."""

_Signs = list[tuple[str, Sign]]


def activity_source(case: Case) -> list[Recalled]:
    """Tags that name what somebody does."""
    if not case.tags.by_activity:
        return []
    known, rows = activities_of_things(case.encoders.concepts), activities()
    seen = _Seen(case, known)
    possible = known.of(seen.things.concepts)
    best: dict[int, Recalled] = {}
    for number, tags in case.tags.by_activity.items():
        things = seen.things.seen(known.signs[number].things) if number in possible else ABSENT
        if rows[number].things and things.degree < LEAST:
            continue
        signs = [sign for sign in (("things", things), *seen.signs(number)) if sign[1].degree > 0.0]
        probability = probability_of(rows[number], signs)
        signs.sort(key=_weight, reverse=True)
        ids = tuple(dict.fromkeys(one for _, sign in signs for one in sign.evidence_ids[:2]))[:SHOWN]
        why = ", ".join(sign.words for _, sign in signs)
        for tag in tags:
            if probability > 0.0 and (tag not in best or best[tag].probability < probability):
                best[tag] = Recalled(case.tags.tags[tag].tag_id, "activities", probability, ids, why)
    return strongest(best.values(), case.top)


def probability_of(one: Activity, signs: _Signs) -> float:
    """Of an activity by its signs, each with its kind: log odds of independent signs add up.

    Source: Good 1950, Probability and the Weighing of Evidence (naive Bayes).
    """
    total = sum(map(_weight, signs))
    if total <= 0.0:
        return 0.0
    probability = 1.0 / (1.0 + math.exp(-UNLIKELY - WEIGHT * total))
    degrees: dict[str, float] = {}
    for kind, sign in signs:
        degrees[kind] = max(sign.degree, degrees.get(kind, 0.0))
    needed = [degrees.get(who, 0.0) for who in one.who]
    if one.things:
        needed.append(max(degrees.get(kind, 0.0) for kind in ("things", *STANCES)))
    elif one.sounds:
        needed.append(max(degrees.get(kind, 0.0) for kind in one.sounds))
    there = min(1.0, ENOUGH * min(needed, default=1.0))
    return min(probability, WITHOUT + (CERTAIN - WITHOUT) * there)


class _Seen:
    """The signs of activities in one video, each made when it is first needed."""

    def __init__(self, case: Case, known: ActivitiesOfThings) -> None:
        self._case, self._known, self._length = case, known, length_of(case)
        self.things = Things(case, self._length)

    @cached_property
    def _people(self) -> People:
        return People(self._case, self._length)

    @cached_property
    def _stances(self) -> Stances:
        wanted = (self._known.signs[number].stances for number in self._case.tags.by_activity)
        concepts = {concept for stances in wanted for _, some in stances for concept in some}
        return Stances(self._case, self._length, concepts)

    def signs(self, number: int) -> _Signs:
        """Those of one activity besides its things, each with its kind; of stances, and of sounds, the most telling."""
        one, concepts = activities()[number], self._known.signs[number]
        found = [("also", self.things.seen(concepts.also))]
        found += [(who, self._people.seen[who]) for who in one.who]
        found += _best((how, self._stances.seen(how, some)) for how, some in concepts.stances)
        found += _best((what, self._people.sounds.get(what, ABSENT)) for what in one.sounds)
        if one.places:
            found.append(("place", self.things.place(one.places, concepts.things | concepts.also)))
        return found


def _best(signs: Iterable[tuple[str, Sign]]) -> _Signs:
    return sorted(signs, key=_weight, reverse=True)[:1]


def _weight(sign: tuple[str, Sign]) -> float:
    return TELLING[sign[0]] * sign[1].degree
