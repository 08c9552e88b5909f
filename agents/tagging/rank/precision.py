"""The threshold from which at least a wanted share of accepted tags is right, as sure as wanted.

Thresholds are tested one after the other, the strictest first, until one fails: "learn then test" with fixed sequence
testing (Angelopoulos et al. 2021, arXiv:2110.01052), which controls the false share among what is accepted
(arXiv:2510.14581). Judgements of one video are not independent, so one of each group of videos counts, drawn by chance
among those above the threshold. Pairs are judged because they are doubtful, so the judged ones are, if anything, harder
than the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from agents.tagging.rank.decide import ABSTAIN, ACCEPT
from agents.tagging.rank.lessons import Floats, Whole

RISK = 0.1
"""Chance that the promise is false. Source: the δ of arXiv:2110.01052's examples."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From where on tags are accepted.

    Attributes:
        value: a probability; `ACCEPT` where nothing is promised.
        wanted: share of accepted tags that are to be right; None if none was asked for.
        promised: whether ``value`` keeps that.
        missing: judged videos that are missing before it can be promised at all.
        videos, right: that the value was tested on, and those whose judgement was yes.
    """

    value: float = ACCEPT
    wanted: float | None = None
    promised: bool = False
    missing: int = 0
    videos: int = 0
    right: int = 0


def least_videos(wanted: float) -> int:
    """How many judged videos it takes at least, if all are right: n with ``wanted^n <= RISK``."""
    return math.ceil(math.log(RISK) / math.log(wanted))


def threshold(probability: Floats, accepted: NDArray[np.bool_], groups: Whole, wanted: float | None) -> Threshold:
    """The lowest threshold, not below `ABSTAIN`, that keeps the promise.

    Args:
        probability: (n,) of judged pairs, by rankers that did not learn from them.
        groups: (n,) of their videos.
        wanted: above 0, below 1.
    """
    if wanted is None:
        return Threshold()
    order = np.random.default_rng(0).permutation(len(groups))
    probability, accepted, groups = probability[order], accepted[order], groups[order]
    needed = least_videos(wanted)
    kept, videos = Threshold(wanted=wanted), 0
    for percent in range(99, round(100 * ABSTAIN) - 1, -1):
        above = np.flatnonzero(probability >= percent / 100)
        _, first = np.unique(groups[above], return_index=True)
        videos = len(first)
        if videos < needed:  # too few to be tested: what is looked at first does not depend on who is right
            continue
        right = int(accepted[above[first]].sum())
        if binom.cdf(videos - right, videos, 1.0 - wanted) > RISK:
            break
        kept = Threshold(percent / 100, wanted, True, 0, videos, right)
    return kept if kept.promised else Threshold(wanted=wanted, missing=max(0, needed - videos), videos=videos)
