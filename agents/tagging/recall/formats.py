"""Tags that name a measured property, or how pictures are made: drawn, rendered, or of a screen or text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class _SoFar:
    """What stretches say of one tag: by its name, or by the name of something that is more than a style."""

    same: float = 0.0
    more: float = 0.0
    lines: list[tuple[float, Evidence]] = field(default_factory=list)


def style_source(case: Case) -> list[Recalled]:
    """Tags that are a name of a visual style, by how surely and for how much of the video it is seen; and, as an
    association at most, those of what is usually made in such a style."""
    length = case.seen.length
    found: defaultdict[int, _SoFar] = defaultdict(_SoFar)
    for line in case.seen.lines["format"] if length else ():
        style = style_of(line.text)
        if style is None:
            continue
        worth = line.confidence * min(1.0, (line.span.end - line.span.start) / length)
        same = {tag for name in style.same for tag in case.tags.by_fact.get(name.casefold())}
        more: defaultdict[int, float] = defaultdict(float)
        for name, fits in style.more.items():
            for tag in case.tags.by_fact.get(name.casefold()):
                more[tag] = max(more[tag], fits)
        for tag in same | set(more):
            so_far, fits = found[tag], 1.0 if tag in same else more[tag]
            if tag in same:
                so_far.same += worth
            else:
                so_far.more += fits * worth
            so_far.lines.append((fits * worth, line))
    words = []
    for tag, so_far in found.items():
        so_far.lines.sort(key=lambda one: (-one[0], one[1].span.start))
        sure = max(so_far.same, min(ASSOCIATED, so_far.same + so_far.more))
        ids = tuple(line.evidence_id for _, line in so_far.lines[:3])
        words.append(Recalled(case.tags.tags[tag].tag_id, "styles", min(CERTAIN, sure), ids))
    return strongest(words, case.top)
