"""What describing did, and what it would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from kinodex.schemas.base import Document, Fault, Number, fault
from kinodex.schemas.ingest import IngestTotals, ingested, totals

if TYPE_CHECKING:
    from pipeline.describe.vtt_files import AudioDescription
    from workflows.describe import DescribeReport
    from workflows.planning.describe_plan import PlannedDescription


class DescribedVideo(Document):
    """How one video ended; it has ``captions`` captions now, and the script ``script`` ("" if none).

    ``failed_clips``: left without a caption this time, because the model's answers about them were of no use.
    """

    video_id: str
    uri: str
    status: str
    error: Fault | None
    stages: dict[str, str]
    reused: bool
    captions: int
    script: str
    failed_clips: int


class EndpointUse(Document):
    """What was asked of the endpoint, and its price if prices are set."""

    calls: int
    tokens: int
    money: Number


class DescribedDocument(Document):
    """What `kinodex describe` did; ``stopped`` says why a budget stopped it."""

    videos: list[DescribedVideo]
    totals: IngestTotals
    endpoint: EndpointUse
    stopped: str


class PlannedVideoDescription(Document):
    """What there is to do for one video.

    Attributes:
        state: ``described``, ``outdated`` (what is there serves until it is replaced), ``not_described``, ``failed``.
        pending: the stages left to do.
        calls, tokens: of the endpoint, as expected.
    """

    video_id: str
    uri: str
    state: str
    pending: list[str]
    media_seconds: Number
    clips: int
    calls: int
    tokens: int


class DescribePlanTotals(Document):
    """All videos together: ``videos`` asked about, of which ``pending`` have something left to do."""

    videos: int
    pending: int
    media_seconds: Number
    clips: int
    calls: int
    tokens: int
    money: Number
    priced: bool


class DescribePlanDocument(Document):
    """What `kinodex describe --dry-run` says; costs are expected, not certain."""

    left_out: ClassVar[frozenset[str]] = frozenset({"over_budget"})

    dry_run: Literal[True] = True
    videos: list[PlannedVideoDescription]
    totals: DescribePlanTotals
    over_budget: str | None = None


class AudioDescribedVideo(Document):
    """The audio description of one video.

    Attributes:
        path: of the WebVTT file; None if there is none, because of ``error``.
        descriptions: in the file, ``seconds`` long together; the video has ``captions`` captions.
    """

    video_id: str
    uri: str
    path: str | None
    descriptions: int
    captions: int
    seconds: Number
    error: Fault | None


class AudioDescribedDocument(Document):
    """What `kinodex describe --audio-description` wrote."""

    audio_descriptions: list[AudioDescribedVideo]


def audio_described(made: Sequence[AudioDescription]) -> AudioDescribedDocument:
    """The document of what was written."""
    return AudioDescribedDocument(
        audio_descriptions=[
            AudioDescribedVideo(
                video_id=one.video_id,
                uri=one.uri,
                path=str(one.path) if one.path is not None else None,
                descriptions=one.descriptions,
                captions=one.captions,
                seconds=round(one.seconds, 3),
                error=fault(one.error.code.name, f"{one.error.message} {one.error.hint}") if one.error else None,
            )
            for one in made
        ]
    )


def described(report: DescribeReport) -> DescribedDocument:
    """The document of a run."""
    return DescribedDocument(
        videos=[
            DescribedVideo(
                **dict(ingested(one.report)), captions=one.captions, script=one.script, failed_clips=one.failed_clips
            )
            for one in report.videos
        ],
        totals=totals(report.totals),
        endpoint=EndpointUse(calls=report.calls, tokens=round(report.spent.tokens), money=report.spent.money),
        stopped=report.stopped,
    )


def describe_plan(
    planned: Sequence[PlannedDescription], prices: tuple[float, float] | None, over_budget: str | None = None
) -> DescribePlanDocument:
    """The document of a plan.

    Args:
        prices: of a million tokens (read, written); None where none are set.
    """
    todo = [one for one in planned if one.left]
    return DescribePlanDocument(
        videos=[
            PlannedVideoDescription(
                video_id=one.video_id,
                uri=one.uri,
                state=one.state,
                pending=list(one.left),
                media_seconds=one.seconds,
                clips=one.clips,
                calls=one.calls,
                tokens=round(one.tokens),
            )
            for one in planned
        ],
        totals=DescribePlanTotals(
            videos=len(planned),
            pending=len(todo),
            media_seconds=sum(one.seconds for one in todo),
            clips=sum(one.clips for one in todo),
            calls=sum(one.calls for one in todo),
            tokens=round(sum(one.tokens for one in todo)),
            money=sum(one.estimate(prices).money for one in todo),
            priced=prices is not None,
        ),
        over_budget=over_budget,
    )
