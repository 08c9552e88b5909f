"""Failures in a library whose ledger was written by hand: what is listed, and what is tried again."""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest
from sqlalchemy import event, insert
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.settings import ENVIRONMENT, Settings
from kinodex.usecases.failures import FailureFilter, failures, failures_page, quarantined, requeue
from stores.core.records import StageKey, StageOutput
from stores.ledger import Attempt, bad_runs
from stores.library_store import LibraryStore
from stores.sql.database import reading, writing
from stores.sql.tables import InputErrorRow
from stores.sql.tables import StageRunRow as Run


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def films(tmp_path: Path) -> dict[str, str]:
    """Ids of three films by name: one that failed, one that is quarantined, one that failed and was removed."""
    with LibraryStore.open(tmp_path / "my lib", create=True, max_attempts=2) as store:
        ids = {}
        for number, name in enumerate(("failed.mp4", "stuck.mp4", "removed.mp4")):
            path = tmp_path / name
            path.write_text(name)
            ids[name] = store.catalog.register(path, f"{number:x}" * 64, 1, 1)
        for name, stage, code in (
            ("failed.mp4", "probe", "NOT_MEDIA"),
            ("failed.mp4", "speech", "MODEL_FAILED"),
            ("removed.mp4", "probe", "TRUNCATED"),
        ):
            fail(store, ids[name], stage, code)
        for _ in range(2):
            fail(store, ids["stuck.mp4"], "pictures.003", "DECODE_TIMEOUT")
        store.catalog.record_input_error(str(tmp_path / "dangling.mp4"), "FILE_MISSING", "it is gone")
    (tmp_path / "removed.mp4").unlink()
    return ids


def fail(store: LibraryStore, video_id: str, stage: str, code: str) -> None:
    attempt = store.ledger.begin(StageKey(video_id, stage, "f1"), "worker")
    store.ledger.fail(attempt, code, f"{stage} went wrong")


def run(*arguments: str):
    return CliRunner().invoke(app, [*arguments, "--library", "my lib"])


def listed(*arguments: str) -> list[dict]:
    ran = run("errors", "--json", *arguments)
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)["errors"]


def test_every_failure_says_whose_it_is_and_how_to_see_it_again(films):
    errors = {(Path(error["uri"]).name, error["stage"]): error for error in listed()}
    assert set(errors) == {
        ("failed.mp4", "probe"),
        ("failed.mp4", "speech"),
        ("stuck.mp4", "pictures.003"),
        ("dangling.mp4", ""),
    }
    stuck = errors["stuck.mp4", "pictures.003"]
    assert (stuck["status"], stuck["attempts"], stuck["strikes"]) == ("quarantined", 2, 2)
    assert (stuck["blame"], stuck["retryable"]) == ("input", True)
    assert shlex.split(stuck["replay"]) == [
        *("kinodex", "replay", films["stuck.mp4"], "--stage", "pictures.003", "--library", "my lib")
    ]
    assert errors["failed.mp4", "speech"]["blame"] == "bug"
    assert shlex.split(errors["dangling.mp4", ""]["replay"])[:3] == ["kinodex", "ingest", "--dry-run"]


def test_people_get_commands_they_can_copy(films):
    shown = run("errors").stdout
    assert f"  kinodex replay {films['stuck.mp4']} --stage pictures.003 --library 'my lib'\n" in shown
    assert "quarantined" in shown
    assert "1 more failure of files that no longer exist" in shown


def test_failures_are_chosen_by_code_and_by_video(films):
    assert [error["stage"] for error in listed("--code", "model_failed")] == ["speech"]
    assert {error["stage"] for error in listed("--video", "failed.mp4")} == {"probe", "speech"}
    assert [error["code"] for error in listed("--video", "dangling.mp4")] == ["FILE_MISSING"]


def test_a_failure_that_was_mended_under_other_settings_is_none(films, tmp_path: Path):
    with LibraryStore.open("my lib") as store:
        store.commit(store.ledger.begin(StageKey(films["failed.mp4"], "speech", "f2"), "worker"), StageOutput())
    assert [error["stage"] for error in listed("--video", "failed.mp4")] == ["probe"]


def test_retry_takes_what_was_meant_and_nothing_else(films):
    trial = json.loads(run("retry", "--stage", "speech", "--dry-run", "--json").stdout)
    assert (trial["dry_run"], [stage["stage"] for stage in trial["stages"]]) == (True, ["speech"])
    assert len(listed()) == 4
    done = json.loads(run("retry", "--stage", "speech", "--json").stdout)
    assert [stage["code"] for stage in done["stages"]] == ["MODEL_FAILED"]
    assert {error["stage"] for error in listed()} == {"probe", "pictures.003", ""}
    assert "1 stage of 1 video will be retried by the next kinodex ingest" in run("retry", "stuck.mp4").stdout
    with LibraryStore.open("my lib") as store:
        (stuck,) = store.ledger.receipts(films["stuck.mp4"])
    assert (stuck.status, stuck.strikes, stuck.attempt) == ("pending", 0, 2)


