"""Making corrections, taking them back, and reading them."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from stores.core.errors import UsageError
from stores.core.record_columns import clean
from stores.core.records import Span
from stores.corrections.lines import PERSONAL, StoredLine, line, set_line, time_base
from stores.corrections.records import LONGEST_TEXT, Corrected, Correction, NewText
from stores.corrections.tables import CorrectionRow
from stores.sql.database import reading
from stores.sql.fulltext import index_lines

_LISTED = 500


class Corrections:
    """Reads the corrections of one library; `stores.maintenance.amending` makes them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_video(self, video_id: str) -> list[Correction]:
        """All of one video with their former versions, by time and version."""
        chosen = select(CorrectionRow.__table__).where(CorrectionRow.video_id == video_id)
        with reading(self._engine) as connection:
            found = [_correction(row) for row in connection.execute(chosen)]
        return sorted(found, key=lambda one: (one.span.start, one.span.end, one.made_at, one.version))

    def active(self, video_id: str) -> dict[str, Correction]:
        """Those that count now, by the id of the line that has their text."""
        return {one.evidence_id: one for one in self.of_video(video_id) if one.state == "active" and one.evidence_id}

    def corrected(self, evidence_ids: Sequence[str]) -> frozenset[str]:
        """Those of some lines that a person wrote."""
        active = select(CorrectionRow.evidence_id).where(CorrectionRow.state == "active")
        found: set[str] = set()
        with reading(self._engine) as connection:
            for first in range(0, len(evidence_ids), _LISTED):
                some = CorrectionRow.evidence_id.in_(list(evidence_ids[first : first + _LISTED]))
                found.update(connection.execute(active.where(some)).scalars())
        return frozenset(found)


def change_lines(connection: Connection, wanted: Sequence[NewText], author: str) -> Corrected:
    """Has lines say what a person wrote, or again what was recognised, with their full-text lines.

    In the caller's transaction, which changes all of them or none. What is recognised already is no correction; the
    same text again changes nothing.

    Raises:
        UsageError: NOT_FOUND if there is no such line; USAGE if a text is empty or too long.
    """
    changed: dict[tuple[str, str], None] = defaultdict()
    unchanged = 0
    for one in wanted:
        found = line(connection, one.video_id, one.evidence_id)
        if found is None:
            raise UsageError("NOT_FOUND", f"The video has no line {one.evidence_id!r} that can be corrected.")
        if _change(connection, found, one.text, author):
            changed[found.video_id, found.stage] = None
        else:
            unchanged += 1
    for video_id, stage in changed:
        index_lines(connection, video_id, stage)
    videos = tuple(dict.fromkeys(video_id for video_id, _ in changed))
    return Corrected(len(wanted) - unchanged, unchanged, videos)


def checked_text(text: str) -> str:
    """A text as a line can have it.

    Raises:
        UsageError: USAGE if it is empty or too long.
    """
    kept = " ".join(clean(text).split())
    # Marks that nobody sees say nothing.
    if not any(character.isprintable() for character in kept.replace(" ", "")):
        raise UsageError("USAGE", "A corrected line must say something.", "Take the correction back instead.")
    if len(kept) > LONGEST_TEXT:
        message = f"A line of {len(kept)} characters is too long; {LONGEST_TEXT} are the most."
        raise UsageError("USAGE", message, "Correct its parts.")
    return kept


def _change(connection: Connection, found: StoredLine, text: str | None, author: str) -> bool:
    same = (CorrectionRow.evidence_id == found.evidence_id) & (CorrectionRow.video_id == found.video_id)
    rows = connection.execute(select(CorrectionRow.__table__).where(same)).all()
    active = next((row for row in rows if row.state == "active"), None)
    original = found if active is None else replace(found, text=active.original, confidence=active.original_confidence)
    wanted = original.text if text is None else checked_text(text)
    if wanted == found.text and (active is None or wanted != original.text):
        return False
    back = wanted == original.text
    if active is not None:
        state = {"state": "revoked" if back else "superseded", "ended_at": time.time(), "embedded": ""}
        ended = update(CorrectionRow).where(CorrectionRow.correction_id == active.correction_id)
        connection.execute(ended.values(**state))
    if not back:
        base = time_base(connection, found.video_id) or Fraction(1)
        version = 1 + max((row.version for row in rows), default=0)
        connection.execute(insert(CorrectionRow).values(**_columns(original, wanted, base, version, author)))
    set_line(connection, found.stage, found.evidence_id, wanted, original.confidence if back else PERSONAL)
    return True


def _columns(original: StoredLine, text: str, base: Fraction, version: int, author: str) -> dict[str, Any]:
    return {
        "correction_id": f"cor_{uuid.uuid4().hex[:20]}",
        "video_id": original.video_id,
        "stage": original.stage,
        "start_tick": original.start,
        "end_tick": original.end,
        "time_base_numerator": base.numerator,
        "time_base_denominator": base.denominator,
        "evidence_id": original.evidence_id,
        "original": original.text,
        "original_confidence": original.confidence,
        "text": text,
        "version": version,
        "state": "active",
        "author": clean(author),
        "made_at": time.time(),
        "ended_at": None,
        "embedded": "",
    }


def _correction(row: Any) -> Correction:
    base = Fraction(row.time_base_numerator, row.time_base_denominator)
    span = Span(row.start_tick, row.end_tick, base)
    named = (row.evidence_id, row.original, row.text, row.version, row.state, row.author, row.made_at, row.ended_at)
    return Correction(row.correction_id, row.video_id, row.stage, span, *named)
