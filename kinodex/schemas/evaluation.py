"""How well search, tagging and answers did on annotated clips."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number

if TYPE_CHECKING:
    from workflows.evaluation.evaluate import Evaluation
    from workflows.evaluation.measures import Ranking, TagCounts
    from workflows.evaluation.tag_quality import TagQuality

Interval = tuple[Number, Number]
"""The ends of a 95 % bootstrap interval."""


class ClipCounts(Document):
    """How many clips are annotated, and the names of those that are not in the library."""

    annotated: int
    missing: list[str]


class RankingDocument(Document):
    """Where the right videos, or moments, were found; a measure without cases is null.

    Attributes:
        intervals: of the measures, by name.
    """

    queries: int
    found: int
    recall_at_1: Number | None
    recall_at_5: Number | None
    mrr: Number | None
    intervals: dict[str, Interval | None]


class QueryDocument(Document):
    """One query: the clip it describes, and the ranks of its video and its moment; null where it was not found."""

    query: str
    language: str
    clip: str
    rank: int | None
    has_spans: bool
    moment_rank: int | None


class MomentRankings(Document):
    """Finding moments, of the queries that have spans."""

    overall: RankingDocument
    by_language: dict[str, RankingDocument]


class RetrievalDocument(Document):
    """Finding videos, and moments in them."""

    overall: RankingDocument
    by_language: dict[str, RankingDocument]
    queries: list[QueryDocument]
    moments: MomentRankings


class TagCountsDocument(Document):
    """Decisions against the truth, as `workflows.evaluation.measures.TagCounts`."""

    accepted: int
    right: int
    expected: int
    given: int
    true: int
    precision: Number | None
    recall: Number | None
    f1: Number | None
    recall_of_true: Number | None


class MeasuredTags(TagCountsDocument):
    """As `TagCountsDocument`, with the intervals of the shares."""

    intervals: dict[str, Interval | None]


class ConfidenceBin(Document):
    """Candidates whose confidence lies in [low, high): how many, their mean confidence, and the share that is true."""

    low: Number
    high: Number
    cases: int
    confidence: Number
    true: Number


class RiskAt(Document):
    """Were only candidates of at least this confidence accepted: the share of them, and of these that is wrong."""

    confidence: Number
    coverage: Number
    risk: Number


class TagQualityDocument(Document):
    """Against all true tags, by rank and by confidence; see `workflows.evaluation.tag_quality.TagQuality`.

    Attributes:
        clips, groups: measured, and of clips that do not show the same, which are drawn for the intervals.
        candidates: tags of clips that something was decided about.
        measures: by name; null where there are no cases.
    """

    clips: int
    groups: int
    candidates: int
    measures: dict[str, Number | None]
    intervals: dict[str, Interval | None]
    reliability: list[ConfidenceBin]
    risk_coverage: list[RiskAt]


class TaggingDocument(Document):
    """Tagging in all, by facet and by tag; ``quality`` is null where it was not measured."""

    overall: MeasuredTags
    by_facet: dict[str, MeasuredTags]
    by_tag: dict[str, TagCountsDocument]
    quality: TagQualityDocument | None


class AnsweredQuestion(Document):
    """One question, as `workflows.evaluation.evaluate.AnswerResult`."""

    question: str
    clip: str
    gold: str
    answer: str
    abstained: bool
    right: bool
    citations: int
    valid_citations: int
    strictly_right: bool


class AnswersDocument(Document):
    """Answers: how many questions have one, how many were answered rightly, and how many were declined."""

    answerable: int
    right: int
    accuracy: Number | None
    citations: int
    valid_citations: int
    citation_validity: Number | None
    unanswerable: int
    abstained: int
    abstention: Number | None
    questions: list[AnsweredQuestion]
    strictly_right: int
    strict_accuracy: Number | None
    answered_unanswerable: Number | None
    abstained_answerable: Number | None
    intervals: dict[str, Interval | None]


class EvaluationDocument(Document):
    """What `kinodex evaluate` measured; ``annotations`` is a digest of what it was measured against."""

    annotations: str
    clips: ClipCounts
    retrieval: RetrievalDocument
    tagging: TaggingDocument
    answers: AnswersDocument


def evaluation(result: Evaluation) -> EvaluationDocument:
    """The document of an evaluation."""
    return EvaluationDocument(
        annotations=result.annotations,
        clips=ClipCounts(annotated=result.clips, missing=list(result.missing)),
        retrieval=_retrieval(result),
        tagging=TaggingDocument(
            overall=_measured(result.tagging, result.tagging_intervals()),
            by_facet={
                facet: _measured(each, result.tagging_intervals(facet))
                for facet, each in result.tagging_by_facet.items()
            },
            by_tag={name: _counts(each) for name, each in result.tagging_by_tag.items()},
            quality=tag_quality(result.tag_quality) if result.tag_quality is not None else None,
        ),
        answers=_answers(result),
    )


def tag_quality(found: TagQuality) -> TagQualityDocument:
    """The document of the quality of tags and confidences."""
    return TagQualityDocument(
        clips=found.cases,
        groups=found.groups,
        candidates=found.candidates,
        measures=dict(found.values),
        intervals=dict(found.intervals),
        reliability=[ConfidenceBin(**asdict(each)) for each in found.bins],
        risk_coverage=[RiskAt(**asdict(each)) for each in found.curve],
    )


def _retrieval(result: Evaluation) -> RetrievalDocument:
    return RetrievalDocument(
        overall=_ranking(result.retrieval, result.retrieval_intervals()),
        by_language={
            language: _ranking(each, result.retrieval_intervals(language))
            for language, each in result.retrieval_by_language.items()
        },
        queries=[QueryDocument(**asdict(query)) for query in result.queries],
        moments=MomentRankings(
            overall=_ranking(result.moments, result.retrieval_intervals(moments=True)),
            by_language={
                language: _ranking(each, result.retrieval_intervals(language, moments=True))
                for language, each in result.moments_by_language.items()
            },
        ),
    )


def _ranking(found: Ranking, intervals: dict[str, Interval | None]) -> RankingDocument:
    return RankingDocument(**asdict(found), intervals=intervals)


def _counts(counts: TagCounts) -> TagCountsDocument:
    return TagCountsDocument(
        **asdict(counts),
        precision=counts.precision,
        recall=counts.recall,
        f1=counts.f1,
        recall_of_true=counts.recall_of_true,
    )


def _measured(counts: TagCounts, intervals: dict[str, Interval | None]) -> MeasuredTags:
    return MeasuredTags(**dict(_counts(counts)), intervals=intervals)


def _answers(result: Evaluation) -> AnswersDocument:
    return AnswersDocument(
        answerable=len(result.answerable),
        right=sum(each.right for each in result.answerable),
        accuracy=result.accuracy,
        citations=sum(each.citations for each in result.answers),
        valid_citations=sum(each.valid_citations for each in result.answers),
        citation_validity=result.citation_validity,
        unanswerable=len(result.unanswerable),
        abstained=sum(each.abstained for each in result.unanswerable),
        abstention=result.abstention,
        questions=[AnsweredQuestion(**asdict(each)) for each in result.answers],
        strictly_right=sum(each.strictly_right for each in result.answerable),
        strict_accuracy=result.strict_accuracy,
        answered_unanswerable=result.answered_unanswerable,
        abstained_answerable=result.abstained_answerable,
        intervals=result.answer_intervals(),
    )
