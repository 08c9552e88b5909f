"""Columns beside aggregates: SQLite would take them from any row, which looks like a result and is none."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from stores.query.refusal import refuse


def check_grouping(tree: exp.Expr) -> None:
    """Refuses SELECTs with a column that is neither grouped nor aggregated, of a tree with resolved columns.

    Raises:
        UsageError: QUERY_REFUSED.
    """
    for select in tree.find_all(exp.Select):
        grouped = groups(select)
        outputs = [*select.expressions, *(select.args[name] for name in ("having", "order") if select.args.get(name))]
        if not grouped and not any(True for one in outputs for _ in aggregates(one)):
            continue
        names = {one.alias for one in select.expressions if isinstance(one, exp.Alias)}
        for output in outputs:
            for column in _bare(
                output, grouped, set(select.named_selects) if output is select.args.get("order") else set()
            ):
                if not column.table and column.name in names:
                    continue
                hint = "Add it to GROUP BY, aggregate it, or ask with ORDER BY … LIMIT 1 for the row with the most."
                refuse(f"Column {column.name} is neither grouped nor aggregated.", hint)


def groups(select: exp.Select) -> list[exp.Expr]:
    """The expressions that a SELECT is grouped by; [] if it is not."""
    group = select.args.get("group")
    return list(group.expressions) if group is not None else []


def aggregates(node: exp.Expr) -> Iterator[exp.AggFunc]:
    """The aggregates of one SELECT under ``node``, without window functions and other SELECTs."""
    if isinstance(node, exp.Query):
        return
    if isinstance(node, exp.AggFunc):
        yield node
        return
    for child in node.iter_expressions():
        if isinstance(node, exp.Window) and isinstance(child, exp.AggFunc):
            for inner in child.iter_expressions():
                yield from aggregates(inner)
        else:
            yield from aggregates(child)


def _bare(node: exp.Expr, grouped: list[exp.Expr], names: set[str]) -> Iterator[exp.Column]:
    if node in grouped or isinstance(node, exp.Query):
        return
    inner = node.this if isinstance(node, exp.Filter) else node
    if isinstance(inner, exp.AggFunc) and not isinstance(node.parent, exp.Window):
        return
    if isinstance(node, exp.Column):
        if node.table or node.name not in names:
            yield node
        return
    for child in node.iter_expressions():
        yield from _bare(child, grouped, names)
