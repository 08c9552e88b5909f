"""Videos of moving textures, and copies of them as people make them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

RATE = 25


def textures(seed: int, seconds: float, width: int = 256, height: int = 144) -> list[np.ndarray]:
    """Scenes of about two seconds: a texture drifts by, a square runs over it."""
    rng = np.random.default_rng(seed)
    pictures: list[np.ndarray] = []
    while len(pictures) < seconds * RATE:
        cells = int(rng.integers(5, 12))
        canvas = cv2.resize(
            rng.integers(0, 255, (cells, 2 * cells, 3), dtype=np.uint8),
            (2 * width, 2 * height),
            interpolation=cv2.INTER_CUBIC,
        )
        colour, (dx, dy) = rng.integers(0, 255, 3), rng.uniform(0.5, 1.5, 2)
        for i in range(int(rng.integers(40, 60))):
            x, y = int(i * dx), int(i * dy)
            picture = canvas[y : y + height, x : x + width].copy()
            picture[40:80, 2 * i : 2 * i + 40] = colour
            pictures.append(picture)
    return pictures[: round(seconds * RATE)]


def encoded(
    path: Path,
    pictures: list[np.ndarray],
    *,
    scale: float = 1.0,
    crf: int = 20,
    gain: float = 1.0,
    bars: int = 0,
    grey: bool = False,
) -> Path:
    """Write ``pictures``, scaled, lit by ``gain``, with black bars of so many pixels above and below."""
    height, width = (round(side * scale / 2) * 2 for side in pictures[0].shape[:2])
    with av.open(path, "w") as out:
        stream: Any = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height + 2 * bars, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": str(crf)}
        for i, picture in enumerate(pictures):
            small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            if grey:
                small = np.repeat(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
            lit = np.clip(small * gain, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.pad(lit, ((bars, bars), (0, 0), (0, 0))), "rgb24")
            frame.pts, frame.time_base = i, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
