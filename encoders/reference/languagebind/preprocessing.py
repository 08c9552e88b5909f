"""Videos, images, infrared pictures and depth maps as LanguageBind's towers want them, always the same way.

Source: official code PKU-YuanGroup/LanguageBind, languagebind/{video,image,thermal,depth}/processing_*.py. Left out is
the random horizontal flip that the official code applies to videos even at inference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from encoders.types import Pixels, check_frames

FRAMES, SIZE = 8, 224  # official: frames of a video, side in pixels
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)  # both official code, the numbers of openai/CLIP

MAX_DEPTH = 10.0
"""Metres beyond which all is equally far away. Source: official code."""

_LEAST_DEPTH = 0.01  # metres, official code


def frame_indices(total: int, wanted: int = FRAMES) -> list[int]:
    """``wanted`` indices from the first to the last of ``total`` frames; short videos repeat some.

    Raises:
        ValueError: if either number is not positive.
    """
    if total < 1 or wanted < 1:
        raise ValueError(f"{wanted} of {total} frames cannot be chosen")
    return [int(index) for index in np.linspace(0, total - 1, wanted)]


def video(frames: Pixels) -> Tensor:
    """Normalised float32 (3, t, 224, 224) of RGB frames (t, h, w, 3) uint8.

    Bilinear without antialiasing to a short side of 224, then the middle is cut out.

    Raises:
        ValueError: if the frames have another shape or kind.
    """
    pixels = normalised(_scaled(frames))
    height, width = pixels.shape[-2:]
    # The ratio is rounded before it is multiplied: of 140 x 305 pixels, 487 rows and not 488 are left.
    if width < height:
        size = math.floor(height / width * SIZE), SIZE
    else:
        size = SIZE, math.floor(width / height * SIZE)
    resized = functional.interpolate(pixels, size=size, mode="bilinear", align_corners=False)
    return _middle(resized).transpose(0, 1).contiguous()


def image(pictures: Pixels, *, antialias: bool = False) -> Tensor:
    """Normalised float32 (n, 3, 224, 224) of RGB images or infrared pictures (n, h, w, 3) uint8.

    Args:
        antialias: the official code leaves that to torchvision, which did not up to version 0.16 (0.14 is pinned
            there) and does from 0.17 on.

    Raises:
        ValueError: if the pictures have another shape or kind.
    """
    return normalised(_middle(_bicubic(_scaled(pictures), antialias)))


def depth(millimetres: NDArray[Any], max_depth: float = MAX_DEPTH, *, antialias: bool = False) -> Tensor:
    """Normalised float32 (3, 224, 224) of a depth map (h, w) in millimetres.

    Args:
        max_depth: metres that become 1; 0 takes the map's own maximum.
        antialias: as in `image`.

    Raises:
        ValueError: if the map has another shape, or ``max_depth`` is negative.
    """
    if millimetres.ndim != 2 or not millimetres.size or max_depth < 0:
        raise ValueError(f"a depth map must be (h, w), its range not negative, not {millimetres.shape}, {max_depth}")
    metres = torch.from_numpy(millimetres.astype(np.float32)) / 1000
    metres = metres.clamp(min=_LEAST_DEPTH)
    shares = metres.clamp(max=max_depth) / max_depth if max_depth else metres / metres.max()
    resized = _middle(_bicubic(shares.expand(1, 3, -1, -1), antialias))
    return normalised(resized)[0]


def normalised(pixels: Tensor) -> Tensor:
    """``(x - mean) / deviation`` of pixels (n, 3, h, w) in [0, 1], colour by colour."""
    mean, deviation = (torch.tensor(values).reshape(3, 1, 1) for values in (MEAN, DEVIATION))
    return (pixels - mean) / deviation


def _scaled(frames: Pixels) -> Tensor:
    check_frames(frames, least=1)
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255


def _bicubic(pixels: Tensor, antialias: bool) -> Tensor:
    height, width = pixels.shape[-2:]
    short = min(height, width)
    size = SIZE * height // short, SIZE * width // short  # the long side is cut down (torchvision's Resize)
    return functional.interpolate(pixels, size=size, mode="bicubic", align_corners=False, antialias=antialias)


def _middle(pixels: Tensor) -> Tensor:
    height, width = pixels.shape[-2:]
    # Python rounds half to even, here as in torchvision.
    top, left = round((height - SIZE) / 2), round((width - SIZE) / 2)
    return pixels[..., top : top + SIZE, left : left + SIZE]
