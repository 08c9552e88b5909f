"""How well an annotated library is found, tagged and answered: ingest, import its tags, evaluate, print.

    python benchmarks/library_quality.py FOLDER [--library DIR] [--report benchmarks/reports/NAME.md]

FOLDER holds ``clips/``, ``annotations.json`` and ``tags.csv`` (the format is in the README under "Evaluate").
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path


def kinodex(*arguments: str) -> dict[str, object]:
    """The JSON output of one kinodex command."""
    command = [sys.executable, "-m", "kinodex", *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"kinodex {' '.join(arguments)} ended with exit code {done.returncode}")
    return json.loads(done.stdout)


def measure(corpus: Path, library: Path) -> dict[str, object]:
    """Ingest, import tags and evaluate, in an empty (or given) library."""
    options = ("--library", str(library))
    ingested = kinodex("ingest", str(corpus / "clips"), *options)
    kinodex("tags", "import", str(corpus / "tags.csv"), *options)
    figures = kinodex("evaluate", str(corpus / "annotations.json"), "--clips", str(corpus / "clips"), *options)
    return {"ingest": ingested["totals"], **figures}


def summary(figures: dict[str, object]) -> dict[str, object]:
    """The figures without the lists of single queries, tags and questions."""
    kept: dict[str, object] = {}
    for name, value in figures.items():
        if isinstance(value, dict) and name != "by_tag":
            kept[name] = summary(value)
        elif not isinstance(value, (list, dict)):
            kept[name] = round(value, 3) if isinstance(value, float) else value
    return kept


def main() -> None:
    """Parse, measure, print, and write a report if requested."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--library", type=Path, help="keep the library here (default: a temporary one)")
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(arguments.corpus, arguments.library or Path(scratch) / "library")
    text = json.dumps(figures, indent=2, ensure_ascii=False)
    print(text)
    if arguments.report:
        arguments.report.parent.mkdir(parents=True, exist_ok=True)
        short = json.dumps(summary(figures), indent=2, ensure_ascii=False)
        where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        report = f"# Library quality\n\nMachine: {where}; embedded profile.\n\n```json\n{short}\n```\n"
        arguments.report.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
