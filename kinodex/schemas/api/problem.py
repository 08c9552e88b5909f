"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from kinodex.schemas.base import Document


class Problem(Document):
    """What went wrong.

    Attributes:
        type: ``urn:kinodex:CODE``.
        title: what is wrong, in one sentence.
        status: of the response.
        code: a name in `stores.core.errors.CODES`.
        hint: what to do about it; may be empty.
        instance: the path that was asked for.
        retryable: whether the same request may succeed later.
    """

    type: str
    title: str
    status: int
    code: str
    hint: str
    instance: str
    retryable: bool
