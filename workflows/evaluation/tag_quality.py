"""How good tags and their confidences are: against all true tags, by rank, and by how far a confidence can be trusted.

All of it is measured from what was decided about each clip, of which also what was abstained from is known; what is
below that has no confidence here. Clips that show the same are drawn together: they are one piece of evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from workflows.evaluation.intervals import LEVEL, SAMPLES, Interval

Weights = NDArray[np.float64]
"""(samples, clips): how often each clip was drawn."""

TOP = 20
"""Tags of a clip that count in the global average precision. Source: YouTube-8M, Abu-El-Haija et al. 2016,
arXiv:1609.08675."""

BINS = 10
"""Of confidences. Source: Guo et al., "On Calibration of Modern Neural Networks", 2017 has 15 for ten thousand cases;
there are fewer here."""

AT = (1, 5, 10)
"""Numbers of tags of a clip that a person might look at."""

_SEED = 20_251
_CELLS = 4_000_000  # numbers in memory for one step of the bootstrap


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tag that something was decided about on one clip; ``true``: whether it is, required or acceptable."""

    name: str
    confidence: float
    decision: str
    true: bool


@dataclass(frozen=True, slots=True)
class TagCase:
    """One clip: the candidates, the strongest first, and the names of all true tags; ``group``: of clips alike."""

    clip: str
    group: int
    candidates: tuple[Candidate, ...]
    true: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bin:
    """Candidates whose confidences lie in [low, high): how many, their mean confidence, and the share that is true."""

    low: float
    high: float
    cases: int
    confidence: float
    true: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Were only candidates of at least this ``confidence`` accepted: their share, and how many of them are wrong."""

    confidence: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class TagQuality:
    """The measures by name, with intervals; a measure without cases is None.

    ``precision``, ``recall``, ``micro_f1``: of accepted tags against all true ones; ``macro_f1``: mean over the tags
    that are true or accepted anywhere; ``candidate_recall``: share of the true tags that are candidates at all;
    ``p_at_…``: share of the strongest candidates of a clip that is true; ``gap_at_20``: global average precision;
    ``ece``, ``brier``: how far confidences are from the truth; ``ece_by_chance``: what ``ece`` would be on average, of
    so many candidates, were each exactly as probable as it says; ``ece_debiased``: ``ece`` less what so few cases a bin
    add to it; ``ece_of_accepted``: of accepted tags alone; ``aurc``: area under the curve of risk by coverage;
    ``abstained_true``: share of what was left to a person that is true.
    """

    cases: int
    groups: int
    candidates: int
    values: Mapping[str, float | None]
    intervals: Mapping[str, Interval | None]
    bins: tuple[Bin, ...]
    curve: tuple[CurvePoint, ...]


def tag_quality(cases: Sequence[TagCase]) -> TagQuality:
    """Measure clips whose true tags are known."""
    table = _Table(cases)
    once = np.ones((1, len(cases)))
    values = {name: _number(found[0]) for name, found in table.measures(once).items()}
    groups = sorted({case.group for case in cases})
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in values}
    if cases:
        of_group = np.array([groups.index(case.group) for case in cases])
        draws = np.random.default_rng(_SEED)
        step = max(1, _CELLS // max(1, len(table.confidence), len(table.names)))
        for first in range(0, SAMPLES, step):
            rows = min(step, SAMPLES - first)
            counts = draws.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=rows)
            for name, found in table.measures(counts[:, of_group].astype(np.float64)).items():
                drawn[name].append(found)
    intervals = {name: _ends(np.concatenate(found)) if found else None for name, found in drawn.items()}
    return TagQuality(
        cases=len(cases),
        groups=len(groups),
        candidates=len(table.confidence),
        values=values,
        intervals=intervals,
        bins=table.bins(),
        curve=table.curve(),
    )


class _Table:
    """All candidates of all clips, the surest first, as arrays; what is counted of each clip."""

    def __init__(self, cases: Sequence[TagCase]) -> None:
        rows = [(one, at, rank) for at, case in enumerate(cases) for rank, one in enumerate(case.candidates)]
        rows.sort(key=lambda row: (-row[0].confidence, row[1], row[2]))
        self.confidence = np.array([one.confidence for one, _, _ in rows], float)
        self._true = np.array([one.true for one, _, _ in rows], float)
        self._accepted = np.array([one.decision == "accepted" for one, _, _ in rows], float)
        self._clip = np.array([at for _, at, _ in rows], np.int64)
        self._rank = np.array([rank for _, _, rank in rows], np.int64)
        accepted = [{one.name for one in case.candidates if one.decision == "accepted"} for case in cases]
        self.names = sorted(set().union(*(case.true for case in cases), *accepted)) if cases else []
        number = {name: at for at, name in enumerate(self.names)}
        shape = (len(cases), len(self.names))
        self._given, self._wanted = np.zeros(shape), np.zeros(shape)
        for at, case in enumerate(cases):
            self._given[at, [number[name] for name in accepted[at]]] = 1
            self._wanted[at, [number[name] for name in case.true]] = 1
        self._candidate = np.array([sum(one.true for one in case.candidates) for case in cases], float)
        left = [[one.true for one in case.candidates if one.decision == "abstained"] for case in cases]
        self._left = np.array([(sum(each), len(each)) for each in left], float).reshape(len(cases), 2)

    def measures(self, weights: Weights) -> dict[str, NDArray[np.float64]]:
        """Every measure of every sample; NaN where there are no cases."""
        right = weights @ (self._given * self._wanted)
        given, wanted = weights @ self._given, weights @ self._wanted
        hits, accepted, true = right.sum(axis=1), given.sum(axis=1), wanted.sum(axis=1)
        occurs = (given + wanted) > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            by_tag = np.where(occurs, 2 * right / (given + wanted), 0.0)
            found = {
                "precision": hits / accepted,
                "recall": hits / true,
                "micro_f1": 2 * hits / (accepted + true),
                "macro_f1": by_tag.sum(axis=1) / occurs.sum(axis=1),
                "candidate_recall": weights @ self._candidate / true,
            }
            drawn = weights.sum(axis=1)
            for top in AT:
                best = self._true * (self._rank < top)
                found[f"p_at_{top}"] = (weights[:, self._clip] @ best) / (top * drawn)
            found |= self._by_confidence(weights[:, self._clip], true)
            left = weights @ self._left
            found["abstained_true"] = left[:, 0] / left[:, 1]
        return found

    def _by_confidence(self, each: Weights, true: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """The measures of candidates; ``each``: (samples, candidates) how often each was drawn."""
        top = each * (self._rank < TOP)
        sure = np.cumsum(top * self._true, axis=1) / np.cumsum(top, axis=1)
        gap = np.nansum(np.nan_to_num(sure) * top * self._true, axis=1) / true
        total = each.sum(axis=1)
        off, chance, bias = np.zeros(len(each)), np.zeros(len(each)), np.zeros(len(each))
        for inside in self._inside():
            of_bin, sure = each[:, inside], self.confidence[inside]
            cases, said, was = of_bin.sum(axis=1), of_bin @ sure, of_bin @ self._true[inside]
            gap_here = np.abs(said - was)
            off += gap_here
            chance += _mean_distance(np.zeros(len(each)), np.sqrt(of_bin @ (sure * (1 - sure))))
            bias += _mean_distance(gap_here, np.sqrt(was * (1 - was / np.maximum(cases, 1)))) - gap_here
        brier = each @ (self.confidence - self._true) ** 2 / total
        covered = np.cumsum(each, axis=1)
        risk = np.cumsum(each * (1 - self._true), axis=1) / covered
        aurc = np.sum(np.nan_to_num(risk) * each, axis=1) / total
        return {
            f"gap_at_{TOP}": gap,
            "ece": off / total,
            "ece_by_chance": chance / total,
            "ece_debiased": np.maximum(off - bias, 0.0) / total,
            "ece_of_accepted": self._error(each * self._accepted),
            "brier": brier,
            "aurc": aurc,
        }

    def _error(self, each: Weights) -> NDArray[np.float64]:
        """The expected calibration error of candidates that were drawn so often."""
        off = sum(np.abs(each[:, some] @ (self.confidence - self._true)[some]) for some in self._inside())
        return np.asarray(off / each.sum(axis=1), np.float64)

    def _inside(self) -> list[NDArray[np.bool_]]:
        numbers = np.minimum((self.confidence * BINS).astype(int), BINS - 1)
        return [numbers == at for at in range(BINS)]

    def bins(self) -> tuple[Bin, ...]:
        """Those with cases."""
        return tuple(
            Bin(at / BINS, (at + 1) / BINS, int(inside.sum()), float(self.confidence[inside].mean()),
                float(self._true[inside].mean()))
            for at, inside in enumerate(self._inside())
            if inside.any()
        )  # fmt: skip

    def curve(self) -> tuple[CurvePoint, ...]:
        """A point for each different confidence."""
        count = len(self.confidence)
        wrong = np.cumsum(1 - self._true)
        last = [at for at in range(count) if at + 1 == count or self.confidence[at + 1] < self.confidence[at]]
        return tuple(
            CurvePoint(float(self.confidence[at]), (at + 1) / count, float(wrong[at] / (at + 1))) for at in last
        )


def _mean_distance(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> NDArray[np.float64]:
    """E|x| of normal x: what a bin's error is on average where its truth is ``mean`` and its cases are few.

    Source: the debiased estimate of Kumar, Liang & Ma 2019, arXiv:1909.10155, section 5 and their package
    `uncertainty-calibration`, in closed form (folded normal, Leone et al. 1961); by chance alone, mean 0: consistency
    resampling, Bröcker & Smith 2007, Weather and Forecasting 22(3).
    """
    ratio = mean / np.maximum(deviation, 1e-12)
    return np.asarray(
        deviation * math.sqrt(2.0 / math.pi) * np.exp(-(ratio**2) / 2.0) + mean * special.erf(ratio / math.sqrt(2.0)),
        np.float64,
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _ends(values: NDArray[np.float64]) -> Interval | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)
