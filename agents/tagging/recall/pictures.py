"""Tags that the pictures are near to, that name what is recognised in them, or what such things usually come with.

Where pictures are placed among texts by the names of what was recognised (ConSE), a tag that the classifier knows only
as what many kinds of things come with is said by the place of the picture and by the things around for the same reason:
the stronger of both counts, once. A picture model with texts of its own (CLIP) is a witness of its own.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from agents.search.pictures import best_fits
from agents.tagging.nearest import Near
from agents.tagging.recall.case import CERTAIN, MENTIONED, Case, Recalled, strongest
from agents.tagging.recall.near_tags import NEAR_PICTURES
from agents.tagging.recall.objects import ASSOCIATED, MANY_CLIPS, Witness, Witnesses, witnesses
from agents.tagging.vocabulary import TIED, TagVectors
from encoders.concepts import BROADER, CONTEXT

PICTURE_CENTRE = 4.5
"""z at which a picture is as likely to show a tag as not: about 3 in a million draws from a normal background, i.e.
rare even after asking thousands of tags of a video."""

PICTURE_STEEPNESS = 1.5
"""A standard deviation more or less moves the odds by a factor of e^1.5 = 4.5."""

KNOWN_GAIN = 3.0
"""A third of a clip's mass on what the classifier recognised by name is enough for the place that it gives the picture.
Source: in a development set of 23 clips, which is no part of the project, tags accepted with less were wrong."""

UNNAMED = TIED
"""A tag that the concept tables do not know is told by likeness of words alone: as a situation of two kinds of things.
Source: of four accepted in a development set of 23 clips, which is no part of the project, one was right."""

FACET_COMPETITION = 0.5
"""Tags of one facet compete: each loses half its distance to the facet's best (a match is of one sport)."""


def picture_source(case: Case) -> list[Recalled]:
    """Tags whose text lies unusually near the clips' picture vectors.

    Where the classifier places the pictures, a place is worth as much as the classifier recognised there: what it
    spreads over hundreds of classes lies somewhere, too. A tag that names classes of it cannot be surer than these lead
    among their kind: near to all clothing lies every garment. And the odds of a situation are divided by the number of
    kinds of things that it goes with.
    """
    return strongest(_placed(case).values(), case.top)


def object_source(case: Case) -> list[Recalled]:
    """Tags that name (or name the kind of) something recognised or detected, or a situation tied to its kind."""
    return _words(case, "objects", witnesses(case).named)


def context_source(case: Case) -> list[Recalled]:
    """Tags that what is recognised usually comes with: associations, which nothing but other sources can confirm."""
    return _words(case, "context", witnesses(case).around)


def _words(case: Case, source: str, found: Mapping[int, Witness]) -> list[Recalled]:
    placed = _placed(case) if case.encoders.zero_shot is None else {}
    words = []
    for tag, one in found.items():
        same = tag in placed and _counted_once(case, tag)
        if one.probability > 0.0 and not (same and placed[tag].probability >= one.probability):
            words.append(Recalled(case.tags.tags[tag].tag_id, source, one.probability, one.evidence_ids))
    return strongest(words, case.top)


def _counted_once(case: Case, tag: int) -> bool:
    """Whether the place of a picture says of a tag only what things say that are around, or that are used for it."""
    return tag in case.tags.of_activities or 0.0 < case.tags.most_surely.get(tag, 0.0) <= TIED


def _placed(case: Case) -> dict[int, Recalled]:
    """What the places of the pictures say, by tag; see `picture_source`."""
    return case.once("placed", lambda: _make_placed(case))


def _make_placed(case: Case) -> dict[int, Recalled]:
    near = _near(case, case.tags)
    if near is None:
        return {}
    return _at(case, near, [(at, int(near.rows[at])) for at in _order(near.z, 2 * case.top)])


