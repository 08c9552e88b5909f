"""Texts where numbers belong, and the other way round: SQLite would compute something, which looks like a result."""

from __future__ import annotations

import re

from sqlglot import exp

from stores.query.refusal import refuse
from stores.query.schema import schema

_NUMBER = re.compile(r"\d+(\.\d+)?")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Sum, exp.Avg, exp.Round, exp.Abs, exp.Sqrt)


def check_types(tree: exp.Query) -> None:
    """Makes numbers of numbers in quotes, and refuses other texts beside numbers, in a tree with resolved columns.

    Raises:
        UsageError: QUERY_REFUSED.
    """
    tables = _tables(tree)
    for node in tree.find_all(*_COMPARISONS, *_ARITHMETIC):
        sides = [node.this, *(node.args[part] for part in ("expression", "low", "high") if node.args.get(part))]
        sides += node.expressions if isinstance(node, exp.In) else []
        columns = [one for one in sides if isinstance(one, exp.Column)]
        kinds = {one.name: _is_number(one, tables) for one in columns}
        if isinstance(node, _ARITHMETIC):
            for name, is_number in kinds.items():
                if is_number is False:
                    refuse(f"{name} is a text; one cannot calculate with it.")
            continue
        for name, is_number in kinds.items():
            for literal in (one for one in sides if isinstance(one, exp.Literal)):
                _compare(name, is_number, literal)


def _compare(name: str, is_number: bool | None, literal: exp.Literal) -> None:
    if is_number and literal.is_string:
        if not _NUMBER.fullmatch(literal.name.strip()):
            refuse(f"{name} is a number, and {literal.name[:40]!r} is none.", "Times are in seconds: 90, not 1:30.")
        literal.replace(exp.Literal.number(literal.name.strip()))
    elif is_number is False and not literal.is_string:
        refuse(f"{name} is a text, and {literal.name[:40]} a number.", "Texts stand in single quotes.")


def _tables(tree: exp.Query) -> dict[str, str]:
    """Alias to table of the schema, without aliases that mean something else elsewhere in the query."""
    found: dict[str, str] = {}
    doubtful = {one.alias for one in tree.find_all(exp.Subquery)}
    for table in tree.find_all(exp.Table):
        if table.name not in schema() or found.setdefault(table.alias, table.name) != table.name:
            doubtful.add(table.alias)
    return {alias: name for alias, name in found.items() if alias not in doubtful}


def _is_number(column: exp.Column, tables: dict[str, str]) -> bool | None:
    """Whether a column of the schema is a number; None if it is not one of the schema."""
    if column.table not in tables:
        return None
    columns = {one.name: one.type for one in schema()[tables[column.table]].columns}
    return columns[column.name] in ("integer", "real") if column.name in columns else None
