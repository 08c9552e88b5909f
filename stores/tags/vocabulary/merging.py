"""Tags that turn out to be one, and one that turns out to be several: nothing that was decided is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, update

from stores.core.errors import UsageError
from stores.core.records import Tag
from stores.core.text_keys import name_key
from stores.sql.database import writing
from stores.tags.tag_rows import add_tags, below, change_tags, children_of, delete_tags, parents_of, some_tags
from stores.tags.vocabulary.changes import OWNER_AUTHOR, Author, Step, record
from stores.tags.vocabulary.editing import Changed, NewTag, TagEditor, made, tag_there
from stores.tags.vocabulary.inheritance import derive, videos_of_tags
from stores.tags.vocabulary.shelf import (
    REVIEWS,
    put_away,
    put_decisions,
    remove_decisions,
    remove_of_tag,
    requeue_if_open,
    rows_of,
)

_WEIGHT = {"accepted": 2, "unsure": 1, "abstained": 1}

SPLIT = "split"
"""What decisions on the parts of a tag were recalled by."""


def merge(engine: Engine, target_id: str, source_ids: Sequence[str], author: Author = OWNER_AUTHOR) -> Changed:
    """Makes tags part of another one, which gets their names and aliases, children, decisions and reviews.

    Where both were decided for a video, a person's decision wins, of two the later one; of two automatic ones the
    accepted one, then the surer one; the evidence of both is kept.

    Raises:
        UsageError: NOT_FOUND; USAGE if there is nothing to merge.
    """
    editor = TagEditor(engine)
    step = editor.step("merge", author)
    sources = tuple(one for one in dict.fromkeys(source_ids) if one != target_id)
    if not sources:
        raise UsageError("USAGE", "A tag is not merged with itself.", "Name the tags that are to become part of it.")
    with writing(engine) as connection:
        before = tag_there(connection, target_id)
        gone = [tag_there(connection, tag_id) for tag_id in sources]
        others = [name for tag in gone for name in (tag.name, *tag.aliases)]
        after = replace(
            before,
            aliases=_united(before.name, (*before.aliases, *others)),
            parent=_parent(connection, before, sources),
            facet=before.facet or next((tag.facet for tag in gone if tag.facet), ""),
            language=before.language or next((tag.language for tag in gone if tag.language), ""),
        )
        children = [one for one in children_of(connection, sources) if one not in (*sources, target_id)]
        moved = [(tag, replace(tag, parent=target_id)) for tag in some_tags(connection, children).values()]
        videos = videos_of_tags(connection, below(connection, (target_id, *sources)))
        decisions = sum(_move(connection, step, source, target_id) for source in sources)
        change_tags(connection, [after, *(tag for _, tag in moved)])
        delete_tags(connection, sources)
        record(connection, step, [(before, after), *moved, *((tag, None) for tag in gone)])
        derive(connection, videos)
    return Changed((after, *(tag for _, tag in moved)), step.name, sources, decisions)


def split(
    engine: Engine, tag_id: str, parts: Sequence[NewTag], retire: bool = False, author: Author = OWNER_AUTHOR
) -> Changed:
    """Divides a tag into new, narrower ones, which take the aliases that they name.

    The tag stays above its parts with its decisions, but above those that name another parent, or is retired with
    them. In every video that has it, each part waits for a person, as likely as any other part.

    Raises:
        UsageError: NOT_FOUND, also of a parent; USAGE if there are no two parts, two share a name or a value cannot be;
            CONFLICT if one is there.
    """
    step = TagEditor(engine).step("split", author)
    if len(parts) < 2:
        raise UsageError("USAGE", "A tag is split into two or more.", "Name them: --into NAME --into NAME")
    if len({name_key(part.name) for part in parts}) < len(parts):
        raise UsageError("USAGE", "Two parts have the same name.", "Name each part once.")
    with writing(engine) as connection:
        before = tag_there(connection, tag_id)
        parent = before.parent if retire else tag_id
        added: list[Tag] = []
        for part in parts:
            inherits = replace(part, parent=part.parent or parent, facet=part.facet or before.facet)
            tag = made(connection, replace(inherits, language=part.language or before.language))
            add_tags(connection, [tag])
            added.append(tag)
        taken = {name_key(name) for tag in added for name in (tag.name, *tag.aliases)}
        after = replace(
            before,
            aliases=tuple(one for one in before.aliases if name_key(one) not in taken),
            status="retired" if retire else before.status,
        )
        change_tags(connection, [after])
        record(connection, step, [(before, after), *((None, tag) for tag in added)])
        decisions = _propose(connection, step, tag_id, added)
        derive(connection, videos_of_tags(connection, [tag_id]))
    return Changed((after, *added), step.name, (), decisions)


def _united(name: str, names: Sequence[str]) -> tuple[str, ...]:
    """Names without those that are compared as equal to an earlier one."""
    seen, found = {name_key(name)}, list[str]()
    for one in names:
        if name_key(one) not in seen:
            seen.add(name_key(one))
            found.append(one)
    return tuple(found)


def _parent(connection: Connection, target: Tag, sources: Sequence[str]) -> str:
    """The parent of a tag after merging: the first above it that is not merged, nor below it by way of one that is."""
    above = parents_of(connection, [target.tag_id, *sources])
    merged = {target.tag_id, *sources}
    parent, passed = target.parent, set[str]()
    while parent in merged and parent not in passed:
        passed.add(parent)
        parent = above.get(parent, ("", False))[0]
    one, seen = parent, set[str]()
    while one and one not in seen:
        seen.add(one)
        if one in merged:
            return ""
        one = above.get(one, parents_of(connection, [one]).get(one, ("", False)))[0]
    return parent


def _move(connection: Connection, step: Step, source: str, target: str) -> int:
    """Moves everything decided with one tag to another; returns how many decisions."""
    mine = rows_of(connection, "decisions", source)
    pairs = [(row["video_id"], row["origin"]) for row in mine]
    theirs = {(row["video_id"], row["origin"]): row for row in rows_of(connection, "decisions", target, pairs)}
    proofs: dict[tuple[str, str, str], list[str]] = {}
    kept = {source: rows_of(connection, "decision_evidence", source)}
    kept[target] = rows_of(connection, "decision_evidence", target, pairs)
    for tag_id, rows in kept.items():
        for row in rows:
            proofs.setdefault((tag_id, row["video_id"], row["origin"]), []).append(row["evidence_id"])
        put_away(connection, step, "decision_evidence", rows)
    reviews = rows_of(connection, "reviews", source)
    for kind, rows in (("decisions", [*mine, *theirs.values()]), ("reviews", reviews)):
        put_away(connection, step, kind, rows)
    connection.execute(update(REVIEWS).where(REVIEWS.tag_id == source).values(tag_id=target))
    remove_decisions(connection, target, pairs)
    remove_of_tag(connection, source)
    decisions, evidence = [], []
    for row in mine:
        pair = row["video_id"], row["origin"]
        other = theirs.get(pair)
        wins = other if other is not None and _weight(other) >= _weight(row) else row
        first, second = (target, source) if wins is other else (source, target)
        lines = dict.fromkeys([*proofs.get((first, *pair), ()), *proofs.get((second, *pair), ())])
        place = {"video_id": pair[0], "tag_id": target, "origin": pair[1]}
        decisions.append(wins | {"tag_id": target})
        evidence += [place | {"ordinal": n, "evidence_id": one} for n, one in enumerate(lines)]
    put_decisions(connection, decisions, evidence)
    for video_id in dict.fromkeys(video_id for video_id, _ in pairs):
        requeue_if_open(connection, video_id, target)
    return len(mine)


def _weight(row: dict[str, Any]) -> tuple[float, float]:
    if row["origin"] == "person":
        return row["decided_at"], 0.0
    return _WEIGHT.get(row["decision"], 0), row["confidence"]


def _propose(connection: Connection, step: Step, tag_id: str, parts: Sequence[Tag]) -> int:
    """Has the parts of a tag wait for a person in every video that has the tag."""
    counting: dict[str, dict[str, Any]] = {}
    for row in sorted(rows_of(connection, "decisions", tag_id), key=lambda row: row["origin"]):
        counting[row["video_id"]] = row  # a person's comes last
    lines: dict[tuple[str, str], list[str]] = {}
    for row in rows_of(connection, "decision_evidence", tag_id):
        lines.setdefault((row["video_id"], row["origin"]), []).append(row["evidence_id"])
    decisions, evidence = [], []
    for row in counting.values():
        if row["decision"] != "accepted":
            continue
        sure = round(1.0 / len(parts), 4)
        for number, part in enumerate(parts):
            place = {"video_id": row["video_id"], "tag_id": part.tag_id, "origin": "automatic"}
            said = {"decision": "abstained", "confidence": sure, "recalled_by": [SPLIT], "scores": [[SPLIT, sure]]}
            # Behind all others; orders only need to differ.
            decisions.append(place | said | {"ordinal": row["ordinal"] + 1_000 + number, "decided_at": step.at})
            cited = lines.get((row["video_id"], row["origin"]), ())
            evidence += [place | {"ordinal": n, "evidence_id": one} for n, one in enumerate(cited)]
    put_decisions(connection, decisions, evidence)
    for one in decisions:
        requeue_if_open(connection, one["video_id"], one["tag_id"])
    return len(decisions)
