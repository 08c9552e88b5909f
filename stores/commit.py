"""The SQL half of a commit: one transaction that replaces all rows of one stage of one video."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, update

from stores.catalog import bump_revision
from stores.core.ids import base_stage
from stores.core.record_columns import columns_of, search_text, video_columns
from stores.core.records import Blob, Label, Receipt, StageKey, StageOutput, Tracklet, VectorItem, Video
from stores.corrections.applying import reapply
from stores.ledger import Attempt, Ledger
from stores.sql.database import reading, writing
from stores.sql.fulltext import forget_lines, index_lines
from stores.sql.rows import TABLE_OF
from stores.sql.tables import RECORD_TABLES, BlobRow, StageRunRow, VectorRow, VideoRow
from stores.threads.removal import cited_evidence, remove_replaced
from stores.vectors.items import check_vectors
from stores.vectors.snapshot import VECTORS_BLOB, pack_vectors


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a commit left without a reference: vector ids by collection, and blobs."""

    vectors: dict[str, list[str]] = field(default_factory=dict)
    blobs: list[tuple[StageKey, str]] = field(default_factory=list)


# Built once: building takes longer than executing them.
_VIDEO = select(VideoRow.__table__).where(VideoRow.video_id == bindparam("video_id"))
_RUNS_OF_STAGE = (
    select(func.count())
    .select_from(StageRunRow)
    .where(StageRunRow.video_id == bindparam("video_id"))
    .where(
        (StageRunRow.stage == bindparam("stage"))
        | (func.substr(StageRunRow.stage, 1, bindparam("length")) == bindparam("parts"))
    )
)


def with_kept_vectors(output: StageOutput) -> StageOutput:
    """``output`` with its vectors also as a blob, from which the vector index can be rebuilt without any model."""
    if not output.vectors:
        return output
    return replace(output, blobs=(*output.blobs, Blob(VECTORS_BLOB, pack_vectors(output.vectors))))


def check_output(connection: Connection, key: StageKey, output: StageOutput) -> None:
    """Rejects, before anything is written, an output that could not be read back as it is.

    Raises:
        ValueError: the video is not registered or is another; records or vectors come before the video is
            probed or in another time base; an id or a blob's name appears twice; a vector is zero or not finite.
    """
    row = connection.execute(_VIDEO, {"video_id": key.video_id}).one_or_none()
    if row is None:
        raise ValueError(f"video {key.video_id} is not registered")
    if output.video is not None and output.video.video_id != key.video_id:
        raise ValueError(f"the output is of {output.video.video_id}, the attempt of {key.video_id}")
    expected = output.video.time_base if output.video is not None else _time_base(row)
    for item in (*output.records, *output.vectors):
        if item.span.time_base != expected:
            raise ValueError(f"a span in ticks of {item.span.time_base} s, the video's ticks last {expected} s")
    names = [getattr(record, "evidence_id", getattr(record, "clip_id", None)) for record in output.records]
    for name, times in Counter([*filter(None, names), *(blob.name for blob in output.blobs)]).items():
        if times > 1:
            raise ValueError(f"{name} appears {times} times in the output of stage {key.stage}")
    check_vectors(output.vectors)


def replace_rows(engine: Engine, ledger: Ledger, attempt: Attempt, output: StageOutput) -> tuple[Receipt, Replaced]:
    """The transaction that ends an attempt successfully.

    If the stage was done in parts, these are deleted: their results are in the whole now. A probe that finds another
    time base or start than before deletes all other stages of the video, since their spans are no longer valid. Claims
    of conversations go with the evidence that they cite. What persons wrote for lines is put onto the new ones.

    Raises:
        StoreError: STALE_ATTEMPT, DISK_FULL, LIBRARY_READ_ONLY.
    """
    key = attempt.key
    replaced = Replaced(defaultdict(list), [])
    with writing(engine) as connection:
        first = _is_first(connection, attempt)
        cited = set() if first else cited_evidence(connection, key.video_id)
        if output.video is not None:
            _forget_other_ticks(connection, key, output.video, replaced)
            changes = video_columns(output.video)
            connection.execute(update(VideoRow).where(VideoRow.video_id == key.video_id).values(**changes))
        if not first:
            _delete_stage(connection, key.video_id, key.stage, replaced)
            of_parts = StageRunRow.stage.startswith(f"{key.stage}.", autoescape=True)
            _forget_runs(connection, key.video_id, of_parts, replaced)
        rows = len(output.records) + len(output.vectors) + len(output.blobs)
        receipt = ledger.done_in(connection, attempt, output.seconds, rows, first)
        _insert_stage(connection, key, output)
        reapply(connection, key.video_id, key.stage)
        index_lines(connection, key.video_id, key.stage, nothing=first and not output.records)
        remove_replaced(connection, cited)
        bump_revision(connection)
    fresh_vectors = {(item.collection, item.vector_id) for item in output.vectors}
    fresh_blobs = {(key, blob.name) for blob in output.blobs}
    vectors = {
        collection: [one for one in ids if (collection, one) not in fresh_vectors]
        for collection, ids in replaced.vectors.items()
    }
    return receipt, Replaced(
        {collection: ids for collection, ids in vectors.items() if ids},
        [item for item in replaced.blobs if item not in fresh_blobs],
    )


