"""The measures of `kinodex evaluate`: plain functions over plain results, each with its counts.

A ratio without cases is None: nothing measured is not the same as zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.words import FUNCTION_WORDS
from encoders.plurals import singular
from stores.core.text_keys import CJK

_WORD = re.compile(r"[a-z]{3,}")
_CJK = re.compile(f"[{CJK}]+")


def ratio(part: int, whole: int) -> float | None:
    """``part / whole``, None where there is nothing to divide."""
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Where the right videos were found. Ranks are 1-based among distinct videos; a miss counts 0 in ``mrr``."""

    queries: int
    found: int
    recall_at_1: float | None
    recall_at_5: float | None
    mrr: float | None


def ranking(ranks: Sequence[int | None]) -> Ranking:
    """Sum up ranks; None is a video that was not found.

    Source: mean reciprocal rank as in Voorhees, TREC-8 Question Answering Track Report, 1999.
    """
    found = [rank for rank in ranks if rank is not None]
    return Ranking(
        queries=len(ranks),
        found=len(found),
        recall_at_1=ratio(sum(rank == 1 for rank in found), len(ranks)),
        recall_at_5=ratio(sum(rank <= 5 for rank in found), len(ranks)),
        mrr=sum(1 / rank for rank in found) / len(ranks) if ranks else None,
    )


def rank_of(wanted: str, results: Iterable[str]) -> int | None:
    """The 1-based place of ``wanted`` among the distinct ``results``, in their order."""
    order = list(dict.fromkeys(results))
    return order.index(wanted) + 1 if wanted in order else None


@dataclass(frozen=True, slots=True)
class TagCounts:
    """Decisions against the truth.

    Attributes:
        accepted: tags given; ``right`` of them are true (must be given, or acceptable).
        expected: tags that must be given; ``given`` of them were.
        true: tags that are true, whether they must be given or are acceptable; ``right`` of them were given.
    """

    accepted: int = 0
    right: int = 0
    expected: int = 0
    given: int = 0
    true: int = 0

    def __add__(self, other: TagCounts) -> TagCounts:
        return TagCounts(
            self.accepted + other.accepted,
            self.right + other.right,
            self.expected + other.expected,
            self.given + other.given,
            self.true + other.true,
        )

    @property
    def precision(self) -> float | None:
        """Share of the given tags that are true."""
        return ratio(self.right, self.accepted)

    @property
    def recall(self) -> float | None:
        """Share of the required tags that were given."""
        return ratio(self.given, self.expected)

    @property
    def recall_of_true(self) -> float | None:
        """Share of all true tags that were given."""
        return ratio(self.right, self.true)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where either has no cases."""
        precision, recall = self.precision, self.recall
        if precision is None or recall is None:
            return None
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def count_tag(name: str, accepted: set[str], required: set[str], acceptable: set[str]) -> TagCounts:
    """The counts that one tag adds on one video. All names case-folded."""
    return TagCounts(
        accepted=int(name in accepted),
        right=int(name in accepted and name in required | acceptable),
        expected=int(name in required),
        given=int(name in required and name in accepted),
        true=int(name in required | acceptable),
    )


def says(answer: str, gold: str) -> bool:
    """Whether an answer shares a word with the gold answer: lenient,
    `workflows.evaluation.strict_answers.says_strictly` is not.

    English: one content word of three letters or more. Chinese: two characters in a row.
    """
    words = {singular(word) for word in _WORD.findall(answer.lower())}
    wanted = {singular(word) for word in _WORD.findall(gold.lower()) if word not in FUNCTION_WORDS}
    pairs = {run[at : at + 2] for run in _CJK.findall(gold) for at in range(len(run) - 1)}
    return bool(words & wanted) or any(pair in answer for pair in pairs)
