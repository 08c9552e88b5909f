"""The files that export jobs made: given only to those who see every video that is in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from kinodex.schemas.api.jobs import JobFile
from kinodex.schemas.jobs.orders import ExportOrder
from kinodex.views import urls
from stores.core.errors import UsageError
from stores.files.export_files import name_of
from stores.listing.videos import existing

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView
    from stores.jobs.records import Job


@dataclass(frozen=True, slots=True)
class JobDownload:
    """A file of a job, to be sent. ``file``: opened, so that all of it can be sent even if it is removed meanwhile."""

    name: str
    media_type: str
    file: BinaryIO


def check(view: LibraryView, asked: ExportOrder, video_ids: Sequence[str] | None) -> None:
    """Refuse an export that could not be made, before it is ordered.

    Raises:
        UsageError: USAGE if there is no such format or tag, or nothing to look for; TOO_LARGE.
    """
    from kinodex.usecases.exchange.export_writing import check_size
    from kinodex.usecases.exchange.exporting import ExportRequest, checked

    form, _ = checked(view.store, ExportRequest(asked.format, video_ids, tags=asked.tags, query=asked.query))
    count = len(view.store.catalog.indexed()) if video_ids is None else len(video_ids)
    # With tags it is of fewer: of how many turns out when it is made.
    if not asked.tags:
        check_size(form, count, bool(asked.query) and "moments" in form.parts)


def files_of(view: LibraryView, some: Sequence[Job]) -> Mapping[str, JobFile]:
    """By job, the files that are kept and that the principal may have."""
    made = [one for one in some if _has_file(one)]
    if not made or not view.principal.may("read"):
        return {}
    names = {one.job_id: name_of(one.job_id, one.attempt) for one in made}
    kept, visible = view.store.exports.kept(view.settings.server.export_days, names.values()), view.visible()
    seen = None if visible is None else frozenset(visible)
    found: dict[str, JobFile] = {}
    for job in made:
        name = names[job.job_id]
        with suppress(FileNotFoundError):
            if name in kept and (seen is None or seen >= view.store.exports.videos(name)):
                about = (job.report or {})["file"]
                url = f"{urls.API}/jobs/{job.job_id}/file"
                found[job.job_id] = JobFile(name=about["name"], bytes=about["bytes"], url=url)
    return found


def download(view: LibraryView, job: Job) -> JobDownload:
    """The file of a job that the principal may see.

    Raises:
        UsageError: NOT_FOUND if there is none, if it is no longer kept, or if a video in it is not seen or gone.
    """
    if not _has_file(job):
        hint = "Only exports have one, when they are done."
        raise UsageError("NOT_FOUND", f"The job {job.job_id!r} has no file.", hint)
    exports, name = view.store.exports, name_of(job.job_id, job.attempt)
    try:
        if name not in exports.kept(view.settings.server.export_days, [name]):
            raise FileNotFoundError(name)
        about = exports.videos(name)
        visible = view.only(about)
        if (visible is not None and len(visible) < len(about)) or len(existing(view.store, about)) < len(about):
            message = f"The file of the job {job.job_id!r} is about videos that are not all there any more."
            raise UsageError("NOT_FOUND", message, "Export again.")
        file = exports.open(name)
    except FileNotFoundError:
        message = f"The file of the job {job.job_id!r} is no longer kept."
        raise UsageError("NOT_FOUND", message, "Export again.") from None
    made = (job.report or {})["file"]
    return JobDownload(made["name"], made["media_type"], file)


def _has_file(job: Job) -> bool:
    return job.kind == "export" and job.state == "done" and bool((job.report or {}).get("file"))
