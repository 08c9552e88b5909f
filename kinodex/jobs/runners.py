"""How each kind of job is done: the use case behind the command of the same name, and what it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinodex.jobs.exporting import export
from kinodex.jobs.permission import check_ingest
from kinodex.jobs.placement import Placement
from kinodex.jobs.tasks import Made, Task, chosen
from kinodex.schemas.jobs.orders import DescribeOrder, IngestOrder, ReembedOrder, TagOrder, VerifyOrder
from kinodex.usecases.places import places_of
from stores.jobs.records import JobKind

if TYPE_CHECKING:
    from stores.core.errors import EndpointError


def _ingest(task: Task) -> Made:
    from kinodex.schemas import ingest as schema
    from workflows.telemetry.progress import to_all

    order, library = IngestOrder.model_validate(task.order), task.library
    check_ingest(library.store, library.settings, task.job, order.paths, retry=order.retry)
    meter = library.meter(order.budget) if order.budget else None
    paths = [Path(path) for path in order.paths]
    # Where only some folders may be ingested, a link in one of them is no way out.
    confined = library.settings.server.ingest_roots is not None
    placement = Placement(library.store, task.job, order.collection)
    progress = to_all(task.reporter, placement)
    report = library.ingest(
        *paths, retry=order.retry, meter=meter, command=task.command, progress=progress, confined=confined
    )
    placement.close(one.video_id for one in report.videos)
    payload = schema.ingest(report, library.report_path, library.stopped).payload()
    return Made(payload["totals"], payload)


def _describe(task: Task) -> Made:
    from kinodex.schemas.describe import described
    from kinodex.usecases.describe import meter_of
    from workflows.planning.budget import Budget

    order, library = DescribeOrder.model_validate(task.order), task.library
    limits = Budget.parse(order.budget) if order.budget else Budget()
    videos = chosen(task, order.video_ids)
    meter = meter_of(library.store, library.settings, limits)
    options: dict[str, Any] = {"by": order.by, "script": order.script, "retry": order.retry, "meter": meter}
    # Without ids it would be all videos; somebody who named some that are gone means none.
    payload = described(library.describe(*videos, progress=task.reporter, **options)).payload() if videos else {}
    return Made(payload.get("totals", {"inputs": 0}), payload)


def _tag(task: Task) -> Made:
    order, library = TagOrder.model_validate(task.order), task.library
    videos = chosen(task, order.video_ids)
    left = [one for one in videos if one not in task.resumed]
    names = {video_id: uri.rsplit("/", 1)[-1] for video_id, uri in places_of(library.store, videos).items()}
    done = len(videos) - len(left)
    failed: list[dict[str, Any]] = []
    ended = set[str]()
    task.reporter.counted(done, len(videos))
    for _ in range(done):
        task.reporter.recount("done")

    def finished(video_id: str, code: str = "") -> None:
        ended.add(video_id)
        task.reporter.video(video_id, names.get(video_id, video_id), "failed" if code else "done", code)
        task.reporter.counted(done + len(ended), len(videos))

    def on_failed(video_id: str, error: EndpointError) -> None:
        fault = {"code": error.code.name, "message": error.message}
        failed.append({"video_id": video_id, "uri": names.get(video_id, ""), "status": "failed", "error": fault})
        finished(video_id, error.code.name)

    if left:
        from kinodex.usecases import tags

        tagger = library.tagger(lambda at, of: task.reporter.counted(0, 0, f"encoding new tags: {at} of {of}"))
        tags.tag(library.store, tagger, left, finished, on_failed)
    totals = {"videos": len(videos), "done": done + len(ended) - len(failed), "failed": len(failed)}
    return Made(totals, {"totals": totals, "videos": failed})


def _reembed(task: Task) -> Made:
    from kinodex.schemas.reembed import reembedded

    order, library = ReembedOrder.model_validate(task.order), task.library
    meter = library.meter(order.budget) if order.budget else None
    made = library.reembed(*order.channels, meter=meter, command=task.command, progress=task.reporter)
    payload = reembedded(made, library.report_path, library.stopped).payload()
    return Made((payload.get("ingest") or {}).get("totals") or task.reporter.totals(), payload)


def _verify(task: Task) -> Made:
    from kinodex.schemas.upkeep import verified

    order, library = VerifyOrder.model_validate(task.order), task.library

    def on_progress(what: str, done: int, of: int) -> None:
        task.reporter.counted(done, of, what)

    found = library.verify(order.media, order.quick, order.repair, on_progress)
    payload = verified(found, order.repair).payload()
    return Made({"problems": len(payload["problems"])}, payload)


Runner = Callable[[Task], Made]

RUNNERS: dict[JobKind, Runner] = {
    "ingest": _ingest,
    "tag": _tag,
    "describe": _describe,
    "reembed": _reembed,
    "verify": _verify,
    "export": export,
}
"""By kind."""
