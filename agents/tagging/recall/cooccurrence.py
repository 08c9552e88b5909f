"""Tags that go with those that the other sources are sure of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

from agents.tagging.recall.case import Case, Recalled, counted_once, strongest
from agents.tagging.recall.similar import first_hand, tags_of
from stores.tags.recall.accepted import Companies, Company

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
    own = tags_of(case, [case.video_id]).get(case.video_id, [])
    once = counted_once(recalled, case.encoders.zero_shot is None)
    seeds = _seeds(once, [tag.tag_id for tag in own if tag.by_person])
    if not seeds:
        return []
    companies = _companies(case)
    had = {tag.tag_id for tag in own}
    of_seeds = {tag_id: _without(one, tag_id, had) for tag_id, one in companies.of(list(seeds)).items()}
    others = {other for one in of_seeds.values() for other in one.with_it} & case.tags.ids
    counts, videos = companies.counts(others)
    counts = {tag_id: max(0, count - (tag_id in had)) for tag_id, count in counts.items()}
    best: defaultdict[str, float] = defaultdict(float)
    for tag_id, company in of_seeds.items():
        for other, worth in _lifts(company, counts, videos - bool(own)).items():
            if other != tag_id:
                best[other] = max(best[other], TOGETHER * worth * seeds[tag_id])
    return strongest((Recalled(tag_id, "cooccurrence", worth, ()) for tag_id, worth in best.items()), case.top)


def _companies(case: Case) -> Companies:
    if case.tags.companies is None:
        case.tags.companies = Companies(case.store.engine)
    return case.tags.companies


def _without(company: Company, tag_id: str, had: Collection[str]) -> Company:
    """A tag's company without this video, which had these tags."""
    if tag_id not in had:
        return company
    with_it = {other: count - (other in had) for other, count in company.with_it.items()}
    return Company(company.videos - 1, Counter({other: count for other, count in with_it.items() if count > 0}))


def _seeds(recalled: Iterable[Recalled], by_persons: Iterable[str]) -> dict[str, float]:
    scores: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    for word in recalled:
        scores[word.tag_id].append((word.source, word.probability))
    sure = {tag_id: first_hand(some) for tag_id, some in scores.items()}
    seeds = {tag_id: worth for tag_id, worth in sure.items() if worth >= SURE} | dict.fromkeys(by_persons, 1.0)
    chosen = sorted(seeds, key=lambda tag_id: (-seeds[tag_id], tag_id))[:MOST_SEEDS]
    return {tag_id: seeds[tag_id] for tag_id in chosen}


def _lifts(company: Company, counts: Mapping[str, int], videos: int) -> dict[str, float]:
    """By how much a tag's company raises the share of each other tag; what it does not raise is absent."""
    lifts = {}
    for other, count in company.with_it.items():
        if other in counts:
            share = (counts[other] + 1.0) / (videos + 2.0)
            conditional = (count + DOUBT * share) / (company.videos + DOUBT)
            if conditional > share:
                lifts[other] = conditional - share
    return lifts
