"""The decisions of people, made of their events: whatever the events say counts, and what is undecided waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert

from stores.sql.among import among_pairs
from stores.sql.tables import DecisionEvidenceRow, DecisionRow
from stores.tags.queueing import Pair, set_waiting
from stores.tags.review.events import Event, events_of, standing


def project(connection: Connection, pairs: Sequence[Pair]) -> None:
    """Makes the decisions about some tags of videos, and what waits of them, those that follow from their events."""
    pairs = list(dict.fromkeys(pairs))
    events = events_of(connection, pairs)
    found = {pair: standing(events[pair]) for pair in pairs}
    tables: tuple[Any, ...] = (DecisionEvidenceRow, DecisionRow)
    for table in tables:
        some = among_pairs(connection, table.video_id, table.tag_id, pairs)
        connection.execute(delete(table).where(some, table.origin == "person"))
    live = [one for one in found.values() if one is not None]
    if live:
        connection.execute(insert(DecisionRow), [_decision(one) for one in live])
    proofs = [
        _place(one) | {"ordinal": n, "evidence_id": evidence_id}
        for one in live
        for n, evidence_id in enumerate(one.kept["evidence"])
    ]
    if proofs:
        connection.execute(insert(DecisionEvidenceRow), proofs)
    set_waiting(connection, [one.pair for one in live], waits=False)
    set_waiting(connection, [pair for pair, one in found.items() if one is None], waits=True)


def _place(event: Event) -> dict[str, Any]:
    return {"video_id": event.video_id, "tag_id": event.tag_id, "origin": "person"}


def _decision(event: Event) -> dict[str, Any]:
    kept = {name: event.kept[name] for name in ("confidence", "recalled_by", "scores")}
    # The order of decisions is that of their times, so that it, too, follows from the events.
    made = {"decision": event.verdict, "decided_at": event.at, "ordinal": round(event.at * 1e6)}
    return _place(event) | kept | made
