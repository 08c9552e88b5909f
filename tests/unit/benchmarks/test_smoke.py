"""Every benchmark runs to its end on tiny inputs, with real components, and says what it measured.

What is no package of the runtime environment is out of reach: a benchmark that needs one of the others says so.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from encoders.bundle import Encoders
from tests.amount import FULL
from tests.e2e.media import write_video

ROOT = Path(__file__).resolve().parents[3]

NO_DEV_PACKAGES = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pandas", "pyarrow", "pytest", "hypothesis", "moto", "open_clip", "transformers"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def runtime_only(tmp_path: Path) -> dict[str, str]:
    """An environment whose Python, in every process, finds no package that only tests need."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(NO_DEV_PACKAGES)
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(ROOT)))}


def bench(script: str, *arguments: object, env: dict[str, str], ends: tuple[int, ...] = (0,)) -> str:
    ran = subprocess.run(
        [sys.executable, f"benchmarks/{script}", *map(str, arguments)],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert ran.returncode in ends, ran.stdout[-2000:] + ran.stderr[-4000:]
    return ran.stdout


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    write_video(folder / "one.mp4", seconds=2)
    write_video(folder / "two.mp4", seconds=1, seed=1)
    return folder


def test_every_benchmark_has_a_smoke_test():
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py")}
    tested = Path(__file__).read_text(encoding="utf-8")
    assert {script for script in scripts if f'{script}"' not in tested} == set()


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "benchmarks").glob("*.py")))
def test_a_benchmark_says_how_it_is_called_without_packages_of_the_tests(script: str, runtime_only: dict[str, str]):
    assert "usage" in bench(script, "--help", env=runtime_only)


@pytest.mark.slow
def test_ingest_speed(films: Path, runtime_only: dict[str, str], tmp_path: Path):
    bench("ingest_speed.py", films, "--report", tmp_path / "report.md", env=runtime_only)
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert '"done": 2' in report
    assert "| pictures |" in report


@pytest.mark.slow
def test_efficiency(films: Path, runtime_only: dict[str, str], tmp_path: Path):
    out = bench("efficiency.py", films, "--runs", 1, "--minutes", 0.05, env=runtime_only)
    assert "Ray against threads" in out


@pytest.mark.slow
def test_speakers(runtime_only: dict[str, str]):
    if not Encoders.open().has_files("speaker"):
        pytest.skip("the weights of the voice encoder are not here")
    figures = json.loads(bench("speakers.py", "--few", "--json", env=runtime_only))
    assert figures["error"] <= 0.2
    assert figures["of"] == 3


@pytest.mark.slow
def test_long_video(runtime_only: dict[str, str]):
    out = bench("long_video.py", "--hours", 0.002, env=runtime_only)
    assert '"done": 1' in out


@pytest.mark.slow
def test_library_quality(films: Path, runtime_only: dict[str, str], tmp_path: Path):
    films.rename(tmp_path / "clips")
    (tmp_path / "tags.csv").write_text("id,name,facet,aliases\nt1,car,what,\n")
    truth = {"clips": {"one": {"file": "one.mp4", "queries": {"en": ["a square"]}, "tags": ["car"]}}}
    (tmp_path / "annotations.json").write_text(json.dumps(truth))
    (tmp_path / "absent.txt").write_text("elephant\n\n大象\n", encoding="utf-8")
    options = ("--absent", tmp_path / "absent.txt")
    figures = json.loads(bench("library_quality.py", tmp_path, *options, env=runtime_only))
    assert figures["ingest"]["done"] == 2
    assert figures["retrieval"]["overall"]["queries"] == 1
    assert 0 <= figures["no_match"]["absent_matching"] <= 1
    assert set(figures["no_match"]["absent_by_present_pictures"]) >= {"0.85", "0.90"}


