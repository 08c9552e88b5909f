"""Tags as rows of their tables, within the transactions of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, cast

from sqlalchemy import Connection, delete, func, insert, select, update

from stores.core.records import Tag
from stores.core.text_keys import search_keys
from stores.sql.tables import TagAliasRow, TagRow

_TOGETHER = 500  # ids in one query


def all_tags(connection: Connection) -> list[Tag]:
    """All tags in their order."""
    return _tags(connection, None)


def tag_of(connection: Connection, tag_id: str) -> Tag | None:
    """One tag by its id."""
    return next(iter(_tags(connection, [tag_id])), None)


def some_tags(connection: Connection, tag_ids: Iterable[str]) -> dict[str, Tag]:
    """Some tags by their ids; those that are not there are absent."""
    wanted = list(dict.fromkeys(tag_ids))
    found: dict[str, Tag] = {}
    for first in range(0, len(wanted), _TOGETHER):
        found.update((tag.tag_id, tag) for tag in _tags(connection, wanted[first : first + _TOGETHER]))
    return found


def children_of(connection: Connection, tag_ids: Sequence[str]) -> list[str]:
    """The ids of the tags right below some tags."""
    found: list[str] = []
    for first in range(0, len(tag_ids), _TOGETHER):
        below = TagRow.parent.in_(tag_ids[first : first + _TOGETHER])
        found += connection.execute(select(TagRow.tag_id).where(below).order_by(TagRow.position)).scalars()
    return found


def below(connection: Connection, tag_ids: Iterable[str]) -> set[str]:
    """The ids of some tags and of all that is narrower."""
    found = set(tag_ids)
    edge = sorted(found)
    while edge:
        edge = sorted(set(children_of(connection, edge)) - found)
        found.update(edge)
    return found


def parents_of(connection: Connection, tag_ids: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """The parent of some tags and of all that are broader, and whether the tag itself is retired."""
    found: dict[str, tuple[str, bool]] = {}
    edge, columns = sorted(set(tag_ids)), (TagRow.tag_id, TagRow.parent, TagRow.status)
    asked: set[str] = set()
    while edge:
        asked.update(edge)
        for first in range(0, len(edge), _TOGETHER):
            some = TagRow.tag_id.in_(edge[first : first + _TOGETHER])
            for tag_id, parent, status in connection.execute(select(*columns).where(some)):
                found[tag_id] = parent, status == "retired"
        edge = sorted({parent for parent, _ in found.values() if parent} - asked)
    return found


def add_tags(connection: Connection, tags: Sequence[Tag]) -> None:
    """Adds tags behind the others."""
    last = connection.execute(select(func.max(TagRow.position))).scalar()
    first = 0 if last is None else last + 1
    keys = name_keys([tag.name for tag in tags])
    rows = [
        {"tag_id": tag.tag_id, "position": first + n, "folded": key, **_columns(tag)}
        for n, (tag, key) in enumerate(zip(tags, keys, strict=True))
    ]
    insert_rows(connection, TagRow, rows)
    _add_aliases(connection, tags)


def change_tags(connection: Connection, tags: Sequence[Tag]) -> None:
    """Gives tags that are there other values."""
    keys = name_keys([tag.name for tag in tags])
    for tag, key in zip(tags, keys, strict=True):
        same = TagRow.tag_id == tag.tag_id
        connection.execute(update(TagRow).where(same).values(folded=key, **_columns(tag)))
    _remove_aliases(connection, [tag.tag_id for tag in tags])
    _add_aliases(connection, tags)


def delete_tags(connection: Connection, tag_ids: Sequence[str]) -> None:
    """Removes tags; what else belongs to them is for others."""
    _remove_aliases(connection, tag_ids)
    for first in range(0, len(tag_ids), _TOGETHER):
        connection.execute(delete(TagRow).where(TagRow.tag_id.in_(tag_ids[first : first + _TOGETHER])))


def name_keys(names: Sequence[str]) -> list[str]:
    """`stores.core.text_keys.name_key` of very many names."""
    return [" ".join(key.split()) for key in search_keys(names)]


def insert_rows(connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Adds rows, if there are any."""
    if rows:
        connection.execute(insert(table), rows)


def _tags(connection: Connection, tag_ids: Sequence[str] | None) -> list[Tag]:
    columns = (TagRow.tag_id, TagRow.name, TagRow.facet, TagRow.parent, TagRow.language, TagRow.status)
    chosen = select(*columns).order_by(TagRow.position)
    others = select(TagAliasRow.tag_id, TagAliasRow.alias).order_by(TagAliasRow.tag_id, TagAliasRow.ordinal)
    if tag_ids is not None:
        chosen, others = chosen.where(TagRow.tag_id.in_(tag_ids)), others.where(TagAliasRow.tag_id.in_(tag_ids))
    aliases: dict[str, list[str]] = defaultdict(list)
    # All rows at once and unpacked, since a hundred thousand tags are read at every start.
    for owner, alias in connection.execute(others).all():
        aliases[owner].append(alias)
    return [
        Tag(known, name, facet, tuple(aliases.get(known, ())), parent, language, cast(Any, status))
        for known, name, facet, parent, language, status in connection.execute(chosen).all()
    ]


def _columns(tag: Tag) -> dict[str, str]:
    named = {"name": tag.name, "facet": tag.facet}
    return named | {"parent": tag.parent, "language": tag.language, "status": tag.status}


def _add_aliases(connection: Connection, tags: Sequence[Tag]) -> None:
    owned = [(tag.tag_id, ordinal, alias) for tag in tags for ordinal, alias in enumerate(tag.aliases)]
    keys = name_keys([alias for _, _, alias in owned])
    rows = [
        {"tag_id": tag_id, "ordinal": ordinal, "alias": alias, "folded": key}
        for (tag_id, ordinal, alias), key in zip(owned, keys, strict=True)
    ]
    insert_rows(connection, TagAliasRow, rows)


def _remove_aliases(connection: Connection, tag_ids: Sequence[str]) -> None:
    for first in range(0, len(tag_ids), _TOGETHER):
        connection.execute(delete(TagAliasRow).where(TagAliasRow.tag_id.in_(tag_ids[first : first + _TOGETHER])))
