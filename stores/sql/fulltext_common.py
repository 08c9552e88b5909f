"""Queries with common words: what is read of the index does not grow with the lines that match.

A word that few lines hold is looked up to the last line. Of a common one, only the newest lines are read, and those
that hold other words of the query, too; they are then ranked together.
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
"""Lines from which a term is common. Source: our choice: ranking so many takes a few milliseconds."""

FEW_LINES = 20_000
"""Lines of the videos that a search is limited to which are all read. Source: our choice: a day of video has fewer."""

_PAIRED = 4  # the rarest of the common terms, of which all pairs are looked for
_RANKED = 1_000  # lines that are ranked together, at least
_SAMPLE = 300  # newest lines by which the frequency of a common term is estimated
_WALKED = 200_000  # occurrences of the rarer of two common terms among which the other one is looked for


@dataclass(frozen=True, slots=True)
class IndexedLine:
    """One line of the index; ``line``: its number, higher for newer ones."""

    line: int
    evidence_id: str
    video_id: str
    channel: Channel
    body: str


class LineIndex(Protocol):
    """What the search needs of an index; all but `count`, `sample` and `last` see only the lines that are wanted."""

    limited: bool
    """Whether only some videos or channels are wanted."""

    def count(self, term: Term) -> int:
        """How many lines hold the term; at most `COMMON`."""

    def sample(self, term: Term, limit: int) -> list[int]:
        """The newest lines that hold the term."""

    def newest(self, all_of: Sequence[Sequence[Term]], limit: int, after: int = 0) -> list[int]:
        """The newest lines behind number ``after`` that hold one term of every group."""

    def ranked(self, terms: Sequence[Term], limit: int) -> list[int]:
        """The best lines that hold one of some rare terms."""

    def read(self, lines: Sequence[int]) -> list[IndexedLine]:
        """The lines with these numbers."""

    def few(self) -> list[IndexedLine] | None:
        """All lines that are wanted, if that are surely not more than `FEW_LINES`."""

    def last(self) -> int:
        """The highest number of a line."""


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How many lines hold each term: counted for the rare ones, estimated for the common ones, rarest first."""

    rare: Mapping[Term, int]
    common: Mapping[Term, float]


def frequencies(index: LineIndex, terms: Sequence[Term]) -> Frequencies:
    """Parts the terms into rare and common ones. A word that is common by itself is not looked for as a beginning:
    collecting all words that begin like it takes longer the more lines there are."""
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
    # Always above 0, other than FTS5's weight: with two common words a line is better than with one.
    weights = {
        term: math.log1p((max(last, hits) - hits + 0.5) / (hits + 0.5))
        for term, hits in {**found.rare, **found.common}.items()
    }
    scored = zip(rows, bm25([row.body for row in rows], weights), strict=True)
    ordered = sorted(((row, score) for row, score in scored if score > 0), key=lambda it: (-it[1], it[0].evidence_id))
    return ordered[:k]


def _gathered(index: LineIndex, found: Frequencies, k: int) -> list[int]:
    """Lines with many of the terms come before those with few, and rare terms before common ones."""
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
    """How many lines hold a common term if old lines hold it as often as new ones; a quarter of all at most, since
    the newest lines may be of one video that is all about it."""
    newest = index.sample(term, _SAMPLE)
    last = index.last()
    estimated = len(newest) * last / (last - min(newest) + 1) if newest else 0.0
    return max(COMMON, min(estimated, last / 4))


def _within_reach(index: LineIndex, hits: float) -> int:
    """The line behind which about `_WALKED` lines hold a term that ``hits`` of all hold."""
    last = index.last()
    return max(0, int(last - last * _WALKED / max(hits, 1.0)))
