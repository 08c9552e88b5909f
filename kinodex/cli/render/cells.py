"""What tables for people are made of. Everything from a video or a name is data: it is printed as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from rich.table import Table
from rich.text import Text

from kinodex.text import clean

_COLOURS = {
    "done": "green",
    "accepted": "green",
    "ok": "green",
    "failed": "red",
    "fail": "red",
    "quarantined": "red",
    "altered": "red",
}


def data(value: object, style: str = "") -> Text:
    """A value, without markup and control characters."""
    return Text(clean(str(value)), style=style)


def status(value: str) -> Text:
    """A status in its colour."""
    return Text(clean(value), style=_COLOURS.get(value, "yellow"))


def witness(channel: str, quote: str) -> str:
    """What a citation rests on: its channel and its words; what was counted has none to quote."""
    return f"({channel}): “{quote}”" if quote else f"({channel})"


def table(*columns: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """An empty table without lines.

    Args:
        right: the columns of numbers.
        whole: the columns of what people copy, which is not broken at a narrow terminal.
    """
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in right else "left"
        made.add_column(column, justify=justify, overflow="fold", no_wrap=column in whole)
    return made


_TABLE = re.compile(r"\bFROM\s+(?P<table>[a-z_]+)", re.I)


def counted(statements: Iterable[str], queries: bool = False) -> list[str]:
    """What the numbers of an answer come from, a line each: the tables, in words, or the statements themselves."""
    statements = list(statements)
    if queries or not statements:
        return [f"  counted by: {one}" for one in statements]
    tables = dict.fromkeys(found["table"].replace("_", " ") for one in statements for found in _TABLE.finditer(one))
    return [f"  looked up in the library's records of: {', '.join(tables)}" if tables else "  counted by the library"]
