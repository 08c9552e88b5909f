"""How people are to things, by where both are in the picture at the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from agents.tagging.recall.activities.sign import ABSENT, Sign, surest
from agents.tagging.recall.case import Case
from agents.tagging.recall.faces import ABOUT_HALF, PERSON
from stores.tags.recall.seen import Boxes, SeenTracklet

WHOLE = 2.0
"""Height of somebody by the width, from which all of a person is seen, upright. Source: our choice."""

MOVED = 0.4
"""Of somebody's own height, by which they move when they walk, or of their size when they come nearer: two steps."""

FRAMES = 3
"""In which somebody is followed at least: what is seen in fewer may be two people."""


class Box(NamedTuple):
    """Edges, as fractions of the picture; ``top`` is less than ``bottom``."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Of the box."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Of the box."""
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return (self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0


def astride(person: Box, thing: Box) -> bool:
    """Whether somebody sits on a thing whose wheels or legs reach lower than their feet."""
    across, (_, middle) = person.middle[0], thing.middle
    inside = thing.left - 0.1 * thing.width <= across <= thing.right + 0.1 * thing.width
    above = person.top < thing.top and person.middle[1] < middle
    feet = thing.top + 0.25 * thing.height <= person.bottom <= thing.bottom - 0.05 * thing.height
    return inside and above and feet


def on(person: Box, thing: Box) -> bool:
    """Whether somebody stands, kneels or lies on a thing that is flat: their lower edge is where it is."""
    across = min(person.right, thing.right) - max(person.left, thing.left)
    beneath = person.middle[1] < thing.middle[1] and thing.height < person.height
    reach = 0.15 * person.height
    return beneath and across >= 0.5 * min(person.width, thing.width) and thing.top - reach <= person.bottom


def in_hand(person: Box, thing: Box) -> bool:
    """Whether a thing smaller than somebody is at their body, below the chin: beside a head is what is behind it."""
    across, down = thing.middle
    chin = person.top + max(0.5 * person.width, 0.15 * person.height)
    return _at_body(person, thing) and person.left <= across <= person.right and chin < down


def at_head(person: Box, thing: Box) -> bool:
    """Whether a thing is in somebody's hand, and at the height of the face."""
    head = person.top + max(0.35 * person.width, 0.15 * person.height)
    return _at_body(person, thing) and thing.top <= head + 0.1 * person.height and thing.middle[1] >= person.top


def _at_body(person: Box, thing: Box) -> bool:
    across, down = thing.middle
    smaller = thing.width * thing.height < 0.5 * person.width * person.height
    wide = 0.1 * person.width
    return smaller and person.left - wide <= across <= person.right + wide and person.top < down < person.bottom


def walks(boxes: Sequence[Box]) -> bool:
    """Whether somebody who is seen whole moves, across the picture or to or from the camera."""
    whole = median(one.height / max(one.width, 1e-6) for one in boxes) >= WHOLE
    tall, across = [one.height for one in boxes], [one.middle[0] for one in boxes]
    moved = max((max(across) - min(across)) / median(tall), max(tall) / max(min(tall), 1e-6) - 1.0)
    return whole and moved >= MOVED and len(boxes) >= FRAMES


def near(person: Box, thing: Box) -> bool:
    """Whether a thing is not farther from somebody than half their height."""
    reach = 0.5 * person.height
    across = max(person.left - thing.right, thing.left - person.right, 0.0)
    return across <= reach and person.top - reach <= thing.middle[1] <= person.bottom + reach


_STANCES: Mapping[str, Callable[[Box, Box], bool]] = {
    "astride": astride,
    "on": on,
    "in hand": in_hand,
    "at head": at_head,
    "near": near,
}

_WORDS = {
    "astride": "a person astride a {}",
    "on": "a person on {}",
    "in hand": "a {} in somebody's hand",
    "at head": "a {} at somebody's face",
    "near": "a {} near a person",
}


class Stances:
    """Those of one video, as activities ask for them.

    Args:
        length: of the video, in ticks.
        concepts: all that stances are asked for of.
    """

    def __init__(self, case: Case, length: int, concepts: Collection[str]) -> None:
        self._length, self._space = length, case.encoders.concepts
        self._tracks: defaultdict[str, list[SeenTracklet]] = defaultdict(list)
        self._boxes: Mapping[str, Boxes] = {}
        self._people: defaultdict[int, list[tuple[Box, float]]] = defaultdict(list)
        for one in case.seen.things.tracklets:
            if one.concept in concepts or one.concept == PERSON:
                self._tracks[one.concept].append(one)
        # Else nobody is to anything.
        if PERSON in self._tracks and (len(self._tracks) > 1 or PERSON in concepts):
            self._boxes = case.seen.boxes(self._tracks)
            for person in self._tracks[PERSON]:
                for tick, *edges in self._boxes.get(person.evidence_id, ()):
                    self._people[tick].append((Box(*edges), person.confidence))

    def seen(self, how: str, concepts: Collection[str]) -> Sign:
        """Whether, and for how much of the video, anybody is so to a thing of some concepts."""
        if not self._people:
            return ABSENT
        if how == "walking":
            return surest(ABSENT, *map(self._walking, self._tracks[PERSON]))
        there = [one for concept in concepts for one in self._tracks.get(concept, ())]
        return surest(ABSENT, *(self._of(how, one) for one in there))

    def _walking(self, one: SeenTracklet) -> Sign:
        boxes = [Box(*edges) for _, *edges in self._boxes.get(one.evidence_id, ())]
        if not boxes or not walks(boxes):
            return ABSENT
        degree = one.confidence * min(1.0, ABOUT_HALF * (one.end - one.start) / self._length)
        return Sign(degree, (one.evidence_id,), "a person who moves")

    def _of(self, how: str, one: SeenTracklet) -> Sign:
        boxes = self._boxes.get(one.evidence_id, ())
        so = [sure for tick, *edges in boxes if (sure := self._surely(how, tick, Box(*edges))) > 0.0]
        if not so:
            return ABSENT
        time = (one.end - one.start) * len(so) / len(boxes)
        degree = min(one.confidence, max(so)) * min(1.0, ABOUT_HALF * time / self._length)
        return Sign(degree, (one.evidence_id,), _WORDS[how].format(self._space.get(one.concept).name))

    def _surely(self, how: str, tick: int, thing: Box) -> float:
        fits = _STANCES[how]
        return max((sure for person, sure in self._people.get(tick, ()) if fits(person, thing)), default=0.0)
