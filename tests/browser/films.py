"""Films in which every frame shows its own number, as bits: black and white blocks that survive any codec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.unit.pipeline.media import tone, write_sound

BITS = 12
BLOCK = 24
SIZE = (BITS * BLOCK, 4 * BLOCK)
"""Width and height."""


@dataclass(frozen=True)
class Film:
    """How a film is written.

    Attributes:
        stamps: presentation times in ``base``, one for each frame; None for one every 1/rate.
        sound_delay: seconds; None for a silent film.
    """

    name: str
    codec: str = "libx264"
    frames: int = 240
    rate: Fraction = Fraction(30_000, 1001)
    stamps: Sequence[int] | None = None
    base: Fraction | None = None
    pixels: str = "yuv420p"
    encoder: tuple[tuple[str, str], ...] = ()
    sound: str = "aac"
    sound_delay: float | None = 0.0
    rotation: int = 0


def irregular(frames: int, seed: int = 7) -> list[int]:
    """Stamps in milliseconds, 15 to 200 apart, as phones and screen recorders leave them."""
    steps = np.random.default_rng(seed).integers(15, 200, frames)
    return np.concatenate([[0], np.cumsum(steps)[:-1]]).tolist()


def numbered(number: int) -> np.ndarray:
    """The picture (h, w, 3) of a frame: its bits, lowest first, above grey."""
    picture = np.full((SIZE[1], SIZE[0], 3), 110, np.uint8)
    for bit in range(BITS):
        picture[: 2 * BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 16
    return picture


def write(folder: Path, film: Film) -> Path:
    """Write a film."""
    path = folder / film.name
    base = film.base or 1 / film.rate
    with av.open(path, "w") as out:
        stream: Any = out.add_stream(film.codec, rate=film.rate, options=dict(film.encoder))
        stream.width, stream.height = SIZE
        stream.pix_fmt = film.pixels
        stream.time_base = stream.codec_context.time_base = base
        if film.rotation:
            stream.set_display_rotation(film.rotation)
        sound: Any = None
        if film.sound_delay is not None:
            sound = out.add_stream(film.sound, rate=16_000, layout="mono")
            sound.bit_rate = 32_000
        for number in range(film.frames):
            frame = av.VideoFrame.from_ndarray(numbered(number), "rgb24").reformat(format=film.pixels)
            frame.pts, frame.time_base = film.stamps[number] if film.stamps else number, base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            write_sound(out, sound, tone(3.0), film.sound_delay or 0.0)
    return path


def cut_at_start(path: Path, ticks: int, milliseconds: int) -> Path:
    """Have an MP4 with one silent track begin later, by its edit list alone (ISO/IEC 14496-12, 8.6.6)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 12  # its name, version and flags, number of entries
    seconds, begin = (int.from_bytes(data[place : place + 4], "big") for place in (at, at + 4))
    data[at : at + 8] = (seconds - milliseconds).to_bytes(4, "big") + (begin + ticks).to_bytes(4, "big")
    path.write_bytes(data)
    return path
