"""Tags that share a name or an alias, as names are compared."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, select, union_all

from stores.sql.database import reading
from stores.sql.tables import TagAliasRow, TagRow

_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class SharedName:
    """Two active tags (id and name each) with a name or alias in common."""

    first: tuple[str, str]
    second: tuple[str, str]
    shared: str


def shared_names(engine: Engine, limit: int = 100) -> list[SharedName]:
    """Pairs of tags with a common name or alias, each with the tag that is longest in the vocabulary.

    Names in common come before aliases.

    Args:
        limit: names that are looked at; each gives a pair for every further tag that has it.
    """
    own = select(TagRow.folded, TagRow.tag_id).where(TagRow.status == "active")
    other = select(TagAliasRow.folded, TagAliasRow.tag_id).join(TagRow, TagRow.tag_id == TagAliasRow.tag_id)
    names = union_all(own, other.where(TagRow.status == "active")).subquery()
    several = (
        select(names.c.folded)
        .group_by(names.c.folded)
        .having(func.count(names.c.tag_id.distinct()) > 1)
        .order_by(names.c.folded)
        .limit(limit)
    )
    with reading(engine) as connection:
        shared = list(connection.execute(several).scalars())
        owners: dict[str, dict[str, tuple[bool, int, str]]] = {}
        for first in range(0, len(shared), _TOGETHER):
            some = shared[first : first + _TOGETHER]
            columns = (TagRow.tag_id, TagRow.position, TagRow.name)
            active = TagRow.status == "active"
            with_alias = (
                select(TagAliasRow.folded, *columns)
                .join(TagRow, TagRow.tag_id == TagAliasRow.tag_id)
                .where(TagAliasRow.folded.in_(some), active)
            )
            for key, tag_id, position, name in connection.execute(with_alias):
                owners.setdefault(key, {})[tag_id] = True, position, name
            named = select(TagRow.folded, *columns).where(TagRow.folded.in_(some), active)
            for key, tag_id, position, name in connection.execute(named):
                owners.setdefault(key, {})[tag_id] = False, position, name
    found: list[tuple[bool, SharedName]] = []
    for key, tags in owners.items():
        ordered = sorted(tags.items(), key=lambda item: item[1])
        (first_id, (_, _, first_name)), *rest = ordered
        found += [(alias, SharedName((first_id, first_name), (tag_id, name), key)) for tag_id, (alias, _, name) in rest]
    # A pair that shares several names is one pair.
    once: dict[tuple[str, str], tuple[bool, SharedName]] = {}
    for alias, pair in sorted(found, key=lambda item: (item[0], item[1].shared)):
        once.setdefault((pair.first[0], pair.second[0]), (alias, pair))
    return [pair for _, pair in once.values()]
