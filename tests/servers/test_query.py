"""SQL on Postgres is the same as on SQLite: numbers, refusals, limits, and who sees what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from stores.core.errors import UsageError
from stores.core.places import Places
from stores.library_store import LibraryStore
from stores.query.rewriting import Statement
from stores.query.running import rows_of
from stores.query.schema import schema
from tests.servers.running import Postgres
from tests.unit.stores.query.asked import LIKE_SQLITE
from tests.unit.stores.query.hostile import SLOW, STATEMENTS
from tests.unit.stores.query.planted import HIDDEN, plant
from tests.unit.stores.query.questions import QUESTIONS


@pytest.fixture(scope="module")
def served_tables(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryStore]:
    root: Path = tmp_path_factory.mktemp("query") / "library"
    with LibraryStore.open(root, create=True, places=Places(postgres.schema_url("queried"))) as store:
        plant(store)
        yield store


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path_factory.mktemp("query") / "library", create=True) as store:
        plant(store)
        yield store


def test_planted_questions_are_answered_exactly(served_tables: LibraryStore) -> None:
    wrong = []
    for sql, answer in QUESTIONS:
        rows = served_tables.query.run(sql).rows
        if rows != ((answer,),):
            wrong.append((sql, answer, rows))
    assert not wrong


def test_every_column_says_the_same_on_both(served_tables: LibraryStore, embedded: LibraryStore) -> None:
    for table in schema().values():
        everything = f"SELECT * FROM {table.name} ORDER BY " + ", ".join(table.column_names)
        there, here = served_tables.query.run(everything), embedded.query.run(everything)
        assert there == here
        assert HIDDEN not in str(there.rows)
        assert here.rows or table.name in ("summaries", "speakers", "sounds", "people")


@pytest.mark.parametrize("sql", LIKE_SQLITE)
def test_what_people_write_for_sqlite_runs_on_postgres(
    served_tables: LibraryStore, embedded: LibraryStore, sql: str
) -> None:
    assert served_tables.query.run(sql) == embedded.query.run(sql)
    assert served_tables.query.witnesses(sql) == embedded.query.witnesses(sql)


def test_hostile_statements_are_refused(served_tables: LibraryStore) -> None:
    for sql in STATEMENTS:
        with pytest.raises(UsageError, match="QUERY_REFUSED"):
            served_tables.query.run(sql)
    assert served_tables.catalog.count() == 4


@pytest.mark.parametrize("sql", SLOW)
def test_a_cross_join_is_cut(served_tables: LibraryStore, sql: str) -> None:
    began = time.monotonic()
    with pytest.raises(UsageError, match="QUERY_LIMIT"):
        served_tables.query.run(sql, seconds=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "sql", ["DELETE FROM videos", "CREATE TABLE x (a int)", "SELECT 1; SELECT 2", "SELECT nextval('x')"]
)
def test_behind_the_parser_postgres_refuses_as_well(served_tables: LibraryStore, sql: str) -> None:
    with pytest.raises(Exception, match=r"QUERY_REFUSED|LIBRARY_READ_ONLY"):
        rows_of(served_tables.engine, Statement(sql, 10), 1.0, 10)
    with served_tables.engine.connect() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM videos")).scalar_one() == 4


def test_limits_do_not_stay_with_the_connection(served_tables: LibraryStore) -> None:
    def set_to() -> list[str]:
        with served_tables.engine.connect() as connection:
            names = ("statement_timeout", "lock_timeout", "work_mem", "transaction_read_only")
            return [str(connection.execute(text(f"SHOW {name}")).scalar_one()) for name in names]

    before = set_to()
    served_tables.query.run("SELECT COUNT(*) FROM videos")
    assert set_to() == before


def test_only_some_videos_are_there(served_tables: LibraryStore) -> None:
    names = served_tables.query.run("SELECT name, video_id FROM videos").rows
    park = next(str(video_id) for name, video_id in names if name == "park.mp4")
    for table in schema():
        rows = served_tables.query.run(f"SELECT DISTINCT video_id FROM {table}", [park]).rows
        assert set(rows) <= {(park,)}
    assert served_tables.query.run("SELECT COUNT(*) FROM videos", [park]).rows == ((1,),)
    assert served_tables.query.run("SELECT COUNT(*) FROM videos", []).rows == ((0,),)
