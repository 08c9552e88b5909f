"""How well tagging does, by what people judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number
from kinodex.schemas.evaluation import Interval

if TYPE_CHECKING:
    from stores.tags.batches.judged import NamedTag, SomeTags
    from workflows.evaluation.tag_report import JudgedCounts, TagReport


class CountsDocument(Document):
    """Judgements by what was decided before, see `workflows.evaluation.tag_report.JudgedCounts`.

    Attributes:
        precision: share of what was accepted that is right; ``recall``: of what is true, the share that was accepted;
            null without cases.
        precision_interval, recall_interval: 95 %; null likewise.
    """

    judged: int
    right: int
    wrong: int
    missed: int
    refused: int
    unsure: int
    precision: Number | None
    recall: Number | None
    precision_interval: Interval | None
    recall_interval: Interval | None


class ListedTag(Document):
    """A tag in a list."""

    tag_id: str
    name: str
    facet: str


class JudgedTagDocument(CountsDocument):
    """One tag."""

    tag_id: str
    name: str
    facet: str


class SourceDocument(Document):
    """What one source did: how often it recalled what was judged, how much of it is true, what it earned and cost.

    Attributes:
        earned: right tags that would not have been accepted without it; ``cost``: wrong ones.
        interval: 95 %, of the share that is true.
    """

    source: str
    said: int
    true: int
    share: Number | None
    interval: Interval | None
    earned: int
    cost: int


class ReliabilityBin(Document):
    """Judged tags whose confidence lies in [low, high): how many, their mean confidence, and the share that is true."""

    low: Number
    high: Number
    cases: int
    confidence: Number
    true: Number
    interval: Interval


class Calibration(Document):
    """How far confidences are from the truth; ``ece`` and ``brier`` are null where nothing was judged."""

    ece: Number | None
    brier: Number | None
    bins: list[ReliabilityBin]


class TagList(Document):
    """How many tags there are of a kind, and the first of them."""

    count: int
    tags: list[ListedTag]


class SharedName(Document):
    """A name, folded, that several tags have."""

    name: str
    tags: list[ListedTag]


class TagReportDocument(Document):
    """What `kinodex tags report` measured.

    Attributes:
        judged_videos: on which people judged something.
        by_facet: of facets with judgements.
        tags: those with most mistakes first, of ``tags_judged``.
        never_recalled: tags about which nothing was ever decided; ``dead``: decided about, and accepted nowhere.
        shared_names: how many names several tags have; ``duplicates``: the first of these.
    """

    judged_videos: int
    overall: CountsDocument
    by_facet: dict[str, CountsDocument]
    tags_judged: int
    tags: list[JudgedTagDocument]
    sources: list[SourceDocument]
    calibration: Calibration
    never_recalled: TagList
    dead: TagList
    shared_names: int
    duplicates: list[SharedName]


def tag_report(report: TagReport) -> TagReportDocument:
    """The document of a report."""
    from workflows.evaluation.intervals import wilson_interval

    ends = {"precision_interval": report.precision_interval, "recall_interval": report.recall_interval}
    overall = _counts(report.overall).model_copy(update=ends)
    return TagReportDocument(
        judged_videos=report.videos,
        overall=overall,
        by_facet={facet: _counts(each) for facet, each in report.by_facet.items()},
        tags_judged=report.tags_judged,
        tags=[JudgedTagDocument(**dict(_tag(one.tag)), **dict(_counts(one.counts))) for one in report.tags],
        sources=[
            SourceDocument(
                source=one.source,
                said=one.said,
                true=one.true,
                share=_share(one.true, one.said),
                interval=one.interval,
                earned=one.earned,
                cost=one.cost,
            )
            for one in report.sources
        ],
        calibration=Calibration(
            ece=report.ece,
            brier=report.brier,
            bins=[
                ReliabilityBin(
                    low=one.low,
                    high=one.high,
                    cases=one.cases,
                    confidence=one.confidence,
                    true=one.true,
                    interval=wilson_interval(round(one.true * one.cases), one.cases) or (0.0, 1.0),
                )
                for one in report.bins
            ],
        ),
        never_recalled=_list(report.never),
        dead=_list(report.dead),
        shared_names=report.shared_names,
        duplicates=[SharedName(name=one.name, tags=_tags(one.tags)) for one in report.namesakes],
    )


def _counts(one: JudgedCounts) -> CountsDocument:
    return CountsDocument(
        judged=one.judged,
        right=one.right,
        wrong=one.wrong,
        missed=one.missed,
        refused=one.refused,
        unsure=one.unsure,
        precision=_share(one.right, one.right + one.wrong),
        recall=_share(one.right, one.right + one.missed),
        precision_interval=one.precision_interval,
        recall_interval=one.recall_interval,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _list(some: SomeTags) -> TagList:
    return TagList(count=some.count, tags=_tags(some.first))


def _tags(some: Iterable[NamedTag]) -> list[ListedTag]:
    return [_tag(one) for one in some]


def _tag(one: NamedTag) -> ListedTag:
    return ListedTag(tag_id=one.tag_id, name=one.name, facet=one.facet)
