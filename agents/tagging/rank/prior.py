"""The ranker that needs no judgements: independent causes, calibrated where people judged."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from agents.tagging.rank.calibration import Calibration, calibrated
from agents.tagging.rank.lessons import PROPOSER, Floats, Lessons, shares
from agents.tagging.rank.ranked import CaseFacts, Ranked
from agents.tagging.recall import Recalled

PROPOSED = 10
"""Tags that are proposed for a video at most. Source: our choice: what a person looks through at once."""

LEAST_PROPOSED = 0.01
"""A tag that is less likely is not worth a line."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Noisy-or of what the sources say (independent causes; Pearl 1988, section 4.3.2) after their calibration.

    Attributes:
        facets: of each tag.
        shares: by tag, how likely it is where no source recalls it; see `propose`.
    """

    calibration: Calibration = field(default_factory=Calibration)
    facets: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)

    def rank(self, facts: CaseFacts, recalled: Sequence[Recalled]) -> list[Ranked]:  # noqa: ARG002
        """The recalled tags, and the likeliest ones of all videos, strongest first."""
        known = self.calibration
        ranked = []
        for tag_id, words in by_tag(recalled).items():
            fused = 1.0 - math.prod(1.0 - known.source(word.source, word.probability) for word in words)
            ranked.append(Ranked(tag_id, known.tag(tag_id, self.facets.get(tag_id, ""), fused), words))
        return strongest_first([*ranked, *propose(self.shares, {item.tag_id for item in ranked})])

    def probabilities(self, lessons: Lessons) -> Floats:
        """(n,) of judged pairs, for comparing rankers."""
        fused = self.calibration.fused(lessons)
        alone = np.array([self.shares.get(tag, 0.0) for tag in lessons.tags])
        return np.where(fused > 0, fused, alone[lessons.tag])


def calibrated_prior(lessons: Lessons, facets: Mapping[str, str]) -> Prior:
    """The prior as judgements correct it.

    Args:
        facets: of all tags.
    """
    alone = {tag: float(share) for tag, share in zip(lessons.tags, shares(lessons), strict=True)}
    return Prior(calibrated(lessons), facets, alone)


def propose(likely: Mapping[str, float], recalled: Collection[str]) -> list[Ranked]:
    """The likeliest tags that no source recalled. They have no evidence, so they are never accepted by themselves.

    Args:
        likely: probability by tag.
        recalled: tags that need not be proposed.
    """
    left = [(-share, tag) for tag, share in likely.items() if share >= LEAST_PROPOSED and tag not in recalled]
    return [
        Ranked(tag, -share, (Recalled(tag, PROPOSER, -share, ()),)) for share, tag in heapq.nsmallest(PROPOSED, left)
    ]


def rank(recalled: Iterable[Recalled]) -> list[Ranked]:
    """Fuses by noisy-or what sources say, uncalibrated; strongest first."""
    return Prior().rank(CaseFacts(""), list(recalled))


def by_tag(recalled: Iterable[Recalled]) -> dict[str, tuple[Recalled, ...]]:
    """What was recalled, by tag; the strongest source first."""
    found: dict[str, list[Recalled]] = defaultdict(list)
    for word in recalled:
        found[word.tag_id].append(word)
    return {
        tag_id: tuple(sorted(words, key=lambda word: (-word.probability, word.source)))
        for tag_id, words in found.items()
    }


def strongest_first(ranked: Iterable[Ranked]) -> list[Ranked]:
    """The order in which all rankers answer."""
    return sorted(ranked, key=lambda item: (-item.confidence, item.tag_id))
