"""Cursors: where a page of a list ended, as text that only Kinodex reads."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from stores.core.errors import UsageError

_TAG_BYTES = 9

_MOST = 2**63 - 1
"""The largest number of a place. Source: what SQLite and Postgres keep."""

Shape = tuple[type[str] | type[float] | type[int] | type[bool], ...]
"""What a list needs to go on: texts, numbers, whole numbers from 0, yes or no."""


def cursor(library_id: str, of: str, *place: str | float | bool) -> str:
    """The cursor of a place in a list.

    Args:
        library_id: cursors of other libraries are refused.
        of: which list, with all that narrows or sorts it: a cursor of another one is refused.
        place: what the list needs to go on from there.
    """
    body = json.dumps(place, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_tag(library_id, of, body) + body).decode().rstrip("=")


def place_of(library_id: str, of: str, text: str, *shapes: Shape) -> tuple[Any, ...]:
    """The place that `cursor` was given.

    Args:
        shapes: what places of that list look like. A cursor is no secret, so that anybody can make one, and former
            releases made others.

    Raises:
        UsageError: USAGE if this is no cursor of that list.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _refused() from None
    tag, body = data[:_TAG_BYTES], data[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(library_id, of, body)):
        raise _refused()
    try:
        place = json.loads(body)
    except (ValueError, RecursionError):
        raise _refused() from None
    for shape in shapes:
        if isinstance(place, list) and len(place) == len(shape) and all(map(_is, place, shape)):
            return tuple(kind(one) for kind, one in zip(shape, place, strict=True))
    raise _refused()


def _is(one: object, kind: type) -> bool:
    """Whether something is of a kind, and such that every database takes it."""
    if kind is str:
        return isinstance(one, str) and "\0" not in one and one == one.encode(errors="replace").decode()
    if kind is bool or isinstance(one, bool):
        return kind is bool and isinstance(one, bool)
    if kind is int:
        return isinstance(one, int) and 0 <= one <= _MOST
    return isinstance(one, int | float) and -_MOST <= one <= _MOST


def _tag(library_id: str, of: str, body: bytes) -> bytes:
    # Not a secret: what a cursor says grants nothing. It shows that a cursor is whole, and belongs to this list.
    # Hashed first: a key has 64 bytes at most, and what narrows a list is longer.
    key = hashlib.blake2b(f"{library_id}\n{of}".encode(errors="replace")).digest()
    return hashlib.blake2b(body, digest_size=_TAG_BYTES, key=key).digest()


def _refused() -> UsageError:
    hint = "Begin without a cursor, and keep filters and order the same from page to page."
    return UsageError("USAGE", "This cursor does not belong to this list.", hint)
