"""What a look-up gives back, to the rules as to a language model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One look-up to be made: the tool's name, and its arguments as JSON values."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The outcome of one look-up. It can be written as JSON; what lines say is read again from the store by their ids.

    Attributes:
        evidence_ids: of the lines that were found, the most relevant first; all can be cited.
        rows: further facts as JSON objects: videos, tags, rows of a table.
        note: one sentence on how it went: the verdict, what was left out, why nothing was found.
        sql: the statement that gave ``rows``, for a claim about them to be computed again.
        error: code of a `stores.core.errors.KinodexError`, "" if it went well; then ``note`` says what to do.
    """

    call: ToolCall
    evidence_ids: tuple[str, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()
    note: str = ""
    sql: str = ""
    error: str = ""
