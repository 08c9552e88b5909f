"""Narrowing to many ids in one statement: databases limit how many parameters it may have; and to what readers see."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select, text, tuple_

from stores.sql.tables import StageRunRow

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


def among_listed(dialect: str, column: Any, name: str = "chosen_ids") -> Any:
    """As `among`, for a statement that is made once: ``name`` is given the ids with each execution, as `listed`."""
    return column.in_(text(_VALUES[dialect].format(name=name)))


def listed(ids: Collection[str]) -> str:
    """Ids as a parameter of `among_listed`."""
    return json.dumps(list(ids))


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


def of_videos(dialect: str, table: Any, columns: Sequence[Any]) -> Any:
    """What readers may see of a table of records, of some videos (`among_listed`): video, number, and
    the columns; in this order."""
    rows = shown(select(table.video_id, table.ordinal, *columns), table)
    return rows.where(among_listed(dialect, table.video_id)).order_by(table.video_id, table.ordinal)


def shown(statement: Any, table: Any) -> Any:
    """Only the rows of stage runs that readers may see."""
    same = (StageRunRow.video_id == table.video_id) & (StageRunRow.stage == table.stage)
    return statement.join(StageRunRow, same & (StageRunRow.fingerprint == table.fingerprint)).where(StageRunRow.active)
