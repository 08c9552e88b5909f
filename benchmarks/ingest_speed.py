"""How fast a folder becomes a searchable library, compared with bare decoding, in one run.

    python benchmarks/ingest_speed.py FOLDER [--executor local|ray] [--report benchmarks/reports/NAME.md]

Measured as a user would see it: whole processes from outside, an empty library, warm packages (imported once before).
Everything is printed as a ratio to the length of the media, since machines differ and are shared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import av

if __name__ == "__main__":
    # Otherwise benchmarks/encoders.py would shadow the package.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

QUERIES = ("a person talking", "cars in the street", "一只狗", "做饭", "someone plays music", "text on a screen")


def bare_decode(folder: Path) -> tuple[float, float]:
    """(media seconds, wall seconds) to decode every frame of every file and discard it."""
    media = 0.0
    started = time.perf_counter()
    for path in sorted(folder.iterdir()):
        try:
            container = av.open(str(path))
        except (av.FFmpegError, OSError):
            continue
        with container:
            if not container.streams.video:
                continue
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            media += float(container.duration or 0) / av.time_base
            for _ in container.decode(stream):
                pass
    return media, time.perf_counter() - started


class PeakMemory(threading.Thread):
    """The largest resident size of any process of a tree, in bytes, sampled ten times a second."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.peak = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        """Sample until stopped."""
        while not self.stopped.wait(0.1):
            for pid in self._tree():
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                for line in status.splitlines():
                    if line.startswith("VmHWM:"):
                        self.peak = max(self.peak, int(line.split()[1]) * 1024)

    def _tree(self) -> list[int]:
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                except OSError:
                    continue
        tree = {self.root}
        while grown := {pid for pid, parent in parents.items() if parent in tree} - tree:
            tree |= grown
        return sorted(tree)


def run(*arguments: str) -> tuple[dict[str, object], float, int]:
    """(JSON output, wall seconds, peak bytes of any process) of one kinodex command."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "kinodex", *arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    memory = PeakMemory(process.pid)
    memory.start()
    output, _ = process.communicate()
    wall = time.perf_counter() - started
    memory.stopped.set()
    memory.join()
    if process.returncode not in (0, 3):
        raise SystemExit(f"kinodex {' '.join(arguments)} ended with exit code {process.returncode}")
    return json.loads(output), wall, memory.peak


def search_latency(library: Path) -> tuple[float, int]:
    """(median seconds, searches) in an open, warm library; every query is new to the text encoder."""
    from kinodex import Library

    with Library.open(library) as opened:
        opened.search("warm up")
        taken = []
        for i in range(5):
            for query in QUERIES:
                started = time.perf_counter()
                opened.search(f"{query} {i}")
                taken.append(time.perf_counter() - started)
    return statistics.median(taken), len(taken)


def stage_seconds(library: Path) -> dict[str, float]:
    """Seconds of work per stage, from the ledger."""
    from stores.library_store import LibraryStore

    seconds: dict[str, float] = {}
    with LibraryStore.open(library) as store:
        for receipt in store.ledger.receipts():
            seconds[receipt.key.stage] = seconds.get(receipt.key.stage, 0.0) + receipt.seconds
    return seconds


def report(folder: Path, executor: str) -> str:
    """Run everything and format the report."""
    subprocess.run([sys.executable, "-c", "import torch, chromadb, faster_whisper, rapidocr, ray"], check=True)
    media, decode = bare_decode(folder)
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch) / "library"
        options = ("--library", str(library))
        first, wall, peak = run("ingest", str(folder), "--executor", executor, *options)
        _, again, _ = run("ingest", str(folder), "--executor", executor, *options)
        median, searches = search_latency(library)
        stages = stage_seconds(library)
    totals = first["totals"]
    whole = sum(stages.values())
    lines = [
        f"Machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}; executor {executor}.",
        "",
        "| what | value |",
        "|---|---|",
        f"| media | {media:.1f} s in {len(list(folder.iterdir()))} files; {json.dumps(totals)} |",
        f"| bare decode | {decode:.1f} s = {media / decode:.1f} x real time |",
        f"| first ingest, all stages | {wall:.1f} s = {media / wall:.2f} x real time ({wall / decode:.1f} x decode) |",
        f"| second ingest, nothing to do | {again:.2f} s |",
        f"| peak memory of any process | {peak / 2**30:.2f} GiB |",
        f"| search in an open library | median {median * 1000:.0f} ms of {searches} |",
        "",
        "| stage | seconds | share |",
        "|---|---|---|",
    ]
    for stage, seconds in sorted(stages.items(), key=lambda item: -item[1]):
        lines.append(f"| {stage} | {seconds:.1f} | {seconds / whole:.0%} |")
    return "\n".join(lines)


def main() -> None:
    """Parse, run, print, and write a report if requested."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--executor", default="local", choices=("local", "ray"))
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    text = report(arguments.folder, arguments.executor)
    print(text)
    if arguments.report:
        arguments.report.parent.mkdir(parents=True, exist_ok=True)
        arguments.report.write_text(f"# Ingest speed\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
