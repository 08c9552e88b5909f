"""Taking back a step of changes: everything is as it was before, or nothing happens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from stores.core.errors import UsageError
from stores.core.records import Tag
from stores.sql.database import writing
from stores.tags.tag_rows import add_tags, below, change_tags, children_of, delete_tags, some_tags
from stores.tags.vocabulary.changes import OWNER_AUTHOR, Author, Step, record, restored
from stores.tags.vocabulary.editing import Changed, checked_parent, refuse_if_judged
from stores.tags.vocabulary.inheritance import derive, videos_of_tags
from stores.tags.vocabulary.shelf import put_back, remove_of_tag
from stores.tags.vocabulary.vocabulary_tables import TagChangeRow


def undo(engine: Engine, step: str, author: Author = OWNER_AUTHOR) -> Changed:
    """Takes back a step: tags, decisions and reviews are as they were; what was decided since stays.

    Raises:
        UsageError: NOT_FOUND if there is no such step, or it is undone; CONFLICT if one of its tags was changed since,
            if people decided about one that would go, or if it has children now.
    """
    with writing(engine) as connection:
        chosen = select(TagChangeRow.__table__).where(TagChangeRow.step == step, TagChangeRow.undone_at.is_(None))
        rows = connection.execute(chosen.order_by(TagChangeRow.change_id)).all()
        if not rows or rows[0].action == "undo":
            raise UsageError("NOT_FOUND", "There is no such change.", "It was undone, or see `kinodex tags history`.")
        now = some_tags(connection, [row.tag_id for row in rows])
        changes = [(row.tag_id, restored(row.before), restored(row.after)) for row in rows]
        for tag_id, _, after in changes:
            if now.get(tag_id) != after:
                message = f"The tag {tag_id} was changed since."
                raise UsageError(
                    "CONFLICT", message, f"See `kinodex tags history {tag_id}`; undo the later change first."
                )
        gone = [tag_id for tag_id, before, _ in changes if before is None]
        videos = _remove(connection, gone)
        back = [before for _, before, after in changes if before is not None and after is None]
        _check_parents(connection, [before for _, before, _ in changes if before is not None], back)
        add_tags(connection, back)
        change_tags(connection, [before for _, before, after in changes if before is not None and after is not None])
        for _, before, _ in changes:
            if before is not None:
                checked_parent(connection, before.tag_id, before.parent)
        target = _target(rows)
        videos |= put_back(connection, step, rows[0].at, [tag.tag_id for tag in back], target)
        done = Step(author, time.time(), "undo")
        record(connection, done, [(after, before) for _, before, after in changes])
        both = update(TagChangeRow).where(TagChangeRow.step.in_((step, done.name)))
        connection.execute(both.values(undone_at=done.at))
        touched = [tag_id for tag_id, before, _ in changes if before is not None]
        derive(connection, videos | videos_of_tags(connection, below(connection, touched)))
    tags = tuple(before for _, before, _ in changes if before is not None)
    return Changed(tags, "", tuple(gone))


def _target(rows: Sequence[Any]) -> str:
    """The tag into which others were merged by a step; "" if that is none."""
    kept = [row for row in rows if row.action == "merge" and row.after is not None and row.before is not None]
    return kept[0].tag_id if kept else ""


def _remove(connection: Connection, tag_ids: Sequence[str]) -> set[str]:
    children = [one for one in children_of(connection, tag_ids) if one not in tag_ids]
    if children:
        message = f"The tag {children[0]} is below one that would go."
        raise UsageError("CONFLICT", message, "Give it another parent first.")
    videos = videos_of_tags(connection, tag_ids)
    for tag_id in tag_ids:
        refuse_if_judged(connection, tag_id)
        remove_of_tag(connection, tag_id)
    delete_tags(connection, tag_ids)
    return videos


def _check_parents(connection: Connection, tags: Sequence[Tag], back: Sequence[Tag]) -> None:
    wanted = {tag.parent for tag in tags if tag.parent} - {tag.tag_id for tag in back}
    missing = sorted(wanted - some_tags(connection, wanted).keys())
    if missing:
        message = f"The parent {missing[0]} is no longer there."
        raise UsageError("CONFLICT", message, "Undo its removal first.")
