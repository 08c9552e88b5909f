"""What a job would do and cost, before it is ordered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinodex.schemas.api.jobs import JobItem, JobPlan, PlannedStageCount
from kinodex.schemas.base import Fault
from kinodex.schemas.jobs.orders import DescribeOrder, IngestOrder, Order, ReembedOrder, TagOrder
from kinodex.views.names import file_name, without_paths
from kinodex.views.work.jobs import LISTED, permitted
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView
    from workflows.planning.plan import Plan


def plan(view: LibraryView, asked: Order) -> JobPlan:
    """What an order would do, without doing it.

    Raises:
        UsageError: as `kinodex.views.work.jobs.order`; USAGE for what costs nothing that could be planned.
    """
    arguments = permitted(view, asked)
    if isinstance(asked, IngestOrder):
        return _of_plan(asked.kind, _of_ingest(view, arguments["paths"]), asked.budget)
    if isinstance(asked, ReembedOrder):
        _, planned = view.library.plan_reembed(*asked.channels)
        return _of_plan(asked.kind, planned, asked.budget)
    if isinstance(asked, DescribeOrder):
        return _of_describing(view, asked, view.only(arguments["video_ids"]))
    if isinstance(asked, TagOrder):
        return _of_tagging(view, asked, view.only(arguments["video_ids"]))
    hint = "Plans: ingest, tag, describe, reembed."
    raise UsageError("USAGE", f"A job of the kind {asked.kind} has no plan: it needs no more than time.", hint)


def _of_ingest(view: LibraryView, paths: Sequence[str]) -> Plan:
    from kinodex.usecases.ingest import IngestOptions
    from kinodex.usecases.ingest import plan as planned

    library = view.library
    # As the job itself, see `kinodex.jobs.runners`.
    options = IngestOptions(confined=view.settings.server.ingest_roots is not None)
    return planned(library.store, library.encoders, library.settings, list(map(Path, paths)), options)


def _of_plan(kind: str, planned: Plan, budget: str) -> JobPlan:
    from kinodex.schemas import ingest as schema
    from workflows.planning.budget import Estimate

    cost = Estimate(planned.wall_seconds, planned.cost.bytes, planned.cost.tokens, planned.cost.money)
    made = schema.plan(planned, _over(budget, cost))
    problems = [one for one in made.videos if one.error is not None]
    return JobPlan(
        kind=kind,
        inputs=made.totals.inputs,
        videos=made.totals.videos,
        problems=[
            JobItem(
                video_id="",
                name=file_name(one.uri),
                status="failed",
                fault=Fault(
                    code=one.error_code, message=without_paths(one.error.message if one.error else "", one.uri)
                ),
            )
            for one in problems[:LISTED]
        ],
        stages=[PlannedStageCount(stage=one.stage, videos=one.videos) for one in made.stages],
        media_seconds=made.totals.media_seconds,
        seconds=made.totals.wall_seconds,
        work_seconds=made.totals.work_seconds,
        bytes=made.totals.bytes,
        free_bytes=made.totals.free_bytes,
        tokens=made.totals.tokens,
        money=made.totals.money,
        priced=made.totals.priced,
        measured=made.totals.measured,
        over_budget=made.over_budget or "",
    )


def _of_describing(view: LibraryView, asked: DescribeOrder, video_ids: Sequence[str] | None) -> JobPlan:
    from kinodex.schemas.describe import describe_plan
    from kinodex.usecases.config import prices_of
    from workflows.planning.budget import Estimate

    prices = prices_of(view.settings.endpoint)
    options: dict[str, Any] = {"by": asked.by, "script": asked.script, "retry": asked.retry}
    none = video_ids is not None and not video_ids
    planned = [] if none else view.library.plan_describe(*video_ids or (), **options)
    made = describe_plan(planned, prices)
    cost = Estimate(tokens=made.totals.tokens, money=made.totals.money)
    return JobPlan(
        kind=asked.kind,
        inputs=len(made.videos),
        videos=sum(1 for one in made.videos if one.pending),
        problems=[],
        stages=[],
        media_seconds=0,
        seconds=0,
        work_seconds=0,
        bytes=0,
        free_bytes=None,
        tokens=made.totals.tokens,
        money=made.totals.money,
        priced=prices is not None,
        measured=False,
        over_budget=_over(asked.budget, cost),
    )


TOKENS_A_VIDEO = (4_000, 500)
"""Read and written by a model that judges. Source: our estimate: 200 short notes and 24 candidates, a number for each
(`agents.tagging.graph`)."""


def _of_tagging(view: LibraryView, asked: TagOrder, video_ids: Sequence[str] | None) -> JobPlan:
    from kinodex.usecases.config import prices_of
    from kinodex.usecases.tagging.batch import plan_tagging
    from workflows.workers import default_workers

    library, endpoint = view.library, view.settings.endpoint
    seen = None if video_ids is None else frozenset(video_ids)
    videos = [one for one in library.indexed() if seen is None or one in seen]
    judge = library.llm if endpoint.configured and not endpoint.local else None
    made = plan_tagging(library.store, library.encoders, judge, videos, asked.since)
    read, written = (len(made.left) * each for each in TOKENS_A_VIDEO) if judge is not None else (0, 0)
    prices = prices_of(endpoint)
    money = (read * prices[0] + written * prices[1]) / 1e6 if prices is not None else 0.0
    return JobPlan(
        kind=asked.kind,
        inputs=len(made.video_ids),
        videos=len(made.left),
        problems=[],
        stages=[],
        media_seconds=0,
        seconds=made.seconds / (view.settings.workers or default_workers()),
        work_seconds=made.seconds,
        bytes=0,
        free_bytes=None,
        tokens=read + written,
        money=money,
        priced=prices is not None,
        measured=made.measured,
        over_budget="",
    )


def _over(budget: str, cost: Any) -> str:
    from workflows.planning.budget import Budget, Estimate

    return Budget.parse(budget).allows(Estimate(), cost) if budget else ""
