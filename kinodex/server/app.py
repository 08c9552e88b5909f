"""The HTTP API of one library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from kinodex import __version__
from kinodex.server.problems import problem
from kinodex.server.routes import failures, health, jobs, review, tags
from stores.core.errors import KinodexError

if TYPE_CHECKING:
    from kinodex.library import Library

ROUTERS = (health.router, jobs.router, failures.router, tags.router, review.router)
"""The resources under ``/api/v1``."""


def create_app(library: Library) -> FastAPI:
    """The app that serves one opened library."""
    app = FastAPI(
        title="Kinodex", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json"
    )
    app.state.library = library
    app.add_exception_handler(KinodexError, problem)
    for router in ROUTERS:
        app.include_router(router, prefix="/api/v1")
    return app
