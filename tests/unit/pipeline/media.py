"""Small media files, made with PyAV."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from pipeline.decode.decoder import Decoder
from stores.core.records import Video

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 180, 30), (30, 30, 200), (235, 235, 235)
Colour = tuple[int, int, int]


def flat(colour: Colour, width: int = 160, height: int = 96) -> np.ndarray:
    """A picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def make_video(
    path: Path,
    pictures: Sequence[np.ndarray],
    *,
    rate: int = 25,
    stamps: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    sound: np.ndarray | None = None,
    sound_delay: float = 0.0,
    audio_codec: str = "aac",
    rotation: int = 0,
    pixel_aspect: Fraction | None = None,
    container: str | None = None,
    options: dict[str, str] | None = None,
    encoder: dict[str, str] | None = None,
) -> Path:
    """Write ``pictures`` (each h, w, 3 RGB) as a video.

    Args:
        stamps: presentation timestamps in ``time_base``; default: one frame each 1/rate.
        sound: (n,) float32 mono at 16 kHz; ``sound_delay`` seconds after tick 0.
        options, encoder: of the container and of the video codec.
        rotation: degrees by which a player turns the picture, counter-clockwise, as FFmpeg counts.
    """
    base = time_base or Fraction(1, rate)
    with av.open(path, "w", format=container, options=options or {}) as out:
        stream: Any = out.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = base
        if encoder:
            stream.options = encoder
        elif codec == "libx264":
            stream.options = {"preset": "ultrafast", "g": "25", "tune": "zerolatency"}
        if pixel_aspect:
            stream.sample_aspect_ratio = pixel_aspect
        if rotation:
            stream.set_display_rotation(rotation)
        audio: Any = out.add_stream(audio_codec, rate=16_000, layout="mono") if sound is not None else None
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = (stamps[i] if stamps else i), base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            write_sound(out, audio, sound, sound_delay)
    return path


def write_sound(out: Any, stream: Any, samples: np.ndarray, delay: float = 0.0) -> None:
    """Encode and mux 16 kHz mono samples."""
    for start in range(0, len(samples), 1024):
        piece = np.ascontiguousarray(samples[start : start + 1024], np.float32)
        frame: Any = av.AudioFrame.from_ndarray(piece[None], format="fltp", layout="mono")
        frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
        frame.pts = start + round(delay * 16_000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def tone(seconds: float, hertz: float = 440.0) -> np.ndarray:
    """A sine of half amplitude, 16 kHz."""
    return (0.5 * np.sin(np.arange(round(seconds * 16_000)) * 2 * math.pi * hertz / 16_000)).astype(np.float32)


def video_of(path: Path, decoder: Decoder) -> Video:
    """The probed video."""
    facts = {
        field.name: getattr(header, field.name)
        for header in [decoder.probe(path)]
        for field in dataclasses.fields(header)
    }
    return Video(video_id="vid_test", sha256="0" * 64, size=path.stat().st_size, **facts)
