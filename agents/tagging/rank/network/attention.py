"""The rankers of thousands of judgements: a network in which a tag's text reads a video.

The first reads the clips; the second, where it is recorded, everything that was recalled for the video as well, tags of
all facets together (`agents.tagging.rank.network.evidence`). Each is a rung of its own: what was recalled is read only
where that surely wins over clips alone. Both move the log odds of the ranker before (`agents.tagging.rank.likeness`),
and start from leaving them as they are. The network and its training: `encoders.training`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.tagging.rank.ladder import Rung
from agents.tagging.rank.lessons import Evidence, Floats, Lessons, Whole, logit, sigmoid
from agents.tagging.rank.likeness import NeighbourRanker, neighbour_ranker
from agents.tagging.rank.measures import Goal, accepting
from agents.tagging.rank.network.evidence import facet_numbers, numbered, of_recalled, table, worth_reading
from agents.tagging.rank.prior import strongest_first
from agents.tagging.rank.ranked import CaseFacts, Ranked
from agents.tagging.recall import Recalled
from encoders.training.config import CrossModalConfig
from encoders.training.pairs import PairData

if TYPE_CHECKING:
    from encoders.training.cross_modal import CrossModalRanker
    from encoders.training.scoring import Reading

LEAST_FOR_ATTENTION = 3000
"""Judgements before the network is tried. Source: "thousands"; a network of this size overfits on fewer."""

MOST_HERE = 50_000
"""Judgements that a fold of the comparison trains on, drawn by chance: minutes on a processor. Source: our choice."""

Weights = dict[str, NDArray[np.float32]]
Trainer = Callable[[PairData, CrossModalConfig], Weights]


@dataclass(frozen=True, slots=True)
class Names:
    """What the network knows of tags that are recalled.

    Attributes:
        places: of tags by id, rows of the others; those of the ranker before come first.
        sources: in the order of the network.
        facets: (t,) numbers of their facets; projected: (t, width) their names.
    """

    places: Mapping[str, int]
    sources: tuple[str, ...]
    facets: Whole
    projected: NDArray[np.float32]

    def reading(self, recalled: Sequence[Recalled], asked: Sequence[int]) -> Reading:
        """What was recalled for a video; ``asked``: rows of the tags that are asked about."""
        from encoders.training.scoring import Reading

        some = worth_reading(of_recalled(recalled), self.places)
        rows = np.array([self.places[tag] for tag, _ in some], np.int64)
        scores = table(some, self.sources)
        return Reading(self.projected[asked], self.facets[asked], self.projected[rows], self.facets[rows], scores)


@dataclass(frozen=True, slots=True)
class AttentionRanker:
    """A learned network on top of another ranker.

    Attributes:
        weights: of ``network``, by name.
        projected: (tags of ``before``, width) the tags in the network's space; later ones are left as they are.
        names: of a network that reads what was recalled.
        trust: 0 to 1: by how much of what the network says the ranker before is moved.
    """

    before: NeighbourRanker
    config: CrossModalConfig
    weights: Weights
    network: CrossModalRanker
    projected: NDArray[np.float32]
    names: Names | None = None
    trust: float = 1.0

    def rank(self, facts: CaseFacts, recalled: Sequence[Recalled]) -> list[Ranked]:
        """What the ranker before says, moved by what the tags read."""
        from encoders.training.scoring import score

        ranked = self.before.rank(facts, recalled)
        known = [at for at, item in enumerate(ranked) if item.tag_id in self.before.tags]
        if not known:
            return ranked
        clips, places = facts.clips, [self.before.tags[ranked[at].tag_id] for at in known]
        reading = self.names.reading(recalled, places) if self.names is not None else None
        if clips is None or not len(clips):
            if reading is None or not len(reading.facets):
                return ranked
            clips = np.zeros((1, self.config.visual), np.float32)  # as videos without clips are learned from
        moved = dict(zip(known, score(self.network, clips, self.projected[places], reading).tolist(), strict=True))
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
        from encoders.training.scoring import score_pairs

        data = _pairs(lessons if self.names is not None else replace(lessons, evidence=None), self.before)
        return sigmoid(data.base.astype(np.float64) + self.trust * score_pairs(self.network, data))


def attention_rung(trainer: Trainer | None = None) -> Rung:
    """The rung that reads clips, for lessons that have contents (`agents.tagging.rank.lessons.Lessons.clips`).

    Args:
        trainer: where the network is trained; None: in this process.
    """

    def fit(lessons: Lessons, facets: Mapping[str, str], goal: Goal) -> AttentionRanker:
        return attention_ranker(replace(lessons, evidence=None), facets, goal, trainer)

    return Rung("attention", LEAST_FOR_ATTENTION, fit, on="neighbours")


def fusion_rung(trainer: Trainer | None = None) -> Rung:
    """The rung that reads what was recalled, too, for lessons that have it (`Lessons.evidence`); as above."""

    def fit(lessons: Lessons, facets: Mapping[str, str], goal: Goal) -> AttentionRanker:
        return attention_ranker(lessons, facets, goal, trainer)

    return Rung("fusion", LEAST_FOR_ATTENTION, fit, on="neighbours")


def attention_ranker(
    lessons: Lessons, facets: Mapping[str, str], goal: Goal | None = None, trainer: Trainer | None = None
) -> AttentionRanker:
    """Learns from judgements, and from what was recalled if the lessons have it.

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
    if lessons.evidence is None:
        return restored(before, config, trainer(data, config), data.tags)
    config = replace(config, facets=1 + int(data.facet.max()), sources=len(lessons.evidence.sources))
    places = {tag: at for at, tag in enumerate((*lessons.tags, *_added(lessons, lessons.evidence)))}
    made = restored(before, config, trainer(data, config), data.tags[: len(lessons.tags)])
    return with_names(made, places, lessons.evidence.sources, data.facet, data.tags)


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
    from encoders.training.scoring import load, project

    network = load(weights, config)
    if projected is None:
        assert texts is not None
        projected = project(network, texts)
    return AttentionRanker(before, config, weights, network, projected)


