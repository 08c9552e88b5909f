"""`kinodex watch` as a user runs it: a process that is told to stop. No model is needed: no file here is a film."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app

ROOT = Path(__file__).parents[3]


class Program:
    def __init__(self, *arguments: object) -> None:
        # A process that was started in the background is born deaf to interrupts, and hands that down.
        hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        command = [sys.executable, "-c", f"{hears}; from kinodex.cli.app import main; main()", *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=arguments[1]
        )
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def line(self) -> dict:
        try:
            return json.loads(self._lines.get(timeout=60))
        except Empty:
            raise AssertionError("nothing was printed") from None

    def stop(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        assert self.process.stderr is not None
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        said = self.process.stderr.read()
        self._reader.join()
        self.process.stdout.close()  # type: ignore[union-attr]
        self.process.stderr.close()
        return code, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_arrives_is_ingested_until_told_to_stop(tmp_path, number):
    films = tmp_path / "films"
    films.mkdir()
    (films / "one.mp4").write_text("This is no film.")
    program = Program("watch", films, "--stable", "0.3", "--json", "--library", tmp_path / "lib")
    first = program.line()
    assert (first["round"], first["files"], first["error"]) == (1, 1, None)
    assert first["videos"][0]["error"]["code"] == "NOT_MEDIA"
    (films / "two.mp4").write_text("Nor is this.")
    second = program.line()
    assert (second["round"], second["files"], second["totals"]["failed"]) == (2, 1, 1)
    assert second["videos"][0]["uri"].endswith("two.mp4")
    code, said = program.stop(number)
    assert code == 0
    assert "stopped watching" in said


def test_a_job_elsewhere_is_waited_for(tmp_path):
    from stores.library_store import LibraryStore

    (tmp_path / "one.mp4").write_text("This is no film.")
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        with store.job():
            program = Program("watch", tmp_path, "--stable", "0.3", "--every", "1", "--json", "-l", tmp_path / "lib")
            assert program.line()["error"]["code"] == "LIBRARY_LOCKED"
        while (line := program.line())["error"]:
            pass
    assert line["totals"]["failed"] == 1
    code, said = program.stop(signal.SIGTERM)
    assert code == 0
    assert "LIBRARY_LOCKED" in said


def test_once_ends_with_the_code_of_ingest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films").mkdir()
    arguments = ["watch", "films", "--stable", "0.2", "--once", "--json"]
    empty = CliRunner().invoke(app, arguments)
    assert (empty.exit_code, empty.stdout) == (0, "")
    (tmp_path / "films" / "one.mp4").write_text("This is no film.")
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 3
    assert len(ran.stdout.splitlines()) == 1
    assert json.loads(ran.stdout)["totals"]["failed"] == 1


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["watch", "nowhere"]).exit_code == 2
