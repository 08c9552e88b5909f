"""Which videos have tags, followed for less than it costs to look: what changes is noted, and only that is read."""

from __future__ import annotations

import threading

from sqlalchemy import Engine, func, select

from stores.sql.database import reading
from stores.sql.tables import CounterRow, DecisionRow
from stores.tags.vocabulary.inheritance import DERIVED
from stores.tags.vocabulary.vocabulary_tables import DecisionChangeRow, TagChangeRow

_LAST_DECISION = select(func.max(DecisionChangeRow.change_id)).scalar_subquery()
_LAST_STEP = select(func.max(TagChangeRow.change_id)).scalar_subquery()
_REVISION = select(CounterRow.value).where(CounterRow.name == "revision").scalar_subquery()
_NOW = select(_LAST_DECISION, _LAST_STEP, _REVISION)
_ALL = select(DecisionRow.video_id).where(DecisionRow.decision == "accepted", DecisionRow.origin != DERIVED).distinct()


class TaggedVideos:
    """The videos with an accepted tag, but for those that only follow from others. Thread-safe.

    A video that has lost its last tag may stay for a while: its tags have to be read where they matter.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: frozenset[str] | None = None
        self._seen: tuple[int, int, int] = (0, 0, 0)

    def now(self) -> frozenset[str]:
        """Their ids; the same object while no more have become some."""
        with reading(self._engine) as connection:
            decision, step, revision = (int(one or 0) for one in connection.execute(_NOW).one())
        with self._lock:
            if self._known is not None and (decision, step, revision) == self._seen:
                return self._known
            last, *others = self._seen
            if self._known is None or [step, revision] != others or decision < last:
                found = self._all()
            else:
                found = self._known | self._since(last)
            if found != self._known:
                self._known = found
            self._seen = decision, step, revision
            return self._known or frozenset()

    def _all(self) -> frozenset[str]:
        with reading(self._engine) as connection:
            return frozenset(connection.execute(_ALL).scalars())

    def _since(self, last: int) -> frozenset[str]:
        row = DecisionChangeRow
        chosen = select(row.video_id).where(row.change_id > last, row.after == "accepted").distinct()
        with reading(self._engine) as connection:
            return frozenset(connection.execute(chosen).scalars())
