"""`kinodex tag --all` on threads and on Ray: equal decisions, also killed and gone on with; how fast each is.

    python benchmarks/tagging_batch.py [--videos 10000] [--tags 1000] [--out DIR] [--report FILE.md]

One synthetic library (`benchmarks.scale_library`) is made once and copied for each run; some of its videos are tagged
before, so that others may rest on them. Every run is the command itself, in a process of its own. Their times are wall
clock of one machine, one after the other: read the ratio. A run is killed (SIGKILL) when a third of the videos is
decided, and gone on with by the other executor.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # otherwise the modules in this folder would shadow packages

FOLLOWED_SECONDS = 30.0

KNOWN = 100
"""Videos that are tagged before, if there are ten times as many."""


ROUNDED = 0.01
"""Confidences that differ by less are equal but for rounding: of products in one thread or two, and of which video is
the last of the twenty about the same. Source: of 279,501 decisions on Ray and on threads five differed, by .004 at
most."""

Decided = dict[tuple[str, str, str], tuple[str, float, tuple[str, ...]]]
"""By video, tag and origin, the decision, its confidence and its evidence."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: videos a second of the batch itself, seconds of the process, what it decided.

    ``processor``: CPU seconds of the process and what it waited for, which Ray's actors are not.
    """

    name: str
    videos: int
    reused: int
    per_second: float
    seconds: float
    processor: float
    decided: Decided


def command(library: Path, *more: str) -> list[str]:
    """`kinodex tag --all` on a library."""
    return [sys.executable, "-m", "kinodex", "tag", "--all", "--json", "--library", str(library), *more]


def environment() -> dict[str, str]:
    """As ours, with these modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


def ran(name: str, library: Path, *more: str) -> Run:
    """Run the command to its end.

    Raises:
        SystemExit: if it fails.
    """
    began, before = time.monotonic(), _processor()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        running = subprocess.Popen(command(library, *more), env=environment(), stdout=said, stderr=complained)
        try:
            _followed(name, running, library)
        finally:
            running.kill()
            running.wait()
        said.seek(0)
        complained.seek(0)
        if running.returncode:
            raise SystemExit(f"{name} ended with exit code {running.returncode}: {complained.read()[-2000:]}")
        totals: dict[str, Any] = json.load(said)["totals"]
    decided = totals["done"] - totals["reused"]
    speed = decided / max(totals["wall_seconds"], 1e-6)
    taken = time.monotonic() - began, _processor() - before
    made = Run(name, totals["done"], totals["reused"], speed, *taken, decided_of(library))
    print(
        f"{made.name}: {decided} decided, {made.reused} reused, {made.per_second:.1f}/s, {made.seconds:.0f} s, "
        f"{made.processor:.0f} s of CPU",
        flush=True,
    )
    return made


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _followed(name: str, running: subprocess.Popen[bytes], library: Path) -> None:
    """Until the command ends; says every half minute how far it is."""
    began = time.monotonic()
    while running.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            running.wait(FOLLOWED_SECONDS)
        if running.poll() is None:
            print(f"  {name}: {_kept(library):,} decided after {time.monotonic() - began:.0f} s", flush=True)


def killed(library: Path, share: float, *more: str) -> int:
    """Begin the command and kill it when that share of the videos is decided; how many were kept.

    Raises:
        SystemExit: if it ends before.
    """
    running = subprocess.Popen(command(library, *more), env=environment(), stdout=subprocess.DEVNULL)
    try:
        while (kept := _kept(library)) < share * _videos(library):
            if running.poll() is not None:
                raise SystemExit("it ended before it could be killed: take more videos")
            time.sleep(0.1)
        running.send_signal(signal.SIGKILL)
    finally:
        running.kill()
        running.wait()
    return kept


def _kept(library: Path) -> int:
    return _count(library, "SELECT count(*) FROM tag_runs WHERE status = 'staged'")


def _videos(library: Path) -> int:
    return _count(library, "SELECT count(*) FROM videos")


def _count(library: Path, statement: str) -> int:
    with sqlite3.connect(f"file:{library / 'kinodex.sqlite3'}?mode=ro", uri=True) as database:
        return int(database.execute(statement).fetchone()[0])


def decided_of(library: Path) -> Decided:
    """All decisions of a library."""
    with sqlite3.connect(f"file:{library / 'kinodex.sqlite3'}?mode=ro", uri=True) as database:
        evidence: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for *key, one in database.execute(
            "SELECT video_id, tag_id, origin, evidence_id FROM decision_evidence"
            " ORDER BY video_id, tag_id, origin, ordinal"
        ):
            evidence[key[0], key[1], key[2]].append(one)
        rows = database.execute("SELECT video_id, tag_id, origin, decision, confidence FROM decisions")
        return {
            (video, tag, origin): (decision, confidence, tuple(evidence[video, tag, origin]))
            for video, tag, origin, decision, confidence in rows
        }


