"""Passwords: hashed by argon2id, compared in the same time whether or not there is such a user."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from stores.core.errors import UsageError

SHORTEST, LONGEST = 8, 1024
"""Characters of a password. Source: NIST SP 800-63B-3, 5.1.1.2: at least 8, nothing else is asked of it; the longest
is our choice, far above every passphrase, so that nobody can have the server hash a book."""

PASSES, MEMORY_KIB, LANES, SALT_BYTES, HASH_BYTES = 3, 65_536, 4, 16, 32
"""Source: RFC 9106, section 4, the second recommended option for argon2id (64 MiB): some 50 ms."""

AT_ONCE = 2
"""Passwords that one process hashes at the same time; others wait: a crowd of logins must not take all memory. Ours."""

MOST_WAITING = 12
"""Logins of one process that are tried or wait for it; more are refused at once: a server has 40 threads, which must
go on answering others. Source: our choice: half a second of waiting."""

_hasher = PasswordHasher(PASSES, MEMORY_KIB, LANES, HASH_BYTES, SALT_BYTES, type=Type.ID)
_turns = threading.Semaphore(AT_ONCE)
_inside = threading.BoundedSemaphore(MOST_WAITING)


@contextmanager
def in_turn() -> Iterator[None]:
    """For the time of a login.

    Raises:
        UsageError: TOO_MANY_REQUESTS if `MOST_WAITING` are at it.
    """
    if not _inside.acquire(blocking=False):
        raise UsageError("TOO_MANY_REQUESTS", "Very many are logging in at the moment.", "Wait, then try again.")
    try:
        yield
    finally:
        _inside.release()


def hashed(password: str) -> str:
    """The hash that is stored, with its salt and parameters.

    Raises:
        UsageError: USAGE if the password is too short, too long or no text; the message does not repeat it.
    """
    check(password)
    with _turns:
        return _hasher.hash(password)


def check(password: str) -> None:
    """Refuses one that is too short or too long, as `hashed`.

    Raises:
        UsageError: USAGE.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"A password has {SHORTEST} to {LONGEST:,} characters; this one has {len(password):,}."
        raise UsageError("USAGE", message, "Several words that do not belong together are easy to keep in mind.")
    if not _is_text(password):
        raise UsageError("USAGE", "A password is text in UTF-8; this one is not.", "Type it, or save its file as UTF-8.")


def fits(stored: str | None, password: str) -> bool:
    """Whether a password is that of a stored hash. It takes as long for None, a user that does not exist."""
    if len(password) > LONGEST or not _is_text(password):
        return False
    with _turns:
        try:
            return _hasher.verify(stored or _of_nobody(), password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(stored)


@cache
def _of_nobody() -> str:
    return _hasher.hash("the password of nobody")


def _is_text(password: str) -> bool:
    """Whether it has no lone surrogates, which stand for bytes that are no UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in password)
