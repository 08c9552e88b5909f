"""Tags that name what is recognised or detected, and those that only name what such things usually come with.

A classifier of pictures spreads its mass over mutually exclusive names. Where it is sure of the kind only ("clothing":
some suit, some gown, some tie), none of the names is told, however large a sum over some of them is: a tag's mass counts
by its share of what the things of its kind have together. And a situation that goes with things of many kinds is told
by none of them (`agents.tagging.vocabulary.TIED`): that is an association, not a sight, and never accepted by itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from agents.tagging.vocabulary import TIED, kind_of

NAMED_GAIN = 2.0
"""A classifier over 1000 names spreads its mass; half a clip's mass on a tag's names means certainty."""

OBJECT_GAIN = 1.5
"""Detection scores of the 80-category detector, averaged over the video, by this much."""

CONTEXT_MATCH = 0.5
"""Strength of a term that names neither a concept nor its kind but a situation around it. The detector's 80 categories
are too common for that to mean anything: a person in the picture does not make it an interview."""

ASSOCIATED = 0.55
"""Most that an association may be worth: below what a tag is accepted from. Source: by definition; it is left to a
person, or to what else speaks for the tag."""


@dataclass(slots=True)
class Witness:
    """What recognised things say of one tag: the best clip, or the whole video by its objects."""

    probability: float = 0.0
    evidence_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class Witnesses:
    """Of the tags: those that are ``named`` by what is recognised, and those ``around`` it."""

    named: dict[int, Witness] = field(default_factory=dict)
    around: dict[int, Witness] = field(default_factory=dict)


def object_source(case: Case) -> list[Recalled]:
    """Tags that name (or name the kind of) something recognised or detected, or a situation tied to its kind."""
    return _words(case, "objects", witnesses(case).named)


def witnesses(case: Case) -> Witnesses:
    """What was recognised says of tags, first-hand and by association."""
    found = Witnesses()
    _of_labels(case, found)
    _of_objects(case, found)
    return found


def _of_labels(case: Case, found: Witnesses) -> None:
    space, by_concept = case.encoders.concepts, case.tags.by_concept
    kinds: dict[str, str] = {}
    mass: defaultdict[tuple[str, str], float] = defaultdict(float)
    for label in case.seen.things.labels:
        if label.concept not in kinds:
            kinds[label.concept] = kind_of(space, label.concept)
        mass[label.clip_id, kinds[label.concept]] += label.score
    # Clip and tag to what each label gives, with its kind.
    named: defaultdict[tuple[str, int], list[tuple[float, str, str]]] = defaultdict(list)
    around: defaultdict[tuple[str, int], list[tuple[float, str, str]]] = defaultdict(list)
    for label in case.seen.things.labels:
        for tag, strength in by_concept.get(label.concept, ()):
            given = (strength * label.score, label.evidence_id, kinds[label.concept])
            (named if strength > TIED else around)[label.clip_id, tag].append(given)
    for (clip, tag), given in named.items():
        total = sum(worth for worth, _, _ in given)
        of_kinds = sum(mass[clip, kind] for kind in {kind for _, _, kind in given})
        _note(found.named, tag, min(CERTAIN, NAMED_GAIN * total * min(1.0, total / max(of_kinds, 1e-9))), given)
    for (_, tag), given in around.items():
        _note(found.around, tag, min(ASSOCIATED, NAMED_GAIN * sum(worth for worth, _, _ in given)), given)


def _of_objects(case: Case, found: Witnesses) -> None:
    tracklets = case.seen.things.tracklets
    length = max(1, max((one.end for one in tracklets), default=1))
    tracked: defaultdict[int, list[tuple[float, str, str]]] = defaultdict(list)
    for one in tracklets:
        for tag, strength in case.tags.by_concept.get(one.concept, ()):
            if strength > CONTEXT_MATCH:
                worth = strength * one.confidence * (one.end - one.start) / length
                tracked[tag].append((worth, one.evidence_id, ""))
    for tag, given in tracked.items():
        _note(found.named, tag, min(CERTAIN, OBJECT_GAIN * sum(worth for worth, _, _ in given)), given)


def _note(found: dict[int, Witness], tag: int, probability: float, given: list[tuple[float, str, str]]) -> None:
    known = found.setdefault(tag, Witness())
    if probability > known.probability:
        known.probability = probability
        known.evidence_ids = tuple(evidence_id for _, evidence_id, _ in sorted(given, reverse=True)[:3])


def _words(case: Case, source: str, found: dict[int, Witness]) -> list[Recalled]:
    words = (
        Recalled(case.tags.tags[tag].tag_id, source, one.probability, one.evidence_ids)
        for tag, one in found.items()
        if one.probability > 0.0
    )
    return strongest(words, case.top)
