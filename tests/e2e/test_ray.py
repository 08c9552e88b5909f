"""Many videos on Ray: the same results, nothing large between processes, and a worker that is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.amount import full_only
from tests.e2e.conftest import ROOT, Ran, command, program
from tests.e2e.media import write_video

pytestmark = pytest.mark.slow

# Looks at what crosses between the driver and the actors.
SPY = """
from dataclasses import astuple
from workflows.executors.ray.pool import Pool
real = Pool.work
def spied(self, units, ahead, tell):
    types, largest = set(), max(map(len, units))
    def overheard(event):
        print("HEARD", *astuple(event), file=sys.stderr)
        tell(event)
    for rows in real(self, units, ahead, overheard):
        for value in [each for row in rows for each in astuple(row)]:
            types.add(type(value).__name__)
            largest = max(largest, len(str(value)))
        yield rows
    print("CROSSED", sorted(types), largest, file=sys.stderr)
Pool.work = spied
"""


@pytest.fixture(scope="module")
def small_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write_video(folder / "a.mp4", seed=11, seconds=1)
    write_video(folder / "b.mp4", seed=12, seconds=2, sound=True)
    (folder / "broken.mp4").write_text("no film")
    return folder


@pytest.fixture(scope="module")
def on_ray(small_films: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    root = tmp_path_factory.mktemp("ray") / "lib"
    # As an actor leaves it that is killed while it writes.
    (root / "staging").mkdir(parents=True)
    (root / "staging" / ".part-1-vid_a-voice-f1-1-a.npz").write_bytes(b"half")
    return root, program("ingest", small_films, "--executor", "ray", "--library", root, "--json", before=SPY)


def test_every_input_ends_once(on_ray: tuple[Path, Ran]):
    root, ran = on_ray
    assert ran.code == 3, ran.err
    ended = {Path(video["uri"]).name: video["status"] for video in ran.json["videos"]}
    assert ended == {"a.mp4": "done", "b.mp4": "done", "broken.mp4": "failed"}
    assert ran.json["totals"]["inputs"] == 3
    assert not list((root / "staging").iterdir())


def test_nothing_large_crosses(on_ray: tuple[Path, Ran]):
    (crossed,) = [line for line in on_ray[1].err.splitlines() if line.startswith("CROSSED")]
    assert crossed.startswith("CROSSED ['float', 'int', 'str'] ")
    assert int(crossed.rsplit(" ", 1)[1]) < 2000


def test_ray_itself_says_nothing(on_ray: tuple[Path, Ran]):
    said = [line for line in on_ray[1].err.splitlines() if not line.startswith(("HEARD", "CROSSED"))]
    assert not [line for line in said if not re.match(r"3 inputs|\[\d/\d\] |waiting: ", line)]


def test_what_is_begun_comes_across_while_it_is_worked_on(on_ray: tuple[Path, Ran]):
    heard = [line for line in on_ray[1].err.splitlines() if line.startswith("HEARD vid_")]
    assert any(line.endswith("/b.mp4 speech_activity") or line.endswith("/b.mp4 probe") for line in heard)


def test_ray_and_local_find_the_same(on_ray: tuple[Path, Ran], small_films: Path, tmp_path: Path):
    local = program("ingest", small_films, "--library", tmp_path / "lib", "--json")
    assert {v["uri"]: v["stages"] for v in local.json["videos"]} == {
        v["uri"]: v["stages"] for v in on_ray[1].json["videos"]
    }
    shown = [
        command("show", "b.mp4", "--library", root, "--json").json["evidence"] for root in (on_ray[0], tmp_path / "lib")
    ]
    assert shown[0] == shown[1]
    assert shown[0]


def test_a_second_run_starts_no_ray(on_ray: tuple[Path, Ran], small_films: Path):
    again = program(
        "ingest",
        *(small_films, "--executor", "ray", "--library", on_ray[0], "--json"),
        after="print('ray' in sys.modules, file=sys.stderr)",
    )
    assert again.err.splitlines()[-1] == "False"
    assert again.json["totals"]["reused"] == 2


@full_only
def test_a_killed_worker_costs_one_attempt(tmp_path: Path):
    # Long enough that their workers are still at it when one of them is killed, also on a busy machine.
    write_video(tmp_path / "a.mp4", seed=13, seconds=15)
    write_video(tmp_path / "b.mp4", seed=14, seconds=15)
    root = tmp_path / "lib"
    running = subprocess.Popen(
        [sys.executable, "-m", "kinodex", "ingest", tmp_path, "--executor", "ray", "--library", root, "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        victim = wait_for_worker(root)
        assert running.pid in ancestors(victim), "only a process of this test may be killed"
        os.kill(victim, signal.SIGKILL)
        out, err = running.communicate(timeout=280)
    finally:
        if running.poll() is None:
            running.kill()
            running.communicate()
    assert running.returncode == 0, err
    totals = json.loads(out)["totals"]
    assert (totals["inputs"], totals["done"]) == (2, 2)
    with sqlite3.connect(root / "kinodex.sqlite3") as database:
        attempts = dict(database.execute("select stage, max(attempts) from stage_runs group by stage"))
    assert attempts["pictures"] == 2
    assert max(attempts.values()) == 2


def wait_for_worker(root: Path) -> int:
    """The process id of the first actor that looks at pictures.

    Not of one that has begun anything: films without sound are listened to in no time, and whoever is killed with
    all that it began in finished parcels loses no attempt.
    """
    until = time.monotonic() + 240
    while time.monotonic() < until:
        time.sleep(0.05)
        try:
            with sqlite3.connect(f"file:{root / 'kinodex.sqlite3'}?mode=ro", uri=True) as database:
                rows = database.execute(
                    "select worker from stage_runs where stage = 'pictures' and status = 'running'"
                ).fetchall()
        except sqlite3.Error:
            continue
        if rows:
            return int(rows[0][0].rsplit("-", 1)[1])
    raise AssertionError("no worker looked at pictures")


def ancestors(process: int) -> list[int]:
    found = []
    while process > 1:
        stat = Path(f"/proc/{process}/stat").read_text()
        process = int(stat.rsplit(")", 1)[1].split()[1])
        found.append(process)
    return found
