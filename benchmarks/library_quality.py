"""How well an annotated library is found, tagged and answered: ingest, import its tags, evaluate, print.

    python benchmarks/library_quality.py FOLDER [--absent LIST.txt] [--library DIR]
        [--report benchmarks/reports/NAME.md]

FOLDER holds ``clips/``, ``annotations.json`` and ``tags.csv`` (the format is in the README under "Evaluate"). LIST.txt
holds queries, one a line, for what no clip shows or says: for each channel it is printed which share of them matches
where so many of the annotated queries do, as the threshold moves.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    # Otherwise benchmarks/encoders.py would shadow the package.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

SHARES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
MOMENTS = 50
CHANNELS = {"all": (), "pictures": ("picture", "object"), "lines": ("speech", "screen", "caption")}


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


def curve(present: list[float], absent: list[float]) -> dict[str, float]:
    """Share of the absent that reaches the ratio that so many of the present reach, by the latter."""
    ordered = sorted(present, reverse=True)
    found: dict[str, float] = {}
    for share in SHARES:
        least = ordered[min(len(ordered), max(1, math.ceil(share * len(ordered)))) - 1]
        found[f"{share:.2f}"] = sum(ratio >= least > 0 for ratio in absent) / len(absent)
    return found


def no_match(corpus: Path, library: Path, absent: list[str]) -> dict[str, object]:
    """How absent and annotated queries are told apart, by channel, and how many of each match."""
    from kinodex import Library

    clips = json.loads((corpus / "annotations.json").read_text(encoding="utf-8"))["clips"].values()
    present = [query for clip in clips for queries in clip["queries"].values() for query in queries]
    best: dict[str, dict[str, list[float]]] = {name: {"present": [], "absent": []} for name in CHANNELS}
    matches = {"present": 0, "absent": 0}
    with Library.open(library, create=False) as opened:
        for kind, queries in (("present", present), ("absent", absent)):
            for query in queries:
                found = opened.search(query, k=MOMENTS)
                matches[kind] += found.verdict == "match"
                for name, channels in CHANNELS.items():
                    ratios = [
                        sum(worth for channel, worth in moment.channels.items() if not channels or channel in channels)
                        for moment in found.moments
                    ]
                    best[name][kind].append(max(ratios, default=0.0))
    shares = {f"{kind}_matching": matches[kind] / len(best["all"][kind]) for kind in matches}
    return {**shares, **{f"absent_by_present_{name}": curve(**ratios) for name, ratios in best.items()}}


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
    parser.add_argument("--absent", type=Path, help="queries for what is not there, one a line")
    parser.add_argument("--library", type=Path, help="keep the library here (default: a temporary one)")
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        library = arguments.library or Path(scratch) / "library"
        figures = measure(arguments.corpus, library)
        if arguments.absent:
            lines = arguments.absent.read_text(encoding="utf-8").splitlines()
            figures["no_match"] = no_match(arguments.corpus, library, [line.strip() for line in lines if line.strip()])
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
