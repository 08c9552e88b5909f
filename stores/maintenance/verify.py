"""Checking a library: every table, blob, vector and full-text line against each other."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from stores.core.errors import StoreError
from stores.core.ids import sha256_of
from stores.core.records import StageKey
from stores.core.uris import path_of
from stores.known_frame_hashes import FILE, missing_frame_hashes
from stores.maintenance.verification import REBUILD, RESTORE, Findings, OnProgress, Problem, Verification, place_of
from stores.maintenance.verify_people import check_people
from stores.maintenance.verify_tables import check_counts, check_database, check_lines, check_runs, check_spans
from stores.sql.database import reading
from stores.sql.tables import BlobRow, LocationRow, VideoRow
from stores.threads.checkpoint_files import FOLDER
from stores.threads.checks import count_turns, thread_faults
from stores.vectors.expected import VectorRun, kept_items, vector_runs
from stores.vectors.items import agrees

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

__all__ = ["Problem", "Verification", "verify"]


def verify(
    store: LibraryStore,
    *,
    deep: bool = True,
    media: bool = False,
    repair: bool = False,
    on_progress: OnProgress | None = None,
) -> Verification:
    """Checks everything that is stored; says what is wrong and what to do about it.

    No job may run meanwhile. A damaged library is a result, not an exception.

    Args:
        deep: read and hash every blob and compare every vector, instead of checking only that they exist.
        media: also hash the video files that exist.
        repair: make the runs pending whose rows or blobs are damaged, so that the next ingest does them again;
            until then readers see what is left of them.
        on_progress: called after every blob, vector run, video and file.

    Raises:
        StoreError: LIBRARY_LOCKED if there is a job; or if a server cannot be reached.
    """
    found = Findings(on_progress)
    with store.job():
        try:
            with reading(store.engine) as connection:
                check_database(connection, found)
                check_runs(connection, found)
                check_spans(connection, found)
                check_counts(connection, found)
                check_lines(connection, found)
                _check_threads(connection, found)
                check_people(connection, found)
            _check_blobs(store, found, deep)
            _check_vectors(store, found, deep)
            _check_frame_hashes(store, found)
            _check_staging(store, found)
            _check_checkpoints(store, found)
            if media:
                _check_media(store, found)
        except StoreError as error:
            if error.code.name != "LIBRARY_DAMAGED":
                raise
            found.add("database", "DATABASE_DAMAGED", str(store.root), error.message, RESTORE)
        if repair:
            for key in found.damaged:
                store.ledger.reset(video_ids=[key.video_id], stages=[key.stage], statuses=["done"])
    return Verification(dict(found.checked), tuple(found.problems), tuple(found.damaged))


def _check_blobs(store: LibraryStore, found: Findings, deep: bool) -> None:
    with reading(store.engine) as connection:
        rows = connection.execute(select(BlobRow.__table__).order_by(BlobRow.video_id, BlobRow.stage)).all()
    sizes = {(blob.key, blob.name): blob.size for blob in store.blobs.stored()}
    for number, row in enumerate(rows):
        key = StageKey(row.video_id, row.stage, row.fingerprint)
        where = place_of(key, row.name)
        size = sizes.pop((key, row.name), None)
        found.checked["blobs"] += 1
        if size is None:
            found.damage("blob", "BLOB_MISSING", key, f"The file {where} is missing.")
        elif size != row.size:
            found.damage("blob", "BLOB_SIZE", key, f"The file {where} has {size} bytes; {row.size} were written.")
        elif deep and row.sha256 and hashlib.sha256(store.blobs.get(key, row.name)).hexdigest() != row.sha256:
            found.damage("blob", "BLOB_CHANGED", key, f"The file {where} is not what was written.")
        found.progress("blobs", number + 1, len(rows))
    names = (place_of(key, name) for key, name in sizes)
    found.orphans("BLOB_ORPHAN", names, "Nothing refers to this file.")


def _check_vectors(store: LibraryStore, found: Findings, deep: bool) -> None:
    runs = vector_runs(store.engine)
    try:
        for number, run in enumerate(runs):
            _check_vector_run(store, found, run, deep)
            found.progress("vectors", number + 1, len(runs))
        wanted = {(collection, vector_id) for run in runs for collection, ids in run.ids.items() for vector_id in ids}
        for collection, ids in store.vectors.stored():
            strays = (f"{collection}/{vector_id}" for vector_id in ids if (collection, vector_id) not in wanted)
            found.orphans("VECTOR_ORPHAN", strays, "Nothing refers to this vector.")
    except StoreError as error:
        # Chroma's own database may be damaged, too: that is no more than an index.
        if error.code.name not in ("VECTOR_STORE_FAILED", "LIBRARY_DAMAGED"):
            raise
        found.add("vector", "INDEX_UNREADABLE", "vectors", error.message, REBUILD)


def _check_vector_run(store: LibraryStore, found: Findings, run: VectorRun, deep: bool) -> None:
    where = place_of(run.key)
    items = {}
    if run.sha256 is None:
        message = "Its vectors are in the index only, as in libraries of older versions: it cannot be rebuilt."
        found.damage("vector", "VECTORS_NOT_KEPT", run.key, message)
    elif deep:
        try:
            items = {(item.collection, item.vector_id): item for item in kept_items(store.blobs, run)}
        except StoreError as error:
            if error.code.name != "LIBRARY_DAMAGED":
                raise
            found.damage("vector", "VECTORS_DAMAGED", run.key, error.message)
    for collection, ids in run.ids.items():
        stored = store.vectors.get_raw(collection, ids)
        found.checked["vectors"] += len(ids)
        if missing := len(ids) - len(stored):
            message = f"{missing} of {len(ids)} vectors are missing in collection {collection}."
            found.add("vector", "VECTORS_MISSING", where, message, REBUILD)
        differing = [
            vector_id
            for vector_id, one in stored.items()
            if (collection, vector_id) in items and not agrees(one, items[collection, vector_id], run.key)
        ]
        if differing:
            message = f"{len(differing)} of {len(ids)} vectors in collection {collection} are not what was written."
            found.add("vector", "VECTORS_DIFFER", where, message, REBUILD)


def _check_frame_hashes(store: LibraryStore, found: Findings) -> None:
    try:
        missing = missing_frame_hashes(store)
    except (OSError, ValueError) as error:
        found.add("blob", "FRAME_HASHES_DAMAGED", FILE, f"The index of frame hashes is damaged: {error}.", REBUILD)
        return
    if missing:
        message = f"{missing} videos are missing in the index of frame hashes."
        found.add("blob", "FRAME_HASHES_MISSING", FILE, message, REBUILD)


def _check_staging(store: LibraryStore, found: Findings) -> None:
    names = (f"staging/{file.name}" for file in store.staging_area.files())
    found.orphans("PARCEL_ORPHAN", names, "No writer will read this staged output.")


def _check_threads(connection: Connection, found: Findings) -> None:
    found.checked["turns"] += count_turns(connection)
    for code, where, message in thread_faults(connection):
        found.add("thread", code, where, message, RESTORE)


def _check_checkpoints(store: LibraryStore, found: Findings) -> None:
    names = (f"{FOLDER}/{one.turn_id}" for one in store.checkpoints.stale(store.turns.running))
    found.orphans("CHECKPOINT_ORPHAN", names, "No answer in the making needs this checkpoint.")


def _check_media(store: LibraryStore, found: Findings) -> None:
    places = select(LocationRow.uri, VideoRow.sha256).join(VideoRow, VideoRow.video_id == LocationRow.video_id)
    with reading(store.engine) as connection:
        rows = connection.execute(places.order_by(LocationRow.uri)).all()
    for number, row in enumerate(rows):
        found.checked["media"] += 1
        try:
            same = sha256_of(path_of(row.uri)) == row.sha256
        except FileNotFoundError:
            hint = "Bring it back, or forget it: `kinodex forget`; its results stay until then."
            found.add("media", "FILE_MISSING", row.uri, "The file is missing.", hint)
        except OSError as error:
            hint = "Check the disk and the file's permissions."
            found.add("media", "FILE_UNREADABLE", row.uri, f"The file cannot be read: {error}.", hint)
        else:
            if not same:
                hint = "If that was intended, run `kinodex ingest` on it; else restore it."
                found.add("media", "FILE_CHANGED", row.uri, "The file is not the one that was ingested.", hint)
        found.progress("media", number + 1, len(rows))
