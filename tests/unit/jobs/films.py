"""Small films, and what they are worth to a worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.unit.pipeline.media import make_video

FEW_MODELS = {name: {"enabled": False} for name in ("faces", "sound", "speakers")}
"""``perception`` of a library whose workers load half of the models: what becomes of a job is the same."""


def make_films(folder: Path, count: int, seconds: int = 1) -> Path:
    """``count`` films of moving colours, each different from the others."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        random = np.random.default_rng(number)
        base = random.integers(0, 255, (96, 160, 3), np.uint8)
        pictures = [np.roll(base, 3 * step, axis=1) for step in range(10 * seconds)]
        make_video(folder / f"film{number:02d}.mp4", pictures, rate=10)
    return folder
