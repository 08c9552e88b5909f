"""Conversations on a database server as in a folder: the same answers, the same order, nothing kept of what is gone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

import stores
from agents.chat.turns import TurnRunner
from stores.core.places import Places
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.verify import verify
from stores.sql.opening import HEAD, open_database
from stores.sql.postgres import postgres_url
from stores.threads.records import REMOVED, NewEvent
from tests.servers.running import Postgres
from tests.unit.agents.test_turns_killed import ask_at_once
from tests.unit.agents.turn_graph import NODES, graph
from tests.unit.stores.builders import add_video, put, utterance
from tests.unit.stores.test_threads import code
from tests.unit.stores.test_threads_removal import everything

_NUMBERS = itertools.count()


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.schema_url(f"threads_{next(_NUMBERS)}")


@pytest.fixture
def shared(url: str, tmp_path: Path) -> Iterator[LibraryStore]:
    """A library whose tables are on the server."""
    with LibraryStore.open(tmp_path / "here", create=True, places=Places(url)) as opened:
        yield opened


def said(store: LibraryStore, name: str, words: str) -> tuple[str, str]:
    video_id = add_video(store, name)
    line = utterance(video_id, 0, words)
    put(store, video_id, "speech", line)
    return video_id, line.evidence_id


def test_a_library_of_the_schema_before_is_brought_up_to_date(url: str) -> None:
    open_database(url).dispose()  # makes the schema
    engine = create_engine(postgres_url(url))
    config = Config()
    config.set_main_option("script_location", str(Path(str(stores.__file__)).parent / "sql" / "migrations"))
    with engine.connect() as connection, connection.begin():
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {schema}"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        assert not inspect(connection).has_table("threads")
    engine.dispose()
    engine = open_database(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
        tables = set(inspect(connection).get_table_names())
    engine.dispose()
    assert {"threads", "thread_videos", "turns", "turn_videos", "claims", "citations", "run_events"} <= tables


def test_a_conversation_and_what_is_removed_from_it(shared: LibraryStore) -> None:
    (gone, secret), (_, plain) = said(shared, "a.mp4", "zanzibar"), said(shared, "b.mp4", "tea")
    thread = shared.threads.create("words", [gone]).thread_id
    runner = TurnRunner(shared, graph((secret, plain)))
    turns = [runner.ask(thread, f"question {number}\0\ud800") for number in range(3)]
    assert [turn.ordinal for turn in turns] == [1, 2, 3]
    assert {turn.answer for turn in turns} == {" ".join(NODES)}
    lease = runner.begin(thread, "and?")
    assert code(lambda: runner.begin(thread, "and?")) == "THREAD_BUSY"
    shared.turns.append(lease, [NewEvent("step", {"told": "\0\ud800"})])
    assert runner.cancel(lease.turn_id)
    assert runner.run(lease).status == "cancelled"
    assert verify(shared).problems == ()
    forget(shared, [gone])
    assert [turn.answer for turn in shared.threads.turns(thread)] == [REMOVED] * 3 + [""]
    assert [len(turn.claims) for turn in shared.threads.turns(thread)] == [1, 1, 1, 0]
    assert "zanzibar" not in everything(shared)
    assert shared.threads.get(thread).video_ids == ()
    assert verify(shared).problems == ()
    shared.threads.delete(thread)
    assert shared.threads.page() == []


def test_a_run_that_died_on_another_machine_begins_again(
    shared: LibraryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, evidence = said(shared, "a.mp4", "tea")
    thread = shared.threads.create().thread_id
    lease = shared.turns.begin(thread, "?")
    with LibraryStore.open(tmp_path / "there", places=shared.places) as there:
        runner = TurnRunner(there, graph((evidence,)))
        assert runner.recover() == [], "its process lives"
        monkeypatch.setattr("stores.threads.turn_ledger.certainly_dead", lambda owner: True)
        (turn,) = runner.recover(thread)
        assert (turn.turn_id, turn.status, turn.attempt, len(turn.claims)) == (lease.turn_id, "done", 2, 1)
    assert code(lambda: shared.turns.append(lease, [])) == "STALE_ATTEMPT"


def test_processes_that_ask_at_once(shared: LibraryStore, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINODEX_TEST_DATABASE", url)
    _, evidence = said(shared, "a.mp4", "tea")
    both = shared.threads.create().thread_id
    own = [shared.threads.create().thread_id for _ in range(2)]
    ask_at_once(shared, evidence, 5, (own[0], both), (both, own[1]))
    for thread, expected in ((own[0], 5), (own[1], 5), (both, 10)):
        turns = shared.threads.turns(thread)
        assert [turn.ordinal for turn in turns] == list(range(1, expected + 1))
        assert {(turn.status, turn.attempt) for turn in turns} == {("done", 1)}
