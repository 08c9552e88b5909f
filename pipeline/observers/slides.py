"""Slide changes: one still picture is replaced by another, however similar the two are."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Planes = tuple[NDArray[np.uint8], ...]

# All are ours, in the units of PySceneDetect's measure of change (0-255, the mean of hue, saturation and brightness).
# Between frames of a still picture, key frames change it by 0.3 at most.
_STILL = 0.4
# Slides of white text on similar backgrounds differ by 4 to 14; a caption that appears changes less than this.
_DIFFERENT = 3.0
# A picture must stay still for this long before and after a change, which itself (a fade, a wipe) may take as long.
_STILL_SECONDS = 1
_CHANGE_SECONDS = 1


class SlideChanges:
    """Finds changes between still pictures, frame by frame. Filmed video, which always moves a little, has none.

    Args:
        time_base: seconds per tick.
        measure: called with a tick and a picture; returns its change against the picture of the previous call.
    """

    reach = float(2 * _STILL_SECONDS + _CHANGE_SECONDS)
    """Seconds on either side of a change that are needed to recognise it."""

    def __init__(self, time_base: Fraction, measure: Callable[[object, Planes], float]) -> None:
        self._still, self._longest = (round(seconds / time_base) for seconds in (_STILL_SECONDS, _CHANGE_SECONDS))
        self._measure = measure
        self._still_since: int | None = None
        self._newest: Planes = ()
        # Of the change in progress: the still before it, first and last tick, the largest step and its tick.
        self._before: Planes = ()
        self._first, self._last = 0, -1
        self._step, self._at = 0.0, 0
        self._found: list[int] = []

    def see(self, tick: int, picture: Planes) -> None:
        """The next frame."""
        if self._still_since is None:
            self._measure(tick, picture)
            self._still_since, self._newest = tick, picture
            return
        self._finish_change(tick)
        changed = self._measure(tick, picture)
        if changed > _STILL:
            if self._last < 0:
                was_still = tick - self._still_since >= self._still
                self._before = self._newest if was_still else ()
                self._first, self._step = tick, 0.0
            self._last = tick
            if changed > self._step:
                self._step, self._at = changed, tick
        self._newest = picture

    def until(self, end: int) -> list[int]:
        """The ticks of all changes, given that the video, or the part of it that is decoded, ends at ``end``."""
        self._finish_change(end)
        return self._found

    def _finish_change(self, now: int) -> None:
        """Record the change in progress if it ended long enough ago and was one between two stills."""
        if self._last < 0 or now - self._last < self._still:
            return
        if self._before and self._last - self._first <= self._longest:
            deltas = [
                float(np.abs(new.astype(np.int16) - old).mean())
                for new, old in zip(self._newest, self._before, strict=True)
            ]
            if sum(deltas) / len(deltas) >= _DIFFERENT:
                self._found.append(self._at)
        self._still_since, self._last = self._last, -1
