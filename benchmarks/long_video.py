"""A film of many hours in bounded memory: peak resident size of every process of one ingest.

    python benchmarks/long_video.py [--hours 3] [--report benchmarks/reports/long-video.md]

The film is made on the spot: a coloured scene that changes every ten seconds, a tone that comes and goes; small and
cheap to encode, but as long as asked, so that whatever grows with the length shows.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

try:
    from benchmarks.ingest_speed import run
except ModuleNotFoundError:
    from ingest_speed import run

RATE = 4
SIZE = (320, 192)


def write_film(path: Path, seconds: int) -> None:
    """H.264 and AAC in MP4; the picture is still for ten seconds at a time."""
    generator = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "g": str(RATE * 10)})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio = container.add_stream("aac", rate=16000, layout="mono")
        wave = (0.2 * np.sin(np.arange(16000) * 0.17)).astype(np.float32)
        frame = None
        for second in range(seconds):
            if second % 10 == 0:
                small = generator.integers(0, 255, (6, 10, 3), dtype=np.uint8)
                picture = np.kron(small, np.ones((32, 32, 1), np.uint8))
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
                    format="yuv420p"
                )
            for tick in range(RATE):
                frame.pts, frame.time_base = second * RATE + tick, Fraction(1, RATE)
                container.mux(video.encode(frame))
            heard = wave if second % 20 < 10 else np.zeros_like(wave)
            sound = av.AudioFrame.from_ndarray(heard[None, :], format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 16000, second * 16000, Fraction(1, 16000)
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def report(hours: float) -> str:
    """Make the film, ingest it, and put the figures into words."""
    with tempfile.TemporaryDirectory() as scratch:
        film = Path(scratch) / "long.mp4"
        begun = time.perf_counter()
        write_film(film, round(3600 * hours))
        made = time.perf_counter() - begun
        ended, wall, peak = run("ingest", str(film), "--library", str(Path(scratch) / "library"))
        _, again, _ = run("ingest", str(film), "--library", str(Path(scratch) / "library"))
    return "\n".join(
        [
            "| what | value |",
            "|---|---|",
            f"| film | {hours:g} hours, {SIZE[0]} x {SIZE[1]}, {RATE} frames a second, made in {made:.0f} s |",
            f"| ingest | {wall:.0f} s, {3600 * hours / wall:.0f} x real time; {json.dumps(ended['totals'])} |",
            f"| largest resident size of any process | {peak / 2**30:.2f} GiB |",
            f"| second ingest | {again:.2f} s |",
        ]
    )


def main() -> None:
    """Parse, run, print, and keep a report if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    text = report(arguments.hours)
    print(text)
    if arguments.report:
        arguments.report.write_text(f"# A long video\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
