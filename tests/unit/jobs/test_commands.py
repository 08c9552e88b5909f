"""`kinodex jobs`: what people see of jobs, and doing them in a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.library import Library
from tests.unit.jobs.films import make_films
from tests.unit.jobs.test_worker import until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Library.open(tmp_path / "library").close()
    return tmp_path / "library"


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    made = CliRunner().invoke(app, ["jobs", *arguments, "--library", str(folder)])
    assert made.exit_code == code, made.output
    return made.stdout


def test_jobs_are_listed_shown_cancelled_and_retried(folder: Path) -> None:
    assert "No jobs." in run(folder, "list")
    with Library.open(folder) as library:
        job, _ = library.store.jobs.order("ingest", {"paths": ["/films/a.mp4"], "retry": False, "budget": ""})
    assert job.job_id in run(folder, "list")
    assert "/films/a.mp4" in run(folder, "show", job.job_id)
    assert "cancelled" in run(folder, "cancel", job.job_id)
    assert json.loads(run(folder, "retry", job.job_id, "--json"))["state"] == "queued"
    listed = json.loads(run(folder, "list", "--json"))["jobs"]
    assert [(one["kind"], one["state"]) for one in listed] == [("ingest", "queued")]
    run(folder, "retry", job.job_id, code=1)
    assert "NOT_FOUND" in run(folder, "show", "job_none", "--json", code=1)


def test_jobs_are_done_in_a_terminal_and_reported_as_the_command_does(folder: Path, tmp_path: Path) -> None:
    films = make_films(tmp_path / "films", 1)
    with Library.open(folder) as library:
        job, _ = library.store.jobs.order("ingest", {"paths": [str(films), "/nowhere.mp4"]})
        check, _ = library.store.jobs.order("verify", {"quick": True})
    assert json.loads(run(folder, "work", "--once", "--json")) == {"ended": 2}
    shown = json.loads(run(folder, "show", job.job_id, "--json"))
    again = CliRunner().invoke(app, ["ingest", str(films), "/nowhere.mp4", "--json", "--library", str(folder)])
    assert shown["report"].keys() == json.loads(again.stdout).keys()
    assert [one["status"] for one in shown["report"]["videos"]] == ["done", "failed"]
    assert "FILE_MISSING" in run(folder, "show", job.job_id)
    assert json.loads(run(folder, "show", check.job_id, "--json"))["report"]["problems"] == []


def test_a_worker_in_a_terminal_ends_when_told_and_puts_its_job_back(folder: Path, tmp_path: Path) -> None:
    films = make_films(tmp_path / "films", 4)
    with Library.open(folder) as library:
        job, _ = library.store.jobs.order("ingest", {"paths": [str(films)]})
        command = [sys.executable, "-m", "kinodex", "jobs", "work", "--library", str(folder)]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        until(lambda: library.store.jobs.get(job.job_id).share > 0)
        os.kill(worker.pid, signal.SIGINT)
        out, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0
        assert b"ended" in out
        assert library.store.jobs.get(job.job_id).state == "queued"
