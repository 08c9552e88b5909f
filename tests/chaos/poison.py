"""Eight kinds of bad files: three that make a decoder misbehave (injected by file name), five with broken content."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from tests.chaos.harness import Strike
from tests.e2e.media import write_video

MISBEHAVING = (
    Strike("segfault", "pipeline.decode.probe_header:read_header", do="crash", file="segfault", repeated=True),
    Strike("endless", "pipeline.decode.video_pass:decode_video", do="loop", file="endless", repeated=True),
    Strike("memory", "pipeline.decode.video_pass:decode_video", do="hoard", file="memory", repeated=True),
    # So that an endless decode is noticed soon; a good file reports progress every second.
    Strike("limits", "pipeline.decode.decoder:DecoderLimits", do="limits", values={"stall_seconds": 8.0}),
)
"""Strikes in the decoding child, selected by file name."""

OUTCOMES = {
    "segfault": ("quarantined", "DECODE_CRASHED"),
    "endless": ("quarantined", "DECODE_TIMEOUT"),
    "memory": ("quarantined", "DECODE_MEMORY"),
    "truncated": ("failed", "TRUNCATED"),
    "zero": ("failed", "FILE_EMPTY"),
    "extension": ("failed", "NOT_MEDIA"),
    "encrypted": ("failed", "ENCRYPTED"),
    "absurd": ("failed", "ABSURD_DIMENSIONS"),
}
"""Kind to the status and code with which it must end."""


def add_poison(folder: Path, each: int) -> dict[str, tuple[str, str]]:
    """Write ``each`` files of every kind, no two the same; file name to the expected outcome."""
    outcomes = {}
    for number in range(each):
        for kind, outcome in OUTCOMES.items():
            path = _WRITERS.get(kind, _film)(folder, kind, number)
            outcomes[path.name] = outcome
    return outcomes


def _film(folder: Path, kind: str, number: int) -> Path:
    seed = 1000 + 10 * number + list(OUTCOMES).index(kind)
    return write_video(folder / f"{kind}-{number}.mp4", seconds=1.5, seed=seed)


def _truncated(folder: Path, kind: str, number: int) -> Path:
    path = _film(folder, kind, number)
    data = path.read_bytes()
    # Before the index, or in the middle of it.
    cut = len(data) // 2 if number % 2 == 0 else data.index(b"moov") + 150
    path.write_bytes(data[:cut])
    return path


def _zero(folder: Path, kind: str, number: int) -> Path:
    path = folder / f"{kind}-{number}.mp4"
    path.touch()
    return path


def _extension(folder: Path, kind: str, number: int) -> Path:
    path = folder / f"{kind}-{number}.mp4"
    if number % 2 == 0:
        path.write_text(f"Letter {number}. This is no film.\n" * 40)
    else:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(f"{number}.txt", "no film either " * 100)
        path.write_bytes(buffer.getvalue())
    return path


def _encrypted(folder: Path, kind: str, number: int) -> Path:
    """An MP4 whose video is declared protected (ISO/IEC 14496-12, 8.12) and is noise."""
    path = _film(folder, kind, number)
    data = bytearray(path.read_bytes())
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[start:end] = np.random.default_rng(number).bytes(end - start)
    entry = data.index(b"avc1", data.index(b"stsd")) - 4
    data[entry + 4 : entry + 8] = b"encv"
    scheme = _box(b"frma", b"avc1") + _box(b"schm", struct.pack(">I4sI", 0, b"cenc", 0x10000))
    protection = _box(b"tenc", struct.pack(">IHBB", 0, 0, 1, 8) + bytes(range(16)))
    sinf = _box(b"sinf", scheme + _box(b"schi", protection))
    at = entry + int.from_bytes(data[entry : entry + 4], "big")
    for offset in _around(data, entry):
        size = int.from_bytes(data[offset : offset + 4], "big") + len(sinf)
        data[offset : offset + 4] = size.to_bytes(4, "big")
    path.write_bytes(data[:at] + sinf + data[at:])
    return path


def _absurd(folder: Path, kind: str, number: int) -> Path:
    """An AVI whose header claims pictures of 60000 x 60000, or of 20000 x 4000."""
    path = folder / f"{kind}-{number}.avi"
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="avi") as container:
        stream = container.add_stream("rawvideo", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for _ in range(3):
            picture = np.full((96, 160, 3), number * 7 % 255, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    data = buffer.getvalue()
    at = data.index(struct.pack("<iii", 40, 160, 96))
    size = (60_000, 60_000) if number % 2 == 0 else (20_000, 4_000)
    path.write_bytes(data[: at + 4] + struct.pack("<ii", *size) + data[at + 12 :])
    return path


_WRITERS: dict[str, Callable[[Path, str, int], Path]] = {
    "truncated": _truncated,
    "zero": _zero,
    "extension": _extension,
    "encrypted": _encrypted,
    "absurd": _absurd,
}


def _box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def _around(data: bytes, inner: int) -> list[int]:
    """Offsets of the boxes from ``moov`` down to the one at ``inner``."""
    header = {b"stsd": 16}
    found, at, end = [], 0, len(data)
    while at < end:
        size, kind = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        if at <= inner < at + size:
            found.append(at)
            if at == inner:
                return found
            end = at + size
            at += header.get(kind, 8)
        else:
            at += size
    raise ValueError("no such box")
