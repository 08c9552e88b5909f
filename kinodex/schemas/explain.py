"""Why moments were found: what ``search --explain`` adds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number

if TYPE_CHECKING:
    from agents.search.explanation import CandidateOutcome, Explanation, Gap


class QueryScaleDocument(Document):
    """How the query compares in one collection: mean and deviation of its cosines with all known concepts, and the
    ``best`` of them in deviations.
    """

    collection: str
    mean: Number
    deviation: Number
    best: Number


class Calibration(Document):
    """``score = 1 / (1 + exp(-steepness * (ratio - match_ratio)))``.

    Attributes:
        weights: of likeness by channel (``lines_floor`` in standard deviations).
    """

    match_ratio: Number
    steepness: Number
    weights: dict[str, Number]
    scales: list[QueryScaleDocument]


class SourceDocument(Document):
    """Something that was searched.

    Attributes:
        kind: ``vectors`` of a collection ``name``, or ``words`` of the lines of a stage ``name``.
        model: ``name@revision`` of what made them; query_model: of what encoded the query.
        former: whether it is of a former model.
    """

    channel: str
    kind: str
    model: str
    query_model: str
    name: str
    items: int
    videos: int
    former: bool


class GapVideo(Document):
    """A video that was not searched, and the error that explains it ("" if none)."""

    video_id: str
    uri: str
    detail: str


class NotSearched(Document):
    """Videos that were not searched on a channel; ``reason`` is ``not_indexed``, ``nothing_found``, ``other_model``."""

    channel: str
    reason: str
    videos: list[GapVideo]


class PartDocument(Document):
    """What one channel gave to a moment: ``worth`` of its ratio, and the ``share`` of it in [-1, 1].

    ``kind`` is ``vectors``, ``words``, ``itm`` or ``socratic``.
    """

    channel: str
    kind: str
    model: str
    worth: Number
    share: Number


class CandidateDocument(Document):
    """The outcome of one moment: ``shown``, ``merged`` into that of ``rank``, or ``left_out`` (rank 0).

    ``parts`` add up to ``ratio``.
    """

    rank: int
    outcome: str
    reason: str
    video_id: str
    uri: str
    start: Number
    end: Number
    score: Number
    ratio: Number
    parts: list[PartDocument]


class ExplanationDocument(Document):
    """The object ``explain``.

    Attributes:
        threshold: confidence from which the best moment makes the verdict a match.
        sources: what was searched.
        remarks: what the steps after recall did or could not do.
    """

    threshold: Number
    calibration: Calibration
    sources: list[SourceDocument]
    not_searched: list[NotSearched]
    moments: list[CandidateDocument]
    remarks: list[str]


def explanation(why: Explanation, uris: Mapping[str, str]) -> ExplanationDocument:
    """The document of an explanation.

    Args:
        uris: of each video, by id.
    """
    return ExplanationDocument(
        threshold=why.threshold,
        calibration=Calibration(
            match_ratio=why.match_ratio,
            steepness=why.steepness,
            weights=dict(why.weights),
            scales=[
                QueryScaleDocument(collection=one.collection, mean=one.mean, deviation=one.deviation, best=one.best)
                for one in why.scales
            ],
        ),
        sources=[
            SourceDocument(
                channel=one.channel,
                kind=one.kind,
                model=one.model,
                query_model=one.query_model,
                name=one.name,
                items=one.items,
                videos=one.videos,
                former=one.former,
            )
            for one in why.sources
        ],
        not_searched=_not_searched(why, uris),
        moments=[_candidate(one, uris) for one in why.moments],
        remarks=list(why.remarks),
    )


def _not_searched(why: Explanation, uris: Mapping[str, str]) -> list[NotSearched]:
    grouped: dict[tuple[str, str], list[Gap]] = defaultdict(list)
    for gap in why.gaps:
        grouped[gap.channel, gap.reason].append(gap)
    return [
        NotSearched(
            channel=channel,
            reason=reason,
            videos=[GapVideo(video_id=gap.video_id, uri=uris.get(gap.video_id, ""), detail=gap.detail) for gap in gaps],
        )
        for (channel, reason), gaps in grouped.items()
    ]


def _candidate(one: CandidateOutcome, uris: Mapping[str, str]) -> CandidateDocument:
    start, end = one.span.seconds
    return CandidateDocument(
        rank=one.rank,
        outcome=one.outcome,
        reason=one.reason,
        video_id=one.video_id,
        uri=uris.get(one.video_id, ""),
        start=start,
        end=end,
        score=one.score,
        ratio=one.ratio,
        parts=[
            PartDocument(channel=part.channel, kind=part.kind, model=part.model, worth=part.worth, share=part.share)
            for part in one.parts
        ],
    )
