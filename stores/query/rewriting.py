"""From a checked tree to the SQL of one database: the views in place of the tables, and what the databases do
differently made alike.

Words are compared without regard to case, Simplified and Traditional Chinese characters alike, as in the search. On
SQLite words with other than ASCII letters are compared by `stores.core.text_keys.search_key`; Postgres has no such
function, so there the literal is compared in all its forms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, reduce

import opencc
from sqlglot import exp

from stores.core.text_keys import search_key
from stores.query.schema import schema
from stores.query.views import view

KEY_FUNCTION = "kinodex_key"
"""The SQL function on SQLite that is `search_key`."""

_PLAIN = frozenset(column.name for table in schema().values() for column in table.columns if column.type == "text")
_NAMES = frozenset(column.name for table in schema().values() for column in table.columns if column.type == "names")
_FLAGS = frozenset({"has_audio", "searchable"})


@dataclass(frozen=True, slots=True)
class Target:
    """What SQL is written for.

    Attributes:
        dialect: ``sqlite`` or ``postgres``.
        collation: on Postgres the collation that knows the case of all letters; "" if it has none.
    """

    dialect: str
    collation: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for one database, and how many rows it is to give; the number is not part of ``sql`` on Postgres, where it
    is a parameter: a statement with parameters goes by the protocol that takes one statement only."""

    sql: str
    most: int


def executable(tree: exp.Query, target: Target, video_ids: Collection[str] | None, max_rows: int) -> Statement:
    """The SQL that runs a checked tree.

    Args:
        video_ids: the videos that the query can see; None for all.
        max_rows: more rows than these are not asked for.
    """
    tree = tree.copy()
    limit = tree.args.get("limit")
    most = max_rows if limit is None else min(max_rows, int(limit.expression.name))
    postgres = target.dialect == "postgres"
    tree.set("limit", None if postgres else exp.Limit(expression=exp.Literal.number(most)))
    if postgres:
        _booleans(tree)
        _typed_arguments(tree)
    for node in list(tree.find_all(exp.Like, exp.ILike, exp.EQ, exp.NEQ, exp.In)):
        if isinstance(node, (exp.Like, exp.ILike)):
            _like(node, target)
        elif isinstance(node, (exp.EQ, exp.NEQ, exp.In)):
            _equal(node, target)
    for table in list(tree.find_all(exp.Table)):
        if table.name in schema():
            inlined = exp.Subquery(this=view(table.name, target.dialect, video_ids), alias=table.args["alias"].copy())
            if table.args.get("joins"):
                inlined.set("joins", table.args["joins"])
            table.replace(inlined)
    return Statement(tree.sql(dialect=target.dialect, comments=False), most)


def _like(node: exp.Like | exp.ILike, target: Target) -> None:
    pattern = node.expression
    if target.dialect == "sqlite":
        if _is_text(pattern) and pattern.name.isascii():
            node.replace(exp.Like(this=node.this.copy(), expression=pattern.copy()))
            return
        kept = exp.Literal.string(search_key(pattern.name)) if _is_text(pattern) else _key(pattern.copy())
        node.replace(exp.Like(this=_key(node.this.copy()), expression=kept))
        return
    escaped = isinstance(node.parent, exp.Escape)
    forms = [exp.Literal.string(one) for one in _forms(pattern.name)] if _is_text(pattern) else [pattern.copy()]
    value = _collated(node.this.copy(), target)
    if escaped:
        node.replace(exp.ILike(this=value, expression=pattern.copy()))
        return
    # SQLite has no escape character unless one is named; Postgres has the backslash.
    plain = exp.Literal.string("")
    node.replace(
        _any([exp.Escape(this=exp.ILike(this=value.copy(), expression=one), expression=plain) for one in forms])
    )


def _equal(node: exp.EQ | exp.NEQ | exp.In, target: Target) -> None:
    left, others = node.this, node.expressions if isinstance(node, exp.In) else [node.expression]
    if _is_text(left) and isinstance(others[0] if others else None, exp.Column):
        left, others = others[0], [left]
    if not isinstance(left, exp.Column) or left.name in _PLAIN or not others or not all(map(_is_text, others)):
        return
    found = (_one_of_names if left.name in _NAMES else _same_word)(left, [one.name for one in others], target)
    node.replace(exp.Not(this=exp.Paren(this=found)) if isinstance(node, exp.NEQ) else exp.Paren(this=found))


def _same_word(column: exp.Column, words: list[str], target: Target) -> exp.Expr:
    forms, value = _compared(words, column.copy(), target)
    if len(forms) == 1:
        return exp.EQ(this=value, expression=exp.Literal.string(forms[0]))
    return exp.In(this=value, expressions=[exp.Literal.string(one) for one in forms])


