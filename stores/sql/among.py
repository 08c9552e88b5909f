"""Narrowing to many ids in one statement: databases limit how many parameters it may have."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Engine, text

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
