"""The notes of a video in pieces that a language model can read, and what a script of them costs."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")

PIECE_TOKENS = 6000
"""Tokens of notes in one piece. Source: our choice: with instructions and reply it fits a context of 8192, the shortest
of common models; a shorter one gets fewer of them (`agents.llm.LLM.ask_within`)."""

MOST_PIECES = 12
"""Pieces of a video. More notes than fit are sampled evenly. Source: our choice: six hours of talk at two words a
second are about as much, and more calls would not make a better script of a dozen sentences."""

CALL_TOKENS = 900
"""Tokens of one call apart from its notes: instructions, schema and reply. Source: our estimate."""

LINE_TOKENS = 40
"""Tokens of one note, id included. Source: our estimate."""

_NEAR = 0.25  # of a piece: how far its end may be moved to that of a scene, and how much room is left for that


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` of ``items``, sampled evenly."""
    if len(items) <= count:
        return list(items)
    return [items[number * len(items) // count] for number in range(count)]


def in_pieces(
    notes: Sequence[Item], tokens: Sequence[int], starts: Sequence[int], scenes: Sequence[int]
) -> list[list[Item]]:
    """Notes in their order, in as few pieces of about equal size as `PIECE_TOKENS` allows.

    A piece ends where a scene does, if one ends near.

    Args:
        tokens: of each note.
        starts: of each note, in ticks, not decreasing.
        scenes: ticks at which scenes begin, increasing.
    """
    total = sum(tokens)
    count = 1 if total <= PIECE_TOKENS else math.ceil(total * (1 + _NEAR) / PIECE_TOKENS)
    count = max(1, min(count, MOST_PIECES, len(notes)))
    most = max(PIECE_TOKENS, total / count)
    # A note begins a scene if the last scene before it began after the note before.
    begins = {place for tick in scenes if 0 < (place := bisect_left(starts, tick)) < len(notes)}
    upto = [0]
    for one in tokens:
        upto.append(upto[-1] + one)
    edges = [0]
    for number in range(1, count):
        ideal = total * number / count
        place = min(max(bisect_left(upto, ideal), edges[-1] + 1), len(notes))
        near = [
            one
            for one in begins
            if one > edges[-1]
            and abs(upto[one] - ideal) <= _NEAR * total / count
            and upto[one] - upto[edges[-1]] <= most
            and total - upto[one] <= most * (count - number)
        ]
        edges.append(min(near, key=lambda one: abs(upto[one] - ideal)) if near else place)
    edges.append(len(notes))
    return [list(notes[start:end]) for start, end in pairwise(edges) if start < end]


def cost_of_script(notes: int) -> tuple[int, int]:
    """Calls and tokens that a script of so many notes is expected to take, if no sentence has to be corrected."""
    tokens = min(notes * LINE_TOKENS, MOST_PIECES * PIECE_TOKENS)
    if tokens <= PIECE_TOKENS:
        return 1, CALL_TOKENS + tokens
    pieces = min(MOST_PIECES, math.ceil(tokens * (1 + _NEAR) / PIECE_TOKENS))
    joining = CALL_TOKENS + pieces * 6 * LINE_TOKENS
    return pieces + 1, pieces * CALL_TOKENS + tokens + joining
