"""Which vectors should be in the index: what the tables name, with the values that the blobs hold."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Engine, select

from stores.core.errors import StoreError
from stores.core.records import StageKey, VectorItem
from stores.files.blobs import BlobStore
from stores.sql.database import reading
from stores.sql.tables import BlobRow, StageRunRow, VectorRow
from stores.vectors.snapshot import VECTORS_BLOB, unpack_vectors


@dataclass(frozen=True, slots=True)
class VectorRun:
    """A stage run that readers see and that left vectors.

    Attributes:
        ids: vector ids by collection, sorted.
        sha256: of the blob that holds their values; None if it has none, as in libraries of older versions.
        noted: whether the tables say what each of them stands for.
    """

    key: StageKey
    ids: dict[str, list[str]]
    sha256: str | None
    noted: bool = True


def vector_runs(engine: Engine) -> list[VectorRun]:
    """All of them, by video and stage."""
    ids: dict[StageKey, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    unsaid: set[StageKey] = set()
    same = (StageRunRow.video_id == VectorRow.video_id) & (StageRunRow.stage == VectorRow.stage)
    rows = (
        select(VectorRow.__table__)
        .join(StageRunRow, same & (StageRunRow.fingerprint == VectorRow.fingerprint))
        .where(StageRunRow.active)
        .order_by(VectorRow.video_id, VectorRow.stage, VectorRow.collection, VectorRow.vector_id)
    )
    blobs = select(BlobRow.__table__).where(BlobRow.name == VECTORS_BLOB)
    with reading(engine) as connection:
        for row in connection.execute(rows):
            key = StageKey(row.video_id, row.stage, row.fingerprint)
            ids[key][row.collection].append(row.vector_id)
            if row.channel is None:
                unsaid.add(key)
        kept = {StageKey(row.video_id, row.stage, row.fingerprint): row.sha256 for row in connection.execute(blobs)}
    return [VectorRun(key, dict(of_run), kept.get(key), key not in unsaid) for key, of_run in ids.items()]


def kept_items(blobs: BlobStore, run: VectorRun) -> tuple[VectorItem, ...]:
    """The vectors of a run as its blob holds them.

    Raises:
        StoreError: LIBRARY_DAMAGED if there is no such blob, or it is not what was written, or holds other vectors.
    """
    if run.sha256 is None:
        message = f"Stage {run.key.stage} of {run.key.video_id} was done before vectors were kept beside the index."
        raise StoreError("LIBRARY_DAMAGED", message)
    data = blobs.get(run.key, VECTORS_BLOB)
    try:
        if hashlib.sha256(data).hexdigest() != run.sha256:
            raise ValueError("it is not what was written")
        items = unpack_vectors(data)
        found: dict[str, list[str]] = defaultdict(list)
        for item in items:
            found[item.collection].append(item.vector_id)
        if {name: sorted(ids) for name, ids in found.items()} != {name: sorted(ids) for name, ids in run.ids.items()}:
            raise ValueError("it holds other vectors than the tables name")
    except ValueError as error:
        raise StoreError("LIBRARY_DAMAGED", f"{blobs.uri(run.key, VECTORS_BLOB)}: {error}.") from error
    return items
