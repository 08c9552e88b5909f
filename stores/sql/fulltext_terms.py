"""A query as terms, and how well a line matches them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stores.core.text_keys import STOP_WORDS, search_key, words_in

MAX_TERMS = 64
"""The number of terms of a query after which the rest is ignored. Source: our choice; FTS5 allows a depth of 256."""

LONGEST_QUERY = 1_000
"""Characters of a query that are searched. Source: our choice: about ten sentences."""

PREFIX_LETTERS = 4
"""Words at least this long also match as prefixes ("skate" finds "skateboarding"). Source: our choice."""

K1, B = 1.2, 0.75
"""BM25's constants. Source: those of SQLite's FTS5, https://sqlite.org/fts5.html#the_bm25_function."""


@dataclass(frozen=True, slots=True)
class Term:
    """What a line may match: ``words`` next to each other; or, with ``prefix``, a word beginning with the one."""

    words: tuple[str, ...]
    prefix: bool = False

    def times(self, body: str) -> int:
        """How often a line contains it; ``body`` as it is indexed, with a space before and after."""
        return body.count(f" {' '.join(self.words)}" + ("" if self.prefix else " "))


def terms_of(query: str) -> list[Term]:
    """The terms of a query, at most `MAX_TERMS`: English stop words dropped, a CJK run as its overlapping pairs."""
    terms: dict[Term, None] = {}
    for word, run in words_in(search_key(query[:LONGEST_QUERY])):
        if run:
            terms.update(
                dict.fromkeys(Term(pair) for pair in pairwise(word)) if len(word) > 1 else {Term((word,)): None}
            )
        elif word not in STOP_WORDS:
            terms[Term((word,), len(word) >= PREFIX_LETTERS)] = None
        if len(terms) >= MAX_TERMS:
            break
    return list(terms)[:MAX_TERMS]


def weight(hits: float, lines: float) -> float:
    """BM25's weight of a term that ``hits`` of ``lines`` contain."""
    return max(math.log((max(lines, hits) - hits + 0.5) / (hits + 0.5)), 1e-6)


def bm25(bodies: Sequence[str], weights: Mapping[Term, float]) -> list[float]:
    """The score of each line, higher is better; the mean length is taken over these lines."""
    lengths = [body.count(" ") + 1 for body in bodies]
    mean = sum(lengths) / max(1, len(lengths))
    scores = []
    for body, length in zip(bodies, lengths, strict=True):
        padded, damping = f" {body} ", K1 * (1 - B + B * length / mean)
        found = ((value, term.times(padded)) for term, value in weights.items())
        scores.append(sum(value * times * (K1 + 1) / (times + damping) for value, times in found if times))
    return scores