def test_retry_of_a_stage_takes_its_parts(films):
    done = json.loads(run("retry", "--stage", "pictures", "--json").stdout)
    assert [stage["stage"] for stage in done["stages"]] == ["pictures.003"]


def test_the_quarantine_is_listed_and_released(films):
    (stuck,) = json.loads(run("quarantine", "list", "--json").stdout)["quarantined"]
    assert (stuck["video_id"], stuck["code"]) == (films["stuck.mp4"], "DECODE_TIMEOUT")
    assert "kinodex quarantine release" in run("quarantine", "list").stdout
    assert json.loads(run("quarantine", "release", "failed.mp4", "--json").stdout)["stages"] == []
    assert json.loads(run("quarantine", "release", "--code", "DECODE_MEMORY", "--json").stdout)["stages"] == []
    released = json.loads(run("quarantine", "release", "--all", "--json").stdout)
    assert [stage["video_id"] for stage in released["stages"]] == [films["stuck.mp4"]]
    assert "Nothing is quarantined" in run("quarantine", "list").stdout
    assert {error["stage"] for error in listed()} == {"probe", "speech", ""}


def test_status_counts_parts_and_quarantine(films):
    status = json.loads(run("status", "--json").stdout)
    assert status["quarantined"] == 1
    assert status["parts"] == [{"video_id": films["stuck.mp4"], "stage": "pictures", "parts": {"quarantined": 1}}]
    assert "kinodex quarantine list" in run("status").stdout


