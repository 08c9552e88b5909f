"""Pictures as CLIP wants them.

Source: official code openai/CLIP, clip/clip.py, _transform: bicubic resize of the short side, centre crop, normalise.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from encoders.types import Pixels, check_frames

# DescribeSetup and deviations of RGB in [0, 1] over CLIP's training pictures, official code.
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def preprocess(frames: Pixels, resolution: int = 224) -> Tensor:
    """Normalised float32 (n, 3, resolution, resolution) of RGB pictures (n, h, w, 3) uint8.

    The resize is Pillow's, which widens the bicubic kernel when it shrinks (antialiasing); other libraries' bicubic
    differs visibly from what the released weights were trained on.

    Raises:
        ValueError: if the frames have another shape or kind, or ``resolution < 1``.
    """
    check_frames(frames)
    if resolution < 1:
        raise ValueError(f"the resolution must be at least 1, not {resolution}")
    cropped = [_cropped(Image.fromarray(frame), resolution) for frame in frames]
    stacked = np.stack(cropped) if cropped else np.empty((0, resolution, resolution, 3), np.uint8)
    pixels = torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous().to(torch.float32) / 255
    mean, deviation = (torch.tensor(values).reshape(3, 1, 1) for values in (MEAN, DEVIATION))
    return (pixels - mean) / deviation


def _cropped(picture: Image.Image, resolution: int) -> Pixels:
    width, height = picture.size
    short = min(width, height)
    # The long side is cut down to a whole number, not rounded (torchvision's Resize).
    wide, high = (resolution * side // short for side in (width, height))
    if (wide, high) != picture.size:
        picture = picture.resize((wide, high), Image.Resampling.BICUBIC)
    # An odd rest is rounded to the even number, as torchvision's CenterCrop does.
    left, top = round((wide - resolution) / 2), round((high - resolution) / 2)
    return np.asarray(picture.crop((left, top, left + resolution, top + resolution)), np.uint8)


def normalised(pixels: Tensor) -> Tensor:
    """Pixels (t, 3, h, w) from 0 to 255, as CLIP wants them: float32, mean and deviation of its training pictures."""
    mean = torch.tensor(MEAN).view(3, 1, 1)
    deviation = torch.tensor(DEVIATION).view(3, 1, 1)
    return (pixels.float() / 255 - mean) / deviation
