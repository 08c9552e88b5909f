"""What disks, SQLite and Chroma complain about, turned into `StoreError` with a code and a way out."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError

from stores.errors import StoreError

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
_HINTS = {
    "DISK_FULL": "Free some space and run the same command again: what is done stays done.",
    "LIBRARY_READ_ONLY": "Make the library's folder writable, or choose another with --library.",
    "LIBRARY_LOCKED": "Wait for the other process to end, then run the same command again.",
    "LIBRARY_DAMAGED": "Restore the folder from a backup, or ingest the videos into a new library.",
}


def store_error(error: BaseException, about: str) -> StoreError | None:
    """The `StoreError` that ``error`` amounts to, or None if it is none of the known kinds.

    Args:
        about: what was being read or written, e.g. a path; it begins the message.
    """
    code = _code_of(error)
    return StoreError(code, f"{about}: {_plain(error)}.", _HINTS.get(code, "")) if code else None


@contextmanager
def storage_faults(about: str) -> Iterator[None]:
    """Turns errors of disk and database inside the block into `StoreError`; lets all others through.

    Raises:
        StoreError: DISK_FULL, LIBRARY_READ_ONLY, LIBRARY_LOCKED or LIBRARY_DAMAGED.
    """
    try:
        yield
    except (OSError, DatabaseError, sqlite3.DatabaseError) as error:
        known = store_error(error, about)
        if known is None:
            raise
        raise known from error


def _code_of(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in _FULL:
        return "DISK_FULL"
    if isinstance(error, OSError) and error.errno in _FORBIDDEN:
        return "LIBRARY_READ_ONLY"
    said = _plain(error).lower()
    return next((code for phrase, code in _PHRASES if phrase in said), "")


def _plain(error: BaseException) -> str:
    if isinstance(error, DatabaseError) and error.orig is not None:
        return str(error.orig)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
