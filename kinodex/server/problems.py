"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse

from kinodex.exits import OUTCOMES
from stores.core.errors import KinodexError

MEDIA_TYPE = "application/problem+json"


def problem(request: Request, error: Exception) -> JSONResponse:
    """A coded error as its answer."""
    assert isinstance(error, KinodexError)
    status = OUTCOMES[error.code.name].http_status
    content = {
        "type": f"urn:kinodex:{error.code.name}",
        "title": error.message,
        "status": status,
        "code": error.code.name,
        "hint": error.hint,
        "instance": request.url.path,
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(content, status, headers, MEDIA_TYPE)
