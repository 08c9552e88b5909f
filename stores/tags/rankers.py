"""What rankers learned from people's judgements, kept in the library.

It can be learned again at any time, so what is damaged counts as missing, and is told.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, insert, select

from stores.sql.database import reading, writing
from stores.tags.rankers_tables import RankerRow

KEPT = 3
"""Rankers that are kept, to look into what changed. Source: our choice; each may have some MB."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptRanker:
    """One ranker; see `stores.tags.rankers_tables.RankerRow`. ``body`` is None if it is damaged."""

    name: str
    fingerprint: str
    made_at: float
    judgements: int
    report: Mapping[str, Any]
    body: bytes | None


class RankerStore:
    """Owner of the table of rankers.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def save(self, name: str, fingerprint: str, judgements: int, report: Mapping[str, Any], body: bytes) -> None:
        """Keeps a ranker, which counts from now on; of the former ones the last ones stay."""
        values = {"name": name, "fingerprint": fingerprint, "made_at": self._clock(), "judgements": judgements}
        values |= {"report": dict(report), "body": body, "checksum": zlib.crc32(body)}
        newest = select(RankerRow.ranker_id).order_by(RankerRow.ranker_id.desc()).limit(KEPT)
        with writing(self._engine) as connection:
            connection.execute(insert(RankerRow).values(**values))
            stay = [row.ranker_id for row in connection.execute(newest)]
            connection.execute(delete(RankerRow).where(RankerRow.ranker_id.not_in(stay)))

    def latest(self) -> KeptRanker | None:
        """The ranker that counts; None if nothing was learned yet."""
        chosen = select(RankerRow.__table__).order_by(RankerRow.ranker_id.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(chosen).first()
        if row is None:
            return None
        body = row.body if isinstance(row.body, bytes) and zlib.crc32(row.body) == row.checksum else None
        if body is None:
            _LOG.warning("the ranker that was learned is damaged; run `kinodex tags train` to learn it again")
        report = row.report if isinstance(row.report, dict) else {}
        return KeptRanker(row.name, row.fingerprint, row.made_at, row.judgements, report, body)

    def fingerprint(self) -> str:
        """Of the ranker that counts; "" if nothing was learned yet."""
        chosen = select(RankerRow.fingerprint).order_by(RankerRow.ranker_id.desc()).limit(1)
        with reading(self._engine) as connection:
            return str(connection.execute(chosen).scalar() or "")
