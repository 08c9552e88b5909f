"""How good a ranker is on judgements that it did not learn from, and whether one is better than another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agents.tagging.rank.lessons import Floats, Lessons, folds, log_loss
from agents.tagging.rank.measures import Goal

DRAWS = 2000
"""Of the bootstrap. Source: Efron and Tibshirani 1993, section 13.3: a thousand or more for intervals."""


class Model(Protocol):
    """What a rung learned, as it is compared."""

    def probabilities(self, lessons: Lessons) -> Floats:
        """(n,) of judged pairs."""
        ...


Fit = Callable[[Lessons], Model]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a second ranker gains on a first one on the same judgements.

    Attributes:
        gain: mean of the natural logarithm of probability, or F1, as the goal says.
        low, high: the interval of ``gain``, by drawing groups of videos again.
        before, after: F1 of both.
    """

    gain: float
    low: float
    high: float
    before: float
    after: float

    @property
    def wins(self) -> bool:
        """Surely better, and F1 is not lower."""
        return self.low > 0 and self.after >= self.before


def held_out(lessons: Lessons, fit: Fit) -> Floats:
    """(n,) what is said of each judgement by a ranker that learned from the other folds."""
    said, fold = np.zeros(len(lessons)), folds(lessons)
    for one in np.unique(fold):
        out = fold == one
        said[out] = fit(lessons.some(~out)).probabilities(lessons.some(out))
    return said


def compare(lessons: Lessons, before: Floats, after: Floats, goal: Goal, among: int = 1) -> Comparison:
    """Paired bootstrap over groups of videos; the same for the same input.

    Args:
        among: comparisons that are made: their intervals hold all together with 95 % (Bonferroni).
    """
    names, place = np.unique(lessons.groups[lessons.video], return_inverse=True)

    def by_group(values: Floats) -> Floats:
        return np.asarray(np.bincount(place, weights=values, minlength=len(names)), np.float64)

    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS).astype(np.float64)
    if goal.by_f1:
        first, second = (_drawn_f1(drawn, lessons, goal.choose(lessons, one), by_group) for one in (before, after))
        gains, gain = second - first, goal.f1(lessons, after) - goal.f1(lessons, before)
    else:
        each = log_loss(before, lessons.accepted) - log_loss(after, lessons.accepted)
        gains = (drawn @ by_group(each)) / np.maximum(1.0, drawn @ by_group(np.ones(len(lessons))))
        gain = float(each.mean())
    low, high = np.quantile(gains, (0.025 / among, 1 - 0.025 / among))
    return Comparison(gain, float(low), float(high), goal.f1(lessons, before), goal.f1(lessons, after))


def _drawn_f1(
    drawn: Floats, lessons: Lessons, chosen: NDArray[np.bool_], by_group: Callable[[Floats], Floats]
) -> Floats:
    hits = drawn @ by_group((chosen & lessons.accepted).astype(np.float64))
    both = drawn @ by_group(chosen.astype(np.float64) + lessons.accepted)
    return np.asarray(2.0 * hits / np.maximum(1.0, both), np.float64)
