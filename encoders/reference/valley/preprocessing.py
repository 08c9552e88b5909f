"""Which frames VALLEY looks at, and how they are made ready for CLIP.

Source: official code RupertLuo/Valley, valley/util/data_util.py (load_video) and valley/data/video_transform.py.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from encoders.reference.clip.preprocessing import normalised
from encoders.types import Pixels, check_frames

FRAMES, RATE = 8, 0.5  # official defaults: frames of "fixed", frames a second of "fps" (the paper's way)
_SHORT_SIDE, SIZE = 256, 224


def fixed_frames(total: int, wanted: int = FRAMES) -> list[int]:
    """``wanted`` indices from the first to the last of ``total`` frames; short videos repeat frames.

    Raises:
        ValueError: if either number is not positive.
    """
    if total < 1 or wanted < 1:
        raise ValueError(f"{wanted} of {total} frames cannot be chosen")
    return [int(index) for index in np.linspace(0, total - 1, wanted)]


def frames_by_rate(total: int, average_fps: float, rate: float = RATE) -> list[int]:
    """Every ``round(average_fps) / rate``-th index of ``total`` frames, from 0.

    Raises:
        ValueError: if there is no frame, or fewer than one frame would be stepped over.
    """
    step = int(round(average_fps) / rate) if rate > 0 else 0
    if total < 1 or step < 1:
        raise ValueError(f"{total} frames at {average_fps} a second cannot be taken {rate} a second")
    return list(range(0, total, step))


def preprocess(frames: Pixels) -> Tensor:
    """Frames (t, h, w, 3) for CLIP: (t, 3, 224, 224) float32, short side to 256 and the middle cut out.

    The filter is Pillow's bilinear. (The official transform asks for "nearest", but swaps the two names.)

    Raises:
        ImportError: if Pillow is not installed.
        ValueError: if the frames have another shape or type.
    """
    from PIL import Image

    check_frames(frames, least=1)
    height, width = frames.shape[1:3]
    if min(height, width) != _SHORT_SIDE:
        if width < height:
            height, width = int(_SHORT_SIDE * height / width), _SHORT_SIDE
        else:
            height, width = _SHORT_SIDE, int(_SHORT_SIDE * width / height)
        pictures = [Image.fromarray(frame).resize((width, height), Image.Resampling.BILINEAR) for frame in frames]
        frames = np.stack([np.asarray(picture) for picture in pictures])
    # Python rounds half to even here as there.
    top, left = round((height - SIZE) / 2), round((width - SIZE) / 2)
    cut = torch.from_numpy(np.ascontiguousarray(frames[:, top : top + SIZE, left : left + SIZE])).permute(0, 3, 1, 2)
    return normalised(cut)
