"""Correcting lines: text, full-text index and vectors, by the rules of a commit.

The text and its full-text line change in one SQL transaction. Vectors follow: index, blob, then a transaction that says
so. If that is interrupted, `renew_vectors` does it later, as after an ingest that made them from what was recognised.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, select, update

from stores.catalog import bump_revision
from stores.core.errors import StoreError
from stores.core.records import Blob, StageKey, VectorItem
from stores.corrections.lines import StoredLine, lines
from stores.corrections.records import Corrected, NewText
from stores.corrections.store import change_lines
from stores.corrections.tables import CorrectionRow
from stores.sql.among import among
from stores.sql.database import reading, writing
from stores.sql.tables import BlobRow, StageRunRow, VectorRow
from stores.vectors.expected import VectorRun, kept_items
from stores.vectors.snapshot import VECTORS_BLOB, pack_vectors

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

_LOG = logging.getLogger(__name__)

_VECTORS_OF: Mapping[str, str] = {"speech": "vectors", "screentext": "vectors", "captions": "caption_vectors"}
"""By the stage of a line, the stage of its vectors."""

_CHANNEL_OF = {"speech": "speech", "screentext": "screen", "captions": "caption"}


@dataclass(frozen=True, slots=True)
class TextSpace:
    """Where texts are found by meaning.

    Attributes:
        collection: of their vectors.
        encode: n texts to unit vectors (n, d).
    """

    collection: str
    encode: Callable[[Sequence[str]], NDArray[np.float32]]


def amend(store: LibraryStore, wanted: Sequence[NewText], author: str) -> Corrected:
    """Has lines say what a person wrote, or again what was recognised: all of them or none. Vectors come later.

    Raises:
        UsageError: as `stores.corrections.store.change_lines`.
        StoreError: LIBRARY_LOCKED if another process writes; else as `stores.sql.database.writing`.
    """
    with store.writer(), writing(store.engine) as connection:
        done = change_lines(connection, wanted, author)
        if done.changed:
            bump_revision(connection)
    return done


def waiting(engine: Engine, video_ids: Sequence[str] | None = None) -> list[str]:
    """The ids of the videos (None: of all) with a corrected line whose vector is of another text."""
    chosen = select(CorrectionRow.video_id, CorrectionRow.stage, CorrectionRow.embedded).where(
        CorrectionRow.evidence_id != "", CorrectionRow.state != "superseded"
    )
    if video_ids is not None:
        chosen = chosen.where(among(engine, CorrectionRow.video_id, video_ids))
    with reading(engine) as connection:
        rows = connection.execute(chosen).all()
        runs = {video_id: _runs(connection, video_id) for video_id in {row.video_id for row in rows}}
    return sorted(
        {
            row.video_id
            for row in rows
            if (run := runs[row.video_id].get(_VECTORS_OF[row.stage])) is not None and row.embedded != _name(run)
        }
    )


def renew_vectors(store: LibraryStore, space: TextSpace, video_ids: Sequence[str] | None = None) -> int:
    """Makes the vectors of corrected lines again where they are of another text; returns how many.

    Vectors of another collection than that of ``space`` stay: `kinodex reembed` makes them again. A run whose kept
    vectors are damaged is left to the next ingest.

    Raises:
        StoreError: LIBRARY_LOCKED, VECTOR_STORE_FAILED, DISK_FULL and the like.
    """
    made = 0
    for video_id in waiting(store.engine, video_ids):
        with reading(store.engine) as connection:
            runs = _runs(connection, video_id)
        for stage in dict.fromkeys(_VECTORS_OF.values()):
            if stage in runs and runs[stage].status == "done":
                made += _renew(store, space, runs[stage])
    return made


@dataclass(frozen=True, slots=True)
class _Stale:
    """The vectors of a run that are of another text: their texts by id, and the corrections these are from."""

    texts: Mapping[str, str]
    corrections: tuple[str, ...]


def _renew(store: LibraryStore, space: TextSpace, run: Any) -> int:
    with reading(store.engine) as connection:
        stale = _stale(connection, run, space.collection)
    vectors = space.encode(list(stale.texts.values())) if stale.texts else np.zeros((0, 0), np.float32)
    fresh = dict(zip(stale.texts, vectors, strict=True))
    with store.writer():
        with reading(store.engine) as connection:
            now = _runs(connection, run.video_id).get(run.stage)
            if now is None or _name(now) != _name(run) or _stale(connection, run, space.collection) != stale:
                # Somebody else was faster; what is left waits for the next time.
                return 0
            kept = _kept_run(connection, run)
        change: dict[str, Any] = {}
        if fresh:
            try:
                items = kept_items(store.blobs, kept)
            except StoreError as error:
                if error.code.name != "LIBRARY_DAMAGED":
                    raise
                _LOG.warning("The next ingest makes the vectors of %s again: %s", run.video_id, error)
                store.ledger.reset(video_ids=[run.video_id], stages=[run.stage], statuses=["done"])
                return 0
            change = _put(store, kept.key, items, fresh)
        _note(store.engine, run, stale, change)
    return len(fresh)


def _put(
    store: LibraryStore, key: StageKey, items: Sequence[VectorItem], fresh: Mapping[str, NDArray[np.float32]]
) -> dict[str, Any]:
    """Writes the index and the blob; returns the columns of the blob."""
    changed = [replace(item, vector=fresh[item.vector_id]) for item in items if item.vector_id in fresh]
    blob = Blob(VECTORS_BLOB, pack_vectors([_replaced(item, fresh) for item in items]))
    # The index first: it may be far away, and a blob that the tables do not know is damage.
    store.vectors.upsert(changed, key)
    store.blobs.put(key, blob)
    return {"size": len(blob.data), "sha256": hashlib.sha256(blob.data).hexdigest()}


def _replaced(item: VectorItem, fresh: Mapping[str, NDArray[np.float32]]) -> VectorItem:
    return replace(item, vector=fresh[item.vector_id]) if item.vector_id in fresh else item


def _note(engine: Engine, run: Any, stale: _Stale, blob: Mapping[str, Any]) -> None:
    """Says that the vectors are of the corrected texts. The time of the run changes, by which caches know it."""
    now = time.time()
    here = (StageRunRow.video_id == run.video_id) & (StageRunRow.stage == run.stage)
    here &= StageRunRow.fingerprint == run.fingerprint
    with writing(engine) as connection:
        if blob:
            of_run = (BlobRow.video_id == run.video_id) & (BlobRow.stage == run.stage)
            of_run &= (BlobRow.fingerprint == run.fingerprint) & (BlobRow.name == VECTORS_BLOB)
            connection.execute(update(BlobRow).where(of_run).values(**blob))
            connection.execute(update(StageRunRow).where(here).values(finished_at=now))
        name = f"{run.fingerprint}@{now if blob else run.finished_at!r}"
        same = (CorrectionRow.video_id == run.video_id) & (CorrectionRow.embedded == _name(run))
        connection.execute(update(CorrectionRow).where(same).values(embedded=name))
        for correction_id in stale.corrections:
            one = CorrectionRow.correction_id == correction_id
            connection.execute(update(CorrectionRow).where(one).values(embedded=name))
        bump_revision(connection)


def _stale(connection: Connection, run: Any, collection: str) -> _Stale:
    texts: dict[str, str] = {}
    corrections: list[str] = []
    for stage, of_stage in _VECTORS_OF.items():
        if of_stage != run.stage:
            continue
        chosen = select(CorrectionRow.correction_id, CorrectionRow.evidence_id).where(
            CorrectionRow.video_id == run.video_id,
            CorrectionRow.stage == stage,
            CorrectionRow.evidence_id != "",
            CorrectionRow.state != "superseded",
            CorrectionRow.embedded != _name(run),
        )
        rows = connection.execute(chosen.order_by(CorrectionRow.correction_id)).all()
        if rows:
            corrections += [row.correction_id for row in rows]
            texts |= _texts(connection, run, stage, collection, {row.evidence_id for row in rows})
    return _Stale(texts, tuple(corrections))


def _texts(connection: Connection, run: Any, stage: str, collection: str, wanted: set[str]) -> dict[str, str]:
    """By the id of a vector, the text it should be of, for those that one of ``wanted`` belongs to.

    A vector of speech is of some lines, from the one it names to that of the next vector.
    """
    of_run = (VectorRow.video_id == run.video_id) & (VectorRow.stage == run.stage)
    of_run &= (VectorRow.fingerprint == run.fingerprint) & (VectorRow.collection == collection)
    of_run &= VectorRow.channel == _CHANNEL_OF[stage]
    chosen = select(VectorRow.evidence_id, VectorRow.vector_id).where(of_run)
    vectors = {evidence_id: vector_id for evidence_id, vector_id in connection.execute(chosen).all() if evidence_id}
    groups: dict[str, list[StoredLine]] = defaultdict(list)
    first = ""
    for one in lines(connection, run.video_id, stage):
        if one.evidence_id in vectors:
            first = one.evidence_id
        if first:
            groups[first].append(one)
    return {
        vectors[first]: " ".join(one.text for one in group)
        for first, group in groups.items()
        if wanted.intersection(one.evidence_id for one in group)
    }


def _runs(connection: Connection, video_id: str) -> dict[str, Any]:
    """The run of each stage of a video that readers see."""
    chosen = select(StageRunRow.__table__).where(StageRunRow.video_id == video_id, StageRunRow.active)
    return {row.stage: row for row in connection.execute(chosen)}


def _kept_run(connection: Connection, run: Any) -> VectorRun:
    ids: dict[str, list[str]] = defaultdict(list)
    same = (VectorRow.video_id == run.video_id) & (VectorRow.stage == run.stage)
    chosen = select(VectorRow.collection, VectorRow.vector_id).where(same, VectorRow.fingerprint == run.fingerprint)
    for collection, vector_id in connection.execute(chosen):
        ids[collection].append(vector_id)
    blob = select(BlobRow.sha256).where(
        BlobRow.video_id == run.video_id,
        BlobRow.stage == run.stage,
        BlobRow.fingerprint == run.fingerprint,
        BlobRow.name == VECTORS_BLOB,
    )
    sha256 = connection.execute(blob).scalar()
    return VectorRun(StageKey(run.video_id, run.stage, run.fingerprint), dict(ids), sha256)


def _name(run: Any) -> str:
    """What a run of vectors is known by: it changes whenever they do."""
    return f"{run.fingerprint}@{run.finished_at!r}"
