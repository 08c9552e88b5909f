"""Tags of videos that look alike."""

from __future__ import annotations

import math

from agents.search.pictures import least_likeness
from agents.tagging.recall.case import Case, Recalled
from encoders.spaces import collections

NEIGHBOURS = 10
"""Clips of other videos that are compared with each clip."""

SIMILAR = 0.6
"""Weight of a tag accepted for a look-alike video, times that decision's confidence."""


def similar_source(case: Case) -> list[Recalled]:
    """Tags accepted for videos that look alike (near-duplicates, other cuts of the same material).

    Only what those videos show themselves counts: else two copies would raise each other's confidence at every run.
    """
    collection = collections(case.encoders).likeness
    hits, matrix = case.store.vectors.fetch(collection, video_ids=[case.video_id])
    near = case.store.vectors.query_all(collection, matrix, len(hits) + NEIGHBOURS, least_likeness(case.encoders))
    alike = dict.fromkeys(hit.video_id for some in near for hit in some if hit.video_id != case.video_id)
    best: dict[str, Recalled] = {}
    for other in alike:
        for decision in case.store.tags.decisions(other):
            own = [score for source, score in decision.scores if source != "similar"]
            sure = 1.0 - math.prod(1.0 - score for score in own) if own else 1.0  # fused as in `agents.tagging.rank`
            probability = SIMILAR * min(decision.confidence, sure)
            first_hand = decision.decision == "accepted" and set(decision.recalled_by) - {"similar"}
            if first_hand and decision.tag_id in case.tags.ids:
                known = best.get(decision.tag_id)
                if known is None or known.probability < probability:
                    best[decision.tag_id] = Recalled(decision.tag_id, "similar", probability, ())
    return list(best.values())
