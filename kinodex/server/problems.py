"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from kinodex.exits import OUTCOMES
from kinodex.faults import explained
from kinodex.schemas.api.problem import Problem
from kinodex.views.names import without_paths
from stores.core.errors import KinodexError, UsageError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

MEDIA_TYPE = "application/problem+json"

Responses = dict[int | str, dict[str, Any]]

_LOG = logging.getLogger(__name__)

_LONGEST = 400
"""Characters of a sentence in a problem. Source: our choice: twice the longest that we write."""

_RETRY_SECONDS = 5
"""What ``Retry-After`` says where the same request may succeed later. Source: our choice."""

_BY_STATUS = {401: "LOGIN_REQUIRED", 403: "FORBIDDEN", 404: "NOT_FOUND", 413: "TOO_LARGE", 429: "TOO_MANY_REQUESTS"}


def handle_errors(app: FastAPI) -> None:
    """Have an app answer every error with a problem."""
    app.add_exception_handler(KinodexError, problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unexpected)


def errors(*codes: str) -> Responses:
    """The ``responses`` of a route that may fail with these codes, beside those that any may fail with."""
    found: dict[int, list[str]] = {}
    for code in ("USAGE", "LOGIN_REQUIRED", "FORBIDDEN", "TOO_MANY_REQUESTS", *codes):
        found.setdefault(OUTCOMES[code].http_status, []).append(code)
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": ", ".join(dict.fromkeys(named)), "content": {MEDIA_TYPE: schema}}
        for status, named in sorted(found.items())
    }


def content_of(error: KinodexError, path: str, status: int | None = None) -> dict[str, Any]:
    """The body of a problem."""
    name = error.code.name
    return Problem(
        type=f"urn:kinodex:{name}",
        title=_shortened(without_paths(error.message)),
        status=status or OUTCOMES[name].http_status,
        code=name,
        hint=_shortened(without_paths(error.hint)),
        instance=path if len(path) <= _LONGEST else f"{path[:_LONGEST]}…",
        retryable=error.code.retryable,
    ).model_dump()


def _shortened(text: str) -> str:
    """A sentence without most of what was sent, should it repeat that."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


def problem(request: Request, error: Exception, status: int | None = None) -> JSONResponse:
    """A coded error as its answer."""
    assert isinstance(error, KinodexError)
    content = content_of(error, request.url.path, status)
    headers = {"Retry-After": str(_RETRY_SECONDS)} if content["status"] in (423, 429, 503) else {}
    if content["status"] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content, content["status"], headers, MEDIA_TYPE)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # Only where and what, never pydantic's echo of the input.
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        message = f"The body is no JSON: {first['ctx']['error'].lower()} at character {first['loc'][-1]}."
        return problem(request, UsageError("USAGE", message, "Send one JSON object, as application/json."))
    # The first part is where it was sent: fields may be called "path" or "query", too.
    where = ".".join(str(part) for part in first["loc"][1:])
    what = str(first["msg"]).rstrip(".").lower()
    message = f"{where}: {what}." if where else f"The request cannot be read: {what}."
    return problem(request, UsageError("USAGE", message, "The document at /api/v1/openapi.json says what is taken."))


def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    if status == 404 and (page := request.app.state.web.answer(request)) is not None:
        # No route answers: it is a page or a file of the web app.
        return page  # type: ignore[no-any-return]
    code = _BY_STATUS.get(status, "INTERNAL" if status >= 500 else "USAGE")
    if status == 404:
        said = UsageError(code, "There is nothing here.", "The document at /api/v1/openapi.json names all there is.")
    elif status == 405:
        said = UsageError(code, f"{request.method} cannot be used here.", f"Allowed: {_allowed(error)}.")
    else:
        said = UsageError(code, "The request was refused." if status < 500 else "The request failed.")
    answer = problem(request, said, status)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def _allowed(error: HTTPException) -> str:
    return (error.headers or {}).get("Allow", "see the document at /api/v1/openapi.json")


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    # The log has the rest (uvicorn prints it); outside nobody learns more than that it is a bug, or a model's fault.
    said = explained(error)
    if said.code.name == "INTERNAL":
        said = KinodexError("INTERNAL", "Something went wrong inside Kinodex.", "The log of the server says what.")
    _LOG.error("%s %s failed: %s", request.method, request.url.path, said.code)
    answer = problem(request, said)
    # The server ends the connection after a bug: a client must not send its next request into it.
    answer.headers["Connection"] = "close"
    return answer
