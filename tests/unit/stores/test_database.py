"""The schema: what the migrations make is what the models say; opening is quick and safe."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect, text

import stores
from stores.core.errors import StoreError
from stores.ledger import Ledger
from stores.library_store import LibraryStore
from stores.sql.database import reading, writing
from stores.sql.faults import storage_faults
from stores.sql.opening import HEAD, open_database
from stores.sql.tables import EVIDENCE, Base
from tests.unit.stores.builders import add_video


def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'k.sqlite3'}"


def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path))

    def ours(name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or not str(name).startswith("evidence_fts")

    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_name": ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
        inspector = inspect(connection)
        for table in Base.metadata.sorted_tables:
            key = inspector.get_pk_constraint(table.name)["constrained_columns"]
            assert key == [column.name for column in table.primary_key], table.name
        view = [column["name"] for column in inspector.get_columns("evidence")]
        assert view == [column.name for column in EVIDENCE.columns]
    engine.dispose()


def test_head_is_the_last_revision() -> None:
    folder = Path(str(stores.__file__)).parent / "sql" / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD


def test_a_library_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    engine = create_engine(url(tmp_path))
    config = Config()
    config.set_main_option("script_location", str(Path(str(stores.__file__)).parent / "sql" / "migrations"))
    runs = [("done", 2), ("failed", 3), ("quarantined", 3), ("running", 1), ("filtered", 1)]
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        row = "INSERT INTO stage_runs VALUES ('v', :status, 'f', :status, :active, :attempts, '', '', 'w', 1, 1, 1)"
        for status, attempts in runs:
            values = {"status": status, "active": status == "done", "attempts": attempts}
            connection.execute(text(row), values)
        connection.execute(text("INSERT INTO blobs_index VALUES ('v', 'done', 'f', 'a.npz', 3)"))
    engine.dispose()
    engine = open_database(url(tmp_path))
    receipts = {receipt.status: receipt for receipt in Ledger(engine).receipts()}
    assert {status: (one.attempt, one.strikes) for status, one in receipts.items()} == {
        "done": (2, 0),
        "failed": (3, 0),
        "quarantined": (3, 3),
        "running": (1, 1),
        "filtered": (1, 0),
    }
    with reading(engine) as connection:
        assert connection.execute(text("SELECT name, size, sha256 FROM blobs_index")).one() == ("a.npz", 3, "")
        assert connection.execute(text("SELECT count(*) FROM evidence")).scalar() == 0
    engine.dispose()


def test_a_library_without_captions_keeps_its_evidence_and_can_store_captions(tmp_path: Path) -> None:
    engine = create_engine(url(tmp_path))
    config = Config()
    config.set_main_option("script_location", str(Path(str(stores.__file__)).parent / "sql" / "migrations"))
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for stage in ("speech", "captions", "script"):
            run = f"INSERT INTO stage_runs VALUES ('v', '{stage}', 'f', 'done', true, 1, '', '', 'w', 1, 1, 1, 0, NULL)"
            connection.execute(text(run))
        said = "INSERT INTO utterances VALUES ('v', 'speech', 0, 'f', 3, 9, 'utt_1', 'hello', 'en', 0.75, '[]')"
        connection.execute(text(said))
    engine.dispose()
    engine = open_database(url(tmp_path))
    with writing(engine) as connection:
        row = (
            "INSERT INTO captions VALUES ('v', 'captions', {0}, 'f', 0, 9, 'cap_{0}', 'a dog', 'c', 'm@1', '[4]', {1})"
        )
        connection.execute(text(row.format(0, "NULL")))
        connection.execute(text(row.format(1, "0.875")))
        connection.execute(
            text("INSERT INTO scripts VALUES ('v', 'script', 0, 'f', 0, 9, 'scr_1', 'A dog.', 'm@1', '[]')")
        )
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT evidence_id, channel, text, confidence FROM evidence ORDER BY 1")).all()
    assert rows == [
        ("cap_0", "caption", "a dog", 0.5),
        ("cap_1", "caption", "a dog", 0.875),
        ("scr_1", "script", "A dog.", 0.5),
        ("utt_1", "speech", "hello", 0.75),
    ]
    engine.dispose()


def test_a_thread_was_begun_by_the_key_that_asked_its_first_question(tmp_path: Path) -> None:
    engine = create_engine(url(tmp_path))
    config = Config()
    config.set_main_option("script_location", str(Path(str(stores.__file__)).parent / "sql" / "migrations"))
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0014")
        for thread, keys in (("thr_key", ("key_1", "")), ("thr_person", ("", "key_1")), ("thr_empty", ())):
            connection.execute(text(f"INSERT INTO threads VALUES ('{thread}', '', false, {len(keys)}, 1, 1, 'usr_1')"))
            for number, key in enumerate(keys, 1):
                turn = (
                    "VALUES (:turn, :thread, :number, '', '', 'done', '', false, false, '', '', '', 1, '', 0, false, 0"
                )
                turn = f"INSERT INTO turns {turn}, 0, 0, 0, 0, 1, 2, :key, '')"
                values = {"turn": f"{thread} {number}", "thread": thread, "number": number, "key": key}
                connection.execute(text(turn), values)
    engine.dispose()
    engine = open_database(url(tmp_path))
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT thread_id, key_id FROM threads ORDER BY thread_id")).all()
    assert rows == [("thr_empty", ""), ("thr_key", "key_1"), ("thr_person", "")]
    engine.dispose()


def test_a_job_was_ordered_with_the_key_that_owns_it(tmp_path: Path) -> None:
    engine = create_engine(url(tmp_path))
    config = Config()
    config.set_main_option("script_location", str(Path(str(stores.__file__)).parent / "sql" / "migrations"))
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0022")
        for table, rows in (
            ("users", [{"user_id": "usr_1"}]),
            ("api_keys", [{"key_id": "key_1", "user_id": "usr_1"}]),
            ("jobs", [{"job_id": "job_key", "owner": "key_1"}, {"job_id": "job_person", "owner": "usr_1"}]),
        ):
            columns = inspect(connection).get_columns(table)
            for row in rows:
                # Numbers and JSON alike may be 0; texts take it, too.
                values = {one["name"]: 0 for one in columns if not one["nullable"]} | row
                names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
                connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)
    engine.dispose()
    engine = open_database(url(tmp_path))
    with reading(engine) as connection:
        found = connection.execute(text("SELECT job_id, key_id FROM jobs ORDER BY job_id")).all()
    assert found == [("job_key", "key_1"), ("job_person", "")]
    engine.dispose()


def test_opening_again_is_quick_and_needs_no_alembic(tmp_path: Path) -> None:
    open_database(url(tmp_path)).dispose()
    program = (
        "import sys\n"
        "from stores.sql.opening import open_database\n"
        "open_database(sys.argv[1]).dispose()\n"
        "print('alembic' in sys.modules)\n"
    )
    said = subprocess.run([sys.executable, "-c", program, url(tmp_path)], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
    begin = time.perf_counter()
    open_database(url(tmp_path)).dispose()
    assert time.perf_counter() - begin < 0.1


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path))
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError) as caught:
        open_database(url(tmp_path))
    assert caught.value.code.name == "LIBRARY_VERSION"


def test_two_processes_may_make_a_library_at_once(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom stores.library_store import LibraryStore\nLibraryStore.open(sys.argv[1], create=True).close()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "lib")]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in started:
        _, said = process.communicate()
        assert process.returncode == 0, said


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path))

    def interrupted() -> None:
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO counters VALUES ('x', 1)"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM counters WHERE name = 'x'")).scalar() == 0
    engine.dispose()


def test_a_read_only_database_says_so(store: LibraryStore) -> None:
    @event.listens_for(store._engine, "connect")
    def only_read(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    store._engine.dispose()
    with pytest.raises(StoreError) as caught:
        add_video(store)
    assert caught.value.code.name == "LIBRARY_READ_ONLY"


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "DISK_FULL"), (errno.EDQUOT, "DISK_FULL"), (errno.EROFS, "LIBRARY_READ_ONLY")]
)
def test_errors_of_the_disk_have_codes(number: int, code: str) -> None:
    with pytest.raises(StoreError) as caught, storage_faults("the library"):
        raise OSError(number, "simulated")
    assert caught.value.code.name == code
    assert "the library: simulated" in caught.value.message


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), storage_faults("the library"):
        (tmp_path / "none").read_bytes()


def test_evidence_by_id_uses_the_indexes(store: LibraryStore) -> None:
    plan = "EXPLAIN QUERY PLAN SELECT * FROM evidence WHERE evidence_id IN ('a', 'b')"
    with reading(store._engine) as connection:
        steps = [row.detail for row in connection.execute(text(plan))]
    assert not [step for step in steps if step.startswith("SCAN")], steps
