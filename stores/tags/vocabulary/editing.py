"""Changing the vocabulary tag by tag; every change is noted, and can be undone as long as nothing rests on it.

All changes are transactions of the database; they do not wait for a job.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from sqlalchemy import Connection, Engine, select

from stores.core.errors import UsageError
from stores.core.records import Tag
from stores.sql.database import writing
from stores.sql.tables import DecisionRow
from stores.tags.tag_rows import add_tags, below, change_tags, children_of, delete_tags, parents_of, some_tags, tag_of
from stores.tags.vocabulary.changes import OWNER_AUTHOR, Action, Author, Step, record
from stores.tags.vocabulary.inheritance import derive, videos_of_tags
from stores.tags.vocabulary.naming import checked, checked_aliases, free_id
from stores.tags.vocabulary.shelf import put_away, remove_of_tag, rows_of


@dataclass(frozen=True, slots=True)
class NewTag:
    """A tag to be added; ``tag_id``: "" for one made of the name; ``parent``: an id."""

    name: str
    tag_id: str = ""
    facet: str = ""
    aliases: tuple[str, ...] = ()
    parent: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class TagEdit:
    """What is to be different about a tag; None: as it was. ``aliases`` replaces all; the other two change some."""

    name: str | None = None
    facet: str | None = None
    aliases: tuple[str, ...] | None = None
    add_aliases: tuple[str, ...] = ()
    remove_aliases: tuple[str, ...] = ()
    parent: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The result of a change.

    Attributes:
        tags: as they are now.
        undo: what `stores.tags.vocabulary.undoing.undo` takes; "" if nothing changed.
        removed: ids that are no longer there.
        decisions: decisions that were moved or removed.
    """

    tags: tuple[Tag, ...]
    undo: str
    removed: tuple[str, ...] = ()
    decisions: int = 0


