"""How well tagging does in a library, by what people judged there: tags, facets, sources, confidences."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.tagging.rank import ACCEPT
from stores.tags.batches.judged import (
    JudgedPair,
    NamedTag,
    Namesakes,
    SomeTags,
    dead_tags,
    judged_pairs,
    namesakes,
    never_recalled,
    tag_names,
)
from workflows.evaluation.intervals import Interval, ratio_interval, wilson_interval
from workflows.evaluation.tag_quality import BINS, Bin

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

DRAWN = 2_000
"""Judged videos up to which intervals are made by drawing videos; of more, judgements count as independent. Source: our
choice: it takes 64 MB."""


@dataclass(frozen=True, slots=True)
class JudgedCounts:
    """Judgements by what was decided before.

    Attributes:
        right: accepted by itself, and by people; ``wrong``: accepted by itself, and rejected by people.
        missed: accepted by people alone; ``refused``: by nobody.
        unsure: people could not tell.
    """

    right: int = 0
    wrong: int = 0
    missed: int = 0
    refused: int = 0
    unsure: int = 0

    def __add__(self, other: JudgedCounts) -> JudgedCounts:
        return JudgedCounts(
            self.right + other.right,
            self.wrong + other.wrong,
            self.missed + other.missed,
            self.refused + other.refused,
            self.unsure + other.unsure,
        )

    @property
    def judged(self) -> int:
        """All judgements."""
        return self.right + self.wrong + self.missed + self.refused + self.unsure

    @property
    def precision_interval(self) -> Interval | None:
        """Of the share of accepted tags that is right; judgements count as independent."""
        return wilson_interval(self.right, self.right + self.wrong)

    @property
    def recall_interval(self) -> Interval | None:
        """Of the share of true tags that was accepted, likewise."""
        return wilson_interval(self.right, self.right + self.missed)


@dataclass(frozen=True, slots=True)
class JudgedTag:
    """One tag with its counts."""

    tag: NamedTag
    counts: JudgedCounts


@dataclass(frozen=True, slots=True)
class SourceWorth:
    """What one source did for the judged tags.

    Attributes:
        said: tags that it recalled and people judged, the unsure apart; ``true``: of these, accepted by people.
        earned: right tags that would not have been accepted without it; ``cost``: wrong ones, likewise. By noisy-or of
            what the sources said, whatever ranked them.
    """

    source: str
    said: int = 0
    true: int = 0
    earned: int = 0
    cost: int = 0

    @property
    def interval(self) -> Interval | None:
        """Of the share that is true."""
        return wilson_interval(self.true, self.said)


@dataclass(frozen=True, slots=True)
class TagReport:
    """How well tagging does.

    Attributes:
        videos: on which people judged something.
        overall, by_facet: counts; ``by_facet`` only facets with judgements.
        precision_interval, recall_interval: overall, drawing videos where there are at most `DRAWN`.
        tags: those with most mistakes first, at most as many as were asked for, of ``tags_judged``.
        sources: those with the best balance first.
        bins: of confidences of what was judged; ``ece`` and ``brier`` of them, None without any.
        never: tags that were never recalled; ``dead``: recalled, and never accepted.
        shared_names: how many names several tags have; ``namesakes``: the first of these.
    """

    videos: int
    overall: JudgedCounts
    by_facet: dict[str, JudgedCounts]
    precision_interval: Interval | None
    recall_interval: Interval | None
    tags: tuple[JudgedTag, ...]
    tags_judged: int
    sources: tuple[SourceWorth, ...]
    bins: tuple[Bin, ...]
    ece: float | None
    brier: float | None
    never: SomeTags
    dead: SomeTags
    shared_names: int
    namesakes: tuple[Namesakes, ...]


def tag_report(store: LibraryStore, limit: int = 20) -> TagReport:
    """Measure a library by what people judged in it. It reads each judgement once, and counts of the rest.

    Args:
        limit: tags, and names, of each list.
    """
    names = tag_names(store.engine)
    counted = _Counted()
    for pair in judged_pairs(store.engine):
        counted.add(pair)
    by_tag = [JudgedTag(names.get(one, NamedTag(one, "", "")), counts) for one, counts in counted.tags.items()]
    by_facet: dict[str, JudgedCounts] = defaultdict(JudgedCounts)
    for judged in by_tag:
        by_facet[judged.tag.facet] += judged.counts
    by_tag.sort(key=lambda one: (-one.counts.wrong - one.counts.missed, -one.counts.judged, one.tag.tag_id))
    shared, first = namesakes(store.engine, limit)
    overall = sum(counted.tags.values(), JudgedCounts())
    bins, ece, brier = counted.calibration()
    precision, recall = counted.intervals(overall)
    return TagReport(
        videos=len(counted.videos),
        overall=overall,
        by_facet=dict(sorted(by_facet.items())),
        precision_interval=precision,
        recall_interval=recall,
        tags=tuple(by_tag[:limit]),
        tags_judged=len(by_tag),
        sources=tuple(sorted(counted.sources.values(), key=lambda one: (one.cost - one.earned, -one.said, one.source))),
        bins=bins,
        ece=ece,
        brier=brier,
        never=never_recalled(store.engine, limit),
        dead=dead_tags(store.engine, limit),
        shared_names=shared,
        namesakes=tuple(first),
    )


class _Counted:
    """Sums over judgements, one after the other."""

    def __init__(self) -> None:
        self.tags: dict[str, JudgedCounts] = defaultdict(JudgedCounts)
        self.videos: dict[str, JudgedCounts] = defaultdict(JudgedCounts)
        self.sources: dict[str, SourceWorth] = {}
        self._bins = [(0, 0.0, 0)] * BINS
        self._squares = 0.0

    def add(self, pair: JudgedPair) -> None:
        """One more judgement."""
        one = _counts_of(pair)
        self.tags[pair.tag_id] += one
        self.videos[pair.video_id] += one
        if pair.verdict == "unsure":
            return
        true = pair.verdict == "accepted"
        for source, worth in _worths(pair, true):
            known = self.sources.get(source, SourceWorth(source))
            self.sources[source] = SourceWorth(
                source,
                known.said + 1,
                known.true + true,
                known.earned + worth.earned,
                known.cost + worth.cost,
            )
        if pair.confidence is not None:
            at = min(BINS - 1, int(pair.confidence * BINS))
            cases, sure, right = self._bins[at]
            self._bins[at] = cases + 1, sure + pair.confidence, right + true
            self._squares += (pair.confidence - true) ** 2

    def calibration(self) -> tuple[tuple[Bin, ...], float | None, float | None]:
        """Bins with cases, expected calibration error, Brier score."""
        total = sum(cases for cases, _, _ in self._bins)
        if not total:
            return (), None, None
        bins = tuple(
            Bin(at / BINS, (at + 1) / BINS, cases, sure / cases, right / cases)
            for at, (cases, sure, right) in enumerate(self._bins)
            if cases
        )
        off = sum(abs(sure - right) for _, sure, right in self._bins)
        return bins, off / total, self._squares / total

    def intervals(self, overall: JudgedCounts) -> tuple[Interval | None, Interval | None]:
        """Of precision and recall: judgements of one video are not independent."""
        if len(self.videos) > DRAWN:
            return overall.precision_interval, overall.recall_interval
        each = list(self.videos.values())
        right = [one.right for one in each]
        precision = ratio_interval(right, [one.right + one.wrong for one in each])
        return precision, ratio_interval(right, [one.right + one.missed for one in each])


def _counts_of(pair: JudgedPair) -> JudgedCounts:
    accepted = pair.automatic == "accepted"
    if pair.verdict == "unsure":
        return JudgedCounts(unsure=1)
    if pair.verdict == "accepted":
        return JudgedCounts(right=1) if accepted else JudgedCounts(missed=1)
    return JudgedCounts(wrong=1) if accepted else JudgedCounts(refused=1)


def _worths(pair: JudgedPair, true: bool) -> Iterable[tuple[str, SourceWorth]]:
    """Each source that recalled the tag, with what it earned or cost here."""
    for number, (source, _) in enumerate(pair.scores):
        rest = 1.0 - math.prod(1.0 - score for at, (_, score) in enumerate(pair.scores) if at != number)
        decisive = pair.automatic == "accepted" and rest < ACCEPT
        yield source, SourceWorth(source, 1, int(true), int(decisive and true), int(decisive and not true))
