"""The ranker of the first judgements: the prior, moved by what was judged of look-alike videos and goes together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agents.tagging.rank.lessons import PROPOSER, Floats, Lessons, logit, sigmoid
from agents.tagging.rank.measures import Goal, accepting
from agents.tagging.rank.neighbours import Seen, Spread, chosen_spread, combined, likely, of_pairs, seen, votes
from agents.tagging.rank.prior import Prior, calibrated_prior, propose, strongest_first
from agents.tagging.rank.ranked import CaseFacts, Ranked
from agents.tagging.recall import Recalled


@dataclass(frozen=True, slots=True)
class NeighbourRanker:
    """kNN over judged videos and co-occurrence of tags, in log odds on top of the prior.

    Attributes:
        places: of judged videos by id; tags: by id, columns of ``known``.
    """

    prior: Prior
    known: Seen
    spread: Spread
    places: Mapping[str, int]
    tags: Mapping[str, int]

    def rank(self, facts: CaseFacts, recalled: Sequence[Recalled]) -> list[Ranked]:
        """The recalled tags, and those that likely go with the video though no source recalled them."""
        shift, silent = self.of_video(facts)
        ranked = []
        for item in self.prior.rank(facts, recalled):
            if not self.is_proposed(item):
                at = self.tags.get(item.tag_id)
                moved = item.confidence if at is None else _moved(item.confidence, float(shift[at]))
                ranked.append(Ranked(item.tag_id, moved, item.sources))
        alone = {tag: float(silent[at]) for tag, at in self.tags.items()}
        return strongest_first([*ranked, *propose(alone, {item.tag_id for item in ranked})])

    def of_video(self, facts: CaseFacts) -> tuple[Floats, Floats]:
        """(tags,) twice, as `neighbours.likely`, of one video. What was judged of this very video is left out."""
        if facts.vector is None or facts.vector.shape != self.known.vectors.shape[1:]:
            likeness = np.full((1, len(self.known.vectors)), -np.inf, np.float32)
        else:
            likeness = self.known.whitening.of(facts.vector[None, :]) @ self.known.vectors.T
            likeness[0, ~self.known.vectors.any(axis=1)] = -np.inf
        if facts.video_id in self.places:
            likeness[0, self.places[facts.video_id]] = -np.inf
        shift, silent = likely(self.known, votes(self.known, likeness, self.spread), self.spread)
        return shift[0], silent[0]

    def probabilities(self, lessons: Lessons) -> Floats:
        """(n,) of judged pairs, from judgements of other groups."""
        shift, silent = of_pairs(self.known, self.spread, lessons)
        return combined(self.prior.calibration.fused(lessons), shift, silent)

    @staticmethod
    def is_proposed(item: Ranked) -> bool:
        """Whether no source recalled it."""
        return not any(word.evidence_ids or word.source != PROPOSER for word in item.sources)


def neighbour_ranker(lessons: Lessons, facets: Mapping[str, str], goal: Goal | None = None) -> NeighbourRanker:
    """Learns from judgements.

    Args:
        facets: of all tags.
        goal: what it is for; None: to accept tags.
    """
    prior, known = calibrated_prior(lessons, facets), seen(lessons)
    spread = chosen_spread(lessons, known, prior.calibration.fused(lessons), goal or accepting())
    places = {lessons.videos[video]: at for at, video in enumerate(np.unique(lessons.video).tolist())}
    return NeighbourRanker(prior, known, spread, places, {tag: at for at, tag in enumerate(lessons.tags)})


def _moved(confidence: float, shift: float) -> float:
    return float(sigmoid(logit(np.array([confidence])) + shift)[0]) if shift else confidence
