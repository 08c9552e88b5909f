"""The tag library: the closed vocabulary, and the decisions made with it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from stores.core.collecting import collected_later
from stores.core.errors import UsageError
from stores.core.records import Decision, Tag
from stores.core.text_keys import name_key
from stores.sql.database import reading, writing
from stores.sql.faults import storage_faults
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagAliasRow, TagRow, VideoRow
from stores.tags.csv_files import invalid, read_tags, write_tags
from stores.tags.queueing import Undecided, queue_automatic
from stores.tags.review.store import save_decisions

Origin = Literal["automatic", "person"]

_LISTED = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import; ``total``: tags in the library now."""

    added: int
    updated: int
    unchanged: int
    total: int


class TagLibrary:
    """Owner of the tables of tags and decisions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def import_csv(self, path: Path) -> ImportReport:
        """Adds the tags of a file (`stores.tags.csv_files`), all or none; a tag with a known id gets the file's values.

        Tags that the file does not name stay as they are.

        Raises:
            TagFileError: TAG_FILE_INVALID, with the lines that are wrong.
        """
        rows = read_tags(path)
        with writing(self._engine) as connection:
            known = {tag.tag_id: tag for tag in _tags(connection)}
            after = known | {tag.tag_id: tag for _, tag in rows}
            for line, tag in rows:
                _check_parents(path, line, tag, after)
            added = [tag for _, tag in rows if tag.tag_id not in known]
            changed = [tag for _, tag in rows if tag.tag_id in known and tag != known[tag.tag_id]]
            self._add(connection, added)
            for tag in changed:
                connection.execute(update(TagRow).where(TagRow.tag_id == tag.tag_id).values(**_columns(tag)))
                connection.execute(delete(TagAliasRow).where(TagAliasRow.tag_id == tag.tag_id))
            _insert(connection, TagAliasRow, [row for tag in (*added, *changed) for row in _alias_rows(tag)])
        return ImportReport(len(added), len(changed), len(rows) - len(added) - len(changed), len(after))

    def export_csv(self, path: Path) -> int:
        """Writes all tags in the order in which they were added; returns how many.

        Raises:
            StoreError: DISK_FULL, or LIBRARY_READ_ONLY if the file may not be written.
        """
        tags = self.tags()
        with storage_faults(f"Writing {path}"):
            write_tags(path, tags)
        return len(tags)

    def tags(self) -> list[Tag]:
        """All tags, including retired ones, in the order in which they were added."""
        with reading(self._engine) as connection, collected_later():
            return _tags(connection)

    def count(self) -> int:
        """How many tags there are, including retired ones."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(TagRow)).scalar_one())

    def names(self, tag_ids: Iterable[str]) -> dict[str, str]:
        """The names of some tags, by id; one that is not in the library is absent."""
        wanted = sorted(set(tag_ids))
        found: dict[str, str] = {}
        with reading(self._engine) as connection:
            for first in range(0, len(wanted), _LISTED):
                some = TagRow.tag_id.in_(wanted[first : first + _LISTED])
                rows = connection.execute(select(TagRow.tag_id, TagRow.name).where(some))
                found.update((row.tag_id, row.name) for row in rows)
        return found

    def find(self, name_or_id: str) -> Tag | None:
        """The tag with this id, else this name, else this alias, compared by `stores.core.text_keys`."""
        folded = name_key(name_or_id)
        tried = (
            select(TagRow.tag_id).where(TagRow.tag_id == name_or_id.strip()),
            select(TagRow.tag_id).where(TagRow.name == name_or_id.strip()).order_by(TagRow.position),
            select(TagRow.tag_id).where(TagRow.folded == folded).order_by(TagRow.position),
            select(TagRow.tag_id)
            .join(TagAliasRow, TagAliasRow.tag_id == TagRow.tag_id)
            .where(TagAliasRow.folded == folded)
            .order_by(TagRow.position),
        )
        with reading(self._engine) as connection:
            for statement in tried:
                tag_id = connection.execute(statement).scalars().first()
                if tag_id is not None:
                    return _tags(connection, tag_id)[0]
        return None

    def known(self, tag_ids: Sequence[str]) -> frozenset[str]:
        """Those of some tags that are in the library, retired ones, too."""
        found: set[str] = set()
        with reading(self._engine) as connection:
            for first in range(0, len(tag_ids), 500):
                some = TagRow.tag_id.in_(tag_ids[first : first + 500])
                found.update(connection.scalars(select(TagRow.tag_id).where(some)))
        return frozenset(found)

    def save_decisions(self, video_id: str, decisions: Sequence[Decision], origin: Origin = "automatic") -> None:
        """Saves decisions on one video, tag by tag, in one transaction; `save_of_videos` does so for several.

        A person's decision stays until a person decides otherwise about the same tag. Automatic decisions are
        replaced as a whole: a tag that is no longer among them no longer applies. A tag may have both; then the
        person's decision counts (`decisions`).

        Raises:
            ValueError: if a decision is on another video or a tag is decided twice.
            UsageError: UNKNOWN_VIDEO if there is no such video (any more).
            StoreError: as `stores.sql.database.writing`.
        """
        self.save_of_videos({video_id: decisions}, origin)

    def save_of_videos(self, decisions: Mapping[str, Sequence[Decision]], origin: Origin) -> None:
        """Saves decisions by video, all or none; raises as `save_decisions`."""
        for video_id, made in decisions.items():
            if any(decision.video_id != video_id for decision in made):
                raise ValueError(f"a decision is not on {video_id}")
            if len({decision.tag_id for decision in made}) < len(made):
                raise ValueError("a tag is decided twice")
        with writing(self._engine) as connection:
            for video_id, made in decisions.items():
                _save_decisions(connection, video_id, made, origin)

    def decisions(self, video_id: str) -> list[Decision]:
        """The decisions on one video, in the order in which they were saved; a person's overrides an automatic one."""
        return self._decisions(video_id).get(video_id, [])

    def _decisions(self, video_id: str | None) -> dict[str, list[Decision]]:
        # "person" sorts after "automatic", so it comes last and replaces it.
        chosen = select(DecisionRow.__table__).order_by(DecisionRow.origin, DecisionRow.ordinal, DecisionRow.tag_id)
        proofs = select(DecisionEvidenceRow.__table__).order_by(DecisionEvidenceRow.ordinal)
        if video_id is not None:
            chosen = chosen.where(DecisionRow.video_id == video_id)
            proofs = proofs.where(DecisionEvidenceRow.video_id == video_id)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen).all()
            evidence: dict[tuple[str, str, str], list[str]] = defaultdict(list)
            for row in connection.execute(proofs):
                evidence[row.video_id, row.tag_id, row.origin].append(row.evidence_id)
        found: dict[str, dict[str, Decision]] = defaultdict(dict)
        for row in rows:
            found[row.video_id][row.tag_id] = Decision(
                video_id=row.video_id,
                tag_id=row.tag_id,
                decision=row.decision,
                confidence=row.confidence,
                recalled_by=tuple(row.recalled_by),
                evidence_ids=tuple(evidence[row.video_id, row.tag_id, row.origin]),
                scores=tuple((name, score) for name, score in row.scores),
            )
        return {video: list(by_tag.values()) for video, by_tag in found.items()}

    def _add(self, connection: Connection, tags: Sequence[Tag]) -> None:
        last = connection.execute(select(func.max(TagRow.position))).scalar()
        first = 0 if last is None else last + 1
        rows = [{"tag_id": tag.tag_id, "position": first + n, **_columns(tag)} for n, tag in enumerate(tags)]
        _insert(connection, TagRow, rows)


