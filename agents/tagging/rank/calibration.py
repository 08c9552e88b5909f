"""Calibration of the prior: one Platt map for each source, then offsets of facets and tags, all shrunk to no change.

The maps are fitted together, through the noisy-or: a source is not blamed for what another one brought. With few
judgements the priors keep everything near what the sources say themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from agents.tagging.rank.lessons import LEAST, MOST, Floats, Lessons, Whole, folds, log_loss, logit, sigmoid

SLOPE_SPREAD = 0.5
"""Standard deviation of a map's slope around 1. Source: our choice: twice as steep or flat is the far end."""

SHIFT_SPREAD = 1.0
"""Of its shift around 0, in log odds. Source: our choice: odds wrong by a factor of e are common, by e² rare."""

STRENGTHS = (0.1, 0.3, 1.0)
"""Shares of these spreads that are allowed; the judgements choose, each fold by the others: what is judged in a few
videos says less than its number."""

MOST_CHOOSING = 2_000
"""Judgements by which a strength is chosen. Source: our choice; with more, all that matters is that it is not small."""

SHRINKAGES = (2.0, 5.0, 10.0, 20.0, 50.0, 1e9)
"""κ: an offset counts n / (n + κ); the judgements choose, each fold by the others. The last one: no offsets."""

WIDEST_OFFSET = 3.0
"""Log odds by which an offset moves at most, factor 20. Source: our choice."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Slope and shift by source, offsets in log odds by facet and by tag. Empty: nothing changes."""

    maps: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    facets: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, float] = field(default_factory=dict)

    def source(self, source: str, probability: float) -> float:
        """What a source's probability is worth."""
        if source not in self.maps or probability <= 0.0:
            return probability
        slope, shift = self.maps[source]
        return float(sigmoid(slope * logit(np.array([probability])) + shift)[0])

    def tag(self, tag_id: str, facet: str, probability: float) -> float:
        """The fused probability of a tag after its offsets."""
        offset = self.facets.get(facet, 0.0) + self.tags.get(tag_id, 0.0)
        return float(sigmoid(logit(np.array([probability])) + offset)[0]) if offset else probability

    def fused(self, lessons: Lessons) -> Floats:
        """(n,) probabilities of pairs; 0 where every source is silent."""
        slopes = np.array([self.maps.get(source, (1.0, 0.0)) for source in lessons.sources]).reshape(-1, 2)
        fused = _noisy_or(slopes, lessons.scores)
        offsets = np.array([self.tags.get(tag, 0.0) for tag in lessons.tags])
        offsets += np.array([self.facets.get(facet, 0.0) for facet in lessons.facets])
        shifted = sigmoid(logit(fused) + offsets[lessons.tag])
        return np.where(fused > 0, shifted, 0.0)


def calibrated(lessons: Lessons) -> Calibration:
    """Learns from judgements of pairs of which at least one source spoke."""
    spoken = lessons.some(lessons.spoken)
    if not len(spoken):
        return Calibration()
    slopes = _fit_maps(spoken, _strength(spoken))
    maps = {source: (float(a), float(b)) for source, (a, b) in zip(spoken.sources, slopes, strict=True)}
    fused = _noisy_or(slopes, spoken.scores)
    named = {facet: at for at, facet in enumerate(dict.fromkeys(spoken.facets))}
    facet = np.array([named[one] for one in spoken.facets], np.int64)[spoken.tag]
    by_facet = _offsets(fused, spoken, facet, len(named))
    fused = sigmoid(logit(fused) + by_facet[facet])
    by_tag = _offsets(fused, spoken, spoken.tag, len(spoken.tags))
    return Calibration(
        maps,
        {name: float(by_facet[at]) for name, at in named.items() if by_facet[at]},
        {name: float(offset) for name, offset in zip(spoken.tags, by_tag, strict=True) if offset},
    )


def _noisy_or(slopes: Floats, scores: Floats) -> Floats:
    worth = np.where(scores > 0, sigmoid(slopes[:, 0] * logit(scores) + slopes[:, 1]), 0.0)
    return np.asarray(1.0 - np.prod(1.0 - worth, axis=1), np.float64)


