"""The HTTP API of one library, and the web app that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from kinodex import __version__
from kinodex.server.assistants import Assistants
from kinodex.server.events import Streams
from kinodex.server.idempotency import Idempotency
from kinodex.server.openapi import document_of, operation_id
from kinodex.server.perimeter import Perimeter
from kinodex.server.problems import errors, handle_errors
from kinodex.server.routes import (
    access,
    collections,
    completions,
    corrections,
    exports,
    health,
    media,
    metrics,
    moments,
    operations,
    query,
    search,
    threads,
    turns,
    videos,
)
from kinodex.server.routes.tagging import people, review, tags, vocabulary
from kinodex.server.routes.work import failures, jobs
from kinodex.server.tag_ids import TagIds
from kinodex.server.web_files import WebFiles
from kinodex.views import urls

if TYPE_CHECKING:
    from kinodex.library import Library

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    access.router,
    collections.router,
    videos.router,
    moments.router,
    search.router,
    query.router,
    threads.router,
    turns.router,
    media.router,
    jobs.router,
    failures.router,
    exports.router,
    vocabulary.router,  # before paths with an id
    tags.router,
    operations.router,
    review.router,
    corrections.router,
    people.router,
)
"""The resources under ``/api/v1``."""


def create_app(library: Library) -> FastAPI:
    """The app that serves one opened library."""
    assistants = Assistants(library)
    app = FastAPI(
        title="Kinodex",
        lifespan=assistants.lifespan,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{urls.API}/openapi.json",
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        responses=errors(),
    )
    app.state.library = library
    app.state.streams = Streams()
    app.state.idempotency = Idempotency()
    app.state.web = WebFiles()
    app.openapi = lambda: document_of(app)  # type: ignore[method-assign]
    handle_errors(app)
    for router in ROUTERS:
        app.include_router(router, prefix=urls.API)
    assistants.add_to(app)
    server = library.settings.server
    if server.openai:
        app.include_router(completions.router)
    app.include_router(metrics.router)
    metrics.measure(app)
    app.add_middleware(TagIds)
    app.add_middleware(Perimeter, hosts=server.allowed_hosts, body_limit=server.body_limit, addresses=not server.local)
    return app