class TagEditor:
    """Adds, edits, retires, restores and removes tags.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, new: NewTag, author: Author = OWNER_AUTHOR) -> Changed:
        """Adds a tag.

        Raises:
            UsageError: CONFLICT if there is one with this id; USAGE if a value cannot be; NOT_FOUND if there is no such
                parent.
        """
        step = self.step("add", author)
        with writing(self._engine) as connection:
            tag = made(connection, new)
            add_tags(connection, [tag])
            record(connection, step, [(None, tag)])
        return Changed((tag,), step.name)

    def edit(self, tag_id: str, edit: TagEdit, author: Author = OWNER_AUTHOR) -> Changed:
        """Changes some values of a tag.

        Raises:
            UsageError: NOT_FOUND if there is no such tag or parent; USAGE if a value cannot be, or parents would form
                a circle.
        """
        step = self.step("edit", author)
        with writing(self._engine) as connection:
            before = tag_there(connection, tag_id)
            name = checked("name", edit.name) if edit.name is not None else before.name
            gone = set(edit.remove_aliases)
            kept = before.aliases if edit.aliases is None else edit.aliases
            after = replace(
                before,
                name=name,
                facet=before.facet if edit.facet is None else checked("facet", edit.facet, empty=True),
                aliases=checked_aliases(name, [one for one in (*kept, *edit.add_aliases) if one not in gone]),
                parent=before.parent if edit.parent is None else checked_parent(connection, tag_id, edit.parent),
                language=before.language if edit.language is None else checked("language", edit.language, empty=True),
            )
            return put(connection, step, [(before, after)])

    def retire(self, tag_ids: Sequence[str], author: Author = OWNER_AUTHOR) -> Changed:
        """Has tags keep their decisions and get no new ones.

        Raises:
            UsageError: NOT_FOUND; then none is retired.
        """
        return self._with_status(tag_ids, "retired", "retire", author)

    def restore(self, tag_ids: Sequence[str], author: Author = OWNER_AUTHOR) -> Changed:
        """Has retired tags get decisions again; raises as `retire`."""
        return self._with_status(tag_ids, "active", "restore", author)

    def remove(self, tag_ids: Sequence[str], author: Author = OWNER_AUTHOR) -> Changed:
        """Removes tags with all decisions about them, all or none. Children of a removed tag get its parent.

        Raises:
            UsageError: NOT_FOUND if there is no tag of one of these ids.
        """
        step = self.step("remove", author)
        wanted = tuple(dict.fromkeys(tag_ids))
        with writing(self._engine) as connection:
            tags = [tag_there(connection, tag_id) for tag_id in wanted]
            gone = {tag.tag_id: tag.parent for tag in tags}
            children = some_tags(connection, (one for one in children_of(connection, wanted) if one not in gone))
            changes = [(child, replace(child, parent=_above(child.parent, gone))) for child in children.values()]
            videos = videos_of_tags(connection, below(connection, wanted))
            decisions = 0
            for tag_id in wanted:
                decided = rows_of(connection, "decisions", tag_id)
                decisions += len(decided)
                put_away(connection, step, "decisions", decided)
                for kind in ("decision_evidence", "reviews"):
                    put_away(connection, step, kind, rows_of(connection, kind, tag_id))
                remove_of_tag(connection, tag_id)
            change_tags(connection, [after for _, after in changes])
            delete_tags(connection, wanted)
            record(connection, step, [*changes, *((tag, None) for tag in tags)])
            derive(connection, videos)
        return Changed(tuple(after for _, after in changes), step.name, wanted, decisions)

    def step(self, action: Action, author: Author) -> Step:
        """A step that begins now."""
        return Step(author, self._clock(), action)

    def _with_status(self, tag_ids: Sequence[str], status: str, action: Action, author: Author) -> Changed:
        step = self.step(action, author)
        with writing(self._engine) as connection:
            tags = [tag_there(connection, tag_id) for tag_id in dict.fromkeys(tag_ids)]
            return put(connection, step, [(tag, replace(tag, status=cast(object, status))) for tag in tags])  # type: ignore[arg-type]


def made(connection: Connection, new: NewTag) -> Tag:
    """A tag out of what a person gave; raises as `TagEditor.add`."""
    name, facet = checked("name", new.name), checked("facet", new.facet, empty=True)

    def taken(tag_id: str) -> bool:
        return tag_of(connection, tag_id) is not None

    if new.tag_id and taken(new.tag_id.strip()):
        raise UsageError("CONFLICT", f"There is a tag {new.tag_id} already.", "Edit it, or choose another id.")
    tag_id = checked("id", new.tag_id) if new.tag_id else free_id(name, facet, taken)
    return Tag(
        tag_id,
        name,
        facet,
        checked_aliases(name, new.aliases),
        checked_parent(connection, tag_id, new.parent),
        checked("language", new.language, empty=True),
    )


def put(connection: Connection, step: Step, changes: Sequence[tuple[Tag, Tag]]) -> Changed:
    """Changes tags that are there, notes it, and makes again what follows from it."""
    real = [(before, after) for before, after in changes if before != after]
    change_tags(connection, [after for _, after in real])
    record(connection, step, real)
    moved = [after.tag_id for before, after in real if (before.parent, before.status) != (after.parent, after.status)]
    derive(connection, videos_of_tags(connection, below(connection, moved)))
    return Changed(tuple(after for _, after in changes), step.name if real else "")


def tag_there(connection: Connection, tag_id: str) -> Tag:
    """A tag by its id.

    Raises:
        UsageError: NOT_FOUND.
    """
    found = tag_of(connection, tag_id)
    if found is None:
        raise UsageError("NOT_FOUND", f"There is no tag {tag_id[:80]!r}.", "See `kinodex tags list`.")
    return found


def checked_parent(connection: Connection, tag_id: str, parent: str) -> str:
    """The id of a parent that a tag may have.

    Raises:
        UsageError: NOT_FOUND if there is no such tag; USAGE if parents would form a circle.
    """
    if not parent:
        return ""
    tag_there(connection, parent)
    above = parents_of(connection, [parent])
    passed, one = [parent], parent
    while one in above and above[one][0] and one != tag_id and above[one][0] not in passed:
        one = above[one][0]
        passed.append(one)
    if tag_id in passed:
        circle = " → ".join((tag_id, *passed[: passed.index(tag_id) + 1]))
        raise UsageError("USAGE", f"Parents would form a circle: {circle}.", "Choose a parent that is not below it.")
    return parent


def refuse_if_judged(connection: Connection, tag_id: str) -> None:
    """Refuses what would lose decisions by people.

    Raises:
        UsageError: CONFLICT.
    """
    person = (DecisionRow.tag_id == tag_id) & (DecisionRow.origin == "person")
    if connection.execute(select(DecisionRow.video_id).where(person).limit(1)).first() is not None:
        message = f"People have decided about {tag_id} since."
        raise UsageError("CONFLICT", message, "Retire the tag, or remove it with its decisions.")


def _above(parent: str, gone: dict[str, str]) -> str:
    while parent in gone:
        parent = gone[parent]
    return parent
