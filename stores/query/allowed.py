"""What a query may be made of. Everything that is not listed here is refused, known or unknown."""

from __future__ import annotations

from sqlglot import exp

STATEMENTS = (exp.Select, exp.Union, exp.Intersect, exp.Except)
"""What the statement itself may be."""

FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Count: "COUNT",
    exp.Sum: "SUM",
    exp.Avg: "AVG",
    exp.Min: "MIN",
    exp.Max: "MAX",
    exp.GroupConcat: "GROUP_CONCAT",
    exp.Greatest: "MAX",
    exp.Least: "MIN",
    exp.Abs: "ABS",
    exp.Round: "ROUND",
    exp.Floor: "FLOOR",
    exp.Ceil: "CEIL",
    exp.Sqrt: "SQRT",
    exp.Coalesce: "COALESCE",
    exp.Nullif: "NULLIF",
    exp.If: "IIF",
    exp.Case: "CASE",
    exp.Cast: "CAST",
    exp.Lower: "LOWER",
    exp.Upper: "UPPER",
    exp.Length: "LENGTH",
    exp.Substring: "SUBSTR",
    exp.Trim: "TRIM",
    exp.StrPosition: "INSTR",
    exp.RowNumber: "ROW_NUMBER",
    exp.Rank: "RANK",
    exp.DenseRank: "DENSE_RANK",
    exp.Lag: "LAG",
    exp.Lead: "LEAD",
    exp.FirstValue: "FIRST_VALUE",
    exp.LastValue: "LAST_VALUE",
}
"""Functions, with the name under which people know them."""

ONLY_IN_WINDOWS = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)

_OPERATORS = (
    *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between),
    *(exp.Like, exp.ILike, exp.Escape, exp.Exists, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe),
    *(exp.Paren, exp.Tuple, exp.Distinct, exp.Filter, exp.Window, exp.WindowSpec),
)
_PARTS = (
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Star, exp.Alias, exp.Table, exp.TableAlias),
    *(exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset),
    *(exp.Subquery, exp.With, exp.CTE, exp.DataType, exp.Var),
)
NODES: frozenset[type[exp.Expr]] = frozenset((*STATEMENTS, *FUNCTIONS, *_OPERATORS, *_PARTS))
"""Every kind of node that a query may contain."""

CAST_TYPES = frozenset(
    {
        exp.DType.INT,
        exp.DType.BIGINT,
        exp.DType.FLOAT,
        exp.DType.DOUBLE,
        exp.DType.TEXT,
        exp.DType.VARCHAR,
        exp.DType.DECIMAL,
    }
)

SELECT_PARTS = frozenset(
    "expressions from_ joins where group having order limit offset distinct with_ operation_modifiers".split()
)
"""What a SELECT may have; sqlglot knows some dozen more clauses."""

JOINS = frozenset({"", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER"})

LONGEST = 8_000
"""Characters of a query. Source: our choice: some ten times the longest one that people write."""

MOST_TOKENS = 1_200

MOST_NODES = 5_000
"""Nodes of the tree once names that the query gives stand for what they mean: each may mean the last one twice."""

DEEPEST = 60
"""Levels of the parsed tree. Source: our choice: three subqueries in one another have about 30."""

MOST_TABLES = 12
"""Tables in one query: each has a view behind it."""

MOST_JOINED_TEXTS = 12
"""Operators and functions that build longer texts out of others; nested, each may double a text."""
