"""Rank: fuse what the sources recalled into one calibrated confidence per tag, and decide with evidence."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from agents.tagging.recall import Recalled
from stores.core.records import Decision

ACCEPT = 0.6
"""Confidence from which a tag is accepted: above one half, since a wrong tag is worse than a missing one."""

ABSTAIN = 0.3
"""Confidence from which a tag is left for a person to review; below it the tag is dropped."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One tag with its fused confidence and what each source says about it."""

    tag_id: str
    confidence: float
    sources: tuple[Recalled, ...]


def rank(recalled: Iterable[Recalled]) -> list[Ranked]:
    """Fuse by noisy-or (independent causes; Pearl 1988, section 4.3.2), strongest first."""
    by_tag: dict[str, list[Recalled]] = defaultdict(list)
    for word in recalled:
        by_tag[word.tag_id].append(word)
    ranked = [
        Ranked(
            tag_id,
            1.0 - math.prod(1.0 - word.probability for word in words),
            tuple(sorted(words, key=lambda word: (-word.probability, word.source))),
        )
        for tag_id, words in by_tag.items()
    ]
    return sorted(ranked, key=lambda item: (-item.confidence, item.tag_id))


def decide(video_id: str, ranked: Iterable[Ranked]) -> tuple[Decision, ...]:
    """Accept, or abstain for a person to decide. A tag with no evidence that can be shown is never accepted."""
    decisions = []
    for item in ranked:
        if item.confidence < ABSTAIN:
            continue
        evidence = tuple(dict.fromkeys(e for word in item.sources for e in word.evidence_ids))
        accepted = item.confidence >= ACCEPT and bool(evidence)
        decisions.append(
            Decision(
                video_id=video_id,
                tag_id=item.tag_id,
                decision="accepted" if accepted else "abstained",
                confidence=round(item.confidence, 4),
                recalled_by=tuple(word.source for word in item.sources),
                evidence_ids=evidence,
                scores=tuple((word.source, round(word.probability, 4)) for word in item.sources),
            )
        )
    return tuple(decisions)
