"""How the cost of reading grows with the library: synthetic libraries of several sizes, measured and judged.

    python benchmarks/scale.py --videos 1000,10000,100000 [--out DIR] [--report benchmarks/reports/scale.md]

Libraries are made once, by the stores' own functions, and reused; an interrupted one is continued. Each measurement is
a process of its own and counts its CPU seconds. Results are kept in DIR, so that ``--only`` repeats some measurements
and keeps the others. 100,000 videos take about 15 GB and half an hour to make,
and another half an hour goes into the first tagger over 100,000 tags.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # otherwise the modules in this folder would shadow packages

from benchmarks.scale_library.report import bars, markdown  # noqa: E402

MEASURED = ("search", "recall", "show", "ask", "tag", "after_commit")
TAGGERS = "taggers"


def child(*arguments: str | Path) -> None:
    """Run one of our modules in a process of its own.

    Raises:
        SystemExit: if it fails; its error has been printed.
    """
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    ended = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], env={**os.environ, "PYTHONPATH": paths}, check=False
    )
    if ended.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with exit code {ended.returncode}")


def measured(what: str, library: Path, seconds: float, *more: str | Path) -> dict[str, float]:
    """The results of one measurement, repeated for some CPU seconds."""
    result = library.with_name(f"{library.name}.figures.json")
    child("benchmarks.scale_library.child", what, library, result, "--seconds", str(seconds), *more)
    figures: dict[str, float] = json.loads(result.read_text(encoding="utf-8"))
    result.unlink()
    return figures


def tags_of(out: Path, count: int) -> Path:
    """A tag library of that many tags."""
    from benchmarks.scale_library.words import write_tags

    path = out / f"tags-{count}.csv"
    write_tags(path, count)
    return path


def taggers(out: Path, source: Path, counts: list[int], seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    """The start of a tagger, twice for each number of tags, on a copy that has no tags yet."""
    library = out / "tag-libraries"
    results = {}
    for count in sorted(counts):
        shutil.rmtree(library, ignore_errors=True)
        shutil.copytree(source, library)
        tags = tags_of(out, count)
        results[f"tags:{count}"] = {
            "first": measured("tagger", library, seconds, "--tags", tags),
            "second": measured("tagger", library, seconds),
        }
    shutil.rmtree(library, ignore_errors=True)
    return results


def machine() -> str:
    """The machine and versions."""
    processor = platform.processor() or platform.machine()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("chromadb", "sqlalchemy", "numpy"))
    return (
        f"Machine: {processor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; "
        f"Python {platform.python_version()}, {versions}. Embedded profile. Made by `python benchmarks/scale.py`."
    )


def main() -> int:
    """Make, measure, report; 1 if a target is missed and ``--strict`` is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", default="1000,10000,100000", help="sizes, separated by commas")
    parser.add_argument(
        "--tags", default="1000,10000,100000", help="numbers of tags for the tagger's start; '' for none"
    )
    parser.add_argument("--out", type=Path, default=Path("scale-libraries"), help="where the libraries are kept")
    parser.add_argument("--only", default="", help=f"measure only some: {','.join((*MEASURED, TAGGERS))}; or 'nothing'")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds after which nothing is repeated")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--strict", action="store_true", help="exit code 1 if a target is missed")
    given = parser.parse_args()
    sizes = sorted({int(size) for size in given.videos.split(",")})
    only = set(given.only.split(",")) if given.only else {*MEASURED, TAGGERS}
    if unknown := only - {*MEASURED, TAGGERS, "nothing"}:
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    given.out.mkdir(parents=True, exist_ok=True)
    kept = given.out / "results.json"
    results: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}

    def keep() -> None:
        kept.write_text(json.dumps(results, indent=1), encoding="utf-8")

    for size in sizes:
        library = given.out / f"scale-{size}"
        child("benchmarks.scale_library.filling", library, str(size))
        for what in (what for what in MEASURED if what in only):
            more = ("--tags", tags_of(given.out, min(1000, size))) if what == "tag" else ()
            results.setdefault(str(size), {})[what] = measured(what, library, given.seconds, *more)
            print(f"{size:,} videos, {what}: {json.dumps(results[str(size)][what])}", flush=True)
            keep()
    if TAGGERS in only and given.tags:
        counts = [int(count) for count in given.tags.split(",")]
        results |= taggers(given.out, given.out / f"scale-{sizes[0]}", counts, given.seconds)
        keep()
    wanted = {str(size) for size in sizes}
    shown = {name: results[name] for name in sorted(results, key=_order) if not name.isdigit() or name in wanted}
    text = markdown(shown, machine())
    print(text)
    if given.report:
        given.report.parent.mkdir(parents=True, exist_ok=True)
        given.report.write_text(text, encoding="utf-8")
    return int(given.strict and any(bar.met is False for bar in bars(shown)))


def _order(name: str) -> tuple[bool, int]:
    return name.startswith("tags:"), int(name.removeprefix("tags:"))


if __name__ == "__main__":
    sys.exit(main())
