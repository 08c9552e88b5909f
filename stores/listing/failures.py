"""Pages of what failed, read by an index of failures: neither grows with the library."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select, tuple_

from stores.core.records import Receipt
from stores.entries import InputError
from stores.ledger import bad_runs, receipt_of
from stores.sql.among import among
from stores.sql.database import reading
from stores.sql.tables import InputErrorRow, LocationRow
from stores.sql.tables import StageRunRow as Run

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True)
class BadRun:
    """A stage of a video that ended badly, and when it was last begun."""

    receipt: Receipt
    started_at: float


@dataclass(frozen=True, slots=True)
class BadInput:
    """A file that could not be read. ``place``: when it was tried, and its number among those of that time; it does
    not say where the file lies."""

    error: InputError
    place: tuple[float, int]


def runs(
    store: LibraryStore,
    limit: int,
    after: tuple[float, str, str] | None = None,
    video_ids: Collection[str] | None = None,
) -> list[BadRun]:
    """The newest run of each stage of each video where it ended badly, in the order in which they were last begun.

    Args:
        after: start, video and stage of the last one of the page before.
        video_ids: only of these videos; None for all.
    """
    chosen = _of(store, bad_runs(), video_ids)
    if after is not None:
        chosen = chosen.where(tuple_(Run.started_at, Run.video_id, Run.stage) > after)
    with reading(store.engine) as connection:
        found = connection.execute(chosen.order_by(Run.started_at, Run.video_id, Run.stage).limit(limit)).all()
    return [BadRun(receipt_of(run), run.started_at) for run in found]


def inputs(store: LibraryStore, limit: int, after: BadInput | tuple[float, int] = (0.0, 0)) -> list[BadInput]:
    """Files that could not be read, in the order in which they were tried last. An index has that order:
    ``input_errors_by_time``.

    Args:
        after: the last one before, or its ``place``; then those of the same time are counted off.
    """
    row = InputErrorRow
    chosen = select(row.__table__).order_by(row.seen_at, row.uri).limit(limit)
    if isinstance(after, BadInput):
        seen_at, number = after.place
        chosen = chosen.where(tuple_(row.seen_at, row.uri) > (seen_at, after.error.uri))
    else:
        seen_at, number = after
        chosen = chosen.where(row.seen_at >= seen_at).offset(number)
    found: list[BadInput] = []
    with reading(store.engine) as connection:
        for one in connection.execute(chosen):
            seen_at, number = one.seen_at, number + 1 if one.seen_at == seen_at else 1
            error = InputError(one.uri, one.error_code, one.error_message)
            found.append(BadInput(error, (seen_at, number)))
    return found


def total(store: LibraryStore, video_ids: Collection[str] | None = None, *, with_inputs: bool) -> int:
    """How many there are of both, but for those of videos whose files are known to be gone."""
    there = exists().where(LocationRow.video_id == Run.video_id, ~LocationRow.missing)
    counted = _of(store, bad_runs(func.count()), video_ids).where(there)
    with reading(store.engine) as connection:
        count = int(connection.execute(counted).scalar_one())
        if with_inputs:
            count += int(connection.execute(select(func.count()).select_from(InputErrorRow)).scalar_one())
    return count


def _of(store: LibraryStore, chosen: Any, video_ids: Collection[str] | None) -> Any:
    return chosen if video_ids is None else chosen.where(among(store.engine, Run.video_id, video_ids))
