"""The vector index and the full-text index made again from tables and blobs alone: no model is needed."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, update

from stores.catalog import bump_revision
from stores.commit import vector_columns
from stores.core.errors import StoreError
from stores.core.records import StageKey, VectorItem
from stores.known_frame_hashes import rebuild_frame_hashes
from stores.sql.database import writing
from stores.sql.lines import index_all_lines
from stores.sql.standing import recount
from stores.sql.tables import Base, VectorRow
from stores.vectors.expected import VectorRun, kept_items, vector_runs
from stores.vectors.items import agrees, check_vectors, metadata_of
from stores.vectors.store import VectorStore

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

_LOG = logging.getLogger(__name__)

BATCH = 4_000
"""Vectors put into an index at a time, of as many videos as it takes. Source: our choice: some MB; Chroma takes about
half as many a second where those of each video come by themselves."""

OnProgress = Callable[[int, int], None]
"""Told how many stage runs are through, and of how many."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the indexes hold now."""

    vectors: int
    collections: int
    lines: int


def rebuild_index(store: LibraryStore, on_progress: OnProgress | None = None) -> Rebuilt:
    """Makes both indexes, and that of frame hashes, hold exactly what the tables say.

    An embedded vector index is made in a folder of its own and takes the old one's place in one step; until then the
    old one serves, whatever happens. On a server what is wrong is removed and what is missing added.

    Raises:
        StoreError: LIBRARY_LOCKED if there is another job. LIBRARY_DAMAGED, after all others are in place, if the
            vectors of some videos are kept nowhere, as in libraries of older versions, or are damaged: their stages
            are pending then, so that the next ingest does just these again.
    """
    with store.job():
        runs = vector_runs(store.engine)
        target = store.vectors.fresh()
        try:
            lost = _fill(store, target, runs, on_progress)
            if store.vectors.embedded:
                _salvage(store.vectors, target, lost)
                store.vectors.replace_with(target)
            else:
                _remove_others(target, runs)
        finally:
            target.close()
        with writing(store.engine) as connection:
            lines = index_all_lines(connection)
            recount(connection)
            bump_revision(connection)
        rebuild_frame_hashes(store)
        store.vectors.remove_stale()
        for run in lost:
            store.ledger.reset(video_ids=[run.key.video_id], stages=[run.key.stage], statuses=["done"])
    if lost:
        videos = sorted({run.key.video_id for run in lost})
        named = ", ".join(videos[:3]) + (f" and {len(videos) - 3} more" if len(videos) > 3 else "")
        message = f"The vectors of {len(videos)} videos could not be found beside the index: {named}."
        raise StoreError("LIBRARY_DAMAGED", message, "Run `kinodex ingest` on them again: only these vectors are made.")
    ids = [set(run.ids) for run in runs]
    count = sum(len(ids) for run in runs for ids in run.ids.values())
    return Rebuilt(count, len(set().union(*ids)), lines)


def _fill(
    store: LibraryStore, target: VectorStore, runs: Sequence[VectorRun], on_progress: OnProgress | None
) -> list[VectorRun]:
    lost: list[VectorRun] = []
    batch: list[tuple[StageKey, VectorItem]] = []
    for number, run in enumerate(runs):
        try:
            items = kept_items(store.blobs, run)
        except StoreError as error:
            if error.code.name != "LIBRARY_DAMAGED":
                raise
            _LOG.info("%s", error)
            lost.append(run)
        else:
            check_vectors(items)
            batch += [(run.key, item) for item in items]
            _note(store, run, items)
        if len(batch) >= BATCH:
            _put_exactly(target, batch)
            batch.clear()
        if on_progress is not None:
            on_progress(number + 1, len(runs))
    _put_exactly(target, batch)
    return lost


def _put_exactly(target: VectorStore, batch: Sequence[tuple[StageKey, VectorItem]]) -> None:
    by_collection: dict[str, dict[str, tuple[StageKey, VectorItem]]] = defaultdict(dict)
    for key, item in batch:
        by_collection[item.collection][item.vector_id] = key, item
    for collection, wanted in by_collection.items():
        # An embedded index is made from scratch, so it is empty.
        there = {} if target.embedded else target.get_raw(collection, list(wanted))
        missing = {one: (key, item) for one, (key, item) in wanted.items() if not agrees(there.get(one), item, key)}
        # Chroma adds to what is stored beside an id; only what is removed first is stored as it is given.
        target.delete(collection, [one for one in missing if one in there])
        target.put_raw(collection, {one: (item.vector, metadata_of(item, key)) for one, (key, item) in missing.items()})


def _note(store: LibraryStore, run: VectorRun, items: Sequence[VectorItem]) -> None:
    """Has the tables say what the vectors of a run stand for, where an older version left that to the index."""
    unsaid = [vector_columns(item) for item in items] if not run.noted else []
    if not unsaid:
        return
    same = (VectorRow.collection == bindparam("in_collection")) & (VectorRow.vector_id == bindparam("with_id"))
    rows = [{**row, "in_collection": row.pop("collection"), "with_id": row.pop("vector_id")} for row in unsaid]
    change = update(Base.metadata.tables[VectorRow.__tablename__]).where(same)
    with writing(store.engine) as connection:
        connection.execute(change, rows)


def _salvage(old: VectorStore, target: VectorStore, lost: Sequence[VectorRun]) -> None:
    """What the old index still holds of runs that must be done again serves until they are."""
    for run in lost:
        for collection, ids in run.ids.items():
            try:
                kept = old.get_raw(collection, ids)
            except StoreError as error:
                _LOG.warning("Nothing can be taken over from the old index: %s", error)
                return
            target.put_raw(collection, kept)


def _remove_others(target: VectorStore, runs: Sequence[VectorRun]) -> None:
    wanted = {(collection, vector_id) for run in runs for collection, ids in run.ids.items() for vector_id in ids}
    for collection, stored in list(target.stored()):
        target.delete(collection, [vector_id for vector_id in stored if (collection, vector_id) not in wanted])
    target.drop_empty()