@pytest.mark.slow
def test_answers_and_server(films: Path, runtime_only: dict[str, str], tmp_path: Path):
    library = tmp_path / "library"
    ingest = [sys.executable, "-m", "kinodex", "ingest", str(films), "--library", str(library)]
    subprocess.run(ingest, cwd=ROOT, env=runtime_only, capture_output=True, timeout=600, check=True)
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "questions.toml").write_text(
        'questions = [{q = "How long is one.mp4?", intent = "metadata", seconds = [1, 3], in = ["one.mp4"]},'
        '{q = "What does the elephant say?", intent = "quote", why = "absent"}]'
    )
    (cases / "conversations.toml").write_text(
        '[[conversations]]\nturns = [{q = "Hello", intent = "nothing", why = "absent"}]'
    )
    (cases / "lists.toml").write_text('absent = ["an elephant"]\npresent = ["a square"]\nidle = ["Tell me a joke"]')
    options = ("--library", library, "--cases", cases)
    measured = json.loads(bench("answers.py", *options, "--json", env=runtime_only))
    assert measured["by_intent"]["all"]["asked"] == 2
    assert measured["by_intent"]["quote"]["declined"] == 1.0
    assert measured["conversations"]["asked"] == 1
    assert len(measured["curve"]) == 18
    out = bench("answers.py", *options, "--only", "metadata", "--failures", "--oracle", env=runtime_only)
    assert "| metadata | 1 |" in out
    assert "right line first" in bench("evidence_lines.py", library, cases / "questions.toml", env=runtime_only)
    written, alone = tmp_path / "server.md", ("--alone", 1)
    out = bench("server.py", library, "--clients", 10, "--seconds", 4, *alone, "--report", written, env=runtime_only)
    assert re.search(r"\| no errors \| 0 of [1-9]\d* requests \| yes \|", out), out
    assert "| the server complains of nothing | nothing | yes |" in out
    report = written.read_text(encoding="utf-8")
    kinds = ("search", "search, one client alone", "range of media", "question, until it is answered", "job, until")
    assert all(f"\n| {kind}" in report for kind in kinds)


@pytest.mark.slow
def test_encoders_leaves_out_what_needs_packages_that_are_not_there(runtime_only: dict[str, str]):
    options = ("--only", "e5", "--only", "blip", "--repeats", 1, "--device", "cpu", "--json")
    # One round says little of speed, and a case that seems slow ends the run with 1.
    measured = json.loads(bench("encoders.py", *options, env=runtime_only, ends=(0, 1)))
    assert [case["name"] for case in measured["cases"]] == ["e5"]
    assert measured["failed"] == {}
    assert set(measured["not_measured"]) >= {"blip-itc", "blip-captioner"}
    assert all("transformers is not installed: pip install" in why for why in measured["not_measured"].values())


def test_chaos_report_needs_the_packages_of_tests_and_says_so(runtime_only: dict[str, str]):
    ran = subprocess.run(
        [sys.executable, "benchmarks/chaos_report.py", "--reduced"],
        cwd=ROOT, env=runtime_only, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "needs pytest" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.slow
def test_scale(runtime_only: dict[str, str], tmp_path: Path):
    out = tmp_path / "libraries"
    options = ("--videos", "20", "--tags", "5", "--seconds", "1", "--out", out, "--report", tmp_path / "scale.md")
    some = () if FULL else ("--only", "search,after_commit,recall,taggers")
    first = bench("scale.py", *options, *some, env=runtime_only)
    assert "tables: 20 of 20 videos" in first
    report = (tmp_path / "scale.md").read_text(encoding="utf-8")
    assert "| warm search, p50 |" in report
    measured = ("open", "search right after a commit", "warm search, p95")
    slower = ("`show`", "`ask --video`", "tag one video (1,000 tags)") if FULL else ()
    assert all(f"| {title} | 0." in report for title in (*measured, *slower))
    assert "| vector index: recall@300 | 1.000 |" in report
    assert "| … second time |" in report
    again = bench("scale.py", *options, "--only", "show", env=runtime_only)
    assert "tables:" not in again
    assert "| warm search, p50 |" in again


@pytest.mark.slow
def test_tagging_scale(runtime_only: dict[str, str], tmp_path: Path):
    options = ("--videos", "20", "--tags", "1200", "--out", tmp_path / "libraries", "--report", tmp_path / "tagging.md")
    bench("tagging_scale.py", *options, env=runtime_only)
    report = (tmp_path / "tagging.md").read_text(encoding="utf-8")
    assert "| what | 1,000 tags | 1,200 tags | ratio |" in report
    assert "| of the nearest 60 tags, the short list keeps | 1.000 | 1.000 | |" in report
    assert "One new tag over 20 videos" in report
    assert all(f"| {row} |" in report for row in ("start", "rank", "rank, neighbours"))
    recalls = [
        f"recall, {how}{tagged}" for how in ("alone", "batch") for tagged in ("", ", one tagged", ", all tagged")
    ]
    assert all(f"| {row}{more} |" in report for row in recalls for more in ("", ", p95", ", clock"))
    assert "| source similar, recall, batch, all tagged |" in report


@pytest.mark.slow
def test_tagging_batch(runtime_only: dict[str, str], tmp_path: Path):
    options = ("--videos", 150, "--tags", 100, "--workers", 2, "--out", tmp_path / "libraries")
    bench("tagging_batch.py", *options, "--report", tmp_path / "report.md", env=runtime_only)
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert report.count(" decisions 0 are not equal, 0 of them other decisions") == 3
    assert re.search(r"Ray against threads: \*\*\d+\.\d\d ×", report)
    assert report.count("none of them decided again") == 2
