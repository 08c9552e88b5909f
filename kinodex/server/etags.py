"""Documents that clients keep and ask about again: weak ETags, and 304 where nothing has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import Response

if TYPE_CHECKING:
    from fastapi import Request

    from kinodex.schemas.base import Document
    from kinodex.views.library_view import LibraryView

_KEPT = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization, Accept-Encoding, Accept-Language"}
"""May be kept by the one who asked, and asked about each time: access may have been taken away since."""


def kept(request: Request, document: Document) -> Response:
    """A document, or 304 if the client has the same. For what changes without the library's revision: states of
    videos, threads."""
    body = document.model_dump_json().encode()
    tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    if _has(request, tag):
        return Response(status_code=304, headers=_KEPT | {"ETag": tag})
    return Response(body, media_type="application/json", headers=_KEPT | {"ETag": tag})


def kept_by_revision(request: Request, view: LibraryView, make: Callable[[], Document]) -> Response:
    """As `kept`, for what changes only with the library's revision and with what the principal sees: then nothing is
    computed to find out that the client has it.

    Raises:
        KinodexError: as ``make``; also where the client has what was there before.
    """
    if view.visible() is not None:
        # The revision changes with videos that this principal does not see.
        return kept(request, make())
    about = f"{view.store.catalog.revision()} {request.url.path}?{request.url.query} {view.language}"
    tag = f'W/"{hashlib.blake2b(about.encode(), digest_size=12).hexdigest()}"'
    if _has(request, tag):
        return Response(status_code=304, headers=_KEPT | {"ETag": tag})
    body = make().model_dump_json().encode()
    return Response(body, media_type="application/json", headers=_KEPT | {"ETag": tag})


def _has(request: Request, tag: str) -> bool:
    """Source: RFC 9110, section 13.1.2: weak comparison."""
    named = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    return "*" in named or tag in named or tag.removeprefix("W/") in named
