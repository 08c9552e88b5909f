"""Tags that the pictures themselves are near to."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from agents.search.pictures import best_fits
from agents.tagging.recall.case import CERTAIN, MENTIONED, Case, Recalled
from encoders.spaces import collections
from stores.core.records import Label
from stores.library_store import LibraryStore

PICTURE_CENTRE = 4.5
"""z at which a picture is as likely to show a tag as not: about 3 in a million draws from a normal background, i.e.
rare even after asking thousands of tags of a video."""

PICTURE_STEEPNESS = 1.5
"""A standard deviation more or less moves the odds by a factor of e^1.5 = 4.5."""

FACET_COMPETITION = 0.5
"""Tags of one facet compete: each loses half its distance to the facet's best (a match is of one sport)."""

_LEAST_Z = PICTURE_CENTRE - math.log(CERTAIN / MENTIONED - 1.0) / PICTURE_STEEPNESS - 1e-6
"""z of `MENTIONED`, minus a margin: tags near it are then tested one by one."""


def picture_source(case: Case) -> list[Recalled]:
    """Tags whose text lies unusually near the clips' picture vectors."""
    hits, matrix = case.store.vectors.fetch(collections(case.encoders).picture, video_ids=[case.video_id])
    if not hits:
        return []
    tags = case.tags
    z, best = best_fits(case.encoders, tags.vectors, matrix, tags.scales, _LEAST_Z)
    competing = _facet_competition(z, tags.facets)
    labels = _labels_by_clip(case.store, case.video_id)
    recalled = []
    for i in np.flatnonzero(competing >= _LEAST_Z).tolist():
        probability = CERTAIN / (1.0 + math.exp(-PICTURE_STEEPNESS * (float(competing[i]) - PICTURE_CENTRE)))
        if probability >= MENTIONED:
            seen = labels.get(hits[best[i]].clip_id, ())
            recalled.append(Recalled(tags.tags[i].tag_id, "picture", probability, tuple(seen[:2])))
    return recalled


def _facet_competition(z: NDArray[np.float64], facets: NDArray[np.int64]) -> NDArray[np.float64]:
    best = np.full(int(facets.max()) + 1, -np.inf)
    np.maximum.at(best, facets, z)
    return z - FACET_COMPETITION * (best[facets] - z)


def _labels_by_clip(store: LibraryStore, video_id: str) -> dict[str, list[str]]:
    by_clip: dict[str, list[Label]] = defaultdict(list)
    for record in store.memory(video_id).records("labels"):
        if isinstance(record, Label):
            by_clip[record.clip_id].append(record)
    return {
        clip: [label.evidence_id for label in sorted(seen, key=lambda s: -s.score)] for clip, seen in by_clip.items()
    }
