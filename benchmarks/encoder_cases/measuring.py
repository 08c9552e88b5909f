"""Timing functions alternately, and comparing their results."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_SECONDS = 0.25
"""Minimum length of a sample, which may take many calls, so that clocks and caches do not matter."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The difference between two results.

    Attributes:
        difference: largest absolute difference; infinite if shapes differ or a value is not finite.
        scale: largest absolute number of the reference.
    """

    difference: float
    scale: float

    def within(self, tolerance: float) -> bool:
        """Whether the difference is at most that share of the scale; a result of only zeros never agrees."""
        return self.scale > 0 and self.difference <= tolerance * self.scale


def agreement(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Agreement:
    """Compare two results. The reference must not be empty.

    Raises:
        ValueError: if the reference is empty.
    """
    if not theirs.size:
        raise ValueError("the reference gave nothing to compare with")
    scale = float(np.abs(theirs).max())
    if ours.shape != theirs.shape or not np.isfinite(ours).all() or not np.isfinite(theirs).all():
        return Agreement(float("inf"), scale)
    return Agreement(float(np.abs(ours - theirs).max()), scale)


def in_turn(
    sides: dict[str, Callable[[], Any]],
    repeats: int,
    least: float = MIN_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of one call of each side in ``repeats`` rounds; every other round in reverse order.

    Other load on the machine changes slowly, so the sides are compared within a round. Each side is called twice
    before: the first call loads and compiles, the second determines how many calls make a sample.
    """
    calls = {}
    for name, run in sides.items():
        run()
        calls[name] = max(1, round(least / max(_seconds(run, 1, clock), 1e-9)))
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(repeats):
        for name in list(sides)[:: -1 if number % 2 else 1]:
            taken[name].append(_seconds(sides[name], calls[name], clock))
    return taken


def _seconds(run: Callable[[], Any], calls: int, clock: Callable[[], float]) -> float:
    begun = clock()
    for _ in range(calls):
        run()
    return (clock() - begun) / calls
