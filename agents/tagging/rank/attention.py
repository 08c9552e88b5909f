"""The ranker of thousands of judgements: a network in which a tag's text reads a video's clips.

It moves the log odds of the ranker before (`agents.tagging.rank.likeness`), and starts from leaving them as they are.
The network and its training: `encoders.training`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.tagging.rank.ladder import Rung
from agents.tagging.rank.lessons import Floats, Lessons, logit, sigmoid
from agents.tagging.rank.likeness import NeighbourRanker, neighbour_ranker
from agents.tagging.rank.measures import Goal, accepting
from agents.tagging.rank.prior import strongest_first
from agents.tagging.rank.ranked import CaseFacts, Ranked
from agents.tagging.recall import Recalled
from encoders.training.config import CrossModalConfig
from encoders.training.pairs import PairData

if TYPE_CHECKING:
    from encoders.training.cross_modal import CrossModalRanker

LEAST_FOR_ATTENTION = 3000
"""Judgements before the network is tried. Source: "thousands"; a network of this size overfits on fewer."""

MOST_HERE = 50_000
"""Judgements that a fold of the comparison trains on, drawn by chance: minutes on a processor. Source: our choice."""

Weights = dict[str, NDArray[np.float32]]
Trainer = Callable[[PairData, CrossModalConfig], Weights]


@dataclass(frozen=True, slots=True)
class AttentionRanker:
    """A learned network on top of another ranker.

    Attributes:
        weights: of ``network``, by name.
        projected: (tags of ``before``, width) the tags in the network's space; later ones are left as they are.
        trust: 0 to 1: by how much of what the network says the ranker before is moved.
    """

    before: NeighbourRanker
    config: CrossModalConfig
    weights: Weights
    network: CrossModalRanker
    projected: NDArray[np.float32]
    trust: float = 1.0

    def rank(self, facts: CaseFacts, recalled: Sequence[Recalled]) -> list[Ranked]:
        """What the ranker before says, moved by what the tags read in the clips."""
        from encoders.training.steps import score

        ranked = self.before.rank(facts, recalled)
        known = [at for at, item in enumerate(ranked) if item.tag_id in self.before.tags]
        if facts.clips is None or not len(facts.clips) or not known:
            return ranked
        places = [self.before.tags[ranked[at].tag_id] for at in known]
        moved = dict(zip(known, score(self.network, facts.clips, self.projected[places]).tolist(), strict=True))
        said = sigmoid(
            logit(np.array([item.confidence for item in ranked]))
            + self.trust * np.array([moved.get(at, 0.0) for at in range(len(ranked))])
        )
        return strongest_first(
            Ranked(item.tag_id, float(said[at]), item.sources) if at in moved else item
            for at, item in enumerate(ranked)
        )

    def probabilities(self, lessons: Lessons) -> Floats:
        """(n,) of judged pairs, from judgements of other groups."""
        from encoders.training.steps import score_pairs

        data = _pairs(lessons, self.before)
        return sigmoid(data.base.astype(np.float64) + self.trust * score_pairs(self.network, data))


def attention_rung(trainer: Trainer | None = None) -> Rung:
    """The rung, for lessons that have contents (`agents.tagging.rank.lessons.Lessons.clips`).

    Args:
        trainer: where the network is trained; None: in this process.
    """

    def fit(lessons: Lessons, facets: Mapping[str, str], goal: Goal) -> AttentionRanker:
        return attention_ranker(lessons, facets, goal, trainer)

    return Rung("attention", LEAST_FOR_ATTENTION, fit, on="neighbours")


def attention_ranker(
    lessons: Lessons, facets: Mapping[str, str], goal: Goal | None = None, trainer: Trainer | None = None
) -> AttentionRanker:
    """Learns from judgements.

    Args:
        facets: of all tags.
        goal: what it is for; None: to accept tags.

    Raises:
        ValueError: if the lessons have no contents.
    """
    before = neighbour_ranker(lessons, facets, goal or accepting())
    if trainer is None:
        some = np.zeros(len(lessons), np.bool_)
        some[np.random.default_rng(0).permutation(len(lessons))[:MOST_HERE]] = True
        lessons, trainer = lessons.some(some), _here
    data = _pairs(lessons, before)
    config = CrossModalConfig(visual=data.clips.shape[2], text=data.tags.shape[1])
    return restored(before, config, trainer(data, config), data.tags)


def restored(
    before: NeighbourRanker,
    config: CrossModalConfig,
    weights: Weights,
    texts: NDArray[np.float32] | None = None,
    projected: NDArray[np.float32] | None = None,
) -> AttentionRanker:
    """The ranker of learned weights, with the tags' texts (t, e) or their projections.

    Raises:
        ValueError: if the weights do not fit.
    """
    from encoders.training.steps import load, project

    network = load(weights, config)
    if projected is None:
        assert texts is not None
        projected = project(network, texts)
    return AttentionRanker(before, config, weights, network, projected)


def _here(data: PairData, config: CrossModalConfig) -> Weights:
    from encoders.training.steps import train

    return train(data, config)


def _pairs(lessons: Lessons, before: NeighbourRanker) -> PairData:
    if lessons.clips is None or lessons.lengths is None or lessons.texts is None:
        raise ValueError("the lessons have no contents")
    return PairData(
        lessons.clips,
        lessons.lengths,
        lessons.texts,
        lessons.video,
        lessons.tag,
        lessons.accepted.astype(np.float32),
        logit(before.probabilities(lessons)).astype(np.float32),
    )
