"""Single frames of a video that was ingested: decoded again from the file, or read from a stored thumbnail."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Sampling
from stores.core.errors import MediaError
from stores.core.records import Span, Video

WITHIN_SECONDS = 1.0
"""How far behind the wanted tick the frame may lie: frames of most videos are at most 0.1 s apart, of slide shows
rarely more than this. Ours."""

_AROUND = 1.67  # hair and chin are in it


def still(decoder: Decoder, path: Path, video: Video, tick: int, long_side: int) -> NDArray[np.uint8]:
    """The first frame at or after ``tick``: pixels (h, w, 3) uint8 RGB, as displayed.

    Args:
        long_side: pixels of the longer side; the frame is never enlarged.

    Raises:
        MediaError: NO_FRAMES if there is none within `WITHIN_SECONDS`; and as `pipeline.decode.decoder.Decoder`.
    """
    end = tick + max(1, round(WITHIN_SECONDS / video.time_base))
    wanted = Sampling("still", WITHIN_SECONDS, long_side, batch=2)
    # Read to the end: stopping early ends the child, whose start takes longer than decoding a second of frames.
    batches = list(decoder.frames(path, video, [wanted], Span(tick, end, video.time_base)))
    pixels = next((frames.pixels for frames in batches if len(frames.pixels)), None)
    if pixels is None:
        raise MediaError("NO_FRAMES", f"{path.name} has no frame at {float(tick * video.time_base):.1f} s.")
    return np.asarray(pixels[0], np.uint8)


def picture_of(jpeg: bytes) -> NDArray[np.uint8]:
    """The pixels (h, w, 3) uint8 RGB of a stored thumbnail.

    Raises:
        KeyError: if the bytes are not a picture.
    """
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise KeyError("not a picture")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def square_around(frame: NDArray[np.uint8], box: tuple[float, float, float, float], side: int) -> NDArray[np.uint8]:
    """The square around a box (x0, y0, x1, y1 as fractions) of a frame (h, w, 3), with a third of the box on each side.

    It is moved, and made smaller, where the picture ends.

    Args:
        side: pixels of what is returned at most; it is never enlarged.
    """
    height, width = frame.shape[:2]
    left, right, top, bottom = box[0] * width, box[2] * width, box[1] * height, box[3] * height
    extent = max(2, min(round(max(right - left, bottom - top) * _AROUND), width, height))
    x = min(max(0, round((left + right - extent) / 2)), max(0, width - extent))
    y = min(max(0, round((top + bottom - extent) / 2)), max(0, height - extent))
    square = frame[y : y + extent, x : x + extent]
    if extent > side:
        square = np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(square)
