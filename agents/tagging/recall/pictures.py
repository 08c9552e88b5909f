"""Tags that the pictures themselves are near to."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from agents.search.pictures import best_fits
from agents.tagging.nearest import Near
from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from agents.tagging.recall.objects import ASSOCIATED, Witnesses, witnesses
from agents.tagging.vocabulary import TIED

PICTURE_CENTRE = 4.5
"""z at which a picture is as likely to show a tag as not: about 3 in a million draws from a normal background, i.e.
rare even after asking thousands of tags of a video."""

PICTURE_STEEPNESS = 1.5
"""A standard deviation more or less moves the odds by a factor of e^1.5 = 4.5."""

FACET_COMPETITION = 0.5
"""Tags of one facet compete: each loses half its distance to the facet's best (a match is of one sport)."""


def picture_source(case: Case) -> list[Recalled]:
    """Tags whose text lies unusually near the clips' picture vectors.

    Where pictures are placed among texts by the names of what was recognised (ConSE), being near says nothing that the
    names do not say: a tag that names a class of the classifier is there as far as that class is
    (`agents.tagging.recall.objects`), and a situation that goes with many kinds of things is an association
    (`context_source`).
    """
    near = _near(case)
    if near is None:
        return []
    if case.encoders.zero_shot is not None:
        return _words(case, near, dict.fromkeys(_order(near, case.top), CERTAIN))
    seen = witnesses(case)
    bounds = {}
    for at in _order(near, len(near.z)):
        surely = case.tags.most_surely.get(int(near.rows[at]))
        if surely is None:
            bounds[at] = CERTAIN
        elif surely > TIED:
            named = seen.named.get(int(near.rows[at]))
            bounds[at] = named.probability if named else 0.0
        if len(bounds) == case.top:
            break
    return _words(case, near, {at: bound for at, bound in bounds.items() if bound > 0.0})


def context_source(case: Case) -> list[Recalled]:
    """Tags that what is recognised usually comes with: associations, which nothing but other sources can confirm.

    What the place of a picture among texts says of such a tag (see `picture_source`) is the same association, so the
    stronger of both counts, not both.
    """
    seen = witnesses(case)
    found = {
        tag: Recalled(case.tags.tags[tag].tag_id, "context", one.probability, one.evidence_ids)
        for tag, one in seen.around.items()
    }
    near = _near(case) if case.encoders.zero_shot is None else None
    if near is not None:
        loose = {
            at: ASSOCIATED
            for at in _order(near, len(near.z))
            if case.tags.most_surely.get(int(near.rows[at]), math.inf) <= TIED
        }
        for at, word in _probable(case, near, loose).items():
            known = found.get(int(near.rows[at]))
            if known is None or known.probability < word.probability:
                evidence_ids = word.evidence_ids or (known.evidence_ids if known else ())
                found[int(near.rows[at])] = Recalled(word.tag_id, "context", word.probability, evidence_ids)
    return strongest(found.values(), case.top)


def _near(case: Case) -> Near | None:
    """The tags nearest to the video's pictures, each with its z among those of its facet; None without pictures."""
    hits, matrix = case.seen.pictures
    if not hits:
        return None
    tags = case.tags
    if case.tags.nearest_pictures is not None:
        near = case.tags.nearest_pictures.near(matrix)
    else:
        z, best = best_fits(case.encoders, tags.vectors, matrix, None)
        near = Near(np.arange(len(z)), z, best)
    return Near(near.rows, _facet_competition(near.z, tags.facets[near.rows]), near.best)


def _order(near: Near, most: int) -> list[int]:
    """The places in ``near`` of the ``most`` nearest, the nearest first."""
    places = np.arange(len(near.z))
    if most < len(places):
        places = np.argpartition(-near.z, most)[:most]
    ordered: list[int] = places[np.argsort(-near.z[places], kind="stable")].tolist()
    return ordered


def _words(case: Case, near: Near, bounds: dict[int, float]) -> list[Recalled]:
    return strongest(_probable(case, near, bounds).values(), case.top)


def _probable(case: Case, near: Near, bounds: dict[int, float]) -> dict[int, Recalled]:
    """What being so near is worth, at most a bound of each, by place in ``near``."""
    hits, _ = case.seen.pictures
    labels: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for label in case.seen.things.labels:
        labels[label.clip_id].append((-label.score, label.evidence_id))
    words = {}
    for at, bound in bounds.items():
        z = float(near.z[at])
        probability = min(bound, CERTAIN / (1.0 + math.exp(-PICTURE_STEEPNESS * (z - PICTURE_CENTRE))))
        clip = hits[int(near.best[at])].clip_id
        evidence = tuple(evidence_id for _, evidence_id in sorted(labels.get(clip, ()))[:2])
        words[at] = Recalled(case.tags.tags[int(near.rows[at])].tag_id, "picture", probability, evidence)
    return words


def _facet_competition(z: NDArray[np.float64], facets: NDArray[np.int64]) -> NDArray[np.float64]:
    best = np.full(int(facets.max()) + 1, -np.inf)
    np.maximum.at(best, facets, z)
    return z - FACET_COMPETITION * (best[facets] - z)
