"""What recognised and detected things say of tags that name them, and of those that name what they come with.

A classifier of pictures spreads its mass over mutually exclusive names. Where it is sure of the kind only ("clothing":
some suit, some gown, some tie), none of the names is told, however large a sum over some of them is: a tag's mass
counts by its share of what the things of its kind have together. A situation that goes with things of many kinds is
told by none of them (`agents.tagging.vocabulary.TIED`): that is an association, not a sight, and never accepted by
itself.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agents.tagging.recall.case import CERTAIN, Case
from agents.tagging.vocabulary import TIED, kind_of

NAMED_GAIN = 2.0
"""A classifier over 1000 names spreads its mass; half a clip's mass on a tag's names means certainty."""

OBJECT_GAIN = 1.5
"""What the 80-category detector sees for two thirds of a video is worth as much as it is sure of it."""

FILLING = 0.5
"""Share of the picture from which a detected thing is all that there is to see. Then the classifier of pictures sees
it, too, or something of its kind; else the detector has taken the picture as a whole for a thing: a recorded screen for
a television, a drawing for a cake. Source: of nine such things in a development set of 23 clips, which is no part of
the project, that the classifier does not see, one is there."""

CONTEXT_MATCH = 0.5
"""Strength of a term that names neither a concept nor its kind but a situation around it. The detector's 80 categories
are too common for that to mean anything: a person in the picture does not make it an interview."""

ASSOCIATED = 0.45
"""Most that an association may be worth: below what a tag is accepted from. Source: by definition; it is left to a
person, or to what else speaks for the tag."""

MANY_CLIPS = 10
"""Clips from which two have to agree: the more often a classifier is asked, the likelier one of its answers is a slip.
Then the mean of the two best counts instead of the best. Source: our choice; in the shorter films of `tests/planted`,
things are in one clip."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What recognised things say of one tag: the best clips, or the whole video by its objects.

    Attributes:
        lead: share that the things which name the tag have of all of their kind, in the best clip, and where there are
            many, also in all of them; 1 for objects.
    """

    probability: float
    evidence_ids: tuple[str, ...]
    lead: float = 1.0


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Of the tags: those that are ``named`` by what is recognised, and those ``around`` it."""

    named: dict[int, Witness]
    around: dict[int, Witness]


class _Given(NamedTuple):
    """What one recognised thing gives a tag, with the mass it has and the kind it is of."""

    worth: float
    evidence_id: str
    mass: float
    kind: str


def witnesses(case: Case) -> Witnesses:
    """What was recognised says of tags, first-hand and by association."""
    return case.once("witnesses", lambda: _witnesses(case))


def _witnesses(case: Case) -> Witnesses:
    space, by_concept = case.encoders.concepts, case.tags.by_concept
    labels = case.seen.things.labels
    kinds = {concept: kind_of(space, concept) for concept in {label.concept for label in labels}}
    mass: defaultdict[tuple[str, str], float] = defaultdict(float)
    for label in labels:
        mass[label.clip_id, kinds[label.concept]] += label.score
    # Tag to clip to what each label gives.
    named: _ByTag = defaultdict(lambda: defaultdict(list))
    around: _ByTag = defaultdict(lambda: defaultdict(list))
    for label in labels:
        for tag, strength in by_concept.get(label.concept, ()):
            given = _Given(strength * label.score, label.evidence_id, label.score, kinds[label.concept])
            (named if strength > TIED else around)[tag][label.clip_id].append(given)
    clips = case.seen.clips
    first_hand = {tag: _of_clips(found, mass, clips) for tag, found in named.items()}
    for tag, witness in _of_objects(case).items():
        if tag not in first_hand or witness.probability > first_hand[tag].probability:
            first_hand[tag] = witness
    loose = {tag: _of_clips(found, None, clips) for tag, found in around.items()}
    return Witnesses(first_hand, loose)


_ByTag = defaultdict[int, defaultdict[str, list[_Given]]]


def _of_clips(found: Mapping[str, list[_Given]], mass: Mapping[tuple[str, str], float] | None, clips: int) -> Witness:
    """What the clips say together; ``mass``: of each kind in each clip, None for associations."""
    words = []
    for clip, given in found.items():
        lead = 1.0 if mass is None else _share(given, mass, [clip])
        most = CERTAIN if mass is not None else ASSOCIATED
        worth = min(most, NAMED_GAIN * lead * sum(one.worth for one in given))
        words.append((worth, lead, tuple(one.evidence_id for one in sorted(given, reverse=True)[:3])))
    words.sort(key=lambda word: -word[0])
    worth, lead, evidence_ids = words[0]
    if clips >= MANY_CLIPS:
        worth = (worth + (words[1][0] if len(words) > 1 else 0.0)) / 2.0
        if mass is not None:
            # What is one thing in this clip and its sibling in the next is neither: the geometric mean of both shares.
            given = [one for some in found.values() for one in some]
            of_video = _share(given, mass, {clip for clip, _ in mass})
            agreed = math.sqrt(of_video / max(lead, 1e-9)) if of_video < lead else 1.0
            worth, lead = worth * agreed, lead * agreed
    return Witness(worth, evidence_ids, lead)


def _share(given: Sequence[_Given], mass: Mapping[tuple[str, str], float], clips: Collection[str]) -> float:
    """The share of some things of all things of their kinds in some clips."""
    of_kinds = sum(mass.get((clip, kind), 0.0) for kind in {one.kind for one in given} for clip in clips)
    return min(1.0, sum(one.mass for one in given) / max(of_kinds, 1e-9))


def _of_objects(case: Case) -> dict[int, Witness]:
    """Each follows from its surest tracks, as from independent causes."""
    tracklets = case.seen.things.tracklets
    length = max(1, max((one.end for one in tracklets), default=1))
    seen_too = _seen_too(case)
    tracked: defaultdict[int, list[tuple[float, str]]] = defaultdict(list)
    for one in tracklets:
        for tag, strength in case.tags.by_concept.get(one.concept, ()):
            if strength > CONTEXT_MATCH:
                long = min(1.0, OBJECT_GAIN * (one.end - one.start) / length)
                worth = strength * one.confidence * long * (seen_too(one.concept) if one.area >= FILLING else 1.0)
                tracked[tag].append((min(CERTAIN, worth), one.evidence_id))
    return {
        tag: Witness(
            min(CERTAIN, 1.0 - math.prod(1.0 - worth for worth, _ in given)),
            tuple(evidence_id for _, evidence_id in sorted(given, reverse=True)[:3]),
        )
        for tag, given in tracked.items()
    }


def _seen_too(case: Case) -> Callable[[str], float]:
    """How far the classifier sees a thing, or others of a noun for it that is broader, in the clip where it sees most
    of it."""
    space = case.encoders.concepts
    masses: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for label in case.seen.things.labels:
        for noun in space.nouns_of(label.concept):
            masses[noun][label.clip_id] += label.score

    def seen(concept: str) -> float:
        most = max((max(masses[noun].values()) for noun in space.nouns_of(concept) if noun in masses), default=0.0)
        return min(1.0, NAMED_GAIN * most)

    return seen
