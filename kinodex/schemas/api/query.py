"""Queries in SQL, and the tables that can be asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kinodex.schemas.base import Document


class QueryRequest(Document):
    """A query: one SELECT in the SQL of SQLite."""

    sql: Annotated[str, Field(min_length=1, max_length=20_000)]
    max_rows: Annotated[int, Field(ge=1, le=10_000)] = 200


class QueryRows(Document):
    """A result.

    Attributes:
        rows: values in the order of ``columns``.
        truncated: whether there are more rows.
        sql: the query as it was understood.
    """

    columns: list[str]
    rows: list[list[str | int | float | None]]
    truncated: bool
    sql: str


class ColumnDocument(Document):
    """A column; ``unit`` is "" where there is none."""

    name: str
    type: str
    meaning: str
    unit: str


class TableDocument(Document):
    """A table that can be asked."""

    name: str
    meaning: str
    columns: list[ColumnDocument]


class SchemaDocument(Document):
    """All tables that can be asked."""

    tables: list[TableDocument]
