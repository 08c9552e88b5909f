"""Decisions about tags as a table in a file: Parquet, JSON Lines or CSV, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.exports.places import refuse_existing, whole_file
from kinodex.exports.table_files import TableForm, TableWriter
from kinodex.exports.tables import ColumnType, Row, TableKind
from kinodex.usecases.places import places_of
from stores.core.errors import UsageError
from stores.tags.reading import decided_by_persons

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

FORMS: Mapping[str, TableForm] = {".parquet": "parquet", ".jsonl": "jsonl", ".csv": "csv"}
"""By the suffix of the file."""

COLUMNS: Mapping[str, ColumnType] = {
    "video_id": "text",
    "name": "text",
    "place": "text",
    "tag_id": "text",
    "tag": "text",
    "facet": "text",
    "decision": "text",
    "by": "text",
    "confidence": "number",
    "sources": "text",
    "evidence_ids": "text",
    "channels": "text",
    "times": "boxes",
}
"""A row for each tag that something was decided about, of each video, the strongest first.

``name`` and ``place``: of the video's file, its location as a uri; ``decision``: ``accepted``, ``rejected``,
``abstained``, ``proposed`` or ``unsure``; ``by``: ``automatic`` or ``person``, who comes first; ``confidence``: in
[0, 1]; ``sources``: what recalled the tag; ``evidence_ids``: of the lines that it rests on; ``channels``: of each of
them; ``times``: start and end of each of them, in seconds. Several are separated by semicolons; ``times`` are a list of
pairs, as JSON in CSV.
"""

_TOGETHER = 50  # videos in memory, and in one row group of Parquet

_TABLE = TableKind(COLUMNS, lambda _material: ())


def check_output(path: Path, force: bool = False) -> None:
    """Refuse a place to write to before work begins.

    Raises:
        UsageError: USAGE if its suffix is none of `FORMS`, or its folder is not there; CONFLICT if the file is there
            and ``force`` is not set.
    """
    if path.suffix.lower() not in FORMS:
        raise UsageError("USAGE", f"{path} is none of {', '.join(FORMS)}.", "Give the file one of these suffixes.")
    refuse_existing(path, force)
    if not path.absolute().parent.is_dir():
        raise UsageError("USAGE", f"There is no folder {path.absolute().parent}.", "Make it, or choose another place.")


def write_decisions(store: LibraryStore, video_ids: Sequence[str], path: Path, force: bool = False) -> int:
    """Write what is decided about some videos, in their order; how many rows it are.

    Raises:
        UsageError: as `check_output`.
        StoreError: DISK_FULL; or if the library cannot be read.
    """
    check_output(path, force)
    tags = {one.tag_id: (one.name, one.facet) for one in store.tags.tags()}
    written = 0
    with whole_file(path, force) as file, TableWriter(_TABLE, FORMS[path.suffix.lower()], file) as table:
        for first in range(0, len(video_ids), _TOGETHER):
            rows = list(_rows(store, video_ids[first : first + _TOGETHER], tags))
            table.write(rows)
            written += len(rows)
    return written


def _rows(store: LibraryStore, video_ids: Sequence[str], tags: Mapping[str, tuple[str, str]]) -> Iterator[Row]:
    places = places_of(store, video_ids)
    decided = {one: store.tags.decisions(one) for one in video_ids}
    lines = store.catalog.evidence(
        dict.fromkeys(line for some in decided.values() for made in some for line in made.evidence_ids)
    )
    for video_id, made in decided.items():
        persons = decided_by_persons(store.engine, video_id)
        place = places.get(video_id, "")
        for one in sorted(made, key=lambda each: (-each.confidence, each.tag_id)):
            cited = [lines[line] for line in one.evidence_ids if line in lines]
            name, facet = tags.get(one.tag_id, ("", ""))
            yield {
                "video_id": video_id,
                "name": place.rsplit("/", 1)[-1],
                "place": place,
                "tag_id": one.tag_id,
                "tag": name,
                "facet": facet,
                "decision": one.decision,
                "by": "person" if one.tag_id in persons else "automatic",
                "confidence": one.confidence,
                "sources": ";".join(one.recalled_by),
                "evidence_ids": ";".join(line.evidence_id for line in cited),
                "channels": ";".join(line.channel for line in cited),
                "times": [[round(second, 3) for second in line.span.seconds] for line in cited],
            }