def differing(some: Decided, others: Decided) -> tuple[int, int, float]:
    """How many decisions are not equal, how many of these are other decisions, and by how much confidences differ at
    most; what was not decided was less likely than what is left to people."""
    from agents.tagging.rank.decide import ABSTAIN

    none: tuple[str, float, tuple[str, ...]] = ("", ABSTAIN, ())
    pairs = [(some.get(key, none), others.get(key, none)) for key in some.keys() | others.keys()]
    unequal = [(one, other) for one, other in pairs if one != other]
    decided = sum(one[0] != other[0] for one, other in unequal)
    return len(unequal), decided, max((abs(one[1] - other[1]) for one, other in unequal), default=0.0)


def prepared(out: Path, videos: int, tags: int) -> Path:
    """The library that all runs begin with, with its tags and those of their vectors that are to be kept."""
    from benchmarks.scale_library.filling import fill
    from benchmarks.scale_library.words import write_tags
    from kinodex import Library

    library, source = out / f"tagging-{videos}-{tags}", out / f"scale-{videos}"
    if library.exists():
        return library
    fill(source, videos, lambda line: print(line, flush=True))
    making = library.with_suffix(".part")
    shutil.rmtree(making, ignore_errors=True)
    shutil.copytree(source, making)
    file = out / f"tags-{tags}.csv"
    write_tags(file, tags)
    with Library.open(making) as opened:
        opened.import_tags(file)
        opened.tag(*opened.indexed()[: min(KNOWN, max(1, videos // 10))])
    making.rename(library)
    return library


def report(runs: list[Run], kept: dict[str, int], videos: int, tags: int, workers: int) -> str:
    """The written report."""
    threads, on_ray = runs[0], runs[1]
    processor = platform.processor() or platform.machine()
    lines = [
        "# Tagging a whole library: threads and Ray",
        "",
        f"Machine: {processor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; Python "
        f"{platform.python_version()}. Embedded profile, {videos:,} synthetic videos of 12 clips, {tags:,} tags, "
        f"{workers} workers. Made by `python benchmarks/tagging_batch.py`.",
        "",
        "| run | videos | of them decided before | videos a second | whole process | of CPU |",
        "|---|---:|---:|---:|---:|---:|",
        *(
            f"| {one.name} | {one.videos:,} | {one.reused:,} | {one.per_second:.1f} | {one.seconds:.0f} s | "
            f"{'not known' if one.name.endswith('Ray') else f'{one.processor:.0f} s'} |"
            for one in runs
        ),
        "",
        *(
            f"- {one.name} against {threads.name}: of {len(threads.decided):,} decisions {unequal} are not equal, "
            f"{other} of them other decisions; confidences differ by {most:.4f} at most."
            for one in runs[1:]
            for unequal, other, most in (differing(threads.decided, one.decided),)
        ),
        f"- Ray against threads: **{on_ray.per_second / threads.per_second:.2f} ×** the videos a second; the start of "
        "the cluster and of its actors, which open the library and prepare the tags, is part of it.",
        *(
            f"- {name}: killed with {count:,} videos decided, none of them decided again."
            for name, count in kept.items()
        ),
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Make, run, compare; 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=10_000)
    parser.add_argument("--tags", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path("scale-libraries"), help="where the libraries are kept")
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    begin = prepared(given.out, given.videos, given.tags)
    workers = ("--workers", str(given.workers))
    by = {"threads": ("--executor", "local", *workers), "Ray": ("--executor", "ray", *workers)}
    runs: list[Run] = []
    kept: dict[str, int] = {}

    def fresh() -> Path:
        here = given.out / "tagging-run"
        shutil.rmtree(here, ignore_errors=True)
        return Path(shutil.copytree(begin, here))

    for name, options in by.items():
        runs.append(ran(name, fresh(), *options))
    for first, second in (("threads", "Ray"), ("Ray", "threads")):
        library = fresh()
        name = f"{first}, killed, then {second}"
        kept[name] = killed(library, 1 / 3, *by[first])
        runs.append(ran(name, library, *by[second]))
        if runs[-1].reused < kept[name]:
            print(f"{name}: {kept[name] - runs[-1].reused} videos were decided twice", file=sys.stderr)
    shutil.rmtree(given.out / "tagging-run", ignore_errors=True)
    text = report(runs, kept, given.videos, given.tags, given.workers)
    print(text)
    if given.report:
        given.report.parent.mkdir(parents=True, exist_ok=True)
        given.report.write_text(text, encoding="utf-8")
    lost = any(one.reused < kept.get(one.name, 0) for one in runs)
    return int(lost or any(differing(runs[0].decided, one.decided)[2] > ROUNDED for one in runs))


if __name__ == "__main__":
    sys.exit(main())
