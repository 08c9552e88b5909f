"""Tags that name a measured property, or how pictures are made: drawn, rendered, or of a screen or text."""

from __future__ import annotations

from collections import defaultdict

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from agents.tagging.recall.objects import ASSOCIATED
from encoders.styles.names import style_of
from stores.core.records import Evidence


def format_source(case: Case) -> list[Recalled]:
    """Tags that name a measured property: vertical video, black and white, still image."""
    first: dict[int, Evidence] = {}
    for fact in case.seen.lines["format"]:
        for name in () if style_of(fact.text) else _fact_names(fact.text):
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


def style_source(case: Case) -> list[Recalled]:
    """Tags that are a name of a visual style, by how surely and for how much of the video it is seen; and, as an
    association at most, those of what is usually made in such a style."""
    length = case.seen.length
    found: defaultdict[int, list[tuple[float, float, Evidence]]] = defaultdict(list)
    for line in case.seen.lines["format"] if length else ():
        seen = line.confidence * min(1.0, (line.span.end - line.span.start) / length)
        fits: dict[int, float] = {}
        for name, share in (style_of(line.text) or {}).items():
            fits.update((tag, max(share, fits.get(tag, 0.0))) for tag in case.tags.by_fact.get(name))
        for tag, share in fits.items():
            found[tag].append((share * seen, share, line))
    words = []
    for tag, some in found.items():
        some.sort(key=lambda one: (-one[0], one[2].span.start))
        by_name = sum(worth for worth, share, _ in some if share == 1.0)
        sure = max(by_name, min(ASSOCIATED, sum(worth for worth, _, _ in some)))
        ids = tuple(line.evidence_id for _, _, line in some[:3])
        words.append(Recalled(case.tags.tags[tag].tag_id, "styles", min(CERTAIN, sure), ids))
    return strongest(words, case.top)
