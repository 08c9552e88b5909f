"""Fills a library with synthetic videos, many in a transaction: a commit for every stage would take hours.

The rows are those that a commit would write (`stores.commit.stage_rows`). What was made is used again, and what was
interrupted is gone on with.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, insert, select

from benchmarks.scale_library.synthetic import Block, id_of
from benchmarks.scale_library.vectors import (
    BLOCK,
    MANY,
    WINDOWS,
    Vectors,
    clips_of,
    likeness_vectors,
    object_vectors,
    picture_vectors,
    text_vectors,
)
from benchmarks.scale_library.words import spoken_lines
from encoders.concepts import Concept, read_concepts
from encoders.spaces import collections
from kinodex import Library
from pipeline.perception import stages
from pipeline.stage import fingerprints
from stores.catalog import bump_revision
from stores.commit import stage_rows
from stores.core.record_columns import search_text, video_columns
from stores.core.records import Fact, Label, StageKey, Tracklet, Utterance
from stores.library_store import LibraryStore
from stores.sql.database import writing
from stores.sql.fulltext import spaced
from stores.sql.tables import FULLTEXT, IndexedLineRow, LocationRow, StageRunRow, VideoRow
from stores.vectors.items import metadata_of

ALL_KINDS = ("picture", "likeness", "object", "text")
_FORM = 1  # raised when the same number no longer gives the same video
_TOGETHER = 10  # blocks in one transaction: the fewer, the fewer times every page of an index is written
_CACHE = "PRAGMA cache_size=-600000"  # KiB; the ids of records are random, so all pages of their indexes are in use
_OnProgress = Callable[[str], None]


class OtherLibraryError(Exception):
    """What lies there was not made by this generator, or by another version of it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a library is filled with: ``videos`` of them, and the names and fingerprints of the present models."""

    videos: int
    names: Mapping[str, str]
    fingerprints: Mapping[str, str]

    @property
    def clips(self) -> int:
        """Of each video."""
        return clips_of(self.videos)

    @property
    def blocks(self) -> int:
        """How many blocks there are; the last may be cut short."""
        return -(-self.videos // BLOCK)

    def block(self, number: int, lines: Sequence[tuple[str, str]], concepts: Sequence[Concept]) -> Block:
        """A block of its videos."""
        return Block(number, self.clips, self.names, self.fingerprints, lines, concepts)

    def numbers(self, block: int) -> range:
        """The videos of a block."""
        return range(block * BLOCK, min(self.videos, (block + 1) * BLOCK))


def plan_of(library: Library, videos: int) -> Plan:
    """The plan for a library of that many videos."""
    kinds = ALL_KINDS if videos <= MANY else ("picture",)
    spaces = collections(library.encoders)
    stage_fingerprints = fingerprints(stages(library.encoders, library.perception_config()))
    return Plan(videos, {kind: getattr(spaces, kind) for kind in kinds}, stage_fingerprints)


def fill(root: Path, videos: int, on_progress: _OnProgress) -> None:
    """Makes the library ``root`` of that many videos, or what is left to be made of it.

    Raises:
        OtherLibraryError: if there is something else at ``root``.
    """
    state_file = root.with_name(f"{root.name}.json")
    if root.exists() and not state_file.is_file():
        raise OtherLibraryError(f"{root} was not made by this benchmark: choose another folder with --out.")
    with Library.open(root, create=True) as library, library.store.writer():
        plan = plan_of(library, videos)
        about = {"form": _FORM, "videos": videos, "names": dict(plan.names), "stages": dict(plan.fingerprints)}
        state = json.loads(state_file.read_text()) if state_file.is_file() else {"about": about, "vectors": {}}
        if state["about"] != about:
            raise OtherLibraryError(f"{root} was made by another version: remove it, or choose another --out.")
        state_file.write_text(json.dumps(state))
        # As in a commit: what the tables name is there already.
        for kind in plan.names:
            for done in _fill_vectors(library, plan, kind, state["vectors"].get(kind, 0), on_progress):
                state["vectors"][kind] = done
                state_file.write_text(json.dumps(state))
        _fill_tables(library.store, plan, on_progress)


def true_vectors(kind: str, block: int, clips: int, centres: Vectors | None = None) -> Vectors:
    """All vectors of one kind in one block."""
    if kind == "text":
        if centres is None:
            raise ValueError("the vectors of what is said lie around centres")
        return text_vectors(block, centres)
    return {"picture": picture_vectors, "likeness": likeness_vectors, "object": object_vectors}[kind](block, clips)


def _fill_tables(store: LibraryStore, plan: Plan, on_progress: _OnProgress) -> None:
    lines, concepts = spoken_lines(), read_concepts()
    with store.engine.connect() as connection:
        have = connection.execute(select(func.count()).select_from(VideoRow)).scalar_one()
    first = plan.blocks if have == plan.videos else have // BLOCK
    for start in range(first, plan.blocks, _TOGETHER):
        begun = time.process_time()
        with writing(store.engine) as connection:
            connection.exec_driver_sql(_CACHE)
            line = connection.execute(select(func.max(IndexedLineRow.line))).scalar() or 0
            for number in range(start, min(plan.blocks, start + _TOGETHER)):
                block = plan.block(number, lines, concepts)
                line = _put_block(connection, block, plan.numbers(number), line)
            bump_revision(connection)
        done = plan.numbers(min(plan.blocks, start + _TOGETHER) - 1).stop
        on_progress(f"tables: {done:,} of {plan.videos:,} videos, {time.process_time() - begun:.0f} s of CPU")


def _put_block(connection: Connection, block: Block, numbers: Sequence[int], line: int) -> int:
    """Inserts the videos and their lines; returns the number of the last line."""
    rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    now = time.time()
    for number in numbers:
        video = block.video(number)
        here = {"video_id": video.video_id}
        rows[VideoRow].append(video_columns(video))
        uri = f"/scale/{number // 1000:03d}/clip{number:07d}.mp4"
        times = {"mtime_ns": 1_700_000_000_000_000_000 + number, "seen_at": now, "missing": False}
        name = PurePosixPath(uri)
        named = {"name": name.name, "stem": name.stem}
        rows[LocationRow].append({"uri": uri, **here, **named, "size": video.size, **times})
        for stage, output in block.outputs(number).items():
            key = StageKey(video.video_id, stage, block.fingerprints[stage])
            for table, values in stage_rows(key, output).items():
                rows[table] += values
            for record in output.records:
                searched = _searched(record)
                if searched is None:
                    continue
                line += 1
                channel, text = searched
                rows[IndexedLineRow].append({"line": line, **here, "stage": stage})
                words = {"channel": channel, "body": _spaced(text)}
                rows[FULLTEXT].append({"rowid": line, "evidence_id": record.evidence_id, **here, **words})
            rows[StageRunRow].append(_run(key, len(output.records) + len(output.vectors), now))
    for table in (VideoRow, *(other for other in rows if other is not VideoRow)):
        connection.execute(FULLTEXT.insert() if table is FULLTEXT else insert(table), rows[table])
    return line


def _run(key: StageKey, records: int, now: float) -> dict[str, Any]:
    return {
        "video_id": key.video_id,
        "stage": key.stage,
        "fingerprint": key.fingerprint,
        "status": "done",
        "active": True,
        "attempts": 1,
        "error_code": "",
        "error_message": "",
        "worker": "scale",
        "started_at": now,
        "finished_at": now,
        "seconds": 0.5,
        "strikes": 1,
        "row_count": records,
    }


def _searched(record: Any) -> tuple[str, str] | None:
    """The channel and the text by which a record is found; None if it is not."""
    if isinstance(record, (Label, Tracklet)):
        return ("picture" if isinstance(record, Label) else "object"), search_text(record)
    if isinstance(record, (Utterance, Fact)):
        return ("speech" if isinstance(record, Utterance) else "format"), record.text
    return None


_spaced = lru_cache(50_000)(spaced)


def _fill_vectors(library: Library, plan: Plan, kind: str, first: int, on_progress: _OnProgress) -> Iterator[int]:
    """Puts one block after the other into the vector index; yields how many blocks are there."""
    lines, concepts = spoken_lines(), read_concepts()
    centres = library.encoders.text.encode_passages([text for text, _ in lines[:400]]) if kind == "text" else None
    begun = time.process_time()
    for number in range(first, plan.blocks):
        block = plan.block(number, lines, concepts)
        vectors = true_vectors(kind, number, plan.clips, centres)
        each = WINDOWS if kind == "text" else plan.clips
        rows = {}
        for at, video in enumerate(plan.numbers(number)):
            key = StageKey(id_of(video), "vectors", plan.fingerprints["vectors"])
            for item in block.items(kind, video, vectors[at * each : (at + 1) * each]):
                rows[item.vector_id] = np.ascontiguousarray(item.vector), metadata_of(item, key)
        library.store.vectors.put_raw(plan.names[kind], rows)
        yield number + 1
        if (number + 1) % _TOGETHER == 0 or number + 1 == plan.blocks:
            done = plan.numbers(number).stop
            on_progress(
                f"{kind} vectors: of {done:,} of {plan.videos:,} videos, {time.process_time() - begun:.0f} s of CPU"
            )


def main() -> None:
    """``python -m benchmarks.scale_library.filling LIBRARY VIDEOS``."""
    try:
        fill(Path(sys.argv[1]), int(sys.argv[2]), lambda line: print(line, flush=True))
    except OtherLibraryError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