def _one_of_names(column: exp.Column, words: list[str], target: Target) -> exp.Expr:
    edge = exp.Literal.string(";")
    listed = exp.DPipe(this=exp.DPipe(this=edge, expression=column.copy()), expression=edge.copy())
    forms, value = _compared(words, exp.Paren(this=listed), target)
    tests = [exp.StrPosition(this=value.copy(), substr=exp.Literal.string(f";{one};")) for one in forms]
    return _any([exp.GT(this=test, expression=exp.Literal.number(0)) for test in tests])


def _compared(words: list[str], value: exp.Expr, target: Target) -> tuple[list[str], exp.Expr]:
    if target.dialect == "sqlite":
        # SQLite itself is ten times as fast, but knows the case of ASCII letters only.
        forms = list(dict.fromkeys(map(search_key, words)))
        return forms, exp.Lower(this=value) if all(word.isascii() for word in words) else _key(value)
    forms = [form.lower() for word in words for form in _forms(word)]
    return list(dict.fromkeys(forms)), exp.Lower(this=_collated(value, target))


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _any(tests: list[exp.Expr]) -> exp.Expr:
    return (
        tests[0]
        if len(tests) == 1
        else exp.Paren(this=reduce(lambda one, two: exp.Or(this=one, expression=two), tests))
    )


def _key(value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=KEY_FUNCTION, expressions=[value])


def _collated(value: exp.Expr, target: Target) -> exp.Expr:
    if not target.collation:
        return value
    return exp.Paren(this=exp.Collate(this=value, expression=exp.to_identifier(target.collation, quoted=True)))


def _forms(word: str) -> list[str]:
    """A word as it stands, in Simplified and in Traditional characters."""
    if word.isascii():
        return [word]
    return list(dict.fromkeys([word, _converter("t2s")(word), _converter("s2t")(word)]))


@cache
def _converter(direction: str) -> Callable[[str], str]:
    converter = opencc.OpenCC(direction)
    return lambda text: str(converter.convert(text))


def _booleans(tree: exp.Query) -> None:
    """SQLite takes numbers for truth values and truth values for numbers."""
    for node in list(tree.find_all(exp.EQ, exp.NEQ, exp.Is)):
        flag, truth = node.this, node.expression
        if isinstance(flag, exp.Column) and flag.name in _FLAGS and isinstance(truth, exp.Boolean):
            number = exp.Literal.number(1 if truth.this else 0)
            node.replace((exp.NEQ if isinstance(node, exp.NEQ) else exp.EQ)(this=flag.copy(), expression=number))
    for column in list(tree.find_all(exp.Column)):
        if column.name in _FLAGS and _is_condition(column):
            column.replace(exp.NEQ(this=column.copy(), expression=exp.Literal.number(0)))
    for aggregate in list(tree.find_all(exp.Sum, exp.Avg)):
        truth = aggregate.this.unnest()
        if isinstance(truth, (exp.Predicate, exp.Connector, exp.Not)):
            one, none = exp.Literal.number(1), exp.Literal.number(0)
            tests = [
                exp.If(this=truth.copy(), true=one),
                exp.If(this=exp.Not(this=exp.Paren(this=truth.copy())), true=none),
            ]
            aggregate.set("this", exp.Case(ifs=tests))


def _is_condition(column: exp.Column) -> bool:
    node: exp.Expr = column
    while isinstance(node.parent, exp.Paren):
        node = node.parent
    holder = node.parent
    if isinstance(holder, exp.If):
        return node.arg_key == "this" and not (isinstance(holder.parent, exp.Case) and holder.parent.this)
    if isinstance(holder, exp.Join):
        return node.arg_key == "on"
    return isinstance(holder, (exp.Where, exp.Having, exp.Connector, exp.Not))


def _typed_arguments(tree: exp.Query) -> None:
    """Postgres rounds decimals only, and joins texts only."""
    for rounded in tree.find_all(exp.Round):
        if rounded.args.get("decimals") is not None:
            rounded.set("this", exp.cast(rounded.this.copy(), "DECIMAL"))
    for joined in tree.find_all(exp.GroupConcat):
        holder: exp.Expr = joined
        while isinstance(holder.this, (exp.Order, exp.Distinct)):
            holder = holder.this
        if isinstance(holder, exp.Distinct):
            holder.set("expressions", [exp.cast(one.copy(), "TEXT") for one in holder.expressions])
        else:
            holder.set("this", exp.cast(holder.this.copy(), "TEXT"))
