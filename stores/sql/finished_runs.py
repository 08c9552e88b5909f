"""When stages were done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from sqlalchemy import Engine, bindparam, select

from stores.core.records import StageKey
from stores.sql.database import reading
from stores.sql.tables import StageRunRow, VideoRow


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that readers see. ``finished_at``: seconds since the epoch, by the clock of who committed it."""

    key: StageKey
    finished_at: float
    time_base: Fraction

    @property
    def video_id(self) -> str:
        """Whose."""
        return self.key.video_id


def finished_since(engine: Engine, stage: str, since: float) -> list[FinishedRun]:
    """The runs of a stage that readers see, of probed videos, by the time they were done.

    Args:
        since: seconds since the epoch; what was done before is left out.
    """
    base = (VideoRow.time_base_numerator, VideoRow.time_base_denominator)
    chosen = select(StageRunRow.video_id, StageRunRow.fingerprint, StageRunRow.finished_at, *base)
    chosen = chosen.join(VideoRow, VideoRow.video_id == StageRunRow.video_id).where(base[0].is_not(None))
    # Written out, so that the database can see that its index by time is of this very stage.
    here = StageRunRow.stage == bindparam("of_stage", stage, literal_execute=True)
    chosen = chosen.where(here, StageRunRow.active, StageRunRow.finished_at >= since)
    time_base = cache(Fraction)  # a library has few, and they are shared
    with reading(engine) as connection:
        rows = connection.execute(chosen.order_by(StageRunRow.finished_at)).all()
    return [FinishedRun(StageKey(one, stage, mark), at or 0.0, time_base(*base)) for one, mark, at, *base in rows]


def finished_of(engine: Engine, video_ids: Sequence[str]) -> dict[tuple[str, str], tuple[str, float]]:
    """(video id, stage) to fingerprint and end of the run that readers see, of some hundred videos at most."""
    done = select(StageRunRow.video_id, StageRunRow.stage, StageRunRow.fingerprint, StageRunRow.finished_at)
    some = done.where(StageRunRow.video_id.in_(video_ids), StageRunRow.active)
    with reading(engine) as connection:
        return {(one, stage): (mark, at or 0.0) for one, stage, mark, at in connection.execute(some)}
