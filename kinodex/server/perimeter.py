"""What every request passes and every response carries, whatever route answers it."""

from __future__ import annotations

import json
from collections.abc import Collection, MutableMapping
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from kinodex.exits import OUTCOMES
from kinodex.server.problems import MEDIA_TYPE, content_of
from stores.core.errors import KinodexError, UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names by which a server on this machine may be asked for, whatever the settings say."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types svelte-trusted-html",
    )
)
"""The Content-Security-Policy: nothing from other hosts, no inline script or style, Trusted Types for the web app."""

_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Source: RFC 9110, section 9.2.1."""

_MISDIRECTED = 421
"""Source: RFC 9110, section 15.5.20: a name that this server does not answer to."""


class Perimeter:
    """Refuses foreign hosts (DNS rebinding), requests that another site had a browser send, and bodies that are too
    large; adds the security headers to all responses.

    Args:
        hosts: names that the server answers to, in addition to `LOOPBACK`.
        body_limit: bytes of a request's body.
        addresses: answer to every address in figures, too. No other site can have a browser send one: what it tricks
            browsers with is a name of its own (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], body_limit: int, addresses: bool = False) -> None:
        self._app = app
        self._addresses = addresses
        self._hosts = frozenset(one.lower() for one in (*LOOPBACK, *hosts))
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                there = {name.lower() for name, _ in message.get("headers", ())}
                added = [pair for pair in _HEADERS if pair[0] not in there]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        headers = _headers(scope)
        refused = _unreadable(scope) or self._refusal(scope["method"], scope.get("scheme", "http"), headers)
        if refused is not None:
            await _send_problem(scope, send_guarded, *refused)
            return
        try:
            receive = self._limited(receive)
            if "json" in headers.get("content-type", "").lower():
                body, receive = await _body_of(receive)
                if _holds_nul(body):
                    await _send_problem(scope, send_guarded, _nul("body"), 400)
                    return
            await self._app(scope, receive, send_guarded)
        except _TooLargeError:
            if not started:
                await _send_problem(scope, send_guarded, _too_large(self._body_limit))

    def _refusal(self, method: str, scheme: str, headers: MutableMapping[str, str]) -> tuple[KinodexError, int] | None:
        host = headers.get("host", "")
        name = host_name(host)
        if name not in self._hosts and not (self._addresses and _is_address(name)):
            hint = "Add the name to allowed_hosts in the table [server] of the settings, or to KINODEX_ALLOWED_HOSTS."
            return UsageError("FORBIDDEN", "This server does not answer to that name.", hint), _MISDIRECTED
        if method not in _SAFE and _from_elsewhere(headers, scheme, host):
            message = "Another site asked the browser to send this."
            return UsageError("FORBIDDEN", message, "Use Kinodex from its own pages."), 403
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._body_limit:
            return _too_large(self._body_limit), 413
        return None

    def _limited(self, receive: Receive) -> Receive:
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._body_limit:
                raise _TooLargeError
            return message

        return limited


class _TooLargeError(HTTPException):
    # An HTTPException, because FastAPI makes a plain 400 of any other error that comes while a body is read.
    def __init__(self) -> None:
        super().__init__(413)


def _unreadable(scope: Scope) -> tuple[KinodexError, int] | None:
    """A NUL stands in no name and no text, and databases refuse it."""
    if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
        return _nul("address"), 400
    return None


def _nul(where: str) -> UsageError:
    return UsageError("USAGE", f"The {where} holds a NUL character.", "Leave it out.")


def _holds_nul(body: bytes) -> bool:
    r"""Whether a text of a JSON document holds a NUL, which JSON can only write as ``\u0000``.

    In UTF-16 and UTF-32, which the JSON parser takes, too, zeros stand between the letters.
    """
    if rb"\u0000" not in body and b"\0" not in body:
        return False
    try:
        return _has_nul(json.loads(body))
    except (ValueError, RecursionError):
        return False  # what is wrong with it is told by who reads it


def _has_nul(value: object) -> bool:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if "\0" in one:
                return True
        elif isinstance(one, list):
            left += one
        elif isinstance(one, dict):
            left += [*one, *one.values()]
    return False


async def _body_of(receive: Receive) -> tuple[bytes, Receive]:
    """A whole body, and what gives it once more, then all that comes after it."""
    kept: list[Message] = []
    fault: _TooLargeError | None = None
    more = True
    while more:
        try:
            kept.append(await receive())
        except _TooLargeError as error:
            fault = error  # told to the one who reads it
            break
        more = kept[-1]["type"] == "http.request" and kept[-1].get("more_body", False)

    async def again() -> Message:
        if kept:
            return kept.pop(0)
        if fault is not None:
            raise fault
        return await receive()

    return b"".join(one.get("body", b"") for one in kept), again


def host_name(host: str) -> str:
    """The name in a Host header, without its port; lower case, IPv6 without brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(name))
    return False


def _from_elsewhere(headers: MutableMapping[str, str], scheme: str, host: str) -> bool:
    """Whether a browser says that another site's page caused a request. Source: Fetch Metadata, section 2.4."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.lower() not in {f"{scheme}://{host}".lower(), f"https://{host}".lower()}


def _too_large(limit: int) -> UsageError:
    hint = "body_limit in the table [server] of the settings says how much is taken."
    return UsageError("TOO_LARGE", f"A request may hold {limit} bytes.", hint)


def _headers(scope: Scope) -> MutableMapping[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


async def _send_problem(scope: Scope, send: Send, error: KinodexError, status: int | None = None) -> None:
    chosen = status or OUTCOMES[error.code.name].http_status
    body = json.dumps(content_of(error, scope["path"], chosen)).encode()
    headers: list[Any] = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    # What is left of a body that was refused cannot be told from the next request.
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": chosen, "headers": headers})
    await send({"type": "http.response.body", "body": body})
