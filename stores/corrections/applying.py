"""Corrections that outlive what they correct: put onto the lines of a stage that was done again."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from stores.corrections.lines import PERSONAL, TABLES, StoredLine, lines, set_line, time_base
from stores.corrections.tables import CorrectionRow

LEAST_OVERLAP = 0.5
"""Share of the time of a corrected line and of a new one together in which both last, for them to be the same line.
Source: our choice: newer recognisers move the edges of a line by tenths of a second; half is another line."""

LEAST_LIKENESS = 0.5
"""How alike what was recognised then and now must be on a screen, where several lines stand at one time: the ratio of
`difflib.SequenceMatcher`. Source: our choice."""

_ACTIVE = (
    select(CorrectionRow.__table__)
    .where(CorrectionRow.video_id == bindparam("of_video"), CorrectionRow.stage == bindparam("of_stage"))
    .order_by(CorrectionRow.made_at)
)


def reapply(connection: Connection, video_id: str, stage: str) -> None:
    """Has the lines of a stage that was just committed say what persons wrote for them, in the same transaction.

    A correction is put onto the line with the id of the one that was corrected, else onto the one at the same time. One
    for which there is none is kept for the next time.
    """
    if stage not in TABLES:
        return
    rows = connection.execute(_ACTIVE, {"of_video": video_id, "of_stage": stage}).all()
    if not rows:
        return
    base = time_base(connection, video_id)
    there = lines(connection, video_id, stage)
    ended = [row.correction_id for row in rows if row.state != "active" and row.evidence_id]
    if ended:
        # They changed a line that is there no more; the new one says what was recognised.
        change = update(CorrectionRow).where(CorrectionRow.correction_id.in_(ended))
        connection.execute(change.values(evidence_id="", embedded=""))
    active = [row for row in rows if row.state == "active"]
    for row in active:
        # First all of them: two must never have the same line, not even for a moment.
        connection.execute(_of(row).values(evidence_id="", embedded=""))
    for row, found in _matched(active, there, base or Fraction(1)):
        originally = {"original": found.text, "original_confidence": found.confidence}
        connection.execute(_of(row).values(evidence_id=found.evidence_id, **originally))
        set_line(connection, stage, found.evidence_id, row.text, PERSONAL)


def _of(row: Any) -> Any:
    return update(CorrectionRow).where(CorrectionRow.correction_id == row.correction_id)


def _matched(active: Sequence[Any], there: Sequence[StoredLine], base: Fraction) -> list[tuple[Any, StoredLine]]:
    """Corrections with their lines: by id, then the likest first; no line gets two."""
    by_id = {one.evidence_id: one for one in there}
    found = [(row, by_id.pop(row.evidence_id)) for row in active if row.evidence_id in by_id]
    done = {row.correction_id for row, _ in found}
    left = [row for row in active if row.correction_id not in done]
    pairs = [
        (likeness, number, one.evidence_id)
        for number, row in enumerate(left)
        for one in by_id.values()
        if (likeness := _likeness(row, one, base)) > 0
    ]
    taken: set[int] = set()
    for _, number, evidence_id in sorted(pairs, key=lambda pair: (-pair[0], *pair[1:])):
        if number not in taken and evidence_id in by_id:
            taken.add(number)
            found.append((left[number], by_id.pop(evidence_id)))
    return found


def _likeness(row: Any, one: StoredLine, base: Fraction) -> float:
    """How much a line is the one that was corrected; 0 if it is another."""
    then = Fraction(row.time_base_numerator, row.time_base_denominator)
    start, end = row.start_tick * then, row.end_tick * then
    shared = min(end, one.end * base) - max(start, one.start * base)
    whole = max(end, one.end * base) - min(start, one.start * base)
    overlap = float(shared / whole) if whole > 0 else float(start == one.start * base)
    if overlap < LEAST_OVERLAP:
        return 0.0
    alike = SequenceMatcher(None, row.original, one.text, autojunk=False).ratio()
    return 0.0 if row.stage == "screentext" and alike < LEAST_LIKENESS else overlap + alike
