"""`kinodex tag --all` on threads and on a real Ray cluster: equal decisions, also when killed and gone on with.

On Ray with `KINODEX_CHAOS=full`: the smoke run of `benchmarks/tagging_batch.py` compares the same each time.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest

from benchmarks.scale_library.filling import fill
from encoders.concepts import read_concepts
from kinodex import Library
from stores.library_store import LibraryStore
from tests.amount import FULL, full_only
from tests.e2e.conftest import ROOT, command, program

pytestmark = pytest.mark.slow

VIDEOS = 400 if FULL else 150


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many videos with labels, objects, speech and look-alikes, some of which have tags already; two hundred tags."""
    folder = tmp_path_factory.mktemp("filled")
    fill(folder / "lib", VIDEOS, lambda _line: None)
    with (folder / "tags.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "name", "facet"))
        rows.writerows((f"t{n}", one.name, "what") for n, one in enumerate(read_concepts()[:200]))
    with Library.open(folder / "lib") as library:
        library.import_tags(folder / "tags.csv")
        library.tag(*library.indexed()[:10])  # what others may rest on
    return folder / "lib"


def copied(filled: Path, to: Path) -> Path:
    return Path(shutil.copytree(filled, to / "lib"))


def decisions(root: Path) -> dict[str, object]:
    with LibraryStore.open(root) as store:
        return {one: store.tags.decisions(one) for one in store.catalog.indexed()}


@pytest.fixture(scope="module")
def by_threads(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copied(filled, tmp_path_factory.mktemp("threads"))
    written = root.parent / "tags.parquet"
    ran = program("tag", "--all", "--workers", "2", "--library", root, "--json", "--output", written)
    assert ran.code == 0, ran.err
    assert (ran.json["totals"]["inputs"], ran.json["totals"]["done"]) == (VIDEOS, VIDEOS)
    assert all(one["seconds"] > 0 for one in ran.json["videos"])
    assert ran.json["rows"] == pyarrow.parquet.read_table(written).num_rows
    assert sum(map(bool, decisions(root).values())) > VIDEOS / 2, "there is something to compare"
    return root


@full_only
def test_on_ray_it_decides_the_same(filled: Path, by_threads: Path, tmp_path: Path) -> None:
    root = copied(filled, tmp_path)
    ran = program("tag", "--all", "--executor", "ray", "--workers", "2", "--library", root, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["totals"]["done"] == VIDEOS
    assert decisions(root) == decisions(by_threads)
    with sqlite3.connect(root / "kinodex.sqlite3") as database:
        workers = {worker for (worker,) in database.execute("SELECT DISTINCT worker FROM tag_runs")}
    assert len(workers) == 2
    assert all(worker.startswith("ray-") for worker in workers)
    again = program(
        *("tag", "--all", "--since", "last", "--executor", "ray", "--library", root, "--json"),
        after="print('ray' in sys.modules, file=sys.stderr)",
    )
    assert again.json["totals"]["reused"] == VIDEOS
    assert again.err.splitlines()[-1] == "False", "nothing to do is done without Ray"


@pytest.mark.parametrize("executor", ["local", pytest.param("ray", marks=full_only)])
def test_killed_and_gone_on_with_it_decides_the_same(
    filled: Path, by_threads: Path, tmp_path: Path, executor: str
) -> None:
    root = copied(filled, tmp_path)
    tag = ["tag", "--all", "--executor", executor, "--workers", "1", "--library", str(root), "--json"]
    running = subprocess.Popen(
        [sys.executable, "-m", "kinodex", *tag],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        waiting = wait_for_some(root)
        os.kill(running.pid, signal.SIGKILL)
    finally:
        running.kill()
        running.communicate()
    assert 0 < waiting < VIDEOS
    assert decisions(root) == decisions(filled), "nothing of it is in place yet"
    planned = command("tag", "--all", "--dry-run", "--library", root, "--json").json
    assert planned["videos"] + planned["waiting"] == planned["inputs"] == VIDEOS
    assert planned["waiting"] >= waiting
    other = "ray" if executor == "local" and FULL else "local"
    ran = program("tag", "--all", "--executor", other, "--library", root, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["totals"]["reused"] == planned["waiting"]
    assert decisions(root) == decisions(by_threads)


def wait_for_some(root: Path) -> int:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        time.sleep(0.01)
        with sqlite3.connect(f"file:{root / 'kinodex.sqlite3'}?mode=ro", uri=True) as database:
            (waiting,) = database.execute("SELECT count(*) FROM tag_runs WHERE status = 'staged'").fetchone()
        if waiting:
            return int(waiting)
    raise AssertionError("nothing was decided")


def test_what_was_decided_is_written_whole_in_three_forms(by_threads: Path, tmp_path: Path) -> None:
    # Nothing has changed: it only writes.
    files = {suffix: tmp_path / f"tags.{suffix}" for suffix in ("parquet", "jsonl", "csv")}
    tag = ("tag", "--all", "--since", "last", "--library", by_threads, "--json", "--output")
    rows = {command(*tag, file).json["rows"] for file in files.values()}
    table = pyarrow.parquet.read_table(files["parquet"]).to_pylist()
    lines = [json.loads(line) for line in files["jsonl"].read_text(encoding="utf-8").splitlines()]
    with files["csv"].open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert rows == {len(table)}
    assert table == lines
    assert [(one["video_id"], one["tag_id"], float(one["confidence"])) for one in cells] == [
        (one["video_id"], one["tag_id"], one["confidence"]) for one in table
    ]
    assert [json.loads(one["times"]) for one in cells] == [one["times"] for one in table]
    first = next(one for one in table if one["times"])
    assert len(first["times"]) == len(first["evidence_ids"].split(";")) == len(first["channels"].split(";"))
    assert all(start < end for start, end in first["times"])
    assert first["name"].endswith(".mp4")
    assert {one["by"] for one in table} == {"automatic"}
    refused = command(*tag, files["csv"])
    assert (refused.code, refused.json["error"]["code"]) == (1, "CONFLICT")
    assert command(*tag, files["csv"], "--force").code == 0
    assert command(*tag, tmp_path / "tags.xml").json["error"]["code"] == "USAGE"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in files.values())
