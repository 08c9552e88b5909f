"""The tag library: the closed vocabulary, and the decisions made with it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, bindparam, delete, func, select

from stores.core.collecting import collected_later
from stores.core.errors import UsageError
from stores.core.records import Decision, Tag
from stores.core.text_keys import name_key
from stores.sql.database import reading, writing
from stores.sql.faults import storage_faults
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagAliasRow, TagRow, VideoRow
from stores.tags.files.reading import read_file, write_file
from stores.tags.queueing import Undecided, queue_automatic
from stores.tags.review.store import Reviewer, save_decisions
from stores.tags.tag_rows import all_tags, insert_rows, tag_of
from stores.tags.vocabulary.changes import (
    MACHINE,
    OWNER_AUTHOR,
    Author,
    DecisionChange,
    decisions_now,
    record_decisions,
)
from stores.tags.vocabulary.importing import ImportReport, import_vocabulary
from stores.tags.vocabulary.inheritance import derive

Origin = Literal["automatic", "person"]

_LISTED = 500  # ids in one query


class TagLibrary:
    """Owner of the tables of tags and decisions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def import_csv(self, path: Path) -> ImportReport:
        """Adds the tags of a file in any form that `stores.tags.files` knows, all or none (`import_vocabulary`).

        Raises:
            TagFileError: TAG_FILE_INVALID, with the lines that are wrong.
        """
        return import_vocabulary(self._engine, path, read_file(path))

    def export_csv(self, path: Path, form: str = "") -> int:
        """Writes all tags in the order in which they were added; returns how many.

        Args:
            form: one of `stores.tags.files.reading.FORMS`; "" for that of the file's name, else CSV.

        Raises:
            StoreError: DISK_FULL, or LIBRARY_READ_ONLY if the file may not be written.
            UsageError: USAGE if there is no such form.
        """
        tags = self.tags()
        with storage_faults(f"Writing {path}"):
            write_file(path, tags, form)
        return len(tags)

    def tags(self) -> list[Tag]:
        """All tags, including retired ones, in the order in which they were added."""
        with reading(self._engine) as connection, collected_later():
            return all_tags(connection)

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

    def aliases(self, tag_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The aliases of some tags, by id, in their order; one that has none is absent."""
        wanted = sorted(set(tag_ids))
        found: defaultdict[str, list[str]] = defaultdict(list)
        with reading(self._engine) as connection:
            for first in range(0, len(wanted), _LISTED):
                some = TagAliasRow.tag_id.in_(wanted[first : first + _LISTED])
                asked = select(TagAliasRow.tag_id, TagAliasRow.alias).where(some)
                for row in connection.execute(asked.order_by(TagAliasRow.tag_id, TagAliasRow.ordinal)):
                    found[row.tag_id].append(row.alias)
        return {tag_id: tuple(some) for tag_id, some in found.items()}

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
                    return tag_of(connection, tag_id)
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

    def save_of_videos(
        self, decisions: Mapping[str, Sequence[Decision]], origin: Origin, author: Author = OWNER_AUTHOR
    ) -> None:
        """Saves decisions by video, all or none; raises as `save_decisions`.

        Args:
            author: whose they are, if they are a person's.
        """
        for video_id, made in decisions.items():
            if any(decision.video_id != video_id for decision in made):
                raise ValueError(f"a decision is not on {video_id}")
            if len({decision.tag_id for decision in made}) < len(made):
                raise ValueError("a tag is decided twice")
        with writing(self._engine) as connection:
            for video_id, made in decisions.items():
                _save_decisions(connection, video_id, made, origin, author if origin == "person" else MACHINE)
            derive(connection, decisions.keys())

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


def _decision_columns(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "confidence": decision.confidence,
        "recalled_by": list(decision.recalled_by),
        "scores": [list(pair) for pair in decision.scores],
    }


def replace_automatic(connection: Connection, video_id: str, decisions: Sequence[Decision]) -> None:
    """Within a transaction: these automatic decisions on one video in place of the former ones.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    _save_decisions(connection, video_id, decisions, "automatic", MACHINE)
    derive(connection, [video_id])


def _save_decisions(
    connection: Connection, video_id: str, decisions: Sequence[Decision], origin: Origin, author: Author
) -> None:
    if connection.execute(select(VideoRow.video_id).where(VideoRow.video_id == video_id)).first() is None:
        raise UsageError("UNKNOWN_VIDEO", f"There is no video {video_id}.", "See `kinodex videos`.")
    if origin == "person":
        save_decisions(connection, decisions, Reviewer(author.by_id, author.by_name), time.time())
        return
    before = decisions_now(connection, video_id, origin)
    # Retired tags keep what was decided with them, and get nothing new.
    retired = _retired(connection, {*before, *(one.tag_id for one in decisions)})
    decisions = [one for one in decisions if one.tag_id not in retired]
    before = {tag_id: made for tag_id, made in before.items() if tag_id not in retired}
    _note(connection, video_id, before, decisions)
    place = {"video_id": video_id, "origin": origin}
    kept = _remove_automatic(connection, video_id, list(before))
    rows = [
        place | {"tag_id": decision.tag_id, "ordinal": ordinal, "decided_at": time.time()} | columns
        for ordinal, decision in enumerate(decisions, kept)
        for columns in (_decision_columns(decision),)
    ]
    insert_rows(connection, DecisionRow, rows)
    evidence = [
        place | {"tag_id": decision.tag_id, "ordinal": n, "evidence_id": one}
        for decision in decisions
        for n, one in enumerate(decision.evidence_ids)
    ]
    insert_rows(connection, DecisionEvidenceRow, evidence)
    queue_automatic(connection, video_id, [Undecided(one.tag_id, one.confidence, one.scores) for one in decisions])


def _note(connection: Connection, video_id: str, before: Mapping[str, str], decisions: Sequence[Decision]) -> None:
    """Notes the automatic decisions that become other ones: those of a run replace all."""
    after = {one.tag_id: one for one in decisions}
    changes = [
        DecisionChange(video_id, tag_id, before.get(tag_id, ""), one.decision, one.confidence)
        for tag_id, one in after.items()
    ]
    changes += [DecisionChange(video_id, tag_id, made, "") for tag_id, made in before.items() if tag_id not in after]
    record_decisions(connection, changes, "automatic", MACHINE, time.time())


def _retired(connection: Connection, tag_ids: Iterable[str]) -> set[str]:
    wanted, found = sorted(tag_ids), set[str]()
    for first in range(0, len(wanted), _LISTED):
        some = TagRow.tag_id.in_(wanted[first : first + _LISTED])
        found.update(connection.execute(select(TagRow.tag_id).where(some, TagRow.status == "retired")).scalars())
    return found


def _remove_automatic(connection: Connection, video_id: str, tag_ids: Sequence[str]) -> int:
    """Removes automatic decisions on some tags and returns the next free ordinal."""
    tables: tuple[Any, ...] = (DecisionEvidenceRow, DecisionRow)
    for table in tables:
        if tag_ids:
            one = delete(table).where(table.video_id == video_id, table.origin == "automatic")
            connection.execute(one.where(table.tag_id == bindparam("one")), [{"one": tag_id} for tag_id in tag_ids])
    others = (DecisionRow.video_id == video_id) & (DecisionRow.origin == "automatic")
    last = connection.execute(select(func.max(DecisionRow.ordinal)).where(others)).scalar()
    return 0 if last is None else last + 1
