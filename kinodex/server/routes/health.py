"""Whether the server is there, and ready."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request

from kinodex import __version__
from kinodex.schemas.base import Document
from kinodex.server.events import streams_of
from kinodex.server.problems import errors
from kinodex.views.library_view import LibraryView
from kinodex.views.videos import reachable
from stores.core.errors import StoreError
from stores.core.principal import OWNER

router = APIRouter(tags=["health"])


class HealthDocument(Document):
    """The server runs."""

    status: Literal["ok"]
    version: str


class ReadyDocument(Document):
    """The server can answer."""

    status: Literal["ready"]


@router.get("/health")
def get_health() -> HealthDocument:
    """Whether the server runs."""
    return HealthDocument(status="ok", version=__version__)


@router.get("/ready", responses=errors("DATABASE_UNREACHABLE"))
def get_readiness(request: Request) -> ReadyDocument:
    """Whether the server can read the library, and is not about to stop."""
    if streams_of(request.app).closing:
        raise StoreError("DATABASE_UNREACHABLE", "The server is about to stop.", "Ask again in a moment.")
    reachable(LibraryView(request.app.state.library, OWNER))
    return ReadyDocument(status="ready")
