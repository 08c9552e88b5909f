"""Run the chaos suite and report which failures were injected, what was compared, and the results.

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
    """The failures that a test file injects, and what it compares afterwards."""

    title: str
    injected: str
    compared: str


EVERYTHING = (
    "every table, blob (sha256), vector (float32 bytes) and full-text line with those of an undisturbed run; "
    "`verify` finds nothing; nothing for `gc`"
)
SCENARIOS = {
    "test_killed_process": Scenario(
        "SIGKILL of the program at the six steps of a commit",
        "at a stage that decodes (pictures) and a derived one (vectors), in one process and as the driver of Ray; "
        "then the same command again",
        f"{EVERYTHING}; no stage that was done at the kill was begun again",
    ),
    "test_killed_actor": Scenario(
        "SIGKILL of a Ray actor at the same steps, of a whole machine of three, and by Ray's own memory monitor",
        "the actor kills itself, or is killed while the driver commits; on the machine, every process is killed; "
        "the driver continues by itself; where memory is short, each actor is killed when it starts",
        f"{EVERYTHING}; nothing begun more than twice, nothing finished begun again; short of memory: an error",
    ),
    "test_outage": Scenario(
        "Postgres, Chroma, or both killed with SIGKILL for 20 s in mid-run",
        "the run waits; the servers come back on the same data",
        f"{EVERYTHING}, on servers; a second run has nothing to do",
    ),
    "test_poison": Scenario(
        "A library of 64 files, 24 of them bad in 8 ways",
        "segmentation fault, endless decode and excessive memory in the decoding child; truncated, empty, wrong "
        "extension, encrypted, absurd dimensions",
        "each file's status and code; exit code 3; counts; the content for the healthy files with that of a library "
        "of only these; a second run begins nothing",
    ),
    "test_disk": Scenario(
        "A disk that is full, and one that is read-only",
        "a small tmpfs with more and more free space; then the same command without a limit; a read-only remount",
        f"DISK_FULL and LIBRARY_READ_ONLY with hints; nothing corrupt in between; then {EVERYTHING}",
    ),
    "test_two_at_once": Scenario(
        "Two ingests of one library at once",
        "the first is paused in the middle of its work; in one folder, and from two folders with one Postgres",
        f"LIBRARY_LOCKED, which names the first and what to do; every stage begun once; {EVERYTHING}",
    ),
    "test_long_video": Scenario(
        "SIGKILL in the middle of a video that runs in parts",
        "with a part begun, a part done, before and after the parts are joined; then the same command again",
        f"no finished part begun again; {EVERYTHING}",
    ),
    "test_ray_facts": Scenario(
        "Behaviour of Ray on which the design depends",
        "small jobs on Ray, each of which fails in one way",
        "retries, restarts, dropped rows, what passes between operators",
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
    """Run the suite; its tests."""
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
    """The report in Markdown."""
    count = {result: sum(case.result == result for case in cases) for result in ("held", "**broken**", "skipped")}
    seconds = sum(case.seconds for case in cases)
    lines = [
        "# Chaos: injected failures and their results",
        "",
        f"{'Reduced form. ' if reduced else ''}{count['held']} cases held, {count['**broken**']} broken, "
        f"{count['skipped']} skipped, in {seconds / 60:.0f} minutes. {datetime.date.today():%Y-%m-%d}, "
        f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, no GPU, no network.",
        "",
        "Generated by `python benchmarks/chaos_report.py`; the tests are in `tests/chaos`. Libraries are read by SQL "
        "and by Chroma's own client; times, workers, counts of attempts and the log of runs are not compared.",
    ]
    for file, scenario in SCENARIOS.items():
        of_file = [case for case in cases if case.file == file]
        lines += [
            "",
            f"## {scenario.title}",
            "",
            f"Injected: {scenario.injected}.",
            "",
            f"Compared: {scenario.compared}.",
            "",
        ]
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
