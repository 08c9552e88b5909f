import json
import logging
import multiprocessing
from pathlib import Path

import pytest

from workflows.telemetry import job_log as logs
from workflows.telemetry.job_log import job_log, log_events
from workflows.telemetry.progress import Identified, Planned, StageAdvanced, StageFinished, StageStarted, VideoFinished


def lines(root: Path) -> list[dict]:
    return [json.loads(line) for line in (root / logs.LOG).read_text().splitlines()]


def test_events_are_lines_of_json(tmp_path):
    seen = []
    progress = log_events(seen.append)
    events = [
        Planned(2, 1, (("speech", 1),)),
        Identified(1, 2),
        StageStarted("vid_1", "/films/ä.mp4", "speech"),
        StageAdvanced("vid_1", "speech", 0.5),
        StageFinished("vid_1", "/films/ä.mp4", "speech", "failed", "MODEL_FAILED", 1.5, 2),
        VideoFinished("vid_1", "/films/ä.mp4", "failed", "MODEL_FAILED", 10.0),
    ]
    with job_log(tmp_path, run=12):
        for event in events:
            progress(event)
    assert seen == events
    written = lines(tmp_path)
    assert [line["event"] for line in written] == ["planned", "stage_started", "stage_ended", "video_ended"]
    assert {line["run"] for line in written} == {12}
    stage = written[2]
    assert stage["level"] == "info"
    assert stage["ts"].endswith("Z")
    assert (stage["video_id"], stage["uri"], stage["stage"]) == ("vid_1", "/films/ä.mp4", "speech")
    assert (stage["status"], stage["code"], stage["seconds"], stage["attempt"]) == ("failed", "MODEL_FAILED", 1.5, 2)


def test_bugs_are_logged_with_traceback_and_truncated_message(tmp_path):
    log = logging.getLogger("workflows.work")
    with job_log(tmp_path):
        try:
            try:
                raise KeyError("inner")
            except KeyError as error:
                raise ValueError("quoted: " + "blah " * 1000) from error
        except ValueError:
            log.exception("%s of %s", "speech", "vid_1")
    (line,) = lines(tmp_path)
    assert (line["event"], line["level"], line["message"]) == ("bug", "error", "speech of vid_1")
    assert "test_job_log.py" in line["trace"]
    assert "KeyError" in line["trace"]
    assert len(line["trace"]) < 2000


def test_nothing_reaches_the_terminal_and_loggers_are_restored(tmp_path, capfd):
    log = logging.getLogger("workflows")
    before = log.level, log.propagate, list(log.handlers)
    with job_log(tmp_path):
        log.warning("to the file")
        logging.getLogger("stores.library_store").warning("this, too")
    assert (log.level, log.propagate, log.handlers) == before
    assert [line["message"] for line in lines(tmp_path)] == ["to the file", "this, too"]
    assert capfd.readouterr() == ("", "")


def _write(root: str, name: int) -> None:
    with job_log(Path(root), run=name):
        for number in range(100):
            logs.note("counted", {"number": number, "text": "x" * 100})


def test_several_processes_write_whole_lines_and_rotate_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 20_000)
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write, args=(str(tmp_path), number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    files = sorted((tmp_path / "logs").glob("ingest.jsonl*"))
    assert 2 < len(files) <= logs.KEPT + 1
    assert all(file.stat().st_size <= 20_000 for file in files)
    found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert len(found) == 300
    assert len({(line["run"], line["number"]) for line in found}) == 300


def test_old_files_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 300)
    _write(str(tmp_path), 1)
    assert len(list((tmp_path / "logs").glob("ingest.jsonl*"))) == logs.KEPT + 1
    assert lines(tmp_path)[-1]["number"] == 99


def test_a_log_that_cannot_be_written_does_not_end_the_job(tmp_path, capfd):
    with job_log(tmp_path) as path:
        path.mkdir()  # cannot be appended to
        logs.note("lost", {})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["a.mp4", "b \n c.mp4", "\x1b[31m.mp4"])
def test_hostile_names_stay_inside_their_line(tmp_path, name):
    with job_log(tmp_path):
        log_events(lambda _: None)(StageStarted("vid_1", name, "probe"))
    (line,) = lines(tmp_path)
    assert line["uri"] == name
    assert "\x1b" not in (tmp_path / logs.LOG).read_text()
