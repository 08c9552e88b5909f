"""Tags that go with those that the other sources are sure of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from agents.tagging.recall.case import Case, Recalled, strongest
from agents.tagging.recall.similar import first_hand
from stores.tags.recall.accepted import Company, accepted_counts, accepted_tags, company_of

SURE = 0.5
"""What first-hand sources must give for a tag to bring others along: more likely than not."""

MOST_SEEDS = 8
"""Tags that bring others along, the surest first."""

TOGETHER = 0.3
"""Most that company may be worth: if tags are always together and otherwise rare. It never accepts by itself."""

DOUBT = 10.0
"""Videos with the usual share of a tag that are added to those of the tag that brings it: shrinkage of the conditional
share towards the marginal one, so that pairs seen once or twice mean little."""


def cooccurrence_source(case: Case, recalled: Iterable[Recalled]) -> list[Recalled]:
    """Tags that other videos have together with those that first-hand sources, or a person, are sure of here.

    Each is worth by how much more often it is there with them than without: P(tag | sure) - P(tag), both shrunk. What
    other videos have counts, never what this one had before, so that tagging twice gives the same.

    Args:
        recalled: what the other sources recalled.
    """
    seeds = _seeds(case, recalled)
    if not seeds:
        return []
    companies = {tag_id: company_of(case.store.engine, tag_id, case.video_id) for tag_id in seeds}
    others = sorted({other for one in companies.values() for other in one.with_it} & case.tags.ids)
    usual, videos = accepted_counts(case.store.engine, others, case.video_id)
    best: defaultdict[str, float] = defaultdict(float)
    for tag_id, company in companies.items():
        for other, worth in _lifts(company, usual, videos).items():
            if other in case.tags.ids and other != tag_id:
                best[other] = max(best[other], TOGETHER * worth * seeds[tag_id])
    return strongest((Recalled(tag_id, "cooccurrence", worth, ()) for tag_id, worth in best.items()), case.top)


def _seeds(case: Case, recalled: Iterable[Recalled]) -> dict[str, float]:
    scores: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    for word in recalled:
        scores[word.tag_id].append((word.source, word.probability))
    sure = {tag_id: first_hand(some) for tag_id, some in scores.items()}
    seeds = {tag_id: worth for tag_id, worth in sure.items() if worth >= SURE}
    for tag in accepted_tags(case.store.engine, [case.video_id], persons_only=True).get(case.video_id, ()):
        seeds[tag.tag_id] = 1.0
    chosen = sorted(seeds, key=lambda tag_id: (-seeds[tag_id], tag_id))[:MOST_SEEDS]
    return {tag_id: seeds[tag_id] for tag_id in chosen}


def _lifts(company: Company, usual: Counter[str], videos: int) -> dict[str, float]:
    """By how much a tag's company raises the share of each other tag; what it does not raise is absent."""
    lifts = {}
    for other, count in company.with_it.items():
        share = (usual[other] + 1.0) / (videos + 2.0)
        conditional = (count + DOUBT * share) / (company.videos + DOUBT)
        if conditional > share:
            lifts[other] = conditional - share
    return lifts
