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
    """The server can answer.

    Attributes:
        worker: whether its worker process lives, is being started, or is somewhere else.
    """

    status: Literal["ready"]
    worker: Literal["alive", "starting", "elsewhere"]


@router.get("/health")
def get_health() -> HealthDocument:
    """Whether the server runs."""
    return HealthDocument(status="ok", version=__version__)


@router.get("/ready", responses=errors("LIBRARY_MISSING", "DATABASE_UNREACHABLE", "WORKER_LOST"))
def get_readiness(request: Request) -> ReadyDocument:
    """Whether the server can read the library, has a worker that does jobs, and is not about to stop."""
    if streams_of(request.app).closing:
        raise StoreError("DATABASE_UNREACHABLE", "The server is about to stop.", "Ask again in a moment.")
    reachable(LibraryView(request.app.state.library, OWNER))
    worker = getattr(request.app.state, "worker", None)
    if worker is None:
        return ReadyDocument(status="ready", worker="elsewhere")
    if worker.failing:
        raise StoreError("WORKER_LOST", "The worker process dies whenever it is started.", "The server's log says why.")
    return ReadyDocument(status="ready", worker="alive" if worker.alive else "starting")
