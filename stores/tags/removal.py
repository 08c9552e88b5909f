"""Removing tags from the tag library, with the decisions about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, func, select

from stores.core.errors import UsageError
from stores.sql.database import reading
from stores.sql.tables import TagRow
from stores.tags.vocabulary.changes import OWNER_AUTHOR, Author
from stores.tags.vocabulary.editing import TagEditor


@dataclass(frozen=True, slots=True)
class Removed:
    """The result of a removal; ``decisions``: removed with the tags; ``total``: tags left; ``undo``: takes it back."""

    removed: int
    decisions: int
    total: int
    undo: str = field(default="", compare=False)


def remove_tags(engine: Engine, tag_ids: Sequence[str], author: Author = OWNER_AUTHOR) -> Removed:
    """Removes tags, all or none. Children of a removed tag get its parent.

    Raises:
        UsageError: USAGE if there is no tag of one of these ids.
    """
    try:
        done = TagEditor(engine).remove(tag_ids, author)
    except UsageError as error:
        if error.code.name != "NOT_FOUND":
            raise
        raise UsageError("USAGE", f"{error.message[:-1]}; none was removed.", "See `kinodex tags list`.") from error
    with reading(engine) as connection:
        total = connection.execute(select(func.count()).select_from(TagRow)).scalar() or 0
    return Removed(len(done.removed), done.decisions, total, done.undo)
