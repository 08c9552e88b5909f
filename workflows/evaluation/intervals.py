"""Bootstrap intervals: how much a measure might differ had other videos been annotated.

Source: the percentile bootstrap of Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics
7(1), 1979. Results of one video are drawn together, since they are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Interval = tuple[float, float]
"""(lower, upper) end of the interval that holds 95 % of the resampled values."""

SAMPLES = 2_000
"""Resamples: the ends then move by less than a hundredth between seeds. Source: our choice."""

LEVEL = 0.95
_SEED = 20_251


def ratio_interval(parts: Sequence[float], wholes: Sequence[float]) -> Interval | None:
    """The interval of ``sum(parts) / sum(wholes)``, one pair for each item drawn; deterministic.

    None where there is nothing to divide.
    """
    ratios = _ratios(parts, wholes)
    return _ends(ratios)


def f1_interval(
    right: Sequence[float], accepted: Sequence[float], given: Sequence[float], expected: Sequence[float]
) -> Interval | None:
    """The interval of the harmonic mean of ``right / accepted`` and ``given / expected``; None where either has no
    cases.
    """
    precision, recall = _ratios(right, accepted), _ratios(given, expected)
    if not len(precision) or not len(recall):
        return None
    with np.errstate(invalid="ignore"):
        means = 2 * precision * recall / (precision + recall)
    means[(precision == 0) & (recall == 0)] = 0.0
    return _ends(means)


def _ratios(parts: Sequence[float], wholes: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The ratio in every resample, NaN where nothing was drawn to divide by; empty where there is nothing at all."""
    if not sum(wholes):
        return np.zeros(0)
    rows = np.random.default_rng(_SEED).integers(0, len(wholes), size=(SAMPLES, len(wholes)))
    tops, bottoms = np.asarray(parts, float)[rows].sum(axis=1), np.asarray(wholes, float)[rows].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottoms > 0, tops / bottoms, np.nan)


def _ends(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Interval | None:
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


_NORMAL = 1.959963984540054  # of LEVEL


def wilson_interval(part: int, whole: int) -> Interval | None:
    """The interval of a share of independent cases, sound also for few of them; None without cases.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    if not whole:
        return None
    share, square = part / whole, _NORMAL**2
    centre = (share + square / (2 * whole)) / (1 + square / whole)
    half = _NORMAL * ((share * (1 - share) + square / (4 * whole)) / whole) ** 0.5 / (1 + square / whole)
    return max(0.0, centre - half), min(1.0, centre + half)
