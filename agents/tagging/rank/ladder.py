"""Which ranker a library gets: the simplest rung that its judgements carry and that none surely beats on held-out ones.

What is said of a judgement is said by a ranker that learned from other folds; all judgements are compared, each once.
A rung that surely wins is still not taken if a simpler one, which was promising, is not surely beaten by it (the rule
of one standard error, Breiman et al. 1984; Hastie, Tibshirani, Friedman 2009, section 7.10): else a rung would win
because another one just missed the bar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, cast

import numpy as np

from agents.tagging.rank.calibration import Calibration
from agents.tagging.rank.heldout import Comparison, Model, compare, held_out
from agents.tagging.rank.lessons import FOLDS, Floats, Lessons, logit, shares, sigmoid
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
        on: name of the rung before, whose log odds it moves: half way (`HALF`) unless the whole way is surely better.
    """

    name: str
    least: int
    fit: Fit
    surely: bool = True
    on: str = ""


HALF = 0.5
"""Trust in a rung that moves another one. Source: the mean of two forecasts is seldom beaten by weights that are
learned (Clemen 1989); and as log loss is convex, what a rung could lose is halved."""


def _first(lessons: Lessons, facets: Mapping[str, str], goal: Goal) -> Prior:  # noqa: ARG001
    """The prior as it is, which is known to say nothing where all sources are silent: there the tag's share counts."""
    alone = {tag: float(share) for tag, share in zip(lessons.tags, shares(lessons), strict=True)}
    return Prior(Calibration(), facets, alone)


RUNGS = (
    Rung("calibrated", 20, lambda lessons, facets, _: calibrated_prior(lessons, facets), surely=False),
    Rung("neighbours", 20, neighbour_ranker),
    Rung("logistic", 400, logistic_ranker, on="neighbours"),
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
    first = _Candidate("prior", held_out(lessons, lambda some: _first(some, facets, goal)))
    best, tried_ = _climbed(lessons, facets, goal, rungs, first)
    ranker = None if best.fit is None else best.fit(lessons, facets, goal)
    if best.trust < 1.0:
        ranker = cast(LearnedRanker, replace(cast(Any, ranker), trust=best.trust))
    kept = threshold(_spoken(lessons, best.said), lessons.accepted, groups, precision)
    videos = len(np.unique(lessons.video))
    return Climb(best.name, ranker, count, videos, yes, goal.f1(lessons, best.said), tried_, kept)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A rung with what it says (n,) of judgements held out."""

    name: str
    said: Floats
    fit: Fit | None = None
    trust: float = 1.0


def _climbed(
    lessons: Lessons, facets: Mapping[str, str], goal: Goal, rungs: Sequence[Rung], best: _Candidate
) -> tuple[_Candidate, tuple[Tried, ...]]:
    """The rung that is taken, and what became of each."""
    outcomes: dict[str, Tried] = {}
    known: dict[str, Floats] = {}
    promising: list[_Candidate] = []
    among = sum(len(lessons) >= one.least for one in rungs)
    for rung in rungs:
        if len(lessons) < rung.least:
            outcomes[rung.name] = Tried(rung.name, rung.least, "too few judgements")
            continue
        its = known[rung.name] = held_out(lessons, _fitting(rung, facets, goal))
        trust = 1.0
        if rung.on in known:
            its, trust = _trusted(lessons, known[rung.on], its, goal)
        new = _Candidate(rung.name, its, rung.fit, trust)
        comparison = compare(lessons, best.said, its, goal, among)
        better = comparison.gain > 0 and comparison.after >= comparison.before
        if not (comparison.wins if rung.surely else better):
            outcomes[rung.name] = Tried(rung.name, rung.least, "no better", comparison)
            promising += [new] if better else []
            continue
        for simpler in promising:
            against = compare(lessons, simpler.said, its, goal, among)
            if not against.wins:
                outcomes[simpler.name] = replace(outcomes[simpler.name], outcome="taken")
                outcomes[rung.name] = Tried(rung.name, rung.least, "no better", against)
                best, promising = simpler, []
                break
        else:
            outcomes[rung.name] = Tried(rung.name, rung.least, "taken", comparison)
            best, promising = new, []
    return best, tuple(outcomes[one.name] for one in rungs)


def _fitting(rung: Rung, facets: Mapping[str, str], goal: Goal) -> Callable[[Lessons], LearnedRanker]:
    return lambda some: rung.fit(some, facets, goal)


def _trusted(lessons: Lessons, before: Floats, after: Floats, goal: Goal) -> tuple[Floats, float]:
    """What a rung that moves another one is to say, and how much it is trusted."""
    half = sigmoid((1.0 - HALF) * logit(before) + HALF * logit(after))
    return (after, 1.0) if compare(lessons, half, after, goal).wins else (half, HALF)


def _ability(groups: int, yes: int, count: int) -> Outcome | None:
    """Why nothing can be learned."""
    if groups < FOLDS:
        return "too few videos"
    return "one-sided" if yes in (0, count) else None


def _spoken(lessons: Lessons, said: Floats) -> Floats:
    """What no source speaks for has no evidence and is never accepted."""
    return np.where(lessons.spoken, said, 0.0) if lessons.sources else said