def _fit_maps(lessons: Lessons, strength: float) -> Floats:
    """(sources, 2) slopes and shifts: the most probable ones, by their gradient."""
    count = len(lessons.sources)
    odds, speaks = logit(lessons.scores), lessons.scores > 0
    yes = lessons.accepted.astype(np.float64)

    def loss(flat: Floats) -> tuple[float, Floats]:
        slopes = flat.reshape(count, 2)
        worth = np.where(speaks, sigmoid(slopes[:, 0] * odds + slopes[:, 1]), 0.0)
        fused = np.clip(1.0 - np.prod(1.0 - worth, axis=1), LEAST, MOST)
        # d log(1 - P) / d z = -q for each source's log odds z and worth q.
        pull = worth * ((1.0 - yes) - yes * (1.0 - fused) / fused)[:, None]
        away = slopes - (1.0, 0.0)
        spread = (strength * np.array([SLOPE_SPREAD, SHIFT_SPREAD])) ** 2
        gradient = np.stack([(pull * odds).sum(axis=0), pull.sum(axis=0)], axis=1) + away / spread
        return float(log_loss(fused, lessons.accepted).sum() + 0.5 * (away**2 / spread).sum()), gradient.ravel()

    start = np.tile([1.0, 0.0], count)
    bounds = [(0.05, 5.0), (-6.0, 6.0)] * count  # a louder source never means less
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, np.float64).reshape(count, 2)


def _strength(lessons: Lessons) -> float:
    """The strength that serves judgements of other videos best."""
    if len(lessons) > MOST_CHOOSING:
        some = np.zeros(len(lessons), np.bool_)
        some[np.random.default_rng(0).permutation(len(lessons))[:MOST_CHOOSING]] = True
        lessons = lessons.some(some)
    fold = folds(lessons)
    losses = []
    for strength in STRENGTHS:
        loss = 0.0
        for one in np.unique(fold):
            out = fold == one
            slopes = _fit_maps(lessons.some(~out), strength)
            loss += float(log_loss(_noisy_or(slopes, lessons.scores[out]), lessons.accepted[out]).sum())
        losses.append(loss)
    return STRENGTHS[int(np.argmin(losses))]


def _offsets(fused: Floats, lessons: Lessons, of: Whole, count: int) -> Floats:
    """(count,) offsets under the κ that serves judgements of other videos best."""
    fold = folds(lessons)
    every = np.ones(len(lessons), np.bool_)
    best, least = np.zeros(count), np.inf
    for shrinkage in reversed(SHRINKAGES):
        loss = 0.0
        for one in np.unique(fold):
            out = fold == one
            moved = sigmoid(logit(fused) + _steps(fused, lessons.accepted, of, count, ~out, shrinkage)[of])
            loss += float(log_loss(moved, lessons.accepted)[out].sum())
        if loss < least - 1e-9:
            best, least = _steps(fused, lessons.accepted, of, count, every, shrinkage), loss
    return best


def _steps(
    fused: Floats,
    accepted: NDArray[np.bool_],
    of: Whole,
    count: int,
    rows: NDArray[np.bool_],
    shrinkage: float,
) -> Floats:
    """(count,) the shift that makes mean and share equal, one Newton step of it, shrunk by n / (n + κ)."""
    fused, accepted, of = fused[rows], accepted[rows], of[rows]
    seen = np.bincount(of, minlength=count).astype(np.float64)
    error = np.bincount(of, weights=accepted - fused, minlength=count)
    spread = np.bincount(of, weights=np.maximum(fused * (1 - fused), 0.05), minlength=count)
    step = np.divide(error, spread, out=np.zeros(count), where=spread > 0)
    step = np.clip(step, -WIDEST_OFFSET, WIDEST_OFFSET) * seen / (seen + shrinkage)
    return np.asarray(np.where(np.abs(step) < 1e-6, 0.0, step), np.float64)
