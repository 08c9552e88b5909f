"""The OpenAPI document of the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from kinodex.schemas.api.problem import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.routing import APIRoute


def operation_id(route: APIRoute) -> str:
    """The name of an operation: that of its function."""
    return route.name


def document_of(app: FastAPI) -> dict[str, Any]:
    """The document of an app's routes; made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary="Search, ask and tag a library of videos; every answer plays.",
            routes=app.routes,
        )
        _, named = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas |= named["$defs"]
        # Requests that cannot be read are answered with a Problem and 400, not with FastAPI's 422.
        for operation in (one for path in made["paths"].values() for one in path.values()):
            said = operation["responses"].get("422")
            if said is not None and "HTTPValidationError" in json.dumps(said):
                del operation["responses"]["422"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        made["components"]["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = made
    return app.openapi_schema
