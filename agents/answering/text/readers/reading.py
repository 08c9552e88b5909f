"""One thing read in a text: what readers return."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """A possible answer as it stands in a text.

    Attributes:
        text: the answer itself, a part of the text that was read.
        start, end: where it stands there.
        strength: how surely it is of the kind that was asked for, in (0, 1].
    """

    text: str
    start: int
    end: int
    strength: float = 1.0


def readings(pattern: re.Pattern[str], text: str, strength: float = 1.0) -> Iterator[Reading]:
    """Everything that a pattern finds: its group ``a`` where that matches, else all of it."""
    for found in pattern.finditer(text):
        group: int | str = "a" if "a" in pattern.groupindex and found["a"] else 0
        piece = found.group(group)
        if piece and piece.strip():
            start = found.start(group) + len(piece) - len(piece.lstrip())
            yield Reading(piece.strip(), start, start + len(piece.strip()), strength)


def apart(found: Iterable[Reading]) -> list[Reading]:
    """Readings that do not overlap: of those that do the surest, then the longest, in order of their places."""
    kept: list[Reading] = []
    for reading in sorted(found, key=lambda one: (-one.strength, one.start - one.end, one.start)):
        if all(reading.end <= other.start or other.end <= reading.start for other in kept):
            kept.append(reading)
    return sorted(kept, key=lambda one: one.start)
