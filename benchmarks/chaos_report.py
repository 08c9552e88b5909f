"""Runs the whole chaos suite and writes down what was done, what was compared and how it ended.

python benchmarks/chaos_report.py [--reduced] [--out benchmarks/reports/chaos.md]
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "benchmarks" / "reports" / "chaos.md"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What one test file does to a library, and what it compares afterwards."""

    title: str
    done: str
    compared: str


EVERYTHING = (
    "every table, blob (sha256), vector (float32 bytes) and full-text line with those of an undisturbed run; "
    "`verify` without a finding; nothing for `gc`"
)
SCENARIOS = {
    "test_killed_process": Scenario(
        "SIGKILL of the program at the six steps of a commit",
        "at a watched stage (pictures) and a derived one (vectors), in one process and as the driver of Ray; "
        "then the same command again",
        f"{EVERYTHING}; no stage that was done at the kill was begun again",
    ),
    "test_killed_actor": Scenario(
        "SIGKILL of an actor of Ray at the same steps, of a whole machine of three, and by Ray's own memory monitor",
        "the actor kills itself, or the driver kills it while it commits; of the machine every process; "
        "the driver goes on by itself; where memory is short, each actor is killed as it starts",
        f"{EVERYTHING}; nothing begun more than twice, nothing done begun again; short of memory: it ends and says why",
    ),
    "test_outage": Scenario(
        "Postgres, Chroma, or both SIGKILLed for 20 s in mid-run",
        "the run waits; the servers come back on the same data",
        f"{EVERYTHING}, on servers; a second run has nothing to do",
    ),
    "test_poison": Scenario(
        "A library of 64 files, 24 of them of 8 kinds of poison",
        "segmentation fault, endless decode and memory bomb in the decoding child; truncated, empty, wrong extension, "
        "encrypted, absurd dimensions",
        "each file's status and code; exit code 3; counts; all that the library holds of the healthy files with a "
        "library of nothing else; a second run begins nothing",
    ),
    "test_disk": Scenario(
        "A disk that is full, and one that is read-only",
        "a small tmpfs with less and less ballast; then the same command with space; a remount",
        f"DISK_FULL and LIBRARY_READ_ONLY with what to do; nothing corrupt in between; then {EVERYTHING}",
    ),
    "test_two_at_once": Scenario(
        "Two ingests of one library at once",
        "the first is held in mid-work; in one folder, and from two folders with one Postgres",
        f"LIBRARY_LOCKED, who writes and what to do; every stage begun once; {EVERYTHING}",
    ),
    "test_long_video": Scenario(
        "SIGKILL in the middle of a video that is watched in parts",
        "with a part begun, a part done, before and after the parts are joined; then the same command again",
        f"no done part begun again; {EVERYTHING}",
    ),
    "test_ray_facts": Scenario(
        "What the design takes for granted about Ray",
        "small jobs on Ray that fail in one way each",
        "retries, restarts, dropped rows, what crosses between operators",
    ),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One test."""

    file: str
    name: str
    result: str
    seconds: float


def run(reduced: bool) -> list[Case]:
    """All tests of the suite."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "chaos.xml"
        env = os.environ | ({} if reduced else {"KINODEX_CHAOS": "full"})
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "tests/chaos",
            f"--junitxml={found}",
            f"--basetemp={folder}/tmp",
        ]
        subprocess.run(command, cwd=ROOT, env=env, check=False)
        cases = []
        for case in ET.parse(found).iter("testcase"):
            bad = next((kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), "")
            file = case.get("classname", "").rsplit(".", 1)[-1]
            result = {"": "held", "skipped": "skipped"}.get(bad, "**broken**")
            cases.append(Case(file, case.get("name", ""), result, float(case.get("time", 0))))
    return cases


def report(cases: list[Case], reduced: bool) -> str:
    """The page."""
    count = {result: sum(case.result == result for case in cases) for result in ("held", "**broken**", "skipped")}
    seconds = sum(case.seconds for case in cases)
    lines = [
        "# Chaos: what was broken on purpose, and what became of it",
        "",
        f"{'Reduced form. ' if reduced else ''}{count['held']} cases held, {count['**broken**']} broken, "
        f"{count['skipped']} skipped, in {seconds / 60:.0f} minutes. {datetime.date.today():%Y-%m-%d}, "
        f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, no GPU, no network.",
        "",
        "Made by `python benchmarks/chaos_report.py`; the tests are in `tests/chaos`. Libraries are read by SQL and by "
        "Chroma's own client; times, workers, counts of attempts and the log of runs are not compared.",
    ]
    for file, scenario in SCENARIOS.items():
        of_file = [case for case in cases if case.file == file]
        lines += ["", f"## {scenario.title}", "", f"Done: {scenario.done}.", "", f"Compared: {scenario.compared}.", ""]
        lines += ["| case | result | seconds |", "|---|---|---:|"]
        lines += [f"| {_words(case.name)} | {case.result} | {case.seconds:.0f} |" for case in of_file]
    return "\n".join(lines) + "\n"


def _words(name: str) -> str:
    function, _, case = name.removeprefix("test_").partition("[")
    return function.replace("_", " ") + (f": {case.rstrip(']')}" if case else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reduced", action="store_true", help="the form that runs in CI")
    parser.add_argument("--out", type=Path, default=REPORT)
    options = parser.parse_args()
    try:
        import pytest  # noqa: F401
    except ModuleNotFoundError:
        sys.exit("Chaos is a suite of tests and needs pytest: pip install -e '.[dev]'")
    cases = run(options.reduced)
    options.out.write_text(report(cases, options.reduced))
    sys.exit(any(case.result == "**broken**" for case in cases))


if __name__ == "__main__":
    main()
