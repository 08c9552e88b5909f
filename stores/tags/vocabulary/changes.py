"""Who changed what of the vocabulary and of decisions: written within the transactions that change it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection

from stores.core.records import Tag
from stores.tags.tag_rows import insert_rows
from stores.tags.vocabulary.vocabulary_tables import DecisionChangeRow, TagChangeRow

Action = Literal["add", "edit", "remove", "merge", "split", "retire", "restore", "import", "undo", "accept"]


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something; ``by_id``: "" for the owner."""

    by_id: str = ""
    by_name: str = "owner"


OWNER_AUTHOR = Author()
MACHINE = Author("", "kinodex")
"""Who decides without people."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is changed at once: its name, the author, when (seconds since 1970)."""

    author: Author
    at: float
    action: Action
    name: str = field(default_factory=lambda: f"stp_{secrets.token_hex(10)}")


def record(connection: Connection, step: Step, changes: Iterable[tuple[Tag | None, Tag | None]]) -> None:
    """Notes tags before and after a step."""
    said = {"step": step.name, "action": step.action, "by_id": step.author.by_id, "by_name": step.author.by_name}
    rows = [
        said
        | {"at": step.at, "before": plain(before), "after": plain(after), "undone_at": None}
        | {"tag_id": (after or before or Tag("", "")).tag_id}
        for before, after in changes
        # Of a merge the tag that others became part of is noted even if it says all that already.
        if before != after or step.action == "merge"
    ]
    insert_rows(connection, TagChangeRow, rows)


def plain(tag: Tag | None) -> dict[str, Any] | None:
    """A tag as JSON holds it."""
    return None if tag is None else asdict(tag) | {"aliases": list(tag.aliases)}


def restored(kept: Mapping[str, Any] | None) -> Tag | None:
    """What `plain` made a tag of."""
    return None if kept is None else Tag(**{**kept, "aliases": tuple(kept["aliases"])})


@dataclass(frozen=True, slots=True)
class DecisionChange:
    """A decision on a tag of a video that became another one; "" for none."""

    video_id: str
    tag_id: str
    before: str
    after: str
    confidence: float | None = None


def record_decisions(
    connection: Connection, changes: Sequence[DecisionChange], origin: str, author: Author, at: float
) -> None:
    """Notes decisions that changed; those that did not are left out."""
    said = {"origin": origin, "by_id": author.by_id, "by_name": author.by_name, "at": at}
    rows = [
        said
        | {"video_id": one.video_id, "tag_id": one.tag_id, "before": one.before, "after": one.after}
        | {"confidence": one.confidence}
        for one in changes
        if one.before != one.after
    ]
    insert_rows(connection, DecisionChangeRow, rows)
