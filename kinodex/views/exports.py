"""Exports of what a principal sees. Places of files are never told, only their names."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinodex.exports.archives import zipped
from kinodex.exports.formats import FORMATS, format_of
from kinodex.schemas.api.exports import ExportAsked, FormatDocument, FormatsDocument
from kinodex.usecases.exchange.exporting import ExportRequest, Search
from kinodex.usecases.exchange.exporting import export as make
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from agents.search.finder import Found
    from kinodex.views.library_view import LibraryView

MOST_VIDEOS = 1_000
"""Videos of one export that is made on the spot. Source: our choice: about a second and some megabytes."""

AT_ONCE = 4
"""Exports that one process makes at the same time: each holds all that it is about in memory. Source: our choice."""

_MAKING = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be sent."""

    name: str
    media_type: str
    data: bytes


def formats() -> FormatsDocument:
    """The formats there are."""
    return FormatsDocument(
        formats=[
            FormatDocument(
                name=one.name, suffix=one.suffix, media_type=one.media_type, together=one.together, note=one.note
            )
            for one in FORMATS.values()
        ]
    )


def export(view: LibraryView, asked: ExportAsked) -> Download:
    """An export of some videos that the principal sees, or of all of them; several files come as a ZIP archive.

    Raises:
        UsageError: FORBIDDEN; UNKNOWN_VIDEO, also for a video that it does not see; USAGE as
            `kinodex.usecases.exchange.exporting.export`; TOO_LARGE if it is of too many videos;
            TOO_MANY_REQUESTS if `AT_ONCE` are being made.
    """
    view.require("read")
    form = format_of(asked.format)
    ids = _chosen(view, asked.video_ids)
    if not _MAKING.acquire(blocking=False):
        raise UsageError("TOO_MANY_REQUESTS", f"{AT_ONCE} exports are being made.", "Try again in a moment.")
    try:
        request = ExportRequest(form.name, ids, asked.kind, asked.tags, asked.query, asked.k, asked.bom)
        files = make(view.store, request, _searcher(view))
        if len(files) == 1:
            return Download(files[0].name, files[0].media_type, files[0].data)
        name = f"kinodex{form.suffix}.zip"
        return Download(name, "application/zip", zipped((file.name, file.data) for file in files))
    finally:
        _MAKING.release()


def of_video(view: LibraryView, video_id: str, asked: ExportAsked) -> Download:
    """An export of one video.

    Raises:
        UsageError: as `export`.
    """
    return export(view, asked.model_copy(update={"video_ids": [view.video(video_id)]}))


def _chosen(view: LibraryView, video_ids: Sequence[str] | None) -> list[str]:
    if video_ids is None:
        indexed = view.store.catalog.indexed()
        visible = view.visible()
        seen = None if visible is None else frozenset(visible)
        ids = [video_id for video_id in indexed if seen is None or video_id in seen]
    else:
        ids = view.videos(video_ids)
    if len(ids) > MOST_VIDEOS:
        message = f"An export of {len(ids)} videos is too large to be made on the spot; {MOST_VIDEOS} are not."
        raise UsageError("TOO_LARGE", message, "Name fewer, or order a job of the kind `export`.")
    return ids


def _searcher(view: LibraryView) -> Search:
    def search(query: str, most: int, video_ids: Sequence[str] | None) -> Found:
        return view.library.search(query, k=most, video_ids=view.only(video_ids))

    return search
