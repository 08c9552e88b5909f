"""Exports that may be larger than memory: written to a file, some videos at a time."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.exports.archives import add
from kinodex.exports.table_files import TableWriter
from kinodex.usecases.exchange.exporting import Chosen, choose
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from kinodex.exports.formats import Format
    from kinodex.exports.material import VideoMaterial
    from kinodex.usecases.exchange.exporting import ExportRequest, Search
    from stores.library_store import LibraryStore

BATCH = 50
"""Videos that are in memory at a time. Source: our choice: some tens of megabytes, if each lasts hours."""

MOST_AT_ONCE = 10_000
"""Videos of a format that is written as a whole, such as a timeline. Source: our choice: no editor opens more."""


@dataclass(frozen=True, slots=True)
class WrittenExport:
    """A file that was written.

    Attributes:
        name: what it is to be called, however it is stored.
        video_ids: the videos that it is about.
    """

    name: str
    media_type: str
    video_ids: tuple[str, ...]


def check_size(form: Format, videos: int, moments: bool = False) -> None:
    """Refuse what would be written as a whole and is too much for that, before work begins.

    Args:
        moments: whether it is of moments, of which there are never many.

    Raises:
        UsageError: TOO_LARGE.
    """
    if form.together and form.table is None and not moments and videos > MOST_AT_ONCE:
        message = f"{form.name} of {videos} videos is too large; {MOST_AT_ONCE} are the most."
        raise UsageError("TOO_LARGE", message, "Name fewer videos or tags, or look for something.")


def write_export(
    store: LibraryStore,
    request: ExportRequest,
    search: Search,
    out: Path,
    on_progress: Callable[[int, int], None],
) -> WrittenExport:
    """Writes an export: the same file as `kinodex.usecases.exchange.exporting.export`, several as a ZIP archive.

    Args:
        on_progress: called with how many videos are done, and of how many.

    Raises:
        UsageError: as `choose`; TOO_LARGE; CONFLICT if a video is removed meanwhile.
        StoreError: if the library cannot be read; OSError if the file cannot be written.
    """
    chosen = choose(store, request, search)
    check_size(chosen.form, len(chosen.video_ids), bool(chosen.moments))
    on_progress(0, len(chosen.video_ids))
    batches = _batches(store, chosen, on_progress)
    form = chosen.form
    if form.table is not None:
        return _write_table(chosen, batches, out)
    if form.together or len(chosen.video_ids) == 1:
        videos = [one for batch in batches for one in batch]
        out.write_bytes(form.write(videos, chosen.wishes))
        return WrittenExport(chosen.file_name, form.media_type, tuple(one.video_id for one in videos))
    return _write_archive(chosen, batches, out)


def removed_meanwhile() -> UsageError:
    """What is said of an export that would not hold all that was chosen."""
    return UsageError("CONFLICT", "A video was removed while it was exported.", "Order the export again.")


def _batches(
    store: LibraryStore, chosen: Chosen, on_progress: Callable[[int, int], None]
) -> Iterator[list[VideoMaterial]]:
    ids = chosen.video_ids
    for first in range(0, len(ids), BATCH):
        some = ids[first : first + BATCH]
        videos = chosen.materials(store, some)
        if len(videos) < len(some):
            raise removed_meanwhile()
        yield videos
        on_progress(first + len(some), len(ids))


def _write_table(chosen: Chosen, batches: Iterator[list[VideoMaterial]], out: Path) -> WrittenExport:
    assert chosen.form.table is not None
    table, form = chosen.form.table
    written: list[str] = []
    with out.open("wb") as file, TableWriter(table, form, file, chosen.wishes.bom) as writer:
        for videos in batches:
            writer.write(row for one in videos for row in table.rows(one))
            written += (one.video_id for one in videos)
    return WrittenExport(chosen.file_name, chosen.form.media_type, tuple(written))


def _write_archive(chosen: Chosen, batches: Iterator[list[VideoMaterial]], out: Path) -> WrittenExport:
    form, written = chosen.form, list[str]()
    with out.open("wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for videos in batches:
            for one in videos:
                add(archive, f"{chosen.names[one.video_id]}{form.suffix}", form.write([one], chosen.wishes))
                written.append(one.video_id)
    return WrittenExport(f"kinodex{form.suffix}.zip", "application/zip", tuple(written))
