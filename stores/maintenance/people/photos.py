"""Photos of people: what somebody looks like, and what they are called."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select, update

from stores.catalog import bump_revision
from stores.core.errors import UsageError
from stores.core.record_columns import clean
from stores.core.text_keys import name_key
from stores.people.likeness import Known, KnownPeople, Look, Vector
from stores.people.people_tables import PersonLookRow, PersonRow
from stores.people.rows import known_people, look_row, note, person, show_names
from stores.sql.database import writing

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

LONGEST_NAME = 120


def know_by_photos(
    store: LibraryStore, name: str, collection: str, vectors: Sequence[Vector], by_name: str, files: Sequence[str]
) -> str:
    """Know somebody by photos, who gets the name if nobody has it; their id.

    If somebody without a name is as like them as one person is, these are that one.

    Raises:
        UsageError: USAGE if the name is empty or too long, or there is no vector.
    """
    proper = proper_name(name)
    if not vectors:
        raise UsageError("USAGE", f"No photo of {proper!r} shows a face.", "Choose other photos.")
    with store.writer(), writing(store.engine) as connection:
        try:
            person_id = str(person(connection, proper).person_id)
        except UsageError as error:
            if error.code.name != "NOT_FOUND":
                raise
            person_id = _person_like(connection, collection, vectors) or f"per_{secrets.token_hex(8)}"
            names = {"name": proper, "folded": name_key(proper), "also": [], "kept": True}
            changed = update(PersonRow).where(PersonRow.person_id == person_id).values(**names)
            if not connection.execute(changed).rowcount:
                connection.execute(insert(PersonRow).values(person_id=person_id, made_at=time.time(), **names))
        there = {row.vector.tobytes() for row in photos_of(connection, person_id)}
        rows = [look_row(person_id, collection, Look(vector)) for vector in vectors if vector.tobytes() not in there]
        if rows:
            connection.execute(insert(PersonLookRow), rows)
        show_names(connection, [person_id])
        note(connection, "imported", by_name, person_id, name=proper, files=[clean(one) for one in files])
        bump_revision(connection)
    return person_id


def photos_of(connection: Connection, person_id: str) -> list[Look]:
    """The looks of a person that are of photos."""
    people = {row.person_id: row for row in _all_looks(connection, person_id)}
    return [look for one in people.values() for look in one.looks if not look.evidence_id]


def _all_looks(connection: Connection, person_id: str) -> list[Known]:
    names = connection.execute(select(PersonLookRow.collection).where(PersonLookRow.person_id == person_id).distinct())
    return [
        known
        for collection in names.scalars().all()
        for known in known_people(connection, collection)
        if known.person_id == person_id
    ]


def _person_like(connection: Connection, collection: str, vectors: Sequence[Vector]) -> str | None:
    """Somebody without a name who is like the photos."""
    nameless = set(connection.execute(select(PersonRow.person_id).where(PersonRow.name == "")).scalars())
    people = KnownPeople(one for one in known_people(connection, collection) if one.person_id in nameless)
    found = [near for vector in vectors if (near := people.nearest(vector)) is not None]
    return max(found, key=lambda near: near[1])[0] if found else None


def proper_name(name: str) -> str:
    """A name as a person can have it.

    Raises:
        UsageError: USAGE if it is empty or too long.
    """
    kept = " ".join(clean(name).split())
    if not name_key(kept) or not kept.isprintable() or len(kept) > LONGEST_NAME:
        shown = repr(name if len(name) <= 40 else f"{name[:40]}…")
        raise UsageError("USAGE", f"{shown} is no name.", f"A name has 1 to {LONGEST_NAME} characters.")
    return kept