def place_alone(case: Case, whole: TagVectors, number: int) -> None:
    """Makes the sources of this module say of a tag alone (`TagVectors.only`) what they say of it among all others.

    Args:
        case: of the tag alone.
        whole: the library of ``number``.
    """
    case.once("placed", lambda: _make_placed_alone(case, whole, number))


def _make_placed_alone(case: Case, whole: TagVectors, number: int) -> dict[int, Recalled]:
    near = _near(case, whole)
    if near is None:
        return {}
    at = int(np.searchsorted(near.rows, number))
    if at == len(near.rows) or near.rows[at] != number or np.count_nonzero(near.z > near.z[at]) >= 2 * case.top:
        return {}
    return _at(case, near, [(at, 0)])


def _at(case: Case, near: Near, places: Iterable[tuple[int, int]]) -> dict[int, Recalled]:
    """What some places of ``near`` are worth for the tag of each."""
    hits, _ = case.seen.pictures
    labels: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for label in case.seen.things.labels:
        labels[label.clip_id].append((-label.score, label.evidence_id))
    best = {clip: tuple(one for _, one in sorted(some)[:2]) for clip, some in labels.items()}
    known: defaultdict[str, float] = defaultdict(float)
    for label in case.seen.things.labels:
        known[label.clip_id] += label.score
    seen, placed = witnesses(case), {}
    for at, tag in places:
        clip = hits[int(near.best[at])].clip_id
        probability = CERTAIN / (1.0 + math.exp(-PICTURE_STEEPNESS * (float(near.z[at]) - PICTURE_CENTRE)))
        if case.encoders.zero_shot is None:
            probability = _bounded(case, tag, probability, seen) * min(1.0, KNOWN_GAIN * known[clip])
        evidence = best.get(clip, ())
        if probability > 0.0:
            placed[tag] = Recalled(case.tags.tags[tag].tag_id, "picture", probability, evidence)
    return placed


def _bounded(case: Case, tag: int, probability: float, seen: Witnesses) -> float:
    """What the place of a picture is worth beside what the classifier says by names; 0 if that is as much."""
    named, surely = seen.named.get(tag), case.tags.most_surely.get(tag, UNNAMED)
    if surely >= BROADER:
        probability = min(probability, MENTIONED if named is None else named.lead)
    else:
        # As many kinds of things as it goes with, so many situations may be the one that they stand for.
        odds = probability / (1.0 - probability) * surely / CONTEXT
        probability = odds / (1.0 + odds)
    if not _counted_once(case, tag):
        return probability
    others = [seen.around.get(tag)]
    if tag in case.tags.of_activities:
        probability = min(probability, ASSOCIATED)
        others.append(named)
    return 0.0 if any(other is not None and other.probability > probability for other in others) else probability


def _near(case: Case, tags: TagVectors) -> Near | None:
    """The tags nearest to the video's pictures, each with its z among those of its facet; None without pictures."""
    hits, matrix = case.seen.pictures
    if not hits:
        return None
    if tags.nearest_pictures is not None:
        groups = [hit.clip_id for hit in hits] if case.seen.clips >= MANY_CLIPS else ()
        near = tags.nearest_pictures.near(matrix, groups, case.seen.kept.get(NEAR_PICTURES))
    else:
        z, best = best_fits(case.encoders, tags.vectors, matrix, None)
        near = Near(np.arange(len(z)), z, best)
    return Near(near.rows, _facet_competition(near.z, tags.facets[near.rows]), near.best)


def _order(z: NDArray[np.float64], most: int) -> list[int]:
    """The places of the ``most`` highest, the highest first."""
    places = np.arange(len(z))
    if most < len(places):
        places = np.argpartition(-z, most)[:most]
    ordered: list[int] = places[np.argsort(-z[places], kind="stable")].tolist()
    return ordered


def _facet_competition(z: NDArray[np.float64], facets: NDArray[np.int64]) -> NDArray[np.float64]:
    best = np.full(int(facets.max()) + 1, -np.inf)
    np.maximum.at(best, facets, z)
    return z - FACET_COMPETITION * (best[facets] - z)
