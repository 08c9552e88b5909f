"""Users, their logins and sessions."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from stores.access.names import proper_name
from stores.access.passwords import fits, hashed, in_turn, is_outdated
from stores.access.records import USUAL_SCOPES, User
from stores.access.revision import bump_access
from stores.access.tables import CollectionMemberRow, KeyCollectionRow, KeyRow, LoginTryRow, SessionRow, UserRow
from stores.access.tokens import new_session, sha256
from stores.core.errors import UsageError
from stores.core.principal import SCOPES, Scope
from stores.core.text_keys import name_key
from stores.sql.database import reading, writing

SESSION_SECONDS = 14 * 86_400.0
"""How long a login lasts. Source: OWASP ASVS 4.0.3, 3.3.2, level 1: at most 30 days; ours is shorter."""

FREE_TRIES = 5
"""Failed logins under one name before the next one has to wait. Source: our choice: people mistype twice."""

LONGEST_WAIT = 60.0
"""Seconds between two tries at most; they double from one second on. Source: our choice: 1,440 guesses a day, and
one that keeps another out that way keeps it out for a minute."""

FORGOTTEN_SECONDS = 3_600.0
"""After so long without a try failed ones no longer count. Ours."""

_MOST_TRIES_KEPT = 10_000  # names under which logins failed


class Users:
    """Owner of the tables ``users``, ``sessions`` and ``login_tries``.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def any(self) -> bool:
        """Whether there is a user: then access control is on."""
        with reading(self._engine) as connection:
            return connection.execute(select(UserRow.user_id).limit(1)).first() is not None

    def all(self) -> list[User]:
        """Every user, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(UserRow.__table__).order_by(UserRow.folded)).all()
        return [user_of(row) for row in rows]

    def get(self, user_id: str) -> User:
        """One user.

        Raises:
            UsageError: NOT_FOUND.
        """
        with reading(self._engine) as connection:
            return user_of(_row(connection, user_id))

    def named(self, name: str) -> User:
        """The user with a name, or an id.

        Raises:
            UsageError: NOT_FOUND.
        """
        either = (UserRow.folded == name_key(name)) | (UserRow.user_id == name)
        with reading(self._engine) as connection:
            row = connection.execute(select(UserRow.__table__).where(either)).first()
        if row is None:
            raise UsageError("NOT_FOUND", f"There is no user {name!r}.", "`kinodex users list` shows all.")
        return user_of(row)

    def add(self, name: str, password: str, scopes: Iterable[Scope] = USUAL_SCOPES, everything: bool = False) -> User:
        """A new user. The first one can do and see everything: access control is on from then on.

        Raises:
            UsageError: CONFLICT if the name is taken; USAGE if name, password or scopes cannot be used.
        """
        name, chosen = proper_name(name, "a user"), known_scopes(scopes)
        password_hash = hashed(password)
        with writing(self._engine) as connection:
            if connection.execute(select(UserRow.user_id).limit(1)).first() is None:
                chosen = frozenset(SCOPES)
            if connection.execute(select(UserRow.user_id).where(UserRow.folded == name_key(name))).first():
                raise UsageError("CONFLICT", f"There is a user {name!r} already.", "Choose another name.")
            everything = everything or "admin" in chosen
            user = User(f"usr_{secrets.token_hex(10)}", name, chosen, everything, self._clock())
            connection.execute(insert(UserRow).values(**_columns(user), password=password_hash))
            bump_access(connection)
        return user

    def change(self, user_id: str, scopes: Iterable[Scope] | None = None, everything: bool | None = None) -> User:
        """Changes what a user may do and see; None leaves it.

        Raises:
            UsageError: NOT_FOUND; CONFLICT if nobody would be left who manages users.
        """
        with writing(self._engine) as connection:
            user = user_of(_row(connection, user_id))
            chosen = user.scopes if scopes is None else known_scopes(scopes)
            sees = user.everything if everything is None else everything
            if user.administers and "admin" not in chosen:
                _keep_one_administrator(connection, user_id)
            changed = User(user_id, user.name, chosen, sees or "admin" in chosen, user.created_at)
            connection.execute(update(UserRow).where(UserRow.user_id == user_id).values(**_columns(changed)))
            bump_access(connection)
        return changed

    def set_password(self, user_id: str, password: str) -> None:
        """Gives a user another password, and ends its sessions.

        Raises:
            UsageError: NOT_FOUND; USAGE if it is too short or too long.
        """
        password_hash = hashed(password)
        with writing(self._engine) as connection:
            row = _row(connection, user_id)
            connection.execute(update(UserRow).where(UserRow.user_id == user_id).values(password=password_hash))
            connection.execute(delete(SessionRow).where(SessionRow.user_id == user_id))
            connection.execute(delete(LoginTryRow).where(LoginTryRow.folded == row.folded))

    def remove(self, user_id: str) -> None:
        """Removes a user with its sessions, keys and memberships. Without the last one access control is off.

        Raises:
            UsageError: NOT_FOUND; CONFLICT if others stay and nobody would be left who manages them.
        """
        with writing(self._engine) as connection:
            user = user_of(_row(connection, user_id))
            others = select(func.count()).select_from(UserRow).where(UserRow.user_id != user_id)
            if user.administers and connection.execute(others).scalar_one():
                _keep_one_administrator(connection, user_id)
            keys = select(KeyRow.key_id).where(KeyRow.user_id == user_id)
            connection.execute(delete(KeyCollectionRow).where(KeyCollectionRow.key_id.in_(keys)))
            tables: tuple[Any, ...] = (KeyRow, SessionRow, CollectionMemberRow, UserRow)
            for table in tables:
                connection.execute(delete(table).where(table.user_id == user_id))
            bump_access(connection)

    def log_in(self, name: str, password: str) -> tuple[User, str]:
        """A user and the token of a new session, by name and password.

        A try counts as failed until it has proved right, so that many at once are no way round the wait.

        Raises:
            UsageError: LOGIN_REQUIRED, word for word the same for a wrong name and a wrong password;
                TOO_MANY_REQUESTS while the name has to wait, or very many log in.
        """
        folded = name_key(name)[: 4 * 64]
        with in_turn():
            stored = self._begin_try(folded)
            right = fits(None if stored is None else stored.password, password)
        if not right or stored is None:
            message = "The name or the password is wrong."
            raise UsageError("LOGIN_REQUIRED", message, "Try again, or ask an administrator for a new password.")
        token, now = new_session(), self._clock()
        fresh = hashed(password) if is_outdated(stored.password) else stored.password
        with writing(self._engine) as connection:
            row = _row(connection, stored.user_id)
            if row.password != stored.password:
                raise UsageError("LOGIN_REQUIRED", "The password was changed just now.", "Use the new one.")
            connection.execute(update(UserRow).where(UserRow.user_id == row.user_id).values(password=fresh))
            connection.execute(delete(LoginTryRow).where(LoginTryRow.folded == folded))
            connection.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
            session = {"token_sha256": sha256(token), "user_id": row.user_id, "created_at": now}
            connection.execute(insert(SessionRow).values(**session, expires_at=now + SESSION_SECONDS))
        return user_of(row), token

    def _begin_try(self, folded: str) -> Any:
        """The row of the user, None if there is none; the try is noted as failed."""
        now = self._clock()
        with writing(self._engine) as connection:
            tried = connection.execute(select(LoginTryRow.__table__).where(LoginTryRow.folded == folded)).first()
            if tried is not None and tried.closed_until > now:
                seconds = max(1, round(tried.closed_until - now))
                message = f"Too many failed logins under this name: the next one is possible in {seconds} s."
                raise UsageError("TOO_MANY_REQUESTS", message, "Wait, then try again.")
            connection.execute(delete(LoginTryRow).where(LoginTryRow.tried_at < now - FORGOTTEN_SECONDS))
            before = 0 if tried is None or tried.tried_at < now - FORGOTTEN_SECONDS else int(tried.failed)
            over = before + 1 - FREE_TRIES
            wait = min(LONGEST_WAIT, 2.0 ** min(over, 10)) if over >= 0 else 0.0
            connection.execute(delete(LoginTryRow).where(LoginTryRow.folded == folded))
            noted = {"folded": folded, "failed": before + 1, "closed_until": now + wait, "tried_at": now}
            connection.execute(insert(LoginTryRow).values(**noted))
            self._drop_oldest_tries(connection)
            return connection.execute(select(UserRow.__table__).where(UserRow.folded == folded)).first()

    def _drop_oldest_tries(self, connection: Connection) -> None:
        count = connection.execute(select(func.count()).select_from(LoginTryRow)).scalar_one()
        if count > _MOST_TRIES_KEPT:
            oldest = select(LoginTryRow.folded).order_by(LoginTryRow.tried_at).limit(count - _MOST_TRIES_KEPT)
            connection.execute(delete(LoginTryRow).where(LoginTryRow.folded.in_(oldest)))

    def log_out(self, token: str) -> None:
        """Ends a session; one that is over is no error."""
        with writing(self._engine) as connection:
            connection.execute(delete(SessionRow).where(SessionRow.token_sha256 == sha256(token)))


def user_of(row: Any) -> User:
    """The record of a row."""
    return User(row.user_id, row.name, frozenset(row.scopes), row.everything, row.created_at)


def known_scopes(scopes: Iterable[str]) -> frozenset[Scope]:
    """Scopes, checked; ``read`` is always among them.

    Raises:
        UsageError: USAGE.
    """
    asked = set(scopes)
    unknown = sorted(asked - set(SCOPES))
    if unknown:
        raise UsageError("USAGE", f"{unknown[0]!r} is no scope.", f"There are: {', '.join(SCOPES)}.")
    return frozenset(one for one in SCOPES if one in asked or one == "read")


def _columns(user: User) -> dict[str, Any]:
    scopes: Sequence[str] = [one for one in SCOPES if one in user.scopes]
    return {
        "user_id": user.user_id,
        "name": user.name,
        "folded": name_key(user.name),
        "scopes": scopes,
        "everything": user.everything,
        "created_at": user.created_at,
    }


def _row(connection: Connection, user_id: str) -> Any:
    row = connection.execute(select(UserRow.__table__).where(UserRow.user_id == user_id)).first()
    if row is None:
        raise UsageError("NOT_FOUND", f"There is no user {user_id!r}.", "They may have been removed.")
    return row


def _keep_one_administrator(connection: Connection, without: str) -> None:
    others = connection.execute(select(UserRow.scopes).where(UserRow.user_id != without)).scalars()
    if not any("admin" in scopes for scopes in others):
        message = "Nobody would be left who manages users."
        raise UsageError("CONFLICT", message, "Make somebody else an administrator first.")
