"""Whether a text is a query that may be run: by its parsed tree, against lists of what is allowed.

The text itself never reaches a database. What runs is generated from the checked tree, so that whatever the parser did
not understand as the database would cannot be run either.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.qualify import qualify

from stores.query import allowed
from stores.query.grouping import check_grouping
from stores.query.nodes import check_nodes, check_size
from stores.query.refusal import HINT, near, refuse
from stores.query.schema import schema
from stores.query.types import check_types

DIALECT = "sqlite"
"""What people and models write, whatever database the library has."""

_INNER_NAMES = "q_"  # a WITH called like a table of the library must not stand before it in a view
_UNRESOLVED = re.compile(r"(?:Column|Unknown column:?|Unknown table:?) '?\"?([\w.\"]+)")
_OF_TABLE = re.compile(r"for table: '([^']+)'")

logging.getLogger("sqlglot").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query that may be run.

    Attributes:
        sql: the query as it was understood, in `DIALECT`; it can be checked again.
        tree: the same with every column resolved and names of WITH clauses out of the way. Not to be changed.
        columns: names of the result's columns.
    """

    sql: str
    tree: exp.Query
    columns: tuple[str, ...]


def checked(sql: str) -> CheckedQuery:
    """The query in ``sql``.

    Raises:
        UsageError: QUERY_REFUSED, saying what is not allowed and which names are near.
    """
    tree = _parsed(sql)
    try:
        check_nodes(tree)
        check_size(tree)
        ctes = _check_names(tree)
        text = tree.sql(dialect=DIALECT, comments=False)
        _name_columns(tree)
        resolved = _resolved(tree)
        check_grouping(resolved)
        check_types(resolved)
        columns = tuple(resolved.named_selects)
    except RecursionError:
        refuse("The query is nested too deeply.")
    _rename(resolved, ctes)
    return CheckedQuery(text, resolved, columns)


def _parsed(sql: str) -> exp.Query:
    if len(sql) > allowed.LONGEST:
        refuse(f"The query has {len(sql)} characters; {allowed.LONGEST} are allowed.")
    if "\0" in sql or not sql.strip():
        refuse("There is no query." if not sql.strip() else "The query contains a NUL character.")
    try:
        sql.encode()
        if len(sqlglot.tokenize(sql, read=DIALECT)) > allowed.MOST_TOKENS:
            refuse(f"The query has more than {allowed.MOST_TOKENS} words and signs.")
        first = sql.split(maxsplit=1)[0].lower().strip("(;")
        if first not in ("select", "with"):
            refuse(f"A query begins with SELECT or WITH, not with {first[:30]!r}.")
        statements = [one for one in sqlglot.parse(sql, read=DIALECT) if one is not None]
    except UnicodeEncodeError:
        refuse("The query is not valid Unicode.")
    except SqlglotError as error:
        detail = re.sub(r"\x1b\[\d+m", "", str(error)).splitlines()[0][:200]
        refuse(f"The query cannot be read: {detail.rstrip('.')}.")
    except RecursionError:
        refuse("The query is nested too deeply.")
    if len(statements) != 1:
        refuse("One statement is allowed, not several.")
    statement: exp.Expr = statements[0]
    while type(statement) is exp.Subquery and all(
        value is None for name, value in statement.args.items() if name != "this"
    ):
        statement = statement.this
    if not isinstance(statement, allowed.STATEMENTS):
        refuse("Only a SELECT is allowed.")
    assert isinstance(statement, exp.Query)
    return statement


def _check_names(tree: exp.Expr) -> frozenset[str]:
    """Refuses unknown tables and unsuitable names; the names of the WITH clauses, in lower case."""
    ctes = [cte.alias.lower() for cte in tree.find_all(exp.CTE)]
    for name in ctes:
        if name in schema():
            refuse(f"WITH {name} has the name of a table.", "Give it another name.")
        if ctes.count(name) > 1:
            refuse(f"WITH {name} is there more than once.", "Give each its own name.")
    for table in tree.find_all(exp.Table):
        name = table.name.lower()
        if name not in schema() and name not in ctes:
            refuse(f"There is no table {table.name[:60]}; near: {near(name, schema())}.")
    return frozenset(ctes)


def _name_columns(tree: exp.Query) -> None:
    """Names columns as they were written, where they have no name: else they would be called _col_0."""
    select: exp.Expr = tree
    while isinstance(select, (exp.SetOperation, exp.Subquery)):
        select = select.this
    assert isinstance(select, exp.Select)
    for one in list(select.expressions):
        every = isinstance(one, exp.Star) or (isinstance(one, exp.Column) and isinstance(one.this, exp.Star))
        if not every and not one.alias_or_name.strip("*"):
            text = one.sql(dialect=DIALECT, comments=False).lower()
            one.replace(exp.alias_(one.copy(), re.sub(r"[^\w ()*,.+/<>=-]", "", text)[:60] or "value", quoted=True))


def _resolved(tree: exp.Query) -> exp.Query:
    tables: dict[str, object] = {
        table.name: {column.name: _sql_type(column.type) for column in table.columns} for table in schema().values()
    }
    try:
        found = qualify(tree.copy(), dialect=DIALECT, schema=tables)
    except OptimizeError as error:
        _refuse_unresolved(tree, str(error))
    except SqlglotError as error:
        refuse(f"The query cannot be read: {str(error).splitlines()[0][:200].rstrip('.')}.")
    assert isinstance(found, exp.Query)
    if any(table.args.get("alias") is None for table in found.find_all(exp.Table)):
        refuse("A table stands where none can be.")
    return found


def _sql_type(kind: str) -> str:
    return {"integer": "BIGINT", "real": "DOUBLE"}.get(kind, "TEXT")


def _refuse_unresolved(tree: exp.Query, message: str) -> NoReturn:
    match = _UNRESOLVED.search(message)
    name = match[1].replace('"', "").rpartition(".")[2] if match else ""
    if not name:
        refuse(f"The query cannot be read: {message.splitlines()[0][:200].rstrip('.')}.")
    used = list(
        dict.fromkeys(one for one in (table.name.lower() for table in tree.find_all(exp.Table)) if one in schema())
    )
    if of_table := _OF_TABLE.search(message):
        refuse(f"{of_table[1][:60]}.{name[:60]}: there is no table of that name in the query, or no such column.")
    if sum(name.lower() in schema()[table].column_names for table in used) > 1:
        refuse(f"Column {name} is in more than one table.", "Write table.column.")
    columns = [column for table in used for column in schema()[table].column_names]
    elsewhere = [table.name for table in schema().values() if name.lower() in table.column_names]
    hint = f"{', '.join(used)}: {', '.join(columns)}." if used else HINT
    if elsewhere and name.lower() not in columns:
        hint = f"{', '.join(elsewhere)} has it. {hint}"
    quoted = " Texts stand in single quotes." if f'"{name}"' in tree.sql(dialect=DIALECT) else ""
    refuse(f"There is no column {name[:60]}; near: {near(name, columns)}.{quoted}", hint)


def _rename(tree: exp.Query, ctes: frozenset[str]) -> None:
    for cte in tree.find_all(exp.CTE):
        cte.args["alias"].set("this", exp.to_identifier(_INNER_NAMES + cte.alias.lower(), quoted=True))
    for table in tree.find_all(exp.Table):
        if table.name.lower() in ctes:
            table.set("this", exp.to_identifier(_INNER_NAMES + table.name.lower(), quoted=True))
