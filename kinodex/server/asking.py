"""Who asks, for every route: `Viewed`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from kinodex.views.library_view import LibraryView
from stores.core.principal import OWNER, Principal


def principal_of(_request: Request) -> Principal:
    """Who sent a request."""
    return OWNER


def view_of(request: Request, principal: Annotated[Principal, Depends(principal_of)]) -> LibraryView:
    """The library as the one who sent the request sees it."""
    return LibraryView(request.app.state.library, principal)


Viewed = Annotated[LibraryView, Depends(view_of)]