def with_names(
    ranker: AttentionRanker,
    places: Mapping[str, int],
    sources: tuple[str, ...],
    facets: Whole,
    texts: NDArray[np.float32],
) -> AttentionRanker:
    """The same with what its network knows of tags that are recalled; see `Names`. ``texts``: (t, e)."""
    from encoders.training.scoring import project_names

    return replace(ranker, names=Names(places, sources, facets, project_names(ranker.network, texts)))


def _here(data: PairData, config: CrossModalConfig) -> Weights:
    from encoders.training.steps import train

    return train(data, config)


def _added(lessons: Lessons, evidence: Evidence) -> list[str]:
    """Tags that were recalled, and of which nothing is judged."""
    judged = set(lessons.tags)
    return [tag for tag in evidence.tags if tag not in judged]


def _pairs(lessons: Lessons, before: NeighbourRanker) -> PairData:
    if lessons.clips is None or lessons.lengths is None or lessons.texts is None:
        raise ValueError("the lessons have no contents")
    tags, facets, texts = lessons.tags, lessons.facets, lessons.texts
    which, scores = np.zeros((len(lessons.videos), 0), np.int64), np.zeros((len(lessons.videos), 0, 0), np.float32)
    said = lessons.evidence
    if said is not None:
        judged = set(tags)
        added = np.array([at for at, tag in enumerate(said.tags) if tag not in judged], np.int64)
        tags, facets = (*tags, *(said.tags[at] for at in added)), (*facets, *(said.facets[at] for at in added))
        texts = np.concatenate([texts, said.texts[added]])
        place = {tag: at for at, tag in enumerate(tags)}
        # A place for padding behind the others: -1 takes it.
        which = np.array([*(place[tag] for tag in said.tags), -1], np.int64)[said.tag]
        scores = said.scores
    return PairData(
        lessons.clips,
        lessons.lengths,
        texts,
        lessons.video,
        lessons.tag,
        lessons.accepted.astype(np.float32),
        logit(before.probabilities(lessons)).astype(np.float32),
        numbered(facets, facet_numbers(facets)),
        which,
        scores,
    )
