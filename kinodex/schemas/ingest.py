"""What an ingest did, what one would do, and what `kinodex watch` prints of each round of work."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from kinodex.schemas.base import Document, Fault, Number, fault

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.planning.budget import Estimate
    from workflows.planning.plan import Plan
    from workflows.report import IngestReport, Totals, VideoReport
    from workflows.watch_folder import Round


class IngestedVideo(Document):
    """The outcome of one input.

    Attributes:
        video_id: "" where the input could not be read far enough to be identified.
        uri: of the file, printable.
        status: ``done``, ``failed``, ``quarantined`` or ``postponed``.
        error: null unless it failed or is quarantined.
        stages: stage to status, in the order of work.
        reused: whether everything was known already.
    """

    video_id: str
    uri: str
    status: str
    error: Fault | None
    stages: dict[str, str]
    reused: bool


class IngestTotals(Document):
    """Counts of inputs by how they ended; they add up to ``inputs``.

    Attributes:
        filtered: always 0; kept for scripts that add the counts up.
        reused: of those done, how many were known already.
        media_seconds: length of the videos worked on; wall_seconds: how long it took; speed: their ratio.
        postponed: left for another run by a budget.
    """

    inputs: int
    done: int
    failed: int
    filtered: int = 0
    quarantined: int
    reused: int
    media_seconds: Number
    wall_seconds: Number
    postponed: int
    speed: Number


class IngestDocument(Document):
    """What `kinodex ingest` did.

    Attributes:
        videos: every input, in the order in which they were found.
        report: path of the report of the run; null if it was not kept.
        stopped: why a budget stopped it; "" if none did.
        skipped: files that were skipped because they are not videos; absent where there are none.
    """

    videos: list[IngestedVideo]
    totals: IngestTotals
    report: str | None
    stopped: str
    skipped: list[str] | None = Field(None, exclude_if=lambda value: value is None)


def ingest(report: IngestReport, path: Path | None = None, stopped: str = "") -> IngestDocument:
    """The document of an ingest.

    Args:
        path: of the report of the run.
        stopped: why a budget stopped it; "" if none did.
    """
    return IngestDocument(
        videos=[ingested(one) for one in report.videos],
        totals=totals(report.totals),
        report=str(path) if path is not None else None,
        stopped=stopped,
        skipped=list(report.skipped) or None,
    )


def ingested(one: VideoReport) -> IngestedVideo:
    """The outcome of one input."""
    return IngestedVideo(
        video_id=one.video_id,
        uri=one.uri,
        status=one.status,
        error=fault(one.error_code, one.error_message),
        stages=dict(one.stages),
        reused=one.reused,
    )


def totals(counted: Totals) -> IngestTotals:
    """The counts of a job."""
    return IngestTotals(
        inputs=counted.inputs,
        done=counted.done,
        failed=counted.failed,
        quarantined=counted.quarantined,
        reused=counted.reused,
        media_seconds=counted.media_seconds,
        wall_seconds=counted.wall_seconds,
        postponed=counted.postponed,
        speed=counted.speed,
    )


class Cost(Document):
    """What something will probably cost: seconds of work of one worker, bytes on disk, tokens and money."""

    work_seconds: Number
    bytes: int
    tokens: int
    money: Number


class PlannedVideo(Document):
    """What an ingest would do with one input.

    Attributes:
        video_id: "" where the content is not known.
        state: ``known``, ``copy`` of a known video, ``new``, or a ``problem``.
        pending: the stages left to do, in order.
        error_code, error: why it cannot be watched; "" and null if it can.
    """

    video_id: str
    uri: str
    state: Literal["known", "copy", "new", "problem"]
    media_seconds: Number
    pending: list[str]
    cost: Cost
    error_code: str
    error: Fault | None


class PlannedStage(Document):
    """How many videos a stage would run on; ``rate``: its speed is ``measured`` here, ``shipped`` or ``unknown``."""

    stage: str
    videos: int
    rate: str


class PlanTotals(Document):
    """All inputs together.

    Attributes:
        videos: those that would be worked on; problems: those that cannot be read.
        wall_seconds: what it takes with ``workers`` workers.
        free_bytes: on the library's disk now.
        measured: whether all speeds were measured in this library.
        priced: whether prices of tokens are set.
    """

    inputs: int
    videos: int
    problems: int
    media_seconds: Number
    workers: int
    wall_seconds: Number
    work_seconds: Number
    bytes: int
    tokens: int
    money: Number
    free_bytes: int
    measured: bool
    priced: bool


class PlanDocument(Document):
    """What `kinodex ingest --dry-run` says; costs are expected, not certain.

    Attributes:
        over_budget: what of the budget it would exceed; "" if nothing. Only where a budget was asked about.
    """

    left_out: ClassVar[frozenset[str]] = frozenset({"over_budget"})

    dry_run: Literal[True] = True
    videos: list[PlannedVideo]
    stages: list[PlannedStage]
    totals: PlanTotals
    over_budget: str | None = None


def plan(planned: Plan, over_budget: str | None = None) -> PlanDocument:
    """The document of a plan."""
    rates = {**dict.fromkeys(planned.measured, "measured"), **dict.fromkeys(planned.unknown, "unknown")}
    whole = cost(planned.cost)
    return PlanDocument(
        videos=[
            PlannedVideo(
                video_id=one.video_id,
                uri=one.uri,
                state=one.state,
                media_seconds=one.media_seconds,
                pending=list(one.stages),
                cost=cost(one.cost),
                error_code=one.error_code,
                error=fault(one.error_code, one.error_message),
            )
            for one in planned.inputs
        ],
        stages=planned_stages(planned, rates),
        totals=PlanTotals(
            inputs=len(planned.inputs),
            videos=planned.videos,
            problems=sum(1 for one in planned.inputs if one.error_code),
            media_seconds=planned.media_seconds,
            workers=planned.workers,
            wall_seconds=planned.wall_seconds,
            work_seconds=whole.work_seconds,
            bytes=whole.bytes,
            tokens=whole.tokens,
            money=whole.money,
            free_bytes=planned.free_bytes,
            measured=bool(planned.stages) and not planned.estimated and not planned.unknown,
            priced=planned.priced,
        ),
        over_budget=over_budget,
    )


def planned_stages(planned: Plan, rates: dict[str, str]) -> list[PlannedStage]:
    """The stages of a plan, in order."""
    return [
        PlannedStage(stage=stage, videos=count, rate=rates.get(stage, "shipped")) for stage, count in planned.stages
    ]


def cost(estimate: Estimate) -> Cost:
    """What an estimate says, in whole bytes and tokens."""
    return Cost(
        work_seconds=estimate.seconds,
        bytes=round(estimate.bytes),
        tokens=round(estimate.tokens),
        money=estimate.money,
    )


class RoundError(Document):
    """Why a round could not be run, and what to do."""

    code: str
    message: str
    hint: str


class RoundDocument(Document):
    """One ingest of files that arrived.

    Attributes:
        round: from 1.
        files: how many it was given; waiting: how many are still growing.
        seconds: how long it took; ended_at: seconds since the epoch.
        videos, totals: as `kinodex ingest` prints them; empty and null where it could not be run.
        error: null unless it could not be run.
    """

    round: int
    files: int
    waiting: int
    seconds: Number
    ended_at: Number
    videos: list[IngestedVideo]
    totals: IngestTotals | None
    error: RoundError | None


def watch_round(made: Round) -> RoundDocument:
    """The document of one round."""
    report, error = made.report, made.error
    return RoundDocument(
        round=made.number,
        files=made.files,
        waiting=made.waiting,
        seconds=made.seconds,
        ended_at=made.ended_at,
        videos=[ingested(one) for one in report.videos] if report is not None else [],
        totals=totals(report.totals) if report is not None else None,
        error=RoundError(code=error.code.name, message=error.message, hint=error.hint) if error else None,
    )
