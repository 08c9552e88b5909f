"""Whether a text is a query that may be run: by its parsed tree, against lists of what is allowed.

The text itself never reaches a database. What runs is generated from the checked tree, so that whatever the parser did
not understand as the database would cannot be run either.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.qualify import qualify

from stores.core.errors import UsageError
from stores.query import allowed
from stores.query.grouping import check_grouping
from stores.query.near import near
from stores.query.schema import schema

DIALECT = "sqlite"
"""What people and models write, whatever database the library has."""

HINT = "One SELECT over these tables is possible: " + ", ".join(schema()) + "."

_AROUND_SELECTS = (exp.Subquery, exp.CTE, exp.Exists, exp.In)
_NAME = re.compile(r"[^\W\d]\w{0,59}")
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
        _check_nodes(tree)
        _check_size(tree)
        ctes = _check_names(tree)
        text = tree.sql(dialect=DIALECT, comments=False)
        _name_columns(tree)
        resolved = _resolved(tree)
        check_grouping(resolved, refuse)
        columns = tuple(resolved.named_selects)
    except RecursionError:
        refuse("The query is nested too deeply.")
    _rename(resolved, ctes)
    return CheckedQuery(text, resolved, columns)


def refuse(message: str, hint: str = HINT) -> NoReturn:
    """Raises QUERY_REFUSED."""
    raise UsageError("QUERY_REFUSED", message, hint)


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
    statement = statements[0]
    if not isinstance(statement, allowed.STATEMENTS):
        refuse("Only a SELECT is allowed.")
    assert isinstance(statement, exp.Query)
    return statement


def _check_nodes(tree: exp.Expr) -> None:
    tables = joined = 0
    for node, depth in _with_depth(tree):
        if depth > allowed.DEEPEST:
            refuse("The query is nested too deeply.")
        if type(node) not in allowed.NODES:
            _refuse_node(node)
        tables += isinstance(node, exp.Table)
        joined += isinstance(node, (exp.DPipe, exp.GroupConcat))
        _check_node(node)
    if tables > allowed.MOST_TABLES:
        refuse(f"The query has {tables} tables; {allowed.MOST_TABLES} are allowed.")
    if joined > allowed.MOST_JOINED_TEXTS:
        refuse(f"The query joins texts {joined} times; {allowed.MOST_JOINED_TEXTS} are allowed.")


def _check_size(tree: exp.Expr) -> None:
    """Refuses queries that grow when the names that they give are replaced by what they mean."""
    total = 0
    for select in tree.find_all(exp.Select):
        sizes: dict[str, int] = {}
        for clause in select.iter_expressions():
            size = 0
            for node, _ in _with_depth(clause):
                given = isinstance(node, exp.Column) and not node.table
                size += sizes.get(node.name.lower(), 1) if given else 1
            total += size
            if total > allowed.MOST_NODES:
                refuse("The query is too long once the names it gives are replaced by what they mean.")
            if isinstance(clause, exp.Alias):
                sizes[clause.alias.lower()] = size


def _check_node(node: exp.Expr) -> None:
    given = {name for name, value in node.args.items() if value not in (None, False, [], "")}
    given |= {"indexed"} if node.args.get("indexed") is not None else set()
    if isinstance(node, (exp.Select, exp.SetOperation)):
        extra = (
            given
            - allowed.SELECT_PARTS
            - ({"this", "expression", "distinct"} if isinstance(node, exp.SetOperation) else set())
        )
        if extra or node.args.get("kind"):
            refuse(f"{sorted(extra or {'kind'})[0].upper().strip('_')} is not allowed in a query.")
        if node.parent is not None and not isinstance(node.parent, (*allowed.STATEMENTS, *_AROUND_SELECTS)):
            refuse("A SELECT within another stands in brackets.")
        if isinstance(node, exp.Select) and not node.expressions:
            refuse("SELECT wants at least one column.")
    elif isinstance(node, (exp.From, exp.Join)) and not isinstance(node.this, (exp.Table, exp.Subquery)):
        refuse("After FROM and JOIN stands a table, or a SELECT in brackets.")
    elif isinstance(node, exp.Subquery):
        if not isinstance(node.this, allowed.STATEMENTS):
            refuse("In brackets in place of a table stands a SELECT.")
    elif isinstance(node, exp.Table):
        _check_table(node, given)
    elif isinstance(node, exp.Join):
        if given - {"this", "on", "using", "side", "kind"} or not {node.side, node.kind} <= allowed.JOINS:
            refuse("This kind of JOIN is not allowed.", "INNER, LEFT, RIGHT, FULL and CROSS JOIN are.")
    elif isinstance(node, exp.With):
        if given - {"expressions"}:
            refuse("WITH RECURSIVE is not allowed.")
    elif isinstance(node, exp.CTE):
        if given - {"this", "alias"} or not isinstance(node.this, allowed.STATEMENTS):
            refuse("WITH may hold SELECTs only.")
    elif isinstance(node, exp.Column):
        if given - {"this", "table"} or not isinstance(node.this, (exp.Identifier, exp.Star)):
            refuse(f"{node.sql()[:80]} is not a column; columns are written column or table.column.")
    elif isinstance(node, exp.Star):
        holder = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
        of_tables = isinstance(holder, exp.Select) and holder.args.get("from_") is not None
        if given or not (of_tables or isinstance(node.parent, exp.Count)):
            refuse("* stands for all columns of a SELECT, or in COUNT(*).")
    elif isinstance(node, exp.Distinct):
        if node.args.get("on") or (isinstance(node.parent, exp.AggFunc) and len(node.expressions) != 1):
            refuse("DISTINCT wants one value.")
    elif isinstance(node, exp.Identifier):
        if not _NAME.fullmatch(node.name) and not isinstance(node.parent, exp.Alias):
            refuse(f"{node.name[:60]!r} is not a name of a table or column.", "Texts stand in single quotes.")
    elif isinstance(node, exp.DataType):
        if node.this not in allowed.CAST_TYPES or given - {"this", "nested"}:
            refuse(f"CAST to {node.sql()[:40]} is not allowed.", "INTEGER, REAL and TEXT are.")
    elif isinstance(node, (exp.Limit, exp.Offset)):
        value = node.expression
        if not isinstance(value, exp.Literal) or not value.name.isdecimal() or len(value.name) > 12:
            refuse("LIMIT and OFFSET want a whole number.")
    elif isinstance(node, allowed.ONLY_IN_WINDOWS):
        if not isinstance(node.parent, exp.Window):
            refuse(f"{allowed.FUNCTIONS[type(node)]} wants OVER (…).")
    elif isinstance(node, exp.Var):
        refuse(f"{node.name[:60]!r} is not allowed there.")


def _check_table(node: exp.Table, given: set[str]) -> None:
    if not isinstance(node.this, exp.Identifier):
        refuse("Functions cannot stand in place of a table.")
    if given & {"db", "catalog"}:
        refuse(f"{node.sql()[:80]} names a schema; tables are written without.")
    if given - {"this", "alias", "joins"}:
        extra = sorted(given - {"this", "alias", "joins"})[0]
        refuse(f"{extra.upper()} is not allowed at a table.")


def _refuse_node(node: exp.Expr) -> NoReturn:
    if isinstance(node, (exp.Placeholder, exp.Parameter)):
        refuse("Parameters are not allowed: write the value itself.")
    if isinstance(node, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        functions = sorted(set(allowed.FUNCTIONS.values()))
        refuse(f"There is no function {name[:40].upper()}.", f"These exist: {', '.join(functions)}.")
    refuse(f"{type(node).__name__.upper()} is not allowed in a query.")


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


def _with_depth(tree: exp.Expr) -> Iterator[tuple[exp.Expr, int]]:
    waiting: list[tuple[exp.Expr, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        # A chain of ANDs, ORs or sums is as deep as it is long, and harmless.
        same = isinstance(node, (exp.Connector, exp.Add))
        waiting += [(child, depth + (not (same and type(child) is type(node)))) for child in node.iter_expressions()]
