"""What is not a harmless question does not run."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from stores.core.errors import UsageError
from stores.library_store import LibraryStore
from stores.query.rewriting import Statement
from stores.query.running import rows_of
from tests.unit.stores.query.hostile import KNOWN, OURS, SLOW, STATEMENTS
from tests.unit.stores.query.planted import HIDDEN


def test_there_are_enough_of_them() -> None:
    assert len(KNOWN) >= 14
    assert len(set(OURS)) >= 30


@pytest.mark.parametrize("sql", STATEMENTS, ids=[sql[:50] for sql in STATEMENTS])
def test_a_hostile_statement_is_refused(planted: LibraryStore, sql: str) -> None:
    for ask in (planted.query.run, planted.query.witnesses):
        with pytest.raises(UsageError) as caught:
            ask(sql)
        assert caught.value.code.name == "QUERY_REFUSED"
        assert len(str(caught.value)) < 2_000


@pytest.mark.parametrize("sql", SLOW)
def test_a_cross_join_is_cut(planted: LibraryStore, sql: str) -> None:
    began = time.monotonic()
    with pytest.raises(UsageError, match="QUERY_LIMIT"):
        planted.query.run(sql, seconds=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM videos",
        "SELECT sql FROM sqlite_master",
        "SELECT value FROM about",
        "ATTACH '/tmp/x' AS x",
        "PRAGMA query_only = OFF",
        "SELECT load_extension('x')",
        "SELECT randomblob(9)",
        "SELECT * FROM pragma_database_list",
        "CREATE TEMP TABLE x (a)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n",
    ],
)
def test_behind_the_parser_sqlite_refuses_as_well(planted: LibraryStore, sql: str) -> None:
    with pytest.raises(UsageError, match="QUERY_REFUSED"):
        rows_of(planted.engine, Statement(sql, 10), 1.0, 10)
    assert planted.catalog.count() == 4


def test_what_is_wrong_and_what_there_is_instead_is_said(planted: LibraryStore) -> None:
    said = {
        "SELECT start FROM tracklets": "no column start; near: start_seconds",
        "SELECT COUNT(*) FROM tracklet": "no table tracklet; near: tracklets",
        "SELECT tag FROM tracklets": "tags has it",
        "SELECT pg_sleep(1)": "no function PG_SLEEP",
        "SELECT name FROM videos WHERE seconds > '1:30'": "seconds is a number, and '1:30' is none",
        "SELECT AVG(category) FROM tracklets": "category is a text; one cannot calculate",
        "SELECT name * 2 FROM videos": "name is a text; one cannot calculate",
        "SELECT COUNT(*) FROM tracklets WHERE category = 5": "category is a text, and 5 a number",
        "DROP TABLE videos": "begins with SELECT or WITH, not with 'drop'",
        'SELECT name FROM videos WHERE name = "x.mp4"': "single quotes",
        "SELECT category, COUNT(*) FROM tracklets": "category is neither grouped nor aggregated",
        "SELECT video_id FROM tracklets a JOIN videos b ON a.video_id = b.video_id": "more than one table",
    }
    for sql, part in said.items():
        with pytest.raises(UsageError) as caught:
            planted.query.run(sql)
        assert part in str(caught.value)


def test_rows_of_inactive_runs_and_forgotten_videos_do_not_exist(planted: LibraryStore) -> None:
    with sqlite3.connect(Path(str(planted.engine.url.database))) as connection:
        assert connection.execute("SELECT COUNT(*) FROM tracklets WHERE category = ?", (HIDDEN,)).fetchone() == (4,)
    connection.close()
    for table in ("tracklets", "transcript", "videos", "labels", "facts", "tags", "captions", "screen_text"):
        result = planted.query.run(f"SELECT * FROM {table}")
        assert HIDDEN not in str(result.rows)
        assert "forgotten" not in str(result.rows)
        assert "background" not in str(result.rows)
