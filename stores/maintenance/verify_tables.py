"""Checks of the tables: the database itself, the ledger, the rows of every run, the full-text lines."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, func, select, text

from stores.core.records import StageKey
from stores.maintenance.verification import REBUILD, REPAIR, RESTORE, Findings, place_of
from stores.sql.lines import count_lines, expected_lines, indexed_lines
from stores.sql.standing import COUNTERS, counted, recounted
from stores.sql.tables import RECORD_TABLES, BlobRow, StageRunRow, VectorRow, VideoRow

SLACK_SECONDS = 1
"""How far a span may exceed the end of its video: the last frame has a duration, and containers round.
Source: our choice; on 24 real videos one scene ended 0.03 s too late.
"""

_SHOWN_PROBLEMS = 20


def check_database(connection: Connection, found: Findings) -> None:
    """Has SQLite check its own file; a database server does so by itself."""
    if connection.dialect.name != "sqlite":
        return
    for (answer,) in connection.execute(text(f"PRAGMA integrity_check({_SHOWN_PROBLEMS})")):
        if answer != "ok":
            found.add("database", "DATABASE_DAMAGED", "kinodex.sqlite3", f"SQLite says: {answer}.", RESTORE)
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        message = f"A row of {row[0]} refers to a row of {row[2]} that does not exist."
        found.add("database", "FOREIGN_KEY", f"{row[0]} {row[1]}", message, RESTORE)
    found.checked["database"] += 1


def check_runs(connection: Connection, found: Findings) -> None:
    """Whether every active run has as many rows as it wrote, and there are no others."""
    videos = set(connection.execute(select(VideoRow.video_id)).scalars())
    counts = _row_counts(connection)
    for run in connection.execute(select(StageRunRow.__table__).order_by(StageRunRow.video_id, StageRunRow.stage)):
        key = StageKey(run.video_id, run.stage, run.fingerprint)
        found.checked["runs"] += 1
        if run.video_id not in videos:
            found.add("run", "VIDEO_UNKNOWN", place_of(key), "The run belongs to a video that is unknown.", RESTORE)
        if run.status == "done" and not run.active:
            found.damage("run", "NOT_SHOWN", key, "The run is done, and yet readers do not see its results.")
        if not run.active:
            continue
        there = counts.pop(key, 0)
        found.checked["rows"] += there
        if run.row_count is not None and there != run.row_count:
            found.damage("run", "ROWS_LOST", key, f"The run wrote {run.row_count} rows; {there} exist.")
    for key, there in counts.items():
        message = f"{there} rows belong to no run that readers see."
        found.add("record", "ROWS_WITHOUT_RUN", place_of(key), message, REPAIR)
        # Doing the stage again replaces all its rows, including these.
        shown = _shown_run(connection, key)
        if shown is not None:
            found.damaged[shown] = None


def check_spans(connection: Connection, found: Findings) -> None:
    """Whether every span is inside its video, as far as the video's length is known."""
    slack = SLACK_SECONDS * VideoRow.time_base_denominator / VideoRow.time_base_numerator
    tables: tuple[Any, ...] = RECORD_TABLES
    for table in tables:
        late = (VideoRow.duration > 0) & (table.end_tick - VideoRow.duration > slack)
        wrong = (table.start_tick < 0) | (table.end_tick < table.start_tick) | late
        rows = select(table, VideoRow.duration).join(VideoRow, VideoRow.video_id == table.video_id)
        columns = rows.with_only_columns(
            table.video_id, table.stage, table.fingerprint, table.ordinal, table.start_tick, table.end_tick
        )
        for row in connection.execute(columns.where(wrong)):
            message = f"Row {row.ordinal} of {table.__tablename__} spans [{row.start_tick}, {row.end_tick})."
            found.damage("record", "SPAN_OUTSIDE", StageKey(*row[:3]), message)


def check_counts(connection: Connection, found: Findings) -> None:
    """Whether the counters of known, failed and indexed videos are right (`stores.sql.standing`)."""
    kept, right = counted(connection), recounted(connection)
    for name in COUNTERS:
        if kept[name] != right[name]:
            message = f"The counter {name} is {kept[name]}; it should be {right[name]}."
            found.add("database", "COUNTS_DIFFER", name, message, REBUILD)


def check_lines(connection: Connection, found: Findings) -> None:
    """Whether the full-text index has exactly the lines of what can be cited."""
    videos = connection.execute(select(VideoRow.video_id).order_by(VideoRow.video_id)).scalars().all()
    owned = 0
    for number, video_id in enumerate(videos):
        there, wanted = indexed_lines(connection, video_id), expected_lines(connection, video_id)
        owned += len(there)
        missing, extra = Counter(wanted) - Counter(there), Counter(there) - Counter(wanted)
        if missing or extra:
            message = f"{missing.total()} lines are missing or wrong, {extra.total()} should not be there."
            found.add("line", "LINES_DIFFER", video_id, message, REBUILD)
        found.progress("lines", number + 1, len(videos))
    found.checked["lines"] += owned
    strays = count_lines(connection) - owned
    if strays:
        found.add("line", "LINES_STRAY", "evidence_fts", f"{strays} lines belong to no video.", REBUILD)


def _row_counts(connection: Connection) -> dict[StageKey, int]:
    counts: Counter[StageKey] = Counter()
    tables: tuple[Any, ...] = (*RECORD_TABLES, VectorRow, BlobRow)
    for table in tables:
        place = (table.video_id, table.stage, table.fingerprint)
        for row in connection.execute(select(*place, func.count()).group_by(*place)):
            counts[StageKey(*row[:3])] += row[3]
    return dict(counts)


def _shown_run(connection: Connection, key: StageKey) -> StageKey | None:
    """The active run of the same stage of the same video."""
    same = (StageRunRow.video_id == key.video_id) & (StageRunRow.stage == key.stage) & StageRunRow.active
    row = connection.execute(select(StageRunRow.fingerprint).where(same)).first()
    return None if row is None else StageKey(key.video_id, key.stage, row.fingerprint)