def _tags(connection: Connection, tag_id: str | None = None) -> list[Tag]:
    columns = (TagRow.tag_id, TagRow.name, TagRow.facet, TagRow.parent, TagRow.language, TagRow.status)
    chosen = select(*columns).order_by(TagRow.position)
    others = select(TagAliasRow.tag_id, TagAliasRow.alias).order_by(TagAliasRow.tag_id, TagAliasRow.ordinal)
    if tag_id is not None:
        chosen, others = chosen.where(TagRow.tag_id == tag_id), others.where(TagAliasRow.tag_id == tag_id)
    aliases: dict[str, list[str]] = defaultdict(list)
    # All rows at once and unpacked, since a hundred thousand tags are read at every start.
    for owner, alias in connection.execute(others).all():
        aliases[owner].append(alias)
    return [
        Tag(known, name, facet, tuple(aliases.get(known, ())), parent, language, cast(Any, status))
        for known, name, facet, parent, language, status in connection.execute(chosen).all()
    ]


def _check_parents(path: Path, line: int, tag: Tag, library: dict[str, Tag]) -> None:
    passed = {tag.tag_id}
    parent = tag.parent
    while parent:
        if parent not in library:
            raise invalid(path, f"line {line}: the parent {parent} of {tag.tag_id} is in neither file nor library")
        if parent in passed:
            raise invalid(path, f"line {line}: the parents of {tag.tag_id} form a circle")
        passed.add(parent)
        parent = library[parent].parent


def _columns(tag: Tag) -> dict[str, str]:
    named = {"name": tag.name, "folded": name_key(tag.name), "facet": tag.facet}
    return named | {"parent": tag.parent, "language": tag.language, "status": tag.status}


def _alias_rows(tag: Tag) -> Iterable[dict[str, Any]]:
    for ordinal, alias in enumerate(tag.aliases):
        yield {"tag_id": tag.tag_id, "ordinal": ordinal, "alias": alias, "folded": name_key(alias)}


def _decision_columns(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "confidence": decision.confidence,
        "recalled_by": list(decision.recalled_by),
        "scores": [list(pair) for pair in decision.scores],
    }


def _save_decisions(connection: Connection, video_id: str, decisions: Sequence[Decision], origin: Origin) -> None:
    if connection.execute(select(VideoRow.video_id).where(VideoRow.video_id == video_id)).first() is None:
        raise UsageError("UNKNOWN_VIDEO", f"There is no video {video_id}.", "See `kinodex videos`.")
    if origin == "person":
        save_decisions(connection, decisions, time.time())
        return
    tables: tuple[Any, ...] = (DecisionEvidenceRow, DecisionRow)
    for table in tables:
        connection.execute(delete(table).where(table.video_id == video_id, table.origin == origin))
    place = {"video_id": video_id, "origin": origin}
    rows = [
        place | {"tag_id": decision.tag_id, "ordinal": ordinal, "decided_at": time.time()} | _decision_columns(decision)
        for ordinal, decision in enumerate(decisions)
    ]
    _insert(connection, DecisionRow, rows)
    evidence = [
        place | {"tag_id": decision.tag_id, "ordinal": n, "evidence_id": one}
        for decision in decisions
        for n, one in enumerate(decision.evidence_ids)
    ]
    _insert(connection, DecisionEvidenceRow, evidence)
    queue_automatic(connection, video_id, [Undecided(one.tag_id, one.confidence, one.scores) for one in decisions])


def _insert(connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)
