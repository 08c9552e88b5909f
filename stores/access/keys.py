"""API keys: for programs, in place of a password."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from stores.access.names import proper_name
from stores.access.records import ApiKey
from stores.access.revision import bump_access
from stores.access.tables import CollectionRow, KeyCollectionRow, KeyRow, UserRow
from stores.access.tokens import new_key, sha256
from stores.access.users import known_scopes
from stores.core.errors import UsageError
from stores.core.principal import SCOPES, Scope
from stores.sql.database import reading, writing

MOST_KEYS = 100
"""Keys of one user. Source: our choice: far more than programs that anybody runs."""


class Keys:
    """Owner of the tables ``api_keys`` and ``key_collections``.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def all(self, user_id: str | None = None) -> list[ApiKey]:
        """The keys (of one user), the oldest first."""
        chosen = select(KeyRow.__table__).order_by(KeyRow.created_at, KeyRow.key_id)
        if user_id is not None:
            chosen = chosen.where(KeyRow.user_id == user_id)
        with reading(self._engine) as connection:
            return keys_of(connection, connection.execute(chosen).all())

    def get(self, key_id: str) -> ApiKey:
        """One key.

        Raises:
            UsageError: NOT_FOUND.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(select(KeyRow.__table__).where(KeyRow.key_id == key_id)).all()
            if not rows:
                raise _unknown(key_id)
            return keys_of(connection, rows)[0]

    def add(
        self,
        user_id: str,
        name: str,
        scopes: Iterable[Scope] = ("read",),
        days: float | None = None,
        collection_ids: Sequence[str] | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its secret, which cannot be read again.

        Args:
            scopes: of those of the user; others have no effect.
            days: until it expires; None: never.
            collection_ids: the only collections it sees; None: what its user sees.

        Raises:
            UsageError: NOT_FOUND if there is no such user or collection; CONFLICT if the user has `MOST_KEYS`; USAGE.
        """
        if days is not None and not 0 < days <= 36_500:
            raise UsageError("USAGE", "A key is valid for more than 0 and up to 36,500 days.", "Give other days.")
        name, chosen, token, now = proper_name(name, "a key"), known_scopes(scopes), new_key(), self._clock()
        narrowed = None if collection_ids is None else tuple(sorted(set(collection_ids)))
        expires = None if days is None else now + days * 86_400.0
        key = ApiKey(f"key_{secrets.token_hex(10)}", user_id, name, chosen, narrowed, now, expires, None)
        with writing(self._engine) as connection:
            if connection.execute(select(UserRow.user_id).where(UserRow.user_id == user_id)).first() is None:
                raise UsageError("NOT_FOUND", f"There is no user {user_id!r}.", "They may have been removed.")
            count = len(connection.execute(select(KeyRow.key_id).where(KeyRow.user_id == user_id)).all())
            if count >= MOST_KEYS:
                raise UsageError("CONFLICT", f"There are {count} keys of this user.", "Remove those not in use.")
            for one in narrowed or ():
                known = select(CollectionRow.collection_id).where(CollectionRow.collection_id == one)
                if connection.execute(known).first() is None:
                    raise UsageError("NOT_FOUND", f"There is no collection {one!r}.", "See: kinodex collections list")
            values: dict[str, Any] = {
                "key_id": key.key_id,
                "token_sha256": sha256(token),
                "user_id": user_id,
                "name": name,
            }
            values |= {"narrowed": narrowed is not None, "created_at": now, "expires_at": expires, "used_at": None}
            listed = [one for one in SCOPES if one in chosen]
            connection.execute(insert(KeyRow).values(**values, scopes=listed))
            if narrowed:
                rows = [{"key_id": key.key_id, "collection_id": one} for one in narrowed]
                connection.execute(insert(KeyCollectionRow), rows)
            bump_access(connection)
        return key, token

    def remove(self, key_id: str) -> None:
        """Takes a key back: from its next request on it is worth nothing.

        Raises:
            UsageError: NOT_FOUND.
        """
        with writing(self._engine) as connection:
            connection.execute(delete(KeyCollectionRow).where(KeyCollectionRow.key_id == key_id))
            if connection.execute(delete(KeyRow).where(KeyRow.key_id == key_id)).rowcount != 1:
                raise _unknown(key_id)
            bump_access(connection)


def keys_of(connection: Connection, rows: Sequence[Any]) -> list[ApiKey]:
    """The records of rows, in their order."""
    narrowed = [row.key_id for row in rows if row.narrowed]
    only: dict[str, list[str]] = defaultdict(list)
    for first in range(0, len(narrowed), 500):
        some = KeyCollectionRow.key_id.in_(narrowed[first : first + 500])
        chosen = select(KeyCollectionRow.key_id, KeyCollectionRow.collection_id).where(some)
        for key_id, collection_id in connection.execute(chosen.order_by(KeyCollectionRow.collection_id)):
            only[key_id].append(collection_id)
    return [
        ApiKey(
            key_id=row.key_id,
            user_id=row.user_id,
            name=row.name,
            scopes=frozenset(row.scopes),
            collection_ids=tuple(only[row.key_id]) if row.narrowed else None,
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
        )
        for row in rows
    ]


def _unknown(key_id: str) -> UsageError:
    return UsageError("NOT_FOUND", f"There is no key {key_id!r}.", "`kinodex keys list` shows all.")
