"""MCP over HTTP, at ``/mcp``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.routing import Route

from kinodex.mcp.reach import Asked, Reach
from kinodex.mcp.server import make_server, schema_of
from kinodex.server.asking import principal_of
from kinodex.server.perimeter import LOOPBACK
from kinodex.server.problems import problem
from kinodex.text import clean
from kinodex.views.library_view import LibraryView
from stores.core.errors import KinodexError, UsageError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from kinodex.library import Library

PATH = "/mcp"


class Assistants:
    """The MCP server of an app, for API keys and, while access control is off, for everybody on this machine."""

    def __init__(self, library: Library) -> None:
        settings = library.settings.server
        hosts = [f"[{name}]" if ":" in name else name for name in (*LOOPBACK, *settings.allowed_hosts)]
        named = [*hosts, *(f"{host}:*" for host in hosts)]
        # Without it, a host other than localhost would silently disarm the check.
        security = TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=named,
            allowed_origins=[f"{scheme}://{host}" for scheme in ("http", "https") for host in named],
        )
        self._server = make_server(Reach(_view, _base, lambda: schema_of(library)))
        app = self._server.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            transport_security=security,
            max_request_body_size=settings.body_limit,
        )
        self._names = frozenset(named)
        (route,) = [one for one in app.routes if isinstance(one, Route)]
        self._endpoint: ASGIApp = route.app

    def add_to(self, app: FastAPI) -> None:
        """Adds the path to an app, whose `lifespan` must be this one's."""
        # No GET: nothing is sent but in answer to a request, and a stream of nothing would never end.
        # Source: MCP, Streamable HTTP: a server without such a stream answers 405.
        endpoint = _Guarded(self._endpoint, self._names)
        app.router.routes.append(Route(PATH, endpoint=endpoint, methods=["POST"], include_in_schema=False))

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """While the app runs."""
        async with self._server.session_manager.run():
            yield


class _Guarded:
    """Asks for a key before anything is said, and says which setting is missing where a name is not answered to: the
    protocol's own guard takes no address in figures, and says only that a header is wrong."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        try:
            await anyio.to_thread.run_sync(principal_of, request)
        except KinodexError as error:
            await problem(request, error)(scope, receive, send)
            return
        for header, place, status in (("host", "", 421), ("origin", "//", 403)):
            sent = request.headers.get(header, "").strip(" \t")
            if sent and not self._knows(sent.partition(place)[2] if place else sent):
                await problem(request, _strange(header, sent), status)(scope, receive, send)
                return
        # Source: RFC 9110, section 5.5: white space around a value is no part of it; the HTTP parser leaves some.
        headers = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        await self._app({**scope, "headers": headers}, receive, send)

    def _knows(self, host: str) -> bool:
        # Names stand there by themselves and with ":*" for any port.
        return host in self._names or f"{host.rpartition(':')[0]}:*" in self._names


def _strange(header: str, sent: str) -> UsageError:
    message = f"MCP is not answered under the {header} {clean(sent)[:100]!r}."
    hint = (
        "Add its name or address to allowed_hosts in the table [server] of the settings, or to KINODEX_ALLOWED_HOSTS."
    )
    return UsageError("FORBIDDEN", message, hint)


def _request(asked: Asked) -> Request:
    request: Any = asked.request_context.request
    assert isinstance(request, Request)
    return request


def _view(asked: Asked) -> LibraryView:
    request = _request(asked)
    return LibraryView(request.app.state.library, principal_of(request), lambda: principal_of(request))


def _base(asked: Asked) -> str:
    return str(_request(asked).base_url).rstrip("/")