def test_replay_without_a_stage_takes_what_failed_or_says_what_there_is(films, tmp_path: Path):
    ran = run("replay", "removed.mp4", "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)["error"]["code"] == "FILE_MISSING"
    with LibraryStore.open("my lib") as store:
        new = store.catalog.register(tmp_path / "new.mp4", "f" * 64, 1, 1)
    nothing = run("replay", new)
    assert nothing.exit_code == 2
    assert "--stage" in nothing.stderr


def test_forgetting_a_video_takes_its_failures_along(films):
    ran = json.loads(run("forget", "--missing", "--yes", "--json").stdout)
    assert [video["video_id"] for video in ran["videos"]] == [films["removed.mp4"]]
    assert [Path(uri).name for uri in ran["inputs"]] == ["dangling.mp4"]
    assert ran["removed"]["videos"] == 1
    assert json.loads(run("errors", "--json").stdout)["gone"] == 0


def test_a_library_that_is_written_is_left_alone(films, monkeypatch):
    monkeypatch.setattr("stores.writer_lock.WAIT_SECONDS", 0.1)
    with LibraryStore.open("my lib") as store, store.writer():
        ran = run("retry", "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)["error"]["code"] == "LIBRARY_LOCKED"


def test_during_a_long_job_failures_can_be_let_again_and_nothing_be_removed(films):
    with LibraryStore.open("my lib") as store, store.job():
        assert run("retry", "--json").exit_code == 0
        refused = [run("forget", "--missing", "--yes", "--json"), run("gc", "--json")]
    for ran in refused:
        assert ran.exit_code == 1
        assert json.loads(ran.stdout)["error"]["code"] == "LIBRARY_LOCKED"


@pytest.mark.parametrize("number", [1, 20])
def test_the_number_of_queries_does_not_grow_with_the_failures(tmp_path: Path, number: int):
    settings = Settings.load(None, library=tmp_path / "other lib")
    with LibraryStore.open(settings.library, create=True, max_attempts=1) as store:
        for each in range(number):
            path = tmp_path / f"{each}.mp4"
            path.write_text(path.name)
            fail(store, store.catalog.register(path, f"{each:02d}" * 32, 1, 1), "pictures", "DECODE_TIMEOUT")
        asked: list[str] = []
        event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert len(failures(store, settings, FailureFilter()).errors) == number
        assert len(quarantined(store, settings, None).quarantined) == number
        assert requeue(store, settings, FailureFilter(), dry_run=True).videos == number
        assert len([one for one in asked if one.startswith("SELECT")]) == 7


def failing(store: LibraryStore, tmp_path: Path, count: int) -> list[str]:
    """Videos of which a stage failed; their files are there."""
    found = []
    for n in range(count):
        path = tmp_path / f"bad{n:03d}.mp4"
        path.write_text(str(n))
        video_id = store.catalog.register(path, f"{n:02x}" * 32, 1, 1)
        attempt = store.ledger.begin(StageKey(video_id, "probe", "f"), "test")
        assert isinstance(attempt, Attempt)
        store.ledger.fail(attempt, "NOT_MEDIA", "It is none.")
        found.append(video_id)
    return found


def test_pages_of_failures_go_on_where_they_ended_though_some_are_mended_meanwhile(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        settings = Settings(library=tmp_path / "lib")
        ids = failing(store, tmp_path, 7)
        for n in range(5):
            path = tmp_path / f"none{n}.txt"
            path.write_text("x")
            store.catalog.record_input_error(str(path), "NOT_MEDIA", "It is none.")
        (tmp_path / "none1.txt").unlink()
        (tmp_path / "bad003.mp4").unlink()
        files, after = failures_page(store, settings, 3)
        assert [PurePosixPath(one.uri).name for one in files] == ["none0.txt", "none2.txt", "none3.txt"]
        rest, after = failures_page(store, settings, 2, after)
        assert [rest[0].uri[-9:], rest[1].video_id] == ["none4.txt", ids[0]]
        store.ledger.reset(video_ids=[ids[0]], statuses=["failed"])
        more, after = failures_page(store, settings, 3, after)
        assert [one.video_id for one in more] == [ids[1], ids[2], ids[4]]
        last, after = failures_page(store, settings, 3, after)
        assert ([one.video_id for one in last], after) == ([ids[5], ids[6]], ())
        some, after = failures_page(store, settings, 9, (), [ids[5]], with_inputs=False)
        assert ([one.video_id for one in some], after) == ([ids[5]], ())


def unread(store: LibraryStore, code: str, times: Iterable[float]) -> list[str]:
    """Files that could not be read at these times; there are none such."""
    rows = [
        {"uri": f"/gone/{n:05}.mp4", "error_code": code, "error_message": "", "seen_at": at}
        for n, at in enumerate(times)
    ]
    with writing(store.engine) as connection:
        connection.execute(insert(InputErrorRow), rows)
    return [str(row["uri"]) for row in rows]


@pytest.mark.parametrize("apart", [0.0, 0.001, 1.0])
def test_pages_of_files_that_could_not_be_read_leave_none_out(tmp_path: Path, apart: float) -> None:
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        uris = unread(store, "FILE_MISSING", (1e9 + apart * (n // 3) for n in range(950)))
        found, after = [], ()
        while found == [] or after:
            page, after = failures_page(store, Settings(library=tmp_path / "lib"), 300, after)
            assert "gone" not in str(after)
            found += [one.uri for one in page]
        assert found == uris


@pytest.mark.parametrize("kind", ["inputs", "runs"])
def test_a_page_of_what_is_gone_asks_the_database_little(tmp_path: Path, kind: str) -> None:
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        if kind == "inputs":
            unread(store, "FILE_UNREADABLE", range(1_500))
        else:
            for video_id in failing(store, tmp_path, 250):
                store.catalog.path(video_id).unlink()
        asked: list[tuple[str, tuple[object, ...]]] = []
        event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
        shown, after = failures_page(store, Settings(library=tmp_path / "lib"), 1)
        assert (shown, bool(after)) == ([], kind == "inputs")
        failures_page(store, Settings(library=tmp_path / "lib"), 1, after)
        queries = [one for one in asked if one[0].startswith("SELECT")]
        assert len(queries) < 20
        with reading(store.engine) as connection:
            for query, values in queries:
                if "FROM input_errors" in query:
                    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all()
                    assert [one[3].partition(" (")[0] for one in plan] == [
                        "SEARCH input_errors USING INDEX input_errors_by_time"
                    ]


def test_a_page_of_failures_reads_no_more_than_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        failing(store, tmp_path, 20)
        rows = 0

        def counted(cursor: sqlite3.Cursor, row: tuple[object, ...]) -> tuple[object, ...]:
            nonlocal rows
            rows += 1
            return row

        def count(connection: sqlite3.Connection, *_: object) -> None:
            connection.row_factory = counted

        event.listen(store.engine, "checkout", count)
        shown, after = failures_page(store, Settings(library=tmp_path / "lib"), 2)
        assert (len(shown), bool(after)) == (2, True)
        assert 0 < rows < 15
        with reading(store.engine) as connection:
            plan = connection.exec_driver_sql(
                "EXPLAIN QUERY PLAN "
                + str(bad_runs().order_by(Run.started_at, Run.video_id, Run.stage).compile(store.engine))
            ).all()
        assert "USING INDEX bad_runs" in plan[0][3]
