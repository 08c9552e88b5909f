"""The library in SQL."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from kinodex.schemas.api.query import QueryRequest, QueryRows, SchemaDocument
from kinodex.server.asking import Viewed
from kinodex.server.etags import kept
from kinodex.server.problems import errors
from kinodex.views import search as views

router = APIRouter(prefix="/query", tags=["query"])


@router.post("", responses=errors("QUERY_REFUSED", "QUERY_LIMIT"))
def run_query(view: Viewed, body: QueryRequest) -> QueryRows:
    """The rows of one SELECT; it can read nothing but the tables of the schema, and change nothing."""
    return views.query(view, body.sql, body.max_rows)


@router.get("/schema", response_model=SchemaDocument)
def get_schema(view: Viewed, request: Request) -> Response:
    """The tables that can be asked."""
    return kept(request, views.schema(view))
