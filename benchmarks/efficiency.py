"""How much of the machine an ingest uses: wall time against the bare cost of decoding and models, in one run.

    python benchmarks/efficiency.py FOLDER [--report benchmarks/reports/NAME.md]

The library is FOLDER and, where that is shorter than asked, copies of its files, the longest first, mirrored or in
other colours so that none is recognised as known. Three things are measured on the same files, each as a user would run
it:

- bare decoding: every picture and all sound of every file, decoded and dropped, in processor seconds, on all cores;
- an ingest with one worker for each core, by threads: its wall clock from outside, and inside it the processor seconds
  of every call of a model. They are taken from the same run, because the speed of a shared machine drifts by a tenth
  within minutes, and because a call may take longer while its neighbour computes;
- the same ingest on Ray, wall clock from outside.

If nothing were lost between the cores and the models, the wall time would be (decoding + models) ÷ cores. `--minutes`
makes the library longer: starting up and the last video, with which only one core is busy, weigh less then. With
``--join`` it has fewer and longer files: what each file costs by itself weighs less then. With ``--alone`` the models
are also timed with the machine to themselves, in an ingest with one worker.
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
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import count, product
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
import numpy as np
from numpy.typing import NDArray

if __name__ == "__main__":
    # Else benchmarks/encoders.py would be taken for the package.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

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


def steps(variant: int) -> list[int]:
    """-1 for what ``variant`` (0 to 7, its bits) reverses, else 1: from left to right, from top to bottom, colours."""
    return [-1 if variant & bit else 1 for bit in (1, 2, 4)]


def altered(source: Path, target: Path, variant: int) -> None:
    """A copy with other pixels and the same cost: left and right, up and down, red and blue exchanged, by ``variant``
    (1 to 7, its bits). Sound is taken over as it is.
    """
    sideways, upside, colours = steps(variant)
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


class Film:
    """Clips laid end to end in one file: 640 x 360, 25 pictures a second, one channel of sound."""

    RATE, SOUND = 25, 44_100

    def __init__(self, target: Path) -> None:
        self._file = av.open(str(target), "w")
        self._pictures = self._file.add_stream("libx264", rate=self.RATE, options={"preset": "veryfast"})
        self._pictures.width, self._pictures.height, self._pictures.pix_fmt = 640, 360, "yuv420p"
        self._sound = self._file.add_stream("aac", rate=self.SOUND, layout="mono")
        self._shown = self._heard = 0

    @property
    def seconds(self) -> float:
        """Length so far."""
        return self._shown / self.RATE

    def add(self, source: Path, variant: int) -> None:
        """Append a clip, altered as `altered` does; sound that is shorter than its pictures is followed by silence."""
        sideways, upside, colours = steps(variant)
        begun = self.seconds
        with av.open(str(source)) as read:
            first: float | None = None
            for frame in read.decode(read.streams.video[0]):
                first = frame.time if first is None else first
                pixels = None
                while self._shown <= self.RATE * (begun + frame.time - first):
                    if pixels is None:
                        small = frame.reformat(640, 360, "rgb24").to_ndarray()
                        pixels = small[::upside, ::sideways, ::colours].copy()
                    picture = av.VideoFrame.from_ndarray(pixels, "rgb24")
                    picture.pts, self._shown = self._shown, self._shown + 1
                    self._file.mux(self._pictures.encode(picture))
        outcome = round(self.SOUND * self.seconds)
        with av.open(str(source)) as read:
            resampler = av.AudioResampler("fltp", "mono", self.SOUND)
            for frame in read.decode(read.streams.audio[0]) if read.streams.audio else ():
                for part in resampler.resample(frame):
                    self._say(part.to_ndarray()[:, : outcome - self._heard])
        self._say(np.zeros((1, outcome - self._heard), np.float32))

    def close(self) -> None:
        """Finish the file."""
        for stream in (self._pictures, self._sound):
            self._file.mux(stream.encode(None))
        self._file.close()

    def _say(self, samples: NDArray[np.float32]) -> None:
        for first in range(0, samples.shape[1], 1024):
            part = av.AudioFrame.from_ndarray(samples[:, first : first + 1024].copy(), "fltp", "mono")
            part.sample_rate, part.pts = self.SOUND, self._heard
            self._heard += part.samples
            self._file.mux(self._sound.encode(part))


def library_of(folder: Path, scratch: Path, least_seconds: float, join_seconds: float) -> tuple[Path, float]:
    """A folder with the files, and altered ones until there is enough; and its length in seconds.

    Args:
        join_seconds: length of the films that they are laid end to end in; 0 to leave them as they are.

    Raises:
        ValueError: if there are not enough that differ.
    """
    films = scratch / "films"
    films.mkdir()
    lengths = {path: seconds for path in sorted(folder.iterdir()) if (seconds := seconds_of(path)) > 0}
    longest = sorted(lengths, key=lambda path: -lengths[path])
    chosen = [(path, 0) for path in lengths]
    total = sum(lengths.values())
    for variant, path in product(range(1, 8), longest):
        if total >= least_seconds:
            break
        chosen.append((path, variant))
        total += lengths[path]
    if total < least_seconds:
        raise ValueError(f"{folder} holds too little: {total / 60:.0f} minutes with all altered copies")
    if join_seconds:
        return films, _joined(chosen, films, join_seconds)
    for path, variant in chosen:
        if variant:
            altered(path, films / f"altered-{path.stem}-{variant}.mp4", variant)
        else:
            (films / path.name).symlink_to(path.resolve())
    return films, total


def _joined(chosen: Sequence[tuple[Path, int]], films: Path, seconds: float) -> float:
    """Films of at least that length, but for the last; gives the length of all."""
    total = 0.0
    left = list(chosen)
    for number in count(1):
        film = Film(films / f"film-{number}.mp4")
        while left and film.seconds < seconds:
            film.add(*left.pop(0))
        film.close()
        total += film.seconds
        if not left:
            break
    return total


def bare_decode(films: Path) -> float:
    """Processor seconds to decode every picture and all sound and do nothing with them, as many at a time as in the
    ingest: beside a neighbour everything takes a little longer.
    """
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        return sum(pool.map(_decoded, [films] * cores)) / cores


def _decoded(films: Path) -> float:
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
    """A model whose calls are timed, in processor seconds of the thread that calls."""

    def __init__(self, model: Any, calls: tuple[str, ...], spent: dict[str, float], task: str) -> None:
        self._model, self._calls, self._spent, self._task = model, calls, spent, task

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._model, name)
        return self._timed(found) if name in self._calls else found

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            begun = time.thread_time()
            try:
                return call(*arguments, **options)
            finally:
                self._spent[self._task] += time.thread_time() - begun
                if self._task == "speech":
                    self._spent["speech, its own threads"] = native_seconds()

        return timed


def native_seconds() -> float:
    """Processor seconds of this process's threads that are not Python's: those of CTranslate2, which runs Whisper.

    Chroma's own, which do wait most of the time, are told apart by their name.
    """
    ours = {thread.native_id for thread in threading.enumerate()}
    spent = 0.0
    for task in Path("/proc/self/task").iterdir():
        if int(task.name) not in ours and not (task / "comm").read_text().startswith("tokio"):
            user, system = (task / "stat").read_text().rpartition(")")[2].split()[11:13]
            spent += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return spent


def timed_ingest(films: str, library: str, workers: str | None, spent_file: Path) -> None:
    """The command `kinodex ingest`, in this process; the processor seconds in the calls of each model go to a file."""
    from encoders.bundle import Encoders
    from kinodex.cli.app import main as kinodex

    spent = dict.fromkeys(MODEL_CALLS, 0.0)
    load = Encoders._load

    def timed_load(encoders: Encoders, spec: Any) -> object:
        model = load(encoders, spec)
        return Timed(model, MODEL_CALLS[spec.task], spent, spec.task) if spec.task in MODEL_CALLS else model

    more = ["--workers", workers] if workers else []
    sys.argv = ["kinodex", "ingest", films, "--library", library, "--json", *more]
    try:
        with patch.object(Encoders, "_load", timed_load):
            kinodex()
    finally:
        spent_file.write_text(json.dumps(spent), encoding="utf-8")


def run(*command: str | Path) -> tuple[float, dict[str, Any]]:
    """(wall seconds, totals) of one ingest in a process of its own, from its start to its end."""
    begun = time.perf_counter()
    ended = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun, json.loads(ended.stdout)["totals"]


def run_timed(films: Path, library: Path, *more: str) -> tuple[float, dict[str, Any], dict[str, float]]:
    """The same by threads, with the processor seconds of each model."""
    spent = library.with_suffix(".json")
    wall, totals = run(__file__, films, library, "--timed", spent, *more)
    return wall, totals, json.loads(spent.read_text(encoding="utf-8"))


def others() -> float:
    """Cores that other programs keep busy while this one sleeps for two seconds."""

    def busy() -> tuple[float, float]:
        fields = [float(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return sum(fields) - fields[3] - fields[4], sum(fields)

    first = busy()
    threading.Event().wait(2)
    second = busy()
    return (os.cpu_count() or 1) * (second[0] - first[0]) / (second[1] - first[1])


def report(folder: Path, runs: int, minutes: float, join: float, alone: bool) -> str:
    """Run everything and put it into words."""
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        films, media = library_of(folder, scratch, 60 * minutes, 60 * join)
        noise = others()
        decoded, local, ray = [], [], []
        for number in range(runs):
            decoded.append(bare_decode(films))
            local.append(run_timed(films, scratch / f"local-{number}"))
            ingest = ("-m", "kinodex", "ingest", films, "--executor", "ray", "--json")
            ray.append(run(*ingest, "--library", scratch / f"ray-{number}"))
        lonely = run_timed(films, scratch / "alone", "--workers", "1")[2] if alone else {}
    bare = [(decode + sum(spent.values())) / cores for decode, (_, _, spent) in zip(decoded, local, strict=True)]
    best = min(range(runs), key=lambda number: local[number][0] / bare[number])
    by_itself = {task: f"{seconds:.1f}" for task, seconds in lonely.items()}
    _, totals, spent = local[best]
    ray_best = min(wall for wall, _ in ray)
    lines = [
        f"Machine: {platform.processor() or platform.machine()}, {cores} cores, Python {platform.python_version()}; "
        f"other programs kept {noise:.2f} cores busy before the first measurement. "
        f"Library: {media / 60:.1f} minutes in {totals['inputs']} files.",
        "",
        "| processor seconds | in the ingest | by itself |",
        "|---|---|---|",
        f"| bare decoding | {decoded[best]:.1f} | |",
        *(f"| calls of models: {task} | {spent[task]:.1f} | {by_itself.get(task, '')} |" for task in spent),
        f"| **(decoding + models) ÷ cores** | {bare[best]:.1f} | |",
        "",
        "| ingest | wall clock, s | ÷ bare | × real time |",
        "|---|---|---|---|",
    ]
    for number, ((wall, _, _), (ray_wall, _)) in enumerate(zip(local, ray, strict=True)):
        for name, seconds in (("threads", wall), ("Ray", ray_wall)):
            lines.append(f"| {name} | {seconds:.1f} | {seconds / bare[number]:.2f} | {media / seconds:.2f} |")
    lines += ["", f"Ray against threads: {ray_best / min(wall for wall, _, _ in local) - 1:+.1%}"]
    return "\n".join(lines)


def main() -> None:
    """Parse, run, print, and keep a report if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scratch", type=Path, nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--timed", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--workers", help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=2, help="ingests of each kind; the fastest counts (default 2)")
    parser.add_argument(
        "--minutes", type=float, default=LEAST_MINUTES, help="least length of the library (default 10.1)"
    )
    parser.add_argument(
        "--join", type=float, default=0.0, metavar="MINUTES", help="lay the files end to end in films of this length"
    )
    parser.add_argument("--alone", action="store_true", help="time the models in an ingest with one worker, too")
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    if arguments.timed:
        timed_ingest(str(arguments.folder), str(arguments.scratch), arguments.workers, arguments.timed)
        return
    text = report(arguments.folder, arguments.runs, arguments.minutes, arguments.join, arguments.alone)
    print(text)
    if arguments.report:
        arguments.report.write_text(f"# Efficiency\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
