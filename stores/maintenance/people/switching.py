"""Collections in whose videos nobody's face is looked at, nor any voice told from others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select

from stores.access.tables import CollectionRow, CollectionVideoRow
from stores.catalog import bump_revision
from stores.commit import forget_runs
from stores.core.ids import base_stage
from stores.core.records import StageKey
from stores.maintenance.people.assigning import assign_people
from stores.people.people_tables import FacesOffRow
from stores.people.rows import STAGE, VOICES, note
from stores.sql.database import reading, writing
from stores.sql.tables import StageRunRow

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


def switch_faces(store: LibraryStore, collection_id: str, on: bool, by_name: str) -> int:
    """Look at faces and voices in the videos of a collection (again), or no longer; from how many they were removed.

    Raises:
        StoreError: LIBRARY_LOCKED if there is a job, or another process writes.
    """
    with store.job(), store.writer():
        with writing(store.engine) as connection:
            connection.execute(delete(FacesOffRow).where(FacesOffRow.collection_id == collection_id))
            if not on:
                connection.execute(insert(FacesOffRow).values(collection_id=collection_id, at=time.time()))
            note(connection, "on" if on else "off", by_name, "", collection_id)
            bump_revision(connection)
        return remove_unwanted(store)


def videos_without_faces(store: LibraryStore) -> frozenset[str]:
    """The videos in which nobody's face is looked at, nor any voice told from others."""
    with reading(store.engine) as connection:
        return _unwanted(connection)


def remove_unwanted(store: LibraryStore) -> int:
    """Remove what was found of faces and voices in such videos, which may have come into the collection later; how many
    had some."""
    with reading(store.engine) as connection:
        unwanted = _unwanted(connection)
        if not unwanted:
            return 0
        rows = connection.execute(select(StageRunRow.video_id, StageRunRow.stage, StageRunRow.fingerprint)).all()
    keys = [StageKey(*row) for row in rows if row.video_id in unwanted and base_stage(row.stage) in (STAGE, VOICES)]
    if not keys:
        return 0
    with store.job(), store.writer():
        store.discard(forget_runs(store.engine, keys))
        assign_people(store)
    return len({key.video_id for key in keys})


def _unwanted(connection: Connection) -> frozenset[str]:
    off = select(FacesOffRow.collection_id).join(
        CollectionRow, CollectionRow.collection_id == FacesOffRow.collection_id
    )
    chosen = select(CollectionVideoRow.video_id).where(CollectionVideoRow.collection_id.in_(off))
    return frozenset(connection.execute(chosen).scalars())