def stale_parts(engine: Engine) -> set[StageKey]:
    """Runs of parts begun before the whole stage was done, by a worker that came too late."""
    columns = (StageRunRow.video_id, StageRunRow.stage, StageRunRow.fingerprint, StageRunRow.started_at)
    wholes = select(StageRunRow.video_id, StageRunRow.stage, StageRunRow.finished_at)
    with reading(engine) as connection:
        parts = connection.execute(select(*columns).where(StageRunRow.stage.contains("."))).all()
        if not parts:
            return set()
        rows = connection.execute(wholes.where(StageRunRow.status == "done")).all()
    done = {(row.video_id, row.stage): row.finished_at or 0.0 for row in rows}
    return {
        StageKey(part.video_id, part.stage, part.fingerprint)
        for part in parts
        if part.started_at < done.get((part.video_id, base_stage(part.stage)), 0.0)
    }


def forget_runs(engine: Engine, keys: Iterable[StageKey]) -> Replaced:
    """Removes runs with all their rows and lines; returns the blobs and vectors left without a reference.

    Raises:
        StoreError: as `stores.sql.database.writing`.
    """
    replaced = Replaced(defaultdict(list), [])
    with writing(engine) as connection:
        for key in keys:
            cited = cited_evidence(connection, key.video_id)
            _delete_stage(connection, key.video_id, key.stage, replaced, key.fingerprint)
            same = (StageRunRow.stage == key.stage) & (StageRunRow.fingerprint == key.fingerprint)
            connection.execute(delete(StageRunRow).where((StageRunRow.video_id == key.video_id) & same))
            index_lines(connection, key.video_id, key.stage)
            remove_replaced(connection, cited)
        bump_revision(connection)
    return replaced


def _is_first(connection: Connection, attempt: Attempt) -> bool:
    """Whether this stage of this video has certainly no earlier rows, whole or in parts."""
    if attempt.number > 1:
        return False
    stage = attempt.key.stage
    values = {"video_id": attempt.key.video_id, "stage": stage, "parts": f"{stage}.", "length": len(stage) + 1}
    return bool(connection.execute(_RUNS_OF_STAGE, values).scalar() == 1)


def stage_rows(key: StageKey, output: StageOutput) -> dict[Any, list[dict[str, Any]]]:
    """The rows, by table, of a stage's output, without its run in the ledger."""
    place = {"video_id": key.video_id, "stage": key.stage, "fingerprint": key.fingerprint}
    rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for ordinal, record in enumerate(output.records):
        row = place | {"ordinal": ordinal} | columns_of(record)
        if isinstance(record, (Label, Tracklet)):
            row["search_text"] = search_text(record)
        rows[TABLE_OF[type(record)]].append(row)
    for item in output.vectors:
        rows[VectorRow].append(place | vector_columns(item))
    for blob in output.blobs:
        rows[BlobRow].append(place | {"name": blob.name, "size": len(blob.data), "sha256": _sha256(blob)})
    return rows


def _insert_stage(connection: Connection, key: StageKey, output: StageOutput) -> None:
    for table, values in stage_rows(key, output).items():
        connection.execute(insert(table), values)


def vector_columns(item: VectorItem) -> dict[str, Any]:
    """The columns of a vector, without those of its stage run."""
    return {
        "collection": item.collection,
        "vector_id": item.vector_id,
        "channel": item.channel,
        "start_tick": item.span.start,
        "end_tick": item.span.end,
        "clip_id": item.clip_id,
        "evidence_id": item.evidence_id,
    }


def _delete_stage(
    connection: Connection, video_id: str, stage: str, replaced: Replaced, fingerprint: str | None = None
) -> None:
    def chosen(table: Any) -> Any:
        of_stage = (table.video_id == video_id) & (table.stage == stage)
        return of_stage if fingerprint is None else of_stage & (table.fingerprint == fingerprint)

    for row in connection.execute(select(VectorRow.__table__).where(chosen(VectorRow))):
        replaced.vectors[row.collection].append(row.vector_id)
    for row in connection.execute(select(BlobRow.__table__).where(chosen(BlobRow))):
        replaced.blobs.append((StageKey(video_id, stage, row.fingerprint), row.name))
    tables: tuple[Any, ...] = (*RECORD_TABLES, VectorRow, BlobRow)
    for table in tables:
        connection.execute(delete(table).where(chosen(table)))


def _forget_other_ticks(connection: Connection, key: StageKey, video: Video, replaced: Replaced) -> None:
    row = connection.execute(select(VideoRow.__table__).where(VideoRow.video_id == key.video_id)).one()
    if _time_base(row) in (None, video.time_base) and row.start_pts in (None, video.start_pts):
        return
    _forget_runs(connection, key.video_id, StageRunRow.stage != key.stage, replaced)


def _forget_runs(connection: Connection, video_id: str, which: Any, replaced: Replaced) -> None:
    chosen = (StageRunRow.video_id == video_id) & which
    for stage in connection.execute(select(StageRunRow.stage).where(chosen).distinct()).scalars().all():
        forget_lines(connection, video_id, stage)
        _delete_stage(connection, video_id, stage, replaced)
    connection.execute(delete(StageRunRow).where(chosen))


def _sha256(blob: Blob) -> str:
    return hashlib.sha256(blob.data).hexdigest()


def _time_base(row: Any) -> Fraction | None:
    numerator, denominator = row.time_base_numerator, row.time_base_denominator
    return None if numerator is None else Fraction(numerator, denominator)
