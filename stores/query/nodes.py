"""Whether every node of a parsed tree is one that a query may have, in a place where it may stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from sqlglot import exp

from stores.query import allowed
from stores.query.refusal import refuse

_NAME = re.compile(r"[^\W\d]\w{0,59}")
_AROUND_SELECTS = (exp.Subquery, exp.CTE, exp.Exists, exp.In)
_TEXT_BUILDERS = (exp.DPipe, exp.GroupConcat)


def check_nodes(tree: exp.Expr) -> None:
    """Refuses a tree with a node that is not allowed, too deep a tree, and one with too many tables.

    Raises:
        UsageError: QUERY_REFUSED.
    """
    tables = joined = 0
    needles: list[exp.Expr] = []
    for node, depth in with_depth(tree):
        if depth > allowed.DEEPEST:
            refuse("The query is nested too deeply.")
        if type(node) not in allowed.NODES:
            _refuse_node(node)
        tables += isinstance(node, exp.Table)
        joined += isinstance(node, _TEXT_BUILDERS)
        if isinstance(node, (exp.StrPosition, exp.Trim)):
            needles.append(node.args.get("substr") or node.args.get("expression") or exp.Literal.string(" "))
        rule = _RULES.get(type(node))
        if rule is not None:
            rule(node, _given(node))
    if tables > allowed.MOST_TABLES:
        refuse(f"The query has {tables} tables; {allowed.MOST_TABLES} are allowed.")
    if joined > allowed.MOST_JOINED_TEXTS:
        refuse(f"The query joins texts {joined} times; {allowed.MOST_JOINED_TEXTS} are allowed.")
    # Looking for one long text in another takes the square of their length, and no database looks at its clock then.
    for needle in needles:
        if not isinstance(needle, exp.Literal) and (joined or not isinstance(needle, exp.Column)):
            refuse("What INSTR or TRIM looks for is a text in quotes, or a column where no texts are joined.")


def check_size(tree: exp.Expr) -> None:
    """Refuses queries that grow when the names that they give are replaced by what they mean.

    Raises:
        UsageError: QUERY_REFUSED.
    """
    total = 0
    for select in tree.find_all(exp.Select):
        sizes: dict[str, int] = {}
        for clause in select.iter_expressions():
            size = 0
            for node, _ in with_depth(clause):
                given = isinstance(node, exp.Column) and not node.table
                size += sizes.get(node.name.lower(), 1) if given else 1
            total += size
            if total > allowed.MOST_NODES:
                refuse("The query is too long once the names it gives are replaced by what they mean.")
            if isinstance(clause, exp.Alias):
                sizes[clause.alias.lower()] = size


def with_depth(tree: exp.Expr) -> Iterator[tuple[exp.Expr, int]]:
    """Every node with its depth."""
    waiting: list[tuple[exp.Expr, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        # A chain of ANDs, ORs or sums is as deep as it is long, and harmless.
        same = isinstance(node, (exp.Connector, exp.Add))
        waiting += [(child, depth + (not (same and type(child) is type(node)))) for child in node.iter_expressions()]


def _given(node: exp.Expr) -> set[str]:
    """The arguments that a node has. INDEXED is there even if it is NOT."""
    given = {name for name, value in node.args.items() if value not in (None, False, [], "")}
    return given | ({"indexed"} if node.args.get("indexed") is not None else set())


def _query(node: exp.Expr, given: set[str]) -> None:
    own = {"this", "expression"} if isinstance(node, exp.SetOperation) else set()
    if extra := given - allowed.SELECT_PARTS - own:
        refuse(f"{min(extra).upper().strip('_')} is not allowed in a query.")
    if node.parent is not None and not isinstance(node.parent, (*allowed.STATEMENTS, *_AROUND_SELECTS)):
        refuse("A SELECT within another stands in brackets.")
    if isinstance(node, exp.Select) and not node.expressions:
        refuse("SELECT wants at least one column.")


def _from(node: exp.Expr, given: set[str]) -> None:
    if not isinstance(node.this, (exp.Table, exp.Subquery)):
        refuse("After FROM and JOIN stands a table, or a SELECT in brackets.")
    if isinstance(node, exp.Join) and (
        given - {"this", "on", "using", "side", "kind"} or not {node.side, node.kind} <= allowed.JOINS
    ):
        refuse("This kind of JOIN is not allowed.", "INNER, LEFT, RIGHT, FULL and CROSS JOIN are.")


def _table(node: exp.Expr, given: set[str]) -> None:
    if not isinstance(node.this, exp.Identifier):
        refuse("Functions cannot stand in place of a table.")
    if given & {"db", "catalog"}:
        refuse(f"{node.sql()[:80]} names a schema; tables are written without.")
    if extra := given - {"this", "alias", "joins"}:
        refuse(f"{min(extra).upper()} is not allowed at a table.")


def _subquery(node: exp.Expr, _given: set[str]) -> None:
    if not isinstance(node.this, allowed.STATEMENTS):
        refuse("In brackets in place of a table stands a SELECT.")


def _with(_node: exp.Expr, given: set[str]) -> None:
    if given - {"expressions"}:
        refuse("WITH RECURSIVE is not allowed.")


def _cte(node: exp.Expr, given: set[str]) -> None:
    if given - {"this", "alias"} or not isinstance(node.this, allowed.STATEMENTS):
        refuse("WITH may hold SELECTs only.")


def _column(node: exp.Expr, given: set[str]) -> None:
    if given - {"this", "table"} or not isinstance(node.this, (exp.Identifier, exp.Star)):
        refuse(f"{node.sql()[:80]} is not a column; columns are written column or table.column.")


def _star(node: exp.Expr, given: set[str]) -> None:
    holder = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
    of_tables = isinstance(holder, exp.Select) and holder.args.get("from_") is not None
    if given or not (of_tables or isinstance(node.parent, exp.Count)):
        refuse("* stands for all columns of a SELECT, or in COUNT(*).")


def _distinct(node: exp.Expr, given: set[str]) -> None:
    if "on" in given or (isinstance(node.parent, exp.AggFunc) and len(node.expressions) != 1):
        refuse("DISTINCT wants one value.")


def _in(_node: exp.Expr, given: set[str]) -> None:
    # SQLite takes a name there for a table.
    if given - {"this", "expressions", "query"}:
        refuse("After IN stands a list, or a SELECT in brackets.")


def _identifier(node: exp.Expr, _given: set[str]) -> None:
    if not _NAME.fullmatch(node.name) and not isinstance(node.parent, exp.Alias):
        refuse(f"{node.name[:60]!r} is not a name of a table or column.", "Texts stand in single quotes.")


def _type(node: exp.Expr, given: set[str]) -> None:
    if node.this not in allowed.CAST_TYPES or given - {"this", "nested"}:
        refuse(f"CAST to {node.sql()[:40]} is not allowed.", "INTEGER, REAL and TEXT are.")


def _limit(node: exp.Expr, _given: set[str]) -> None:
    value = node.expression
    if not isinstance(value, exp.Literal) or not value.name.isdecimal() or len(value.name) > 12:
        refuse("LIMIT and OFFSET want a whole number.")


def _window_function(node: exp.Expr, _given: set[str]) -> None:
    if not isinstance(node.parent, exp.Window):
        refuse(f"{allowed.FUNCTIONS[type(node)]} wants OVER (…).")


def _word(node: exp.Expr, _given: set[str]) -> None:
    refuse(f"{node.name[:60]!r} is not allowed there.")


_RULES: dict[type[Any], Callable[[Any, set[str]], None]] = {
    **dict.fromkeys(allowed.STATEMENTS, _query),
    **dict.fromkeys(allowed.ONLY_IN_WINDOWS, _window_function),
    exp.From: _from,
    exp.Join: _from,
    exp.Table: _table,
    exp.Subquery: _subquery,
    exp.With: _with,
    exp.CTE: _cte,
    exp.Column: _column,
    exp.Star: _star,
    exp.Distinct: _distinct,
    exp.In: _in,
    exp.Identifier: _identifier,
    exp.DataType: _type,
    exp.Limit: _limit,
    exp.Offset: _limit,
    exp.Var: _word,
}


def _refuse_node(node: exp.Expr) -> NoReturn:
    if isinstance(node, (exp.Placeholder, exp.Parameter)):
        refuse("Parameters are not allowed: write the value itself.")
    if isinstance(node, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        functions = sorted(set(allowed.FUNCTIONS.values()))
        refuse(f"There is no function {name[:40].upper()}.", f"These exist: {', '.join(functions)}.")
    refuse(f"{type(node).__name__.upper()} is not allowed in a query.")
