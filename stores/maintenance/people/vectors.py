"""The vectors of faces and voices where they are kept: the table of vectors, the index, and the blob beside it."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from stores.catalog import bump_revision
from stores.core.errors import StoreError
from stores.core.records import Blob, StageKey, VectorItem
from stores.people.people_tables import PersonRunRow
from stores.people.rows import STAGE, Run, batches
from stores.sql.database import reading, writing
from stores.sql.tables import BlobRow, StageRunRow, VectorRow
from stores.vectors.snapshot import VECTORS_BLOB, pack_vectors, unpack_vectors

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


def face_vectors(store: LibraryStore, run: Run) -> Sequence[VectorItem]:
    """The vectors of a run, as its blob keeps them; none where there is no blob.

    Raises:
        StoreError: LIBRARY_DAMAGED if the blob cannot be read.
    """
    if not _has_blob(store, run):
        return ()
    key = StageKey(run.video_id, run.stage, run.fingerprint)
    try:
        return unpack_vectors(store.blobs.get(key, VECTORS_BLOB))
    except ValueError as error:
        raise StoreError("LIBRARY_DAMAGED", f"{store.blobs.uri(key, VECTORS_BLOB)}: {error}.") from error


def remove_vectors(store: LibraryStore, run: Run, evidence_ids: Collection[str]) -> int:
    """Remove the vectors of some tracks, or turns, of a run everywhere, and how many the blob held; inside
    `LibraryStore.writer`.

    The index first, then the blob, then the tables: if it is interrupted, the tables still name them, and the same
    call removes what is left.

    Raises:
        StoreError: VECTOR_STORE_FAILED, DISK_FULL and the like.
    """
    key = StageKey(run.video_id, run.stage, run.fingerprint)
    same = (VectorRow.video_id == run.video_id) & (VectorRow.stage == run.stage)
    same &= VectorRow.fingerprint == run.fingerprint
    by_collection: dict[str, list[str]] = defaultdict(list)
    with reading(store.engine) as connection:
        for some in batches(evidence_ids):
            rows = connection.execute(
                select(VectorRow.collection, VectorRow.vector_id).where(same, VectorRow.evidence_id.in_(some))
            )
            for collection, vector_id in rows:
                by_collection[collection].append(vector_id)
    for collection, ids in by_collection.items():
        store.vectors.delete(collection, ids)
    try:
        items = face_vectors(store, run)
    except StoreError as error:
        if error.code.name != "LIBRARY_DAMAGED":
            raise
        items = ()  # what cannot be read is removed, too; the next ingest makes it again
    kept = [item for item in items if item.evidence_id not in evidence_ids]
    data = pack_vectors(kept) if kept else b""
    if not kept:
        store.blobs.delete(key, VECTORS_BLOB)
    elif len(kept) < len(items):
        store.blobs.put(key, Blob(VECTORS_BLOB, data))
    now = time.time()
    with writing(store.engine) as connection:
        gone = 0
        for some in batches(evidence_ids):
            gone += connection.execute(delete(VectorRow).where(same, VectorRow.evidence_id.in_(some))).rowcount
        blob = (BlobRow.video_id == run.video_id) & (BlobRow.stage == run.stage) & (BlobRow.name == VECTORS_BLOB)
        if kept:
            content = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            connection.execute(update(BlobRow).where(blob).values(**content))
        else:
            gone += connection.execute(delete(BlobRow).where(blob)).rowcount
        # The time of the run changes, by which caches know it.
        here = (StageRunRow.video_id == run.video_id) & (StageRunRow.stage == run.stage)
        here &= StageRunRow.fingerprint == run.fingerprint
        connection.execute(
            update(StageRunRow).where(here).values(finished_at=now, row_count=StageRunRow.row_count - gone)
        )
        name = f"{run.fingerprint}@{now!r}"
        if run.stage == STAGE:
            known = (PersonRunRow.video_id == run.video_id) & (PersonRunRow.run == run.name)
            connection.execute(update(PersonRunRow).where(known).values(run=name))
        bump_revision(connection)
    return len(items) - len(kept)


def _has_blob(store: LibraryStore, run: Run) -> bool:
    blob = (BlobRow.video_id == run.video_id) & (BlobRow.stage == run.stage) & (BlobRow.name == VECTORS_BLOB)
    with reading(store.engine) as connection:
        return connection.execute(select(BlobRow.name).where(blob)).first() is not None
