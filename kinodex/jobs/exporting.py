"""How a job of the kind export is done: a file that is there as a whole when the job is done, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.jobs.tasks import Made, Task, chosen, who_ordered
from kinodex.schemas.jobs.orders import ExportOrder
from kinodex.usecases.exchange.export_writing import WrittenExport, removed_meanwhile, write_export
from kinodex.usecases.exchange.exporting import ExportRequest
from stores.core.errors import UsageError
from stores.files.export_files import name_of
from stores.listing.videos import existing

if TYPE_CHECKING:
    from agents.search.finder import Found
    from kinodex.settings import ServerSettings
    from stores.library_store import LibraryStore

_GIGABYTE = 1_000_000_000


def export(task: Task) -> Made:
    """Writes the file. The library's job lock is not taken: an export only reads, whatever else goes on.

    Raises:
        UsageError: FORBIDDEN if the one who ordered it may no longer read; CONFLICT if a video was removed meanwhile;
            else as `write_export`.
        StoreError: as `stores.files.export_files.ExportFiles.make`.
    """
    order, library, job = ExportOrder.model_validate(task.order), task.library, task.job
    exports = library.store.exports
    who = who_ordered(task)
    if who is None or not (who.may("read") and who.may("jobs")):
        raise UsageError("FORBIDDEN", "Who ordered this export may not read the library now.", "Order it again.")
    tidy(library.store, library.settings.server)
    videos = chosen(task, order.video_ids)
    request = ExportRequest(order.format, videos, order.lines, order.tags, order.query, order.k, order.bom)
    seen = frozenset(videos)

    def search(query: str, most: int, video_ids: Sequence[str] | None) -> Found:
        only = videos if video_ids is None else [one for one in video_ids if one in seen]
        return library.search(query, k=most, video_ids=only)

    written: list[WrittenExport] = []

    def write(out: Path) -> Sequence[str]:
        made = write_export(library.store, request, search, out, task.reporter.counted)
        written.append(made)
        return made.video_ids

    size = exports.make(job.job_id, job.attempt, write)
    made = written[0]
    if len(existing(library.store, made.video_ids)) < len(made.video_ids):
        exports.forget_job(job.job_id, job.attempt)
        raise removed_meanwhile()
    exports.forget_job(job.job_id, job.attempt - 1)
    tidy(library.store, library.settings.server, name_of(job.job_id, job.attempt))
    totals = {"videos": len(made.video_ids), "done": len(made.video_ids)}
    if order.video_ids is not None and len(videos) < len(set(order.video_ids)):
        totals["filtered"] = len(set(order.video_ids)) - len(videos)
    return Made(totals, {"totals": totals, "file": {"name": made.name, "media_type": made.media_type, "bytes": size}})


def tidy(store: LibraryStore, settings: ServerSettings, kept: str = "") -> None:
    """Remove files of export jobs that are too old, for which there is no room, or that nobody goes on with.

    Raises:
        StoreError: LIBRARY_READ_ONLY or BLOB_STORE_UNREACHABLE.
    """
    store.exports.forget_parts(store.job_ledger.running)
    store.exports.trim(settings.export_days, round(settings.export_cache * _GIGABYTE), kept)
