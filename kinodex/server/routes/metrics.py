"""Metrics for Prometheus."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from kinodex.views.work.metrics import CONTENT_TYPE, server_metrics
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def get_metrics(request: Request) -> Response:
    """Requests by route and jobs by state, in Prometheus's text format."""
    library = request.app.state.library
    alone = library.settings.server.local and not library.store.access.is_on()
    if not (alone or library.settings.server.metrics):
        raise UsageError("NOT_FOUND", "There is nothing here.", "Metrics: set server.metrics to true.")
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE)


def measure(app: FastAPI) -> None:
    """Have an app count its requests; `app.state.worker` may be set later."""
    metrics = server_metrics(app.state.library, lambda: _alive(app))
    app.state.metrics = metrics
    app.add_middleware(_Measuring, answered=metrics.answered)


def _alive(app: FastAPI) -> bool | None:
    worker = getattr(app.state, "worker", None)
    return None if worker is None else bool(worker.alive)


class _Measuring:
    def __init__(self, app: ASGIApp, answered: Callable[[str, str, int, float], None]) -> None:
        self._app = app
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                # By template: paths hold ids. What no route answers is one series.
                route = getattr(scope.get("route"), "path", "") or "other"
                self._answered(_method(scope["method"]), route, message["status"], time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, counted)


def _method(name: str) -> str:
    return name if name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
