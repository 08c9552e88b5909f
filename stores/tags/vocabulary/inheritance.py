"""What children say of their parents: a video that has a tag has everything that is broader, too.

Such decisions are kept with the origin ``derived``, beside the ones they follow from. They are made again with every
change of these, so they never outlive them. A person's decision about the parent itself is before them; a retired
parent gets none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, select

from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagRow
from stores.tags.tag_rows import insert_rows, parents_of

SOURCE = "child"
"""What derived decisions were recalled by."""

DERIVED = "derived"
"""The origin of derived decisions; in the order of words between ``automatic`` and ``person``, as in weight."""

_TOGETHER = 200


def derive(connection: Connection, video_ids: Collection[str]) -> None:
    """Makes the derived decisions of some videos again."""
    wanted = sorted(set(video_ids))
    branches = connection.execute(select(TagRow.tag_id).where(TagRow.parent > "").limit(1)).first() is not None
    for first in range(0, len(wanted), _TOGETHER):
        _derive(connection, wanted[first : first + _TOGETHER], branches)


def videos_of_tags(connection: Connection, tag_ids: Collection[str]) -> set[str]:
    """The videos about which something is decided with one of some tags."""
    wanted, found = sorted(tag_ids), set[str]()
    for first in range(0, len(wanted), _TOGETHER):
        some = DecisionRow.tag_id.in_(wanted[first : first + _TOGETHER])
        found.update(connection.execute(select(DecisionRow.video_id).where(some).distinct()).scalars())
    return found


def _derive(connection: Connection, video_ids: list[str], branches: bool) -> None:
    tables: tuple[Any, ...] = (DecisionEvidenceRow, DecisionRow)
    for table in tables:
        connection.execute(delete(table).where(table.video_id.in_(video_ids), table.origin == DERIVED))
    if not branches:
        return
    columns = (DecisionRow.video_id, DecisionRow.tag_id, DecisionRow.origin, DecisionRow.decision)
    made = select(*columns, DecisionRow.confidence, DecisionRow.decided_at).where(DecisionRow.video_id.in_(video_ids))
    counting: dict[tuple[str, str], tuple[str, str, float, float]] = {}
    for video_id, tag_id, origin, decision, sure, at in connection.execute(made.order_by(DecisionRow.origin)):
        counting[video_id, tag_id] = origin, decision, sure, at  # a person's comes last
    accepted = {pair: (sure, at) for pair, (_, decision, sure, at) in counting.items() if decision == "accepted"}
    parents = parents_of(connection, {tag_id for _, tag_id in accepted})
    # (video, parent) to the surest child: how sure, which, when it was decided.
    best: dict[tuple[str, str], tuple[float, str, float]] = {}
    for (video_id, tag_id), (sure, at) in accepted.items():
        passed, above = {tag_id}, parents.get(tag_id, ("", False))[0]
        while above and above not in passed and above in parents:
            passed.add(above)
            pair = video_id, above
            now = counting.get(pair)
            if not parents[above][1] and (now is None or (now[0] != "person" and now[1] != "accepted")):
                best[pair] = max(best.get(pair, (-1.0, "", 0.0)), (sure, tag_id, at))
            above = parents[above][0]
    if not best:
        return
    evidence: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    cited = select(DecisionEvidenceRow.__table__).where(DecisionEvidenceRow.video_id.in_(video_ids))
    for row in connection.execute(cited.order_by(DecisionEvidenceRow.origin.desc(), DecisionEvidenceRow.ordinal)):
        evidence[row.video_id, row.tag_id][row.evidence_id] = None
    rows: list[dict[str, Any]] = []
    proofs: list[dict[str, Any]] = []
    places: defaultdict[str, int] = defaultdict(int)
    for (video_id, tag_id), (sure, child, at) in sorted(best.items()):
        place = {"video_id": video_id, "tag_id": tag_id, "origin": DERIVED}
        child_says = {"decision": "accepted", "confidence": sure, "recalled_by": [SOURCE], "scores": [[SOURCE, sure]]}
        rows.append(place | child_says | {"ordinal": places[video_id], "decided_at": at})
        places[video_id] += 1
        proofs += [place | {"ordinal": n, "evidence_id": one} for n, one in enumerate(evidence[video_id, child])]
    insert_rows(connection, DecisionRow, rows)
    insert_rows(connection, DecisionEvidenceRow, proofs)
