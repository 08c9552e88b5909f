"""Conditions on many ids: one parameter however many there are, since databases limit the number of parameters."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, any_, bindparam, func, select


def one_of(connection: Connection, column: Any, ids: Collection[str]) -> ColumnElement[bool]:
    """Whether a column is one of some ids."""
    if connection.dialect.name == "postgresql":
        condition: ColumnElement[bool] = column == any_(bindparam(None, list(ids), type_=ARRAY(Text)))
        return condition
    listed = func.json_each(json.dumps(list(ids))).table_valued("value")
    chosen: ColumnElement[bool] = column.in_(select(listed.c.value))
    return chosen
