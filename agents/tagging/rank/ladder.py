"""Which ranker a library gets: the highest rung that its judgements carry and that wins on judgements held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from agents.tagging.rank.calibration import Calibration
from agents.tagging.rank.heldout import Comparison, Model, compare, held_out
from agents.tagging.rank.lessons import FOLDS, Floats, Lessons, shares
from agents.tagging.rank.likeness import neighbour_ranker
from agents.tagging.rank.logistic import logistic_ranker
from agents.tagging.rank.measures import Goal, accepting
from agents.tagging.rank.precision import Threshold, threshold
from agents.tagging.rank.prior import Prior, calibrated_prior
from agents.tagging.rank.ranked import Ranker


class LearnedRanker(Ranker, Model, Protocol):
    """A ranker that can be compared."""


Fit = Callable[[Lessons, Mapping[str, str], Goal], LearnedRanker]

Outcome = Literal["taken", "no better", "too few judgements", "too few videos", "one-sided"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One kind of ranker.

    Attributes:
        least: judgements that say yes or no before it is tried.
        fit: learns from judgements, the facets of all tags, and what it is for.
        surely: whether its gain must be sure; else it is enough that there is one: what is shrunk towards the rung
            before as far as the judgements say cannot be far from it.
    """

    name: str
    least: int
    fit: Fit
    surely: bool = True


def _first(lessons: Lessons, facets: Mapping[str, str], goal: Goal) -> Prior:  # noqa: ARG001
    """The prior as it is, which is known to say nothing where all sources are silent: there the tag's share counts."""
    alone = {tag: float(share) for tag, share in zip(lessons.tags, shares(lessons), strict=True)}
    return Prior(Calibration(), facets, alone)


RUNGS = (
    Rung("calibrated", 20, lambda lessons, facets, _: calibrated_prior(lessons, facets), surely=False),
    Rung("neighbours", 20, neighbour_ranker),
    Rung("logistic", 400, logistic_ranker),
)
"""From the simplest on. Source: `least` of the first two: four judgements a fold; 400: our choice."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one rung; ``comparison`` with the best one before it, None if it was not tried."""

    rung: str
    least: int
    outcome: Outcome
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Climb:
    """The chosen ranker and why.

    Attributes:
        rung: ``prior`` if none won; ``ranker`` is then None.
        judgements, videos, accepted: that there are.
        f1: of the chosen one, on judgements held out.
    """

    rung: str
    ranker: LearnedRanker | None
    judgements: int
    videos: int
    accepted: int
    f1: float
    tried: tuple[Tried, ...]
    threshold: Threshold


def climb(
    lessons: Lessons,
    facets: Mapping[str, str],
    precision: float | None = None,
    goal: Goal | None = None,
    rungs: Sequence[Rung] = RUNGS,
) -> Climb:
    """Tries rung after rung; each is compared with the best so far on folds that neither of them learned from.

    Args:
        facets: of all tags.
        precision: share of accepted tags that are to be right; see `agents.tagging.rank.precision`.
        goal: what rankers are for; None: to accept tags.
    """
    goal = goal or accepting()
    groups = lessons.groups[lessons.video]
    count, yes = len(lessons), int(lessons.accepted.sum())
    able = _ability(len(np.unique(groups)), yes, count)
    if able is not None:
        tried = tuple(Tried(one.name, one.least, able if count >= one.least else "too few judgements") for one in rungs)
        kept = threshold(np.zeros(0), np.zeros(0, np.bool_), np.zeros(0, np.int64), precision)
        return Climb("prior", None, count, len(np.unique(lessons.video)), yes, 0.0, tried, kept)
    best, said = "prior", held_out(lessons, lambda some: _first(some, facets, goal))
    fits: dict[str, Fit] = {}
    outcomes = []
    able_rungs = sum(count >= one.least for one in rungs)
    for rung in rungs:
        if count < rung.least:
            outcomes.append(Tried(rung.name, rung.least, "too few judgements"))
            continue
        its = held_out(lessons, lambda some, fit=rung.fit: fit(some, facets, goal))  # type: ignore[misc]
        comparison = compare(lessons, said, its, goal, able_rungs)
        wins = comparison.wins if rung.surely else comparison.gain > 0 and comparison.after >= comparison.before
        outcomes.append(Tried(rung.name, rung.least, "taken" if wins else "no better", comparison))
        if wins:
            best, said = rung.name, its
            fits[best] = rung.fit
    ranker = fits[best](lessons, facets, goal) if best in fits else None
    kept = threshold(_spoken(lessons, said), lessons.accepted, groups, precision)
    videos = len(np.unique(lessons.video))
    return Climb(best, ranker, count, videos, yes, goal.f1(lessons, said), tuple(outcomes), kept)


def _ability(groups: int, yes: int, count: int) -> Outcome | None:
    """Why nothing can be learned."""
    if groups < FOLDS:
        return "too few videos"
    return "one-sided" if yes in (0, count) else None


def _spoken(lessons: Lessons, said: Floats) -> Floats:
    """What no source speaks for has no evidence and is never accepted."""
    return np.where(lessons.spoken, said, 0.0) if lessons.sources else said
