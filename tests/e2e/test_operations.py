"""When something goes wrong: seeing it again, trying it again, checking, mending, stopping and going on."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.amount import FULL
from tests.e2e.conftest import ROOT, Ingested, command, program
from tests.e2e.media import write_video

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """Two films and a file that is none, ingested once."""
    films = tmp_path_factory.mktemp("few films")
    write_video(films / "one.mp4", seed=21, sound=True)
    write_video(films / "two.mp4", seed=22)
    (films / "broken.mp4").write_text("This is no film.\n")
    root = tmp_path_factory.mktemp("few library") / "lib"
    return Ingested(root, films, program("ingest", films, "--library", root, "--json"))


@pytest.fixture
def library(made: Ingested, tmp_path: Path) -> Ingested:
    """A copy that a test may spoil."""
    shutil.copytree(made.root, tmp_path / "lib")
    return Ingested(tmp_path / "lib", made.films, made.ran)


def runs(root: Path) -> list[tuple]:
    """The ledger as it stands."""
    with closing(sqlite3.connect(root / "kinodex.sqlite3")) as database:
        return database.execute(
            "SELECT video_id, stage, status, attempts, strikes FROM stage_runs ORDER BY video_id, stage"
        ).fetchall()


def test_the_report_of_a_run_lies_where_it_says(made: Ingested):
    assert made.ran.code == 3, made.ran.err
    report = json.loads(Path(made.ran.json["report"]).read_text())
    assert report["totals"]["failed"] == 1
    assert report["command"].startswith("kinodex ingest ")
    assert report["stages"]["speech"]["runs"] == {"done": 2}
    assert report["settings"]["attempts"] == 3


def test_a_failure_can_be_seen_again_by_the_command_beside_it(made: Ingested):
    (error,) = made.run("errors", "--json").json["errors"]
    assert (error["code"], error["stage"], error["blame"]) == ("NOT_MEDIA", "probe", "input")
    before = runs(made.root)
    replay = shlex.split(error["replay"])
    assert replay[:2] == ["kinodex", "replay"]
    again = command(*replay[1:])
    assert again.code == 1, again.err
    assert "NOT_MEDIA" in again.out
    assert runs(made.root) == before


def test_replaying_what_went_well_finds_the_same(made: Ingested):
    before = runs(made.root)
    ran = made.run("replay", "one.mp4", "--stage", "scenes", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["failed"], ran.json["same"]) == (False, True)
    assert ran.json["records"]
    assert runs(made.root) == before


def test_a_bug_is_shown_with_its_traceback(made: Ingested):
    bug = (
        "import pipeline.perceive as p\n"
        "def broken(*a, **k):\n    raise ZeroDivisionError('injected')\n"
        "import workflows.work as w\nw.perceive = broken"
    )
    ran = made.run("replay", "one.mp4", "--stage", "scenes", "--json", before=bug)
    assert ran.code == 1
    assert ran.json["error_code"] == "INTERNAL"
    assert "ZeroDivisionError: injected" in ran.json["trace"]
    assert ", in broken" in ran.json["trace"]


def test_retry_now_tries_again_and_counts_it(library: Ingested):
    ran = library.run("retry", "--code", "NOT_MEDIA", "--now", "--json")
    assert ran.code == 3, ran.err
    assert [stage["stage"] for stage in ran.json["stages"]] == ["probe"]
    assert [video["status"] for video in ran.json["ingest"]["videos"]] == ["failed"]
    (error,) = library.run("errors", "--json").json["errors"]
    assert error["attempts"] == 2


def test_verify_finds_what_is_damaged_and_mends_only_that(library: Ingested):
    video_id = library.of("one.mp4")["video_id"]
    blob = next((library.root / "blobs" / video_id / "thumbnails").rglob("*.*"))
    blob.write_bytes(bytes(blob.stat().st_size))
    assert library.run("verify", "--quick").code == 0
    found = library.run("verify", "--repair", "--json")
    assert found.code == 1, found.err
    (problem,) = found.json["problems"]
    assert problem["code"] == "BLOB_CHANGED"
    assert blob.name in problem["message"]
    assert problem["hint"]
    assert library.run("ingest", library.films, "--json").code == 3
    assert library.run("verify", "--json").json["problems"] == []


def test_leavings_harm_nobody_and_are_removed(library: Ingested):
    video_id = library.of("two.mp4")["video_id"]
    leaving = library.root / "blobs" / video_id / "pictures" / ("0" * 16) / "old.npz"
    leaving.parent.mkdir(parents=True)
    leaving.write_bytes(b"x" * 2048)
    verified = library.run("verify")
    assert verified.code == 0
    assert "kinodex gc" in verified.out
    assert library.run("gc", "--dry-run", "--json").json["blobs"] == 1
    assert leaving.exists()
    swept = library.run("gc", "--json").json
    assert (swept["blobs"], swept["bytes"]) == (1, 2048)
    assert not leaving.exists()


def test_a_lost_vector_index_is_made_anew_without_a_model(library: Ingested):
    before = library.run("search", "a coloured square", "--json").json["results"]
    shutil.rmtree(library.root / "vectors")
    assert library.run("verify").code == 1
    heavy = "{'torch', 'onnxruntime', 'faster_whisper', 'av'}"
    rebuilt = library.run("index", "rebuild", after=f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr)")
    assert rebuilt.code == 0, rebuilt.err
    assert rebuilt.err.splitlines()[-1] == "[]"
    assert library.run("verify").code == 0
    assert library.run("search", "a coloured square", "--json").json["results"] == before


def test_a_forgotten_video_leaves_nothing_behind(library: Ingested):
    video_id = library.of("two.mp4")["video_id"]
    assert library.run("forget", "two.mp4").code == 2
    assert library.run("forget", "two.mp4", "--yes", "--json").json["removed"]["videos"] == 1
    assert video_id not in library.run("videos").out
    assert not (library.root / "blobs" / video_id).exists()
    assert library.run("verify").code == 0


def test_a_changed_setting_of_a_stage_redoes_that_stage_and_what_rests_on_it(library: Ingested, tmp_path: Path):
    (tmp_path / "k.toml").write_text("[perception.thumbnails]\nquality = 50\n")
    plan = library.run("ingest", library.films, "--dry-run", "--json", "--config", tmp_path / "k.toml")
    pending = {Path(video["uri"]).name: video["pending"] for video in plan.json["videos"]}
    assert "thumbnails" in pending["one.mp4"]
    assert "speech" not in pending["one.mp4"]
    assert pending["broken.mp4"] == []


def test_a_budget_stops_in_time_and_the_same_command_goes_on(made: Ingested, tmp_path: Path):
    films = (made.films / "one.mp4", made.films / "two.mp4")
    stopped = command("ingest", *films, "--budget", "1kB", "--library", tmp_path / "lib", "--json")
    assert stopped.code == 5, stopped.err
    assert stopped.json["totals"]["postponed"] == 2
    assert "budget" in stopped.json["stopped"]
    on = command("ingest", *films, "--budget", "1h", "--library", tmp_path / "lib", "--json")
    assert on.code == 0, on.err
    assert (on.json["totals"]["done"], on.json["totals"]["postponed"], on.json["stopped"]) == (2, 0, "")


@pytest.mark.parametrize("executor", ["local", "ray"] if FULL else ["local"])
def test_sigterm_gives_the_attempts_back(executor: str, made: Ingested, tmp_path: Path):
    root = tmp_path / "lib"
    ingest = ["ingest", str(made.films / "one.mp4"), "--library", str(root), "--executor", executor, "--json"]
    running = subprocess.Popen(
        [sys.executable, "-c", "from kinodex.cli.app import main; main()", *ingest],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for _ in range(2400):
        time.sleep(0.05)
        if (root / "library.json").exists() and any(run[1] != "probe" for run in runs(root)):
            break
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 143, err
    assert err.decode().splitlines()[-1] == "terminated; the library is consistent, run the same command to go on"
    assert b"Traceback" not in out + err
    assert b"***" not in err, "no page of addresses, as Ray's own handler prints it"
    assert not [run for run in runs(root) if run[2] in ("running", "failed")]
    assert all(strikes <= 1 for *_, status, _, strikes in runs(root) if status == "done")
    assert not [run for run in runs(root) if run[2] == "pending" and run[4]]
    again = command(*ingest)
    assert again.code == 0, again.out
