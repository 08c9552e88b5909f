"""Queries with common words: the part of the index that is read does not grow with the number of matching lines.

All lines with a rare word are read. Of those with a common one, only the newest are read, and those
that also contain other words of the query; they are then ranked together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from stores.core.records import Channel
from stores.sql.fulltext_terms import Term, bm25

COMMON = 5_000
"""Number of lines from which a term is common. Source: our choice: ranking so many takes milliseconds."""

FEW_LINES = 20_000
"""A search in videos with at most so many lines reads them all. Source: our choice: a day of video has fewer."""

_PAIRED = 4  # the rarest common terms, all pairs of which are searched
_RANKED = 1_000  # lines that are ranked together, at least
_SAMPLE = 300  # newest lines from which the frequency of a common term is estimated
_WALKED = 200_000  # occurrences of the rarer of two common terms that are searched for the other one


@dataclass(frozen=True, slots=True)
class IndexedLine:
    """One line of the index; ``line``: its number, higher for newer ones."""

    line: int
    evidence_id: str
    video_id: str
    channel: Channel
    body: str


class LineIndex(Protocol):
    """What the search needs of an index; all but `count`, `sample` and `last` see only the requested lines."""

    limited: bool
    """Whether only some videos or channels are requested."""

    def count(self, term: Term) -> int:
        """How many lines contain the term; at most `COMMON`."""

    def sample(self, term: Term, limit: int) -> list[int]:
        """The newest lines that contain the term."""

    def newest(self, all_of: Sequence[Sequence[Term]], limit: int, after: int = 0) -> list[int]:
        """The newest lines after number ``after`` that contain one term of every group."""

    def ranked(self, terms: Sequence[Term], limit: int) -> list[int]:
        """The best lines that contain one of some rare terms."""

    def read(self, lines: Sequence[int]) -> list[IndexedLine]:
        """The lines with these numbers."""

    def few(self) -> list[IndexedLine] | None:
        """All requested lines if there are at most `FEW_LINES`, else None."""

    def last(self) -> int:
        """The highest number of a line."""


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How many lines contain each term: counted for the rare ones, estimated for the common ones, rarest first."""

    rare: Mapping[Term, int]
    common: Mapping[Term, float]


def frequencies(index: LineIndex, terms: Sequence[Term]) -> Frequencies:
    """Divides the terms into rare and common ones. A word that is common by itself is not searched as a prefix, which
    would take longer the more lines there are."""
    rare: dict[Term, int] = {}
    often: list[Term] = []
    for term in terms:
        whole = Term(term.words)
        if index.count(whole) >= COMMON:
            often.append(whole)
        elif (hits := index.count(term)) >= COMMON:
            often.append(term)
        else:
            rare[term] = hits
    common = {term: _estimated(index, term) for term in often}
    return Frequencies(rare, dict(sorted(common.items(), key=lambda item: item[1])))


def best_lines(index: LineIndex, found: Frequencies, k: int) -> list[tuple[IndexedLine, float]]:
    """The ``k`` best lines and their scores, best first, for a query with common terms."""
    rows = index.few()
    if rows is None:
        rows = index.read(_gathered(index, found, k))
    last = float(index.last())
    # Always above 0, unlike FTS5's weight: a line with two common words is better than one with one.
    weights = {
        term: math.log1p((max(last, hits) - hits + 0.5) / (hits + 0.5))
        for term, hits in {**found.rare, **found.common}.items()
    }
    scored = zip(rows, bm25([row.body for row in rows], weights), strict=True)
    ordered = sorted(((row, score) for row, score in scored if score > 0), key=lambda it: (-it[1], it[0].evidence_id))
    return ordered[:k]


def _gathered(index: LineIndex, found: Frequencies, k: int) -> list[int]:
    """The lines to rank: those with many of the terms first, and rare terms before common ones."""
    rare, common, k = list(found.rare), list(found.common), max(k, _RANKED)
    gathered: dict[int, None] = {}
    if len(rare) + len(common) > 1:
        after = 0 if rare or index.limited else _within_reach(index, found.common[common[0]])
        gathered.update(dict.fromkeys(index.newest([[term] for term in (*rare, *common)], k, after)))
    if rare and len(gathered) < k:
        gathered.update(dict.fromkeys(index.newest([rare, common], k)))
    if len(gathered) < k:
        for one, other in combinations(common[:_PAIRED], 2):
            after = 0 if index.limited else _within_reach(index, found.common[one])
            gathered.update(dict.fromkeys(index.newest([[one], [other]], k, after)))
    if rare and len(gathered) < k:
        gathered.update(dict.fromkeys(index.ranked(rare, k)))
    if len(gathered) < k:
        gathered.update(dict.fromkeys(index.newest([common], k)))
    return list(gathered)


def _estimated(index: LineIndex, term: Term) -> float:
    """How many lines contain a common term, extrapolated from the newest lines; at most a quarter of all, since these
    may belong to one video about it."""
    newest = index.sample(term, _SAMPLE)
    last = index.last()
    estimated = len(newest) * last / (last - min(newest) + 1) if newest else 0.0
    return max(COMMON, min(estimated, last / 4))


def _within_reach(index: LineIndex, hits: float) -> int:
    """The line after which about `_WALKED` lines contain a term that ``hits`` lines contain in all."""
    last = index.last()
    return max(0, int(last - last * _WALKED / max(hits, 1.0)))
