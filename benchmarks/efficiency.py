"""How much of the machine an ingest uses: wall time against the bare cost of decoding and models, in one run.

    python benchmarks/efficiency.py FOLDER [--report benchmarks/reports/NAME.md]

The library is FOLDER and, where that is shorter than asked, copies of its files, the longest first, mirrored or in
other colours so that none is recognised as known. Three things are
measured on the same files, each as a user would run it:

- bare decoding: every picture of every file, decoded and dropped, in processor seconds;
- the models: an ingest with one worker in which each call of a model is timed, in processor seconds; with the
  machine to itself, and with ``--beside`` once more with as many such ingests side by side as there are cores, because
  cores share caches, memory and clock, and a call may take longer while its neighbour computes;
- whole ingests from outside, with one worker for each core, by threads and on Ray, in seconds of wall clock.

If nothing were lost between the cores and the models, the wall time would be (decoding + models) ÷ cores. `--minutes`
makes the library longer: starting up and the last video, with which only one core is busy, weigh less then.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import av

LEAST_MINUTES = 10.1
MODEL_CALLS = {
    "image": ("encode", "encode_sequence"),
    "text": ("encode_passages", "encode_queries"),
    "speech": ("recognize",),
    "voice": ("detect",),
    "reader": ("read",),
    "detector": ("detect",),
}


def seconds_of(path: Path) -> float:
    """Length of a file, 0 if it cannot be opened."""
    try:
        with av.open(str(path)) as container:
            return float(container.duration or 0) / av.time_base
    except (av.FFmpegError, OSError):
        return 0.0


def altered(source: Path, target: Path, variant: int) -> None:
    """A copy with other pixels and the same cost: left and right, up and down, red and blue exchanged, by ``variant``
    (1 to 7, its bits). Sound is taken over as it is.
    """
    sideways, upside, colours = (-1 if variant & bit else 1 for bit in (1, 2, 4))
    with av.open(str(source)) as read, av.open(str(target), "w") as write:
        picture = read.streams.video[0]
        out = write.add_stream("libx264", rate=picture.average_rate, options={"preset": "veryfast"})
        out.width, out.height, out.pix_fmt = picture.width, picture.height, "yuv420p"
        sound = read.streams.audio[0] if read.streams.audio else None
        copied = write.add_stream_from_template(sound) if sound is not None else None
        for packet in read.demux(*[stream for stream in (picture, sound) if stream is not None]):
            if packet.stream is sound:
                if packet.dts is not None:
                    packet.stream = copied
                    write.mux(packet)
                continue
            for frame in packet.decode():
                pixels = frame.to_ndarray(format="rgb24")[::upside, ::sideways, ::colours]
                other = av.VideoFrame.from_ndarray(pixels.copy(), "rgb24")
                other.pts, other.time_base = frame.pts, frame.time_base
                write.mux(out.encode(other))
        write.mux(out.encode(None))


def library_of(folder: Path, scratch: Path, least_seconds: float) -> tuple[Path, float]:
    """A folder of links to the files, with altered ones until there is enough; and its length in seconds.

    Raises:
        ValueError: if there are not enough that differ.
    """
    films = scratch / "films"
    films.mkdir()
    lengths = {path: seconds for path in sorted(folder.iterdir()) if (seconds := seconds_of(path)) > 0}
    for path in lengths:
        (films / path.name).symlink_to(path.resolve())
    total = sum(lengths.values())
    longest = sorted(lengths, key=lambda path: -lengths[path])
    for variant, path in product(range(1, 8), longest):
        if total >= least_seconds:
            return films, total
        altered(path, films / f"altered-{path.stem}-{variant}.mp4", variant)
        total += lengths[path]
    raise ValueError(f"{folder} holds too little: {total / 60:.0f} minutes with all altered copies")


def bare_decode(films: Path) -> float:
    """Processor seconds to decode every picture and all sound and do nothing with them."""
    begun = time.process_time()
    for path in sorted(films.iterdir()):
        with av.open(str(path)) as container:
            for _ in container.decode(container.streams.video[0]):
                pass
        with av.open(str(path)) as container:
            if container.streams.audio:
                for _ in container.decode(container.streams.audio[0]):
                    pass
    return time.process_time() - begun


class Timed:
    """A model whose calls are timed in processor seconds of this process."""

    def __init__(self, model: Any, calls: tuple[str, ...], spent: dict[str, float], task: str) -> None:
        self._model, self._calls, self._spent, self._task = model, calls, spent, task

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._model, name)
        return self._timed(found) if name in self._calls else found

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            begun = time.process_time()
            try:
                return call(*arguments, **options)
            finally:
                self._spent[self._task] += time.process_time() - begun

        return timed


def model_seconds(films: Path, scratch: Path) -> dict[str, float]:
    """Processor seconds in the calls of each model, in an ingest with one worker. Run in a process of its own."""
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore
    from workflows.ingest import ingest

    spent = dict.fromkeys(MODEL_CALLS, 0.0)
    with Encoders.open() as encoders, LibraryStore.open(scratch / "alone", create=True) as store:
        for task, calls in MODEL_CALLS.items():
            encoders._loaded[task] = Timed(getattr(encoders, task), calls, spent, task)
        ingest(store, encoders, [films], workers=1)
    return spent


def models_at_once(films: Path, scratch: Path, count: int) -> list[dict[str, float]]:
    """`model_seconds` of ``count`` processes that run side by side."""
    running = []
    for number in range(count):
        place = scratch / f"models-{count}-{number}"
        place.mkdir()
        command = [sys.executable, __file__, "--models", str(films), str(place)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE))
    outputs = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError("an ingest with timed models failed")
    return [json.loads(output) for output in outputs]


def whole(films: Path, library: Path, executor: str) -> tuple[float, dict[str, Any]]:
    """(wall seconds, totals) of one ingest in a process of its own."""
    begun = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "kinodex", "ingest", films, "--executor", executor, "--library", library, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begun, json.loads(ended.stdout)["totals"]


def others() -> float:
    """Cores that other programs keep busy while this one sleeps for two seconds."""

    def busy() -> tuple[float, float]:
        fields = [float(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return sum(fields) - fields[3] - fields[4], sum(fields)

    first = busy()
    threading.Event().wait(2)
    second = busy()
    return (os.cpu_count() or 1) * (second[0] - first[0]) / (second[1] - first[1])


def report(folder: Path, runs: int, minutes: float, side_by_side: bool) -> str:
    """Run everything and put it into words."""
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        films, media = library_of(folder, scratch, 60 * minutes)
        noise = others()
        decode = bare_decode(films)
        (alone,) = models_at_once(films, scratch, 1)
        together = models_at_once(films, scratch, cores) if side_by_side else []
        taken: dict[str, list[tuple[float, dict[str, Any]]]] = {"local": [], "ray": []}
        for number in range(runs):
            for executor, results in taken.items():
                results.append(whole(films, scratch / f"{executor}-{number}", executor))
    best = {executor: min(results, key=lambda each: each[0]) for executor, results in taken.items()}
    beside = {task: f"{sum(one[task] for one in together) / cores:.1f}" for task in alone if together}
    bare = (decode + sum(alone.values())) / cores
    bare_beside = f"{(decode + sum(map(float, beside.values()))) / cores:.1f}" if beside else ""
    lines = [
        f"Machine: {platform.processor() or platform.machine()}, {cores} cores, Python {platform.python_version()}; "
        f"other programs kept {noise:.2f} cores busy before the first measurement.",
        "",
        "| processor seconds | with the machine to itself | side by side |",
        "|---|---|---|",
        f"| bare decoding | {decode:.1f} | |",
        *(f"| model calls, {task} | {alone[task]:.1f} | {beside.get(task, '')} |" for task in alone),
        f"| **(decoding + models) ÷ cores** | {bare:.1f} | {bare_beside} |",
        "",
        f"Media: {media / 60:.1f} minutes in {best['local'][1]['inputs']} files.",
        "",
        "| ingest | wall clock, s (all runs) | ÷ bare | × real time |",
        "|---|---|---|---|",
    ]
    for executor, (wall, _) in best.items():
        walls = ", ".join(f"{each[0]:.1f}" for each in taken[executor])
        lines.append(f"| {executor} | {wall:.1f} ({walls}) | {wall / bare:.2f} | {media / wall:.2f} |")
    lines += ["", f"Ray against threads: {best['ray'][0] / best['local'][0] - 1:+.1%}"]
    return "\n".join(lines)


def main() -> None:
    """Parse, run, print, and keep a report if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scratch", type=Path, nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--models", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=2, help="ingests of each kind; the fastest counts (default 2)")
    parser.add_argument(
        "--minutes", type=float, default=LEAST_MINUTES, help="least length of the library (default 10.1)"
    )
    parser.add_argument("--beside", action="store_true", help="measure the models side by side, too")
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    if arguments.models:
        print(json.dumps(model_seconds(arguments.folder, arguments.scratch)))
        return
    text = report(arguments.folder, arguments.runs, arguments.minutes, arguments.beside)
    print(text)
    if arguments.report:
        arguments.report.write_text(f"# Efficiency\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
