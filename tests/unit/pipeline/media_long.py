"""Hours of video, made within seconds: five minutes are encoded, and their packets repeated."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE = 16_000
CYCLE_SECONDS = 320  # a whole number of AAC's frames of 1024 samples


def make_long_video(
    path: Path,
    hours: float,
    *,
    rate: int = 5,
    size: tuple[int, int] = (192, 108),
    change_seconds: float = 10.0,
) -> Path:
    """Write a video (H.264; AAC with a tone each other minute) whose picture changes each ``change_seconds``."""
    cycle = _cycle(path.with_name(f"{path.stem}.cycle.mp4"), rate, size, change_seconds)
    with av.open(cycle) as source, av.open(path, "w") as out:
        streams = [(stream, out.add_stream_from_template(stream)) for stream in source.streams]
        packets = []
        for packet in source.demux():
            if packet.size:
                data = bytes(packet)
                packets.append((packet.stream.index, data, packet.pts, packet.dts, packet.duration, packet.is_keyframe))
        cycles = round(hours * 3600 / CYCLE_SECONDS)
        for number in range(cycles):
            for index, data, pts, dts, duration, is_key in packets:
                stream, target = streams[index]
                if (pts < 0 and number) or pts * stream.time_base >= CYCLE_SECONDS:
                    continue  # the encoder's run-up and its rest belong to the ends of the file
                offset = round(number * CYCLE_SECONDS / stream.time_base)
                packet = av.Packet(data)
                packet.stream, packet.time_base = target, stream.time_base
                packet.pts, packet.dts, packet.duration = pts + offset, dts + offset, duration
                packet.is_keyframe = is_key
                out.mux(packet)
    cycle.unlink()
    return path


def _cycle(path: Path, rate: int, size: tuple[int, int], change_seconds: float) -> Path:
    random = np.random.default_rng(11)
    steps = max(1, round(change_seconds * rate))
    tone = (0.2 * np.sin(np.arange(RATE) * 2 * np.pi * 300 / RATE)).astype(np.float32)[None]
    width, height = size
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    with av.open(path, "w") as out:
        stream: Any = out.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(10 * rate), "tune": "zerolatency"}
        audio: Any = out.add_stream("aac", rate=RATE, layout="mono")
        for i in range(CYCLE_SECONDS * rate):
            if i % steps == 0:
                cells = random.integers(20, 236, (6, 8), np.uint8)
                picture[:height] = np.kron(cells, np.ones((height // 6, width // 8), np.uint8))
            frame: Any = av.VideoFrame.from_ndarray(picture, "yuv420p")
            frame.pts, frame.time_base = i, Fraction(1, rate)
            out.mux(stream.encode(frame))
            if i % rate == 0:
                second = i // rate
                sound: Any = av.AudioFrame.from_ndarray(tone * (second // 60 % 2), format="fltp", layout="mono")
                sound.sample_rate, sound.pts, sound.time_base = RATE, second * RATE, Fraction(1, RATE)
                out.mux(audio.encode(sound))
        out.mux(stream.encode(None))
        out.mux(audio.encode(None))
    return path
