"""Vocabularies out of files: what would change, and changing it, all or nothing."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Engine

from stores.core.records import Tag
from stores.sql.database import reading, writing
from stores.tags.files.vocabulary_file import VocabularyFile, invalid, several
from stores.tags.tag_rows import add_tags, all_tags, below, change_tags, name_keys
from stores.tags.vocabulary.changes import OWNER_AUTHOR, Author, Step, record
from stores.tags.vocabulary.inheritance import derive, videos_of_tags
from stores.tags.vocabulary.naming import free_id

SHOWN = 20
"""Changes that a report names. Source: our choice."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import.

    Attributes:
        total: tags in the library now.
        remarks: how the file was read.
        ids_made: tags that had no id.
        changes: the first of those added or updated: what, id, name, and the fields that differ.
        undo: what takes it back; "" if nothing changed.
        dry_run: nothing was changed.
    """

    added: int
    updated: int
    unchanged: int
    total: int
    remarks: tuple[str, ...] = field(default=(), compare=False)
    ids_made: int = field(default=0, compare=False)
    changes: tuple[tuple[str, str, str, tuple[str, ...]], ...] = field(default=(), compare=False)
    undo: str = field(default="", compare=False)
    dry_run: bool = field(default=False, compare=False)


_ATTRIBUTES = {"id": "tag_id", "name": "name", "facet": "facet", "aliases": "aliases", "parent": "parent"}
_ATTRIBUTES |= {"language": "language", "status": "status"}


def import_vocabulary(
    engine: Engine, path: object, file: VocabularyFile, author: Author = OWNER_AUTHOR, dry_run: bool = False
) -> ImportReport:
    """Adds the tags of a file, all or none; a tag that is known gets the file's values.

    A tag is known by its id; in a file without ids by its name (and facet, where the file has one). Tags that the file
    does not name stay as they are, and so does what it has no column for.

    Args:
        path: of the file, for messages.
        dry_run: only say what would change.

    Raises:
        TagFileError: TAG_FILE_INVALID, with the lines that are wrong.
    """
    with reading(engine) if dry_run else writing(engine) as connection:
        known = {tag.tag_id: tag for tag in all_tags(connection)}
        rows, made, remarks = _with_ids(file, known)
        wanted = _merged(rows, known, file)
        after = known | {tag.tag_id: tag for _, tag in wanted}
        _check_parents(path, file.unit, wanted, after)
        added = [tag for _, tag in wanted if tag.tag_id not in known]
        changed = [(known[tag.tag_id], tag) for _, tag in wanted if tag.tag_id in known and tag != known[tag.tag_id]]
        step = Step(author, time.time(), "import")
        if not dry_run:
            add_tags(connection, added)
            change_tags(connection, [tag for _, tag in changed])
            record(connection, step, [*((None, tag) for tag in added), *changed])
            moved = [new.tag_id for old, new in changed if (old.parent, old.status) != (new.parent, new.status)]
            derive(connection, videos_of_tags(connection, below(connection, moved)) if moved else ())
    undo = "" if dry_run or not (added or changed) else step.name
    shown = [*_named("add", ((None, tag) for tag in added[:SHOWN])), *_named("update", changed[:SHOWN])][:SHOWN]
    counts = len(added), len(changed), len(wanted) - len(added) - len(changed), len(after if not dry_run else known)
    return ImportReport(*counts, (*file.remarks, *remarks), made, tuple(shown), undo, dry_run)


def _named(what: str, changes: Iterable[tuple[Tag | None, Tag]]) -> Iterable[tuple[str, str, str, tuple[str, ...]]]:
    for old, new in changes:
        differ = [name for name, of in _ATTRIBUTES.items() if old is not None and getattr(old, of) != getattr(new, of)]
        yield what, new.tag_id, new.name, tuple(differ)


def _with_ids(file: VocabularyFile, known: Mapping[str, Tag]) -> tuple[list[tuple[int, Tag]], int, list[str]]:
    """The rows with ids: their own, those of known tags of the same name, or new ones; namesakes are united."""
    if all(tag.tag_id for _, tag in file.rows):
        return list(file.rows), 0, []
    with_facets = "facet" in file.fields
    namesakes: defaultdict[str, list[Tag]] = defaultdict(list)
    for key, tag in zip(name_keys([tag.name for tag in known.values()]), known.values(), strict=True):
        namesakes[key].append(tag)
    taken = {*known, *(tag.tag_id for _, tag in file.rows if tag.tag_id)}
    found: dict[tuple[str, str], int] = {}
    rows: list[tuple[int, Tag]] = []
    made = united = 0
    keys = name_keys([tag.name for _, tag in file.rows])
    for key, (line, tag) in zip(keys, file.rows, strict=True):
        if tag.tag_id:
            rows.append((line, tag))
            continue
        place = key, tag.facet if with_facets else ""
        if place in found:
            at = found[place]
            first = rows[at][1]
            others = [one for one in (tag.name, *tag.aliases) if one != first.name]
            rows[at] = rows[at][0], replace(first, aliases=tuple(dict.fromkeys((*first.aliases, *others))))
            united += 1
            continue
        same = [one for one in namesakes.get(key, ()) if not with_facets or one.facet == tag.facet]
        tag_id = same[0].tag_id if same else free_id(tag.name, tag.facet, taken.__contains__)
        made += not same
        taken.add(tag_id)
        found[place] = len(rows)
        rows.append((line, replace(tag, tag_id=tag_id)))
    remarks = [f"{made} ids made of names"] if made else []
    return rows, made, [*remarks, f"{united} repeated names united"] if united else remarks


def _merged(rows: Sequence[tuple[int, Tag]], known: Mapping[str, Tag], file: VocabularyFile) -> list[tuple[int, Tag]]:
    """The tags as they are to be: what the file says nothing of stays, parents are ids."""
    ids = {tag.tag_id for _, tag in rows} | known.keys()
    by_name: dict[str, str] = {}
    if any(tag.parent and tag.parent not in ids for _, tag in rows):
        named = [*known.values(), *(tag for _, tag in rows)]
        for key, tag in zip(name_keys([tag.name for tag in named]), named, strict=True):
            by_name[key] = tag.tag_id if by_name.get(key, tag.tag_id) == tag.tag_id else ""
    silent = [of for name, of in _ATTRIBUTES.items() if name not in file.fields and name not in ("id", "name")]
    wanted: list[tuple[int, Tag]] = []
    for line, tag in rows:
        if tag.parent and tag.parent not in ids:
            tag = replace(tag, parent=by_name.get(name_keys([tag.parent])[0]) or tag.parent)
        old = known.get(tag.tag_id)
        if old is not None:
            kept = {of: getattr(old, of) for of in silent}
            if not file.ordered and "aliases" not in kept and set(old.aliases) == set(tag.aliases):
                kept["aliases"] = old.aliases
            tag = replace(tag, **kept)
        wanted.append((line, tag))
    return wanted


def _check_parents(path: object, unit: str, rows: Sequence[tuple[int, Tag]], library: Mapping[str, Tag]) -> None:
    fine: set[str] = set()
    problems: list[str] = []
    for line, tag in rows:
        passed, parent = [tag.tag_id], tag.parent
        while parent and parent not in fine:
            if parent not in library:
                problems.append(f"{unit} {line}: the parent {parent} of {tag.tag_id} is in neither file nor library")
                break
            if parent in passed:
                problems.append(f"{unit} {line}: the parents of {tag.tag_id} form a circle")
                break
            passed.append(parent)
            parent = library[parent].parent
        else:
            fine.update(passed)
    if problems:
        raise invalid(path, several(problems))
