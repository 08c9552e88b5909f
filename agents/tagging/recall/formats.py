"""Tags that name a measured property, or what a visual style is called."""

from __future__ import annotations

from collections import defaultdict

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from encoders.styles.names import StyleNames, style_names
from stores.core.records import Evidence


def format_source(case: Case) -> list[Recalled]:
    """Tags that name a measured property (vertical video, black and white, still image, animation), by how surely it
    holds and for how much of the video; and, weaker, those of what is more than a visual style."""
    facts = case.seen.lines["format"]
    length = max([1, *(one.end for one in case.seen.things.tracklets), *(fact.span.end for fact in facts)])
    by_tag: defaultdict[int, dict[str, tuple[float, Evidence]]] = defaultdict(dict)
    for fact in facts:
        style = style_names().get(fact.text.rpartition(" ")[0])
        share = 1.0 if style is None else (fact.span.end - fact.span.start) / length
        for name, fits in _names(fact.text, style).items():
            for tag in case.tags.by_fact.get(name.casefold()):
                known = by_tag[tag].get(fact.evidence_id, (0.0, fact))[0]
                by_tag[tag][fact.evidence_id] = max(known, fits * fact.confidence * share), fact
    words = []
    for tag, found in by_tag.items():
        best = sorted(found.values(), key=lambda one: (-one[0], one[1].span.start))
        probability = min(CERTAIN, sum(worth for worth, _ in best))
        ids = tuple(fact.evidence_id for _, fact in best[:3])
        words.append(Recalled(case.tags.tags[tag].tag_id, "format", probability, ids))
    return strongest(words, case.top)


def _names(fact: str, style: StyleNames | None) -> dict[str, float]:
    """Names of a tag that states a whole fact, and how often what it says is so. Facts are in English and then in
    Chinese: "still 静止"."""
    english, _, chinese = fact.rpartition(" ")
    whole = {english, english.removesuffix(" video"), chinese, chinese.removesuffix("视频")} - {""}
    return dict.fromkeys(whole, 1.0) if style is None else {**style.more, **dict.fromkeys((*whole, *style.same), 1.0)}
