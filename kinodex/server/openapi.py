"""The OpenAPI document of the API."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from kinodex.schemas.api.problem import Problem
from kinodex.server.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.routing import APIRoute


def operation_id(route: APIRoute) -> str:
    """The name of an operation: that of its function."""
    return route.name


def document_of(app: FastAPI) -> dict[str, Any]:
    """The document of an app's routes; made once."""
    if app.openapi_schema is None:
        with warnings.catch_warnings():
            # A route for GET and HEAD is one operation; HEAD, which GET implies, is left out below.
            warnings.filterwarnings("ignore", "Duplicate Operation ID")
            made = get_openapi(
                title=app.title,
                version=app.version,
                summary="Search, ask and tag a library of videos; every answer plays.",
                routes=app.routes,
            )
        for path in made["paths"].values():
            path.pop("head", None)
        _, named = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas |= named["$defs"]
        for operation in (one for path in made["paths"].values() for one in path.values()):
            _with_problems(operation["responses"])
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        made["components"]["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = made
    return app.openapi_schema


def _with_problems(responses: dict[str, Any]) -> None:
    """Has all errors of an operation be problems. Requests that cannot be read are answered with 400, and not with
    FastAPI's 422."""
    if "HTTPValidationError" in json.dumps(responses.get("422", "")):
        del responses["422"]
    for status, response in responses.items():
        if int(status) >= 400 and "content" not in response:
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
