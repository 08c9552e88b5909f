"""Slides that change: one still picture gives way to another, however alike the two are."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Planes = tuple[NDArray[np.uint8], ...]

# All are ours, in the units of PySceneDetect's measure of change (0-255, the mean of hue, saturation and brightness).
# Between frames of a still picture, an encoder's renewals at key frames change it by 0.3 at most.
_STILL = 0.4
# Slides of white text on similar backgrounds differ by 4 to 14; a caption that comes and goes, by less than this.
_DIFFERENT = 3.0
# A picture stands for as long as this before and after a change; a fade or a wipe between them may take as long, too.
_STAND_SECONDS = 1
_CHANGE_SECONDS = 1


class SlideChanges:
    """Finds the changes between stills, frame by frame; films, in which everything moves a little, have none.

    Args:
        time_base: seconds per tick.
        measure: takes a tick and a picture, gives its change against the one that it was given before.
    """

    reach = float(2 * _STAND_SECONDS + _CHANGE_SECONDS)
    """Seconds on either side of a change that must be seen to know it for one."""

    def __init__(self, time_base: Fraction, measure: Callable[[object, Planes], float]) -> None:
        self._stand, self._longest = (round(seconds / time_base) for seconds in (_STAND_SECONDS, _CHANGE_SECONDS))
        self._measure = measure
        self._stood_since: int | None = None
        self._newest: Planes = ()
        # Of the change that goes on: the still before it, first and last tick, the greatest step and its tick.
        self._before: Planes = ()
        self._first, self._last = 0, -1
        self._step, self._at = 0.0, 0
        self._found: list[int] = []

    def see(self, tick: int, picture: Planes) -> None:
        """The next frame."""
        if self._stood_since is None:
            self._measure(tick, picture)
            self._stood_since, self._newest = tick, picture
            return
        self._settle(tick)
        changed = self._measure(tick, picture)
        if changed > _STILL:
            if self._last < 0:
                stood = tick - self._stood_since >= self._stand
                self._before = self._newest if stood else ()
                self._first, self._step = tick, 0.0
            self._last = tick
            if changed > self._step:
                self._step, self._at = changed, tick
        self._newest = picture

    def until(self, end: int) -> list[int]:
        """The ticks of the changes, where the video, or what is seen of it, ends at ``end``."""
        self._settle(end)
        return self._found

    def _settle(self, now: int) -> None:
        """If a change is over since long enough, see whether it was one between two stills."""
        if self._last < 0 or now - self._last < self._stand:
            return
        if self._before and self._last - self._first <= self._longest:
            deltas = [
                float(np.abs(new.astype(np.int16) - old).mean())
                for new, old in zip(self._newest, self._before, strict=True)
            ]
            if sum(deltas) / len(deltas) >= _DIFFERENT:
                self._found.append(self._at)
        self._stood_since, self._last = self._last, -1
