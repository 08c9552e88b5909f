"""Who asks, for every route: `Viewed`.

Known from the session's cookie, ``Authorization: Bearer kx_…``, or a signed url for media of one video. A key in a
url would end up in logs and histories, so none is read there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request, Response

from kinodex.views.access import Signed, owner_of, principal_of_key, principal_of_session, principal_of_signature
from kinodex.views.library_view import LibraryView
from kinodex.views.wording import language_of
from stores.core.errors import UsageError
from stores.core.principal import Principal

COOKIE = "kinodex_session"

_BEARER = "bearer "


def principal_of(request: Request) -> Principal:
    """Who sent a request.

    Raises:
        UsageError: LOGIN_REQUIRED.
    """
    library = request.app.state.library
    owner = owner_of(library, bool(getattr(request.app.state, "access_required", False)))
    if owner is not None:
        return owner
    sent = request.headers.get("authorization", "")
    if sent:
        if sent[: len(_BEARER)].lower() == _BEARER:
            found = principal_of_key(library, sent[len(_BEARER) :].strip())
            if found is not None:
                return found
        raise UsageError("LOGIN_REQUIRED", "That key is not valid, or no longer.", "Ask for another one.")
    cookie = request.cookies.get(COOKIE, "")
    found = principal_of_session(library, cookie) if cookie else None
    if found is None and request.method in ("GET", "HEAD") and "signature" in request.query_params:
        found = _by_signature(request)
    if found is None:
        raise UsageError("LOGIN_REQUIRED", "This library asks who you are.", "Log in, or send an API key.")
    return found


def _by_signature(request: Request) -> Principal | None:
    video_id = request.path_params.get("video_id", "")
    _, _, media = request.url.path.partition(f"/videos/{video_id}/")
    if not video_id or not Signed.allows(media):
        return None
    asked = request.query_params
    signed = Signed(by=asked.get("by", ""), expires=asked.get("expires", ""), signature=asked["signature"])
    found = principal_of_signature(request.app.state.library, video_id, signed)
    return None if found is None else replace(found, scopes=frozenset(("read",)), only_video=video_id)


def view_of(request: Request, principal: Annotated[Principal, Depends(principal_of)]) -> LibraryView:
    """The library as the one who sent the request sees it."""
    language = language_of(request.headers.get("accept-language", ""))
    return LibraryView(request.app.state.library, principal, lambda: principal_of(request), language)


def set_session(request: Request, response: Response, token: str, seconds: float) -> None:
    """Has a browser keep the token of a session, out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(seconds),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def drop_session(request: Request, response: Response) -> None:
    """Has a browser forget it."""
    secure = request.url.scheme == "https"
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="strict")


Viewed = Annotated[LibraryView, Depends(view_of)]
