"""How each kind of job is done: the use case behind the command of the same name, and what it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinodex.jobs.exporting import export
from kinodex.jobs.permission import check_ingest, check_propose
from kinodex.jobs.placement import Placement
from kinodex.jobs.tasks import Made, Task, chosen
from kinodex.schemas.jobs.orders import DescribeOrder, IngestOrder, ReembedOrder, TagOrder, VerifyOrder
from kinodex.usecases.places import places_of
from stores.jobs.records import JobKind

if TYPE_CHECKING:
    from workflows.tagging.batch import TagReceipt


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
    from kinodex.usecases.tagging.batch import BatchOptions, tag_batch

    order, library = TagOrder.model_validate(task.order), task.library
    videos = chosen(task, order.video_ids)
    names = {video_id: uri.rsplit("/", 1)[-1] for video_id, uri in places_of(library.store, videos).items()}
    failed: list[dict[str, Any]] = []
    task.reporter.counted(0, len(videos))

    def on_video(one: TagReceipt, done: int, of: int) -> None:
        if one.status == "failed":
            fault = {"code": one.error_code, "message": one.error_message}
            name = names.get(one.video_id, "")
            failed.append({"video_id": one.video_id, "uri": name, "status": "failed", "error": fault})
        if one.reused or one.video_id in task.resumed:
            task.reporter.recount(one.status)  # nothing happened, or another worker has told of it
        else:
            task.reporter.video(one.video_id, names.get(one.video_id, one.video_id), one.status, one.error_code)
        task.reporter.counted(done, of)

    totals = {"videos": 0, "done": 0, "failed": 0}
    if videos:
        tagger = library.tagger(lambda at, of: task.reporter.counted(0, 0, f"encoding new tags: {at} of {of}"))
        options = BatchOptions(order.since, on_video, task.command)
        made = tag_batch(library.store, library.encoders, library.settings, tagger, videos, options).totals
        totals = {"videos": made.inputs, "done": made.done, "failed": made.failed}
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


def _propose(task: Task) -> Made:
    from kinodex.usecases.vocabulary.proposing import refresh_proposals

    store = task.library.store
    check_propose(store, task.job)

    def on_progress(done: int, of: int, what: str) -> None:
        task.reporter.counted(done, of, f"{what}: {done} of {of}")

    found = refresh_proposals(store, task.library.encoders, on_progress)
    still = store.proposals.listed("open", len(found.found) + 1)
    totals = {"videos": found.videos, "of": found.of, "open": len(still)}
    return Made(totals, {"totals": totals})


Runner = Callable[[Task], Made]

RUNNERS: dict[JobKind, Runner] = {
    "ingest": _ingest,
    "tag": _tag,
    "describe": _describe,
    "reembed": _reembed,
    "verify": _verify,
    "export": export,
    "propose": _propose,
}
"""By kind."""
