"""Narrowing to many ids in one statement: databases limit how many parameters it may have."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Engine, text, tuple_

_VALUES = {
    "sqlite": "SELECT value FROM json_each(:{name})",
    "postgresql": "SELECT jsonb_array_elements_text(CAST(:{name} AS jsonb))",
}


def among(engine: Engine, column: Any, ids: Collection[str], name: str = "chosen_ids") -> Any:
    """The condition that ``column`` is one of ``ids``, however many they are.

    Args:
        name: of the one parameter; another one for each condition of a statement.
    """
    values = text(_VALUES[engine.dialect.name].format(name=name)).bindparams(**{name: json.dumps(list(ids))})
    return column.in_(values)


_PAIRS = {
    "sqlite": "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:{name})",
    "postgresql": "SELECT p ->> 0, p ->> 1 FROM jsonb_array_elements(CAST(:{name} AS jsonb)) AS p",
}


def among_pairs(
    connection: Connection, first: Any, second: Any, pairs: Collection[tuple[str, str]], name: str = "chosen_pairs"
) -> Any:
    """The condition that two columns are one of ``pairs``, however many they are.

    SQLite finds them by an index, which it does not for a list of pairs written out (seen with 3.40).

    Args:
        name: of the one parameter; another one for each condition of a statement.
    """
    values = text(_PAIRS[connection.dialect.name].format(name=name)).bindparams(**{name: json.dumps(list(pairs))})
    return tuple_(first, second).in_(values)
