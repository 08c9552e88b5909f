"""Errors of disks, databases and servers, turned into `StoreError` with a code and a hint."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from stores.core.errors import KinodexError, StoreError, UsageError
from stores.core.places import masked

_LONGEST = 200  # characters of an unforeseen error that people are shown
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_PHRASES = (
    ("database or disk is full", "DISK_FULL"),
    ("no space left", "DISK_FULL"),
    ("readonly database", "LIBRARY_READ_ONLY"),
    ("read-only file system", "LIBRARY_READ_ONLY"),
    ("permission denied", "LIBRARY_READ_ONLY"),
    ("unable to open database file", "LIBRARY_READ_ONLY"),
    ("database is locked", "LIBRARY_LOCKED"),
    ("database table is locked", "LIBRARY_LOCKED"),
    ("disk image is malformed", "LIBRARY_DAMAGED"),
    ("not a database", "LIBRARY_DAMAGED"),
)
_SQL_STATES = (
    ("08", "DATABASE_UNREACHABLE"),
    ("57P", "DATABASE_UNREACHABLE"),
    ("53300", "DATABASE_UNREACHABLE"),
    ("25P03", "DATABASE_UNREACHABLE"),
    ("531", "DISK_FULL"),
    ("25006", "LIBRARY_READ_ONLY"),
    ("42501", "LIBRARY_READ_ONLY"),
    ("55P03", "LIBRARY_LOCKED"),
    ("40", "LIBRARY_LOCKED"),
    ("XX001", "LIBRARY_DAMAGED"),
    ("XX002", "LIBRARY_DAMAGED"),
    ("28", "SETTINGS_INVALID"),
    ("3D", "SETTINGS_INVALID"),
)
"""Beginnings of SQLSTATE codes. Source: Postgres 18 documentation, appendix A."""

# While connecting, psycopg gives no SQLSTATE; only the message tells errors that no retry resolves.
_REFUSALS = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    " does not exist",
    "is not permitted to log in",
    "server does not support ssl",
    "invalid connection option",
    "invalid port number",
    "certificate verify failed",
)
_HINTS = {
    "DISK_FULL": "Free some space and run the same command again: what is done stays done.",
    "LIBRARY_READ_ONLY": "Make the library's folder writable, or choose another with --library.",
    "LIBRARY_LOCKED": "Wait for the other process to end, then run the same command again.",
    "LIBRARY_DAMAGED": "Restore the folder from a backup, or ingest the videos into a new library.",
    "DATABASE_UNREACHABLE": "Start the server or fix the network, then run the same command again.",
}
_SERVER_HINTS = {
    "LIBRARY_READ_ONLY": "Grant the database's user the right to create and to write, or connect as another user.",
    "LIBRARY_DAMAGED": "Restore the database from a backup.",
    "SETTINGS_INVALID": "Correct the database's URL in the settings.",
}


def store_error(error: BaseException, about: str) -> KinodexError | None:
    """The coded error for ``error``, or None if it is of no known kind.

    Args:
        about: what was read or written, e.g. a path; the message begins with it.

    Returns:
        A `UsageError` for SETTINGS_INVALID, else a `StoreError`; its message contains no password.
    """
    server = isinstance(error, DBAPIError) and _is_postgres(error.orig)
    code = _postgres_code(error) if isinstance(error, DBAPIError) and server else _code_of(error)
    if not code:
        return None
    message = masked(f"{about}: {_plain(error).rstrip('.')}.")
    hint = (_SERVER_HINTS if server else {}).get(code) or _HINTS.get(code, "")
    return (UsageError if code == "SETTINGS_INVALID" else StoreError)(code, message, hint)


def in_one_line(error: BaseException) -> str:
    """An unforeseen error for people: its kind and what it says, without statements, parameters and passwords."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = next((line.strip() for line in _plain(error).splitlines() if line.strip()), "")
    text = masked(f"{type(origin).__name__}: {said}" if said else type(origin).__name__)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


@contextmanager
def storage_faults(about: str) -> Iterator[None]:
    """Turns errors of disk and database inside the block into `StoreError`; all others pass.

    Raises:
        StoreError: DISK_FULL, LIBRARY_READ_ONLY, LIBRARY_LOCKED, LIBRARY_DAMAGED or DATABASE_UNREACHABLE.
        UsageError: SETTINGS_INVALID if a server refuses the user or does not know the database.
    """
    try:
        yield
    except (OSError, DBAPIError, sqlite3.DatabaseError) as error:
        known = store_error(error, about)
        if known is None:
            raise
        raise known from error


def _code_of(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in _FULL:
        return "DISK_FULL"
    if isinstance(error, OSError) and error.errno in _FORBIDDEN:
        return "LIBRARY_READ_ONLY"
    message = _plain(error).lower()
    return next((code for phrase, code in _PHRASES if phrase in message), "")


def _postgres_code(error: DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return next((code for start, code in _SQL_STATES if state.startswith(start)), "")
    # Without a SQLSTATE the error is the client's own: the connection could not be made or was lost.
    if type(error.orig).__name__ not in ("OperationalError", "InterfaceError", "ConnectionTimeout"):
        return ""
    message = str(error.orig).lower()
    return "SETTINGS_INVALID" if any(phrase in message for phrase in _REFUSALS) else "DATABASE_UNREACHABLE"


def _is_postgres(error: BaseException | None) -> bool:
    return type(error).__module__.partition(".")[0] == "psycopg"


def _plain(error: BaseException) -> str:
    if isinstance(error, DBAPIError) and error.orig is not None:
        # The first line of Postgres names the error; details and the statement follow.
        return next((line for line in str(error.orig).splitlines() if line.strip()), type(error.orig).__name__)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
