"""Proposals for the vocabulary: kept with the lines they rest on, decided by people, never repeated once rejected."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, Engine, delete, func, select, update

from stores.core.errors import UsageError
from stores.core.records import Tag
from stores.core.text_keys import name_key
from stores.sql.among import among
from stores.sql.database import reading, writing
from stores.sql.standing import INDEXED_STAGE
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, StageRunRow, VideoRow
from stores.tags.tag_rows import insert_rows, tag_of
from stores.tags.vocabulary.changes import Author
from stores.tags.vocabulary.vocabulary_tables import ProposalRow, ProposalVideoRow

LEAST_VIDEOS = 3
"""Videos that a proposal rests on, also among those that somebody sees: else it does not exist for them."""

EXAMPLES = 3
"""Lines that a proposal is shown with."""

_TOGETHER = 300

Status = Literal["open", "accepted", "rejected"]


@dataclass(frozen=True, slots=True)
class FoundProposal:
    """Something that no tag covers.

    Attributes:
        lines: of each video, one: video, evidence, text.
        alias_of: the id of the tag that means nearly the same; "" for none; ``likeness``: their cosine.
    """

    name: str
    source: str
    language: str
    score: float
    lines: tuple[tuple[str, str, str], ...]
    alias_of: str = ""
    likeness: float = 0.0

    def as_alias(self, tag_id: str, likeness: float) -> FoundProposal:
        """The same as an alias of a tag."""
        return replace(self, alias_of=tag_id, likeness=likeness)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal that is kept; ``support``: videos that have it, of those that are seen."""

    proposal_id: str
    name: str
    kind: str
    source: str
    language: str
    status: str
    tag_id: str
    likeness: float
    support: int
    examples: tuple[tuple[str, str, str], ...]


