"""The evidence behind the result of a query: from a checked query to queries for ids of evidence."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from stores.query.checking import CheckedQuery
from stores.query.grouping import aggregates, groups
from stores.query.schema import schema

_ID = "evidence_id"
_VIDEO_ID = "video_id"


@dataclass(frozen=True, slots=True)
class Witness:
    """A query for evidence. ``at``: which of its columns hold ids."""

    tree: exp.Query
    at: tuple[int, ...]


def witness_queries(query: CheckedQuery) -> list[Witness]:
    """Queries whose ids are the evidence for the result; none if there is no evidence."""
    finder = _Finder({cte.alias: cte.this for cte in query.tree.find_all(exp.CTE)})
    return finder.of(query.tree)


class _Finder:
    """Finds evidence in a tree.

    Args:
        inner: the queries of the WITH clauses, by name.
    """

    def __init__(self, inner: dict[str, exp.Query]) -> None:
        self._inner = inner

    def of(self, query: exp.Expr) -> list[Witness]:
        """The witnesses of a query."""
        query = _unwrapped(query)
        at = [place for place, one in enumerate(_outputs(query)) if self._is_id(one, query)]
        if at:
            return [Witness(self._whole(query), tuple(at))]
        if isinstance(query, (exp.Except, exp.Intersect)):
            return self.of(query.this)
        if isinstance(query, exp.SetOperation):
            return [*self.of(query.this), *self.of(query.expression)]
        assert isinstance(query, exp.Select)
        found = self._rewritten(query)
        return [found] if found is not None else self._further(query)

    def _rewritten(self, select: exp.Select) -> Witness | None:
        """The SELECT with ids in place of its result; None if no table of it has any."""
        joined = select
        wanted = self._wanted(select)
        if not wanted:
            joined = _with_conditions_as_tables(select)
            wanted = self._wanted(joined)
        if not wanted:
            return None
        found = joined.copy()
        counted = [one for output in select.expressions for one in aggregates(output)]
        keys = groups(select)
        distinct = select.args.get("distinct") is not None
        if joined is not select and not counted and not keys:
            # What each listed video has; the rows that are listed are not rows of evidence.
            keys = [exp.column(_VIDEO_ID, table=name, quoted=True) for name in _listed_videos(select)]
        elif not counted and not keys and not distinct:
            # Its own columns stay: it may be ordered by them.
            first = len(found.expressions)
            found.set("expressions", [*found.expressions, *wanted])
            return Witness(self._whole(found), tuple(range(first, first + len(wanted))))
        if distinct and not keys and not counted:
            keys = [one.unalias() for one in select.expressions]
        tests = [test for test in (_chosen(select, keys), _counted(select, counted, keys)) if test is not None]
        for part in ("group", "having", "order", "limit", "offset", "distinct"):
            found.set(part, None)
        found.set("expressions", wanted)
        for test in tests:
            found = found.where(test, copy=False)
        self._in_turn(found, keys or _distinct_values(counted), wanted)
        return Witness(self._whole(found), tuple(range(len(wanted))))

    def _in_turn(self, found: exp.Select, keys: list[exp.Expr], wanted: list[exp.Column]) -> None:
        """One row of each group, then the next of each: however few are taken, each group has some."""
        order = [exp.Ordered(this=one.copy()) for one in wanted]
        if keys:
            turn = exp.Window(
                this=exp.RowNumber(), partition_by=[key.copy() for key in keys], order=exp.Order(expressions=order)
            )
            order = [exp.Ordered(this=turn), *(one.copy() for one in order)]
        found.set("order", exp.Order(expressions=order))

    def _further(self, select: exp.Select) -> list[Witness]:
        """Of the queries in place of tables, and of those within the result."""
        found: list[Witness] = []
        for source in _sources(select):
            if isinstance(source, exp.Subquery):
                found += self.of(source.this)
            elif source.name in self._inner:
                found += self.of(self._inner[source.name])
        if not _sources(select):
            for output in select.expressions:
                for inner in output.find_all(exp.Subquery, exp.Exists):
                    if not isinstance(inner.parent, exp.Not):
                        found += self.of(inner.this)
        return found

    def _wanted(self, select: exp.Select) -> list[exp.Column]:
        return [exp.column(name, table=alias, quoted=True) for alias, name in self._ids(select)]

    def _ids(self, select: exp.Select) -> list[tuple[str, str]]:
        """(alias, column) of the ids in the tables of a SELECT."""
        return [(source.alias_or_name, name) for source in _sources(select) for name in self._id_columns(source)]

    def _id_columns(self, source: exp.Expr) -> list[str]:
        if isinstance(source, exp.Table):
            if source.name in schema():
                return [_ID] if _ID in schema()[source.name].column_names else []
            query: exp.Expr = self._inner[source.name]
        else:
            query = source.this
        query = _unwrapped(query)
        return [one.alias_or_name for one in _outputs(query) if self._is_id(one, query)]

    def _is_id(self, output: exp.Expr, query: exp.Expr) -> bool:
        select = _first_select(query)
        column = output.unalias()
        return isinstance(column, exp.Column) and (column.table, column.name) in self._ids(select)

    def _whole(self, query: exp.Expr) -> exp.Query:
        """The query on its own: with the WITH clauses that it may use."""
        found = query.copy()
        assert isinstance(found, exp.Query)
        if self._inner and found.args.get("with_") is None:
            ctes = [
                exp.CTE(this=_without_with(inner), alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
                for name, inner in self._inner.items()
            ]
            found.set("with_", exp.With(expressions=ctes))
        return found


def _without_with(query: exp.Query) -> exp.Query:
    found = query.copy()
    found.set("with_", None)
    return found


def _unwrapped(query: exp.Expr) -> exp.Expr:
    while isinstance(query, exp.Subquery):
        query = query.this
    return query


def _first_select(query: exp.Expr) -> exp.Select:
    while not isinstance(query, exp.Select):
        query = query.this
    return query


def _outputs(query: exp.Expr) -> list[exp.Expr]:
    return list(_first_select(query).expressions)


def _sources(select: exp.Select) -> list[exp.Expr]:
    start = select.args.get("from_")
    found = [start.this] if start is not None else []
    return [*found, *(join.this for join in select.args.get("joins") or ())]


def _listed_videos(select: exp.Select) -> list[str]:
    """The aliases of a SELECT's tables that have a column with the video's id."""
    tables = [source for source in _sources(select) if isinstance(source, exp.Table) and source.name in schema()]
    return [table.alias_or_name for table in tables if _VIDEO_ID in schema()[table.name].column_names]


def _chosen(select: exp.Select, keys: list[exp.Expr]) -> exp.Expr | None:
    """That a row belongs to a group of the result, where not all groups are in it."""
    if not keys or not any(select.args.get(part) for part in ("having", "limit", "offset")):
        return None
    inner = select.copy()
    names = [f"key_{number}" for number in range(len(keys))]
    inner.set("with_", None)
    named = [exp.alias_(key.copy(), name, quoted=True) for key, name in zip(keys, names, strict=True)]
    inner.set("expressions", [*inner.expressions, *named])
    outer = exp.select(*(exp.column(name, table="chosen", quoted=True) for name in names))
    outer = outer.from_(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("chosen"))))
    key = keys[0].copy() if len(keys) == 1 else exp.Tuple(expressions=[key.copy() for key in keys])
    return exp.In(this=key, query=exp.Subquery(this=outer))


def _counted(select: exp.Select, counted: list[exp.AggFunc], keys: list[exp.Expr]) -> exp.Expr | None:
    """That a row went into at least one of the aggregates; None if all rows did."""
    if len(counted) == 1 and isinstance(counted[0], (exp.Min, exp.Max)) and not keys:
        inner = select.copy()
        inner.set("expressions", [counted[0].copy()])
        for part in ("order", "limit", "offset", "distinct", "with_", "having"):
            inner.set(part, None)
        return exp.EQ(this=counted[0].this.copy(), expression=exp.Subquery(this=inner))
    tests = [_goes_into(one) for one in counted]
    if not tests or any(test is None for test in tests):
        return None
    return exp.or_(*(test for test in tests if test is not None))


def _goes_into(aggregate: exp.AggFunc) -> exp.Expr | None:
    if isinstance(aggregate.parent, exp.Filter):
        where = aggregate.parent.expression
        return where.this.copy() if isinstance(where, exp.Where) else None
    value = aggregate.this
    if isinstance(value, exp.Distinct):
        value = value.expressions[0]
    if isinstance(value, exp.Star) or value is None:
        return None
    value = value.unnest()
    if isinstance(aggregate, exp.Sum):
        if isinstance(value, (exp.Predicate, exp.Connector, exp.Not)):
            return value.copy()
        if isinstance(value, (exp.Case, exp.If)):
            return exp.NEQ(this=exp.Paren(this=value.copy()), expression=exp.Literal.number(0))
    return exp.Not(this=exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null()))


def _distinct_values(counted: list[exp.AggFunc]) -> list[exp.Expr]:
    return [value for one in counted if isinstance(one.this, exp.Distinct) for value in one.this.expressions][:1]


def _with_conditions_as_tables(select: exp.Select) -> exp.Select:
    """Videos that have something: what they have, as further tables of the SELECT."""
    where = select.args.get("where")
    found = select.copy()
    taken = {source.alias_or_name for source in _sources(select)}
    if not taken:
        return found
    tests = list(where.this.flatten()) if where is not None and isinstance(where.this, exp.And) else []
    tests = tests or ([where.this] if where is not None else [])
    pairs: list[tuple[exp.Select, exp.Expr | None]] = []
    for test in tests:
        test = test.unnest()
        if isinstance(test, exp.Exists) and isinstance(_unwrapped(test.this), exp.Select):
            pairs.append((_first_select(test.this), None))
        elif isinstance(test, exp.In) and isinstance(test.args.get("query"), exp.Subquery):
            inner = _unwrapped(test.args["query"])
            if isinstance(inner, exp.Select):
                pairs.append((inner, exp.EQ(this=test.this.copy(), expression=inner.expressions[0].unalias().copy())))
    for output in select.expressions:
        inside = output.unalias()
        if isinstance(inside, exp.Subquery) and isinstance(_unwrapped(inside), exp.Select):
            pairs.append((_first_select(inside), None))
    for inner, same in pairs:
        sources = _sources(inner)
        names = {source.alias_or_name for source in sources}
        if names & taken or not sources or any(inner.args.get(part) for part in ("group", "having", "limit")):
            continue
        taken |= names
        found = found.join(sources[0].copy(), join_type="cross", copy=False)
        for join in inner.args.get("joins") or ():
            found.append("joins", join.copy())
        if inner.args.get("where") is not None:
            found = found.where(inner.args["where"].this.copy(), copy=False)
        if same is not None:
            found = found.where(same, copy=False)
    return found
