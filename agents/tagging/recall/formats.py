"""Tags that name a measured property."""

from __future__ import annotations

from agents.tagging.recall.case import CERTAIN, Case, Recalled
from stores.core.records import Evidence


def format_source(case: Case) -> list[Recalled]:
    """Tags that name a measured property: vertical video, black and white, still image."""
    first: dict[int, Evidence] = {}
    for fact in case.seen.lines["format"]:
        for name in _fact_names(fact.text):
            for tag in case.tags.by_fact.get(name):
                first.setdefault(tag, fact)
    return [
        Recalled(case.tags.tags[tag].tag_id, "format", min(CERTAIN, fact.confidence), (fact.evidence_id,))
        for tag, fact in sorted(first.items(), key=lambda item: item[0])
    ]


def _fact_names(fact: str) -> set[str]:
    """Names of a tag that states a whole fact. Facts are in English and then in Chinese: "still 静止"."""
    english, _, chinese = fact.rpartition(" ")
    return {english, english.removesuffix(" video"), chinese, chinese.removesuffix("视频")} - {""}