class ProposalStore:
    """Owner of the tables of proposals."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sample(self, limit: int, begin: str = "") -> list[str]:
        """The ids of some indexed videos: from one id on, round the end."""
        done = select(StageRunRow.video_id).where(StageRunRow.stage == INDEXED_STAGE, StageRunRow.active)
        with reading(self._engine) as connection:
            chosen = done.where(StageRunRow.video_id >= begin).order_by(StageRunRow.video_id).limit(limit)
            found = list(connection.execute(chosen).scalars())
            if len(found) < limit and begin:
                rest = done.where(StageRunRow.video_id < begin).order_by(StageRunRow.video_id)
                found += connection.execute(rest.limit(limit - len(found))).scalars()
        return found

    def cited(self, video_ids: Sequence[str]) -> set[str]:
        """The evidence that accepted decisions on some videos rest on."""
        row, made = DecisionEvidenceRow, DecisionRow
        same = (row.video_id == made.video_id) & (row.tag_id == made.tag_id) & (row.origin == made.origin)
        chosen = select(row.evidence_id).join(made, same).where(made.decision == "accepted")
        with reading(self._engine) as connection:
            some = chosen.where(among(self._engine, row.video_id, video_ids))
            return set(connection.execute(some).scalars())

    def decided(self) -> set[str]:
        """The keys of names that people decided about: they are not proposed again."""
        with reading(self._engine) as connection:
            chosen = select(ProposalRow.folded).where(ProposalRow.status != "open")
            return set(connection.execute(chosen).scalars())

    def put(self, found: Iterable[FoundProposal]) -> int:
        """Keeps proposals instead of those that are open; returns how many there are now."""
        now = time.time()
        with writing(self._engine) as connection:
            others = select(ProposalRow.folded).where(ProposalRow.status != "open")
            done = set(connection.execute(others).scalars())
            former = select(ProposalRow.proposal_id).where(ProposalRow.status == "open")
            _remove(connection, list(connection.execute(former).scalars()))
            there = set(connection.execute(select(VideoRow.video_id)).scalars())
            rows, videos = [], []
            for one in found:
                key = name_key(one.name)
                lines = [line for line in one.lines if line[0] in there]
                if key in done or len(lines) < LEAST_VIDEOS:
                    continue
                done.add(key)
                proposal_id = "prp_" + hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
                kind = "alias" if one.alias_of else "tag"
                named: dict[str, Any] = {"proposal_id": proposal_id, "name": one.name, "folded": key, "kind": kind}
                said = {"source": one.source, "language": one.language, "tag_id": one.alias_of, "status": "open"}
                worth = {"support": len(lines), "score": one.score, "likeness": one.likeness, "made_at": now}
                rows.append(named | said | worth | {"by_id": "", "by_name": "", "decided_at": None})
                videos += [
                    {"proposal_id": proposal_id, "video_id": video_id, "evidence_id": evidence_id, "example": text}
                    for video_id, evidence_id, text in lines
                ]
            insert_rows(connection, ProposalRow, rows)
            insert_rows(connection, ProposalVideoRow, videos)
        return len(rows)

    def listed(
        self, status: Status = "open", limit: int = 50, video_ids: Collection[str] | None = None
    ) -> list[Proposal]:
        """Proposals with a status, the best first.

        Args:
            video_ids: only what enough of these videos have, counted and shown by these alone; None for all.
        """
        support = func.count(ProposalVideoRow.video_id)
        chosen = (
            select(ProposalRow.__table__, support.label("videos"))
            .join(ProposalVideoRow, ProposalVideoRow.proposal_id == ProposalRow.proposal_id)
            .where(ProposalRow.status == status)
            .group_by(*ProposalRow.__table__.columns)
            .having(support >= LEAST_VIDEOS)
        )
        # Who sees all gets the order of scores, which were made over all.
        order = (ProposalRow.score.desc(),) if video_ids is None else (support.desc(),)
        if video_ids is not None:
            chosen = chosen.where(among(self._engine, ProposalVideoRow.video_id, video_ids))
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.order_by(*order, ProposalRow.proposal_id).limit(limit)).all()
            return [self._proposal(connection, row, video_ids) for row in rows]

    def get(self, proposal_id: str, video_ids: Collection[str] | None = None) -> Proposal:
        """One proposal, whatever its status.

        Raises:
            UsageError: NOT_FOUND if there is none, or not for who sees only these videos.
        """
        same = ProposalVideoRow.proposal_id == proposal_id
        counted = select(func.count()).select_from(ProposalVideoRow).where(same)
        if video_ids is not None:
            counted = counted.where(among(self._engine, ProposalVideoRow.video_id, video_ids))
        chosen = select(ProposalRow.__table__, counted.scalar_subquery().label("videos"))
        with reading(self._engine) as connection:
            row = connection.execute(chosen.where(ProposalRow.proposal_id == proposal_id)).first()
            if row is None or row.videos < LEAST_VIDEOS:
                raise no_proposal(proposal_id)
            return self._proposal(connection, row, video_ids)

    def decide(self, connection: Connection, proposal_id: str, status: Status, author: Author, tag: Tag | None) -> None:
        """Notes what a person decided about an open proposal, within their transaction.

        Raises:
            UsageError: CONFLICT if it is decided; NOT_FOUND.
        """
        same = ProposalRow.proposal_id == proposal_id
        now = connection.execute(select(ProposalRow.status).where(same)).scalar()
        if now is None:
            raise no_proposal(proposal_id)
        if now != "open":
            raise UsageError("CONFLICT", f"The proposal is {now} already.", "See the other proposals.")
        values: dict[str, Any] = {"status": status, "by_id": author.by_id, "by_name": author.by_name}
        values |= {"decided_at": time.time()} | ({"tag_id": tag.tag_id} if tag else {})
        connection.execute(update(ProposalRow).where(same).values(**values))

    def reject(self, proposal_id: str, author: Author) -> None:
        """Has a proposal never come again; raises as `decide`."""
        with writing(self._engine) as connection:
            self.decide(connection, proposal_id, "rejected", author, None)

    def reopen(self, proposal_id: str) -> None:
        """Has a decided proposal wait again.

        Raises:
            UsageError: NOT_FOUND; CONFLICT if it is open.
        """
        same = ProposalRow.proposal_id == proposal_id
        with writing(self._engine) as connection:
            row = connection.execute(select(ProposalRow.status, ProposalRow.kind).where(same)).first()
            if row is None:
                raise no_proposal(proposal_id)
            if row.status == "open":
                raise UsageError("CONFLICT", "The proposal is open.", "See the other proposals.")
            values: dict[str, Any] = {"status": "open", "by_id": "", "by_name": "", "decided_at": None}
            # The tag that it became may be gone; the one that it is like stays.
            values |= {} if row.kind == "alias" else {"tag_id": ""}
            connection.execute(update(ProposalRow).where(same).values(**values))

    def _proposal(self, connection: Connection, row: Any, video_ids: Collection[str] | None) -> Proposal:
        line = ProposalVideoRow
        chosen = select(line.video_id, line.evidence_id, line.example).where(line.proposal_id == row.proposal_id)
        if video_ids is not None:
            chosen = chosen.where(among(self._engine, line.video_id, video_ids))
        lines = connection.execute(chosen.order_by(line.video_id).limit(EXAMPLES)).all()
        known = row.tag_id if row.tag_id and tag_of(connection, row.tag_id) is not None else ""
        return Proposal(
            proposal_id=row.proposal_id,
            name=row.name,
            kind=row.kind if known or row.status != "open" else "tag",
            source=row.source,
            language=row.language,
            status=row.status,
            tag_id=known,
            likeness=row.likeness if known else 0.0,
            support=row.videos,
            examples=tuple((one.video_id, one.evidence_id, one.example) for one in lines),
        )


def no_proposal(proposal_id: str) -> UsageError:
    """What is said of a proposal that is not there, or not for who asks."""
    return UsageError("NOT_FOUND", f"There is no proposal {proposal_id[:60]!r}.", "See `kinodex tags proposals`.")


def _remove(connection: Connection, proposal_ids: Sequence[str]) -> None:
    tables: tuple[Any, ...] = (ProposalVideoRow, ProposalRow)
    for table in tables:
        for first in range(0, len(proposal_ids), _TOGETHER):
            some = proposal_ids[first : first + _TOGETHER]
            connection.execute(delete(table).where(table.proposal_id.in_(some)))
