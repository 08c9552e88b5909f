"""From the frames of a video to the probability of a transition at each: overlapping windows through TransNetV2.

Source: official code soCzech/TransNetV2, inference/transnetv2.py (predict_frames).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.reference.transnet.model import HEIGHT, WIDTH, TransNetV2
from encoders.types import Pixels

WINDOW, STRIDE, MARGIN = 100, 50, 25
"""Frames that the network sees at once; frames from one window to the next; frames at either end not used."""

BATCH = {"cpu": 1, "cuda": 16}
"""Windows of one forward pass. Source: our choice: a GPU with one of them mostly waits for the next order."""


@dataclass(frozen=True, slots=True)
class Transitions:
    """Probabilities (n,) float32 of each frame; see `TransitionLogits` for what the two mean."""

    single: NDArray[np.float32]
    many: NDArray[np.float32]


def windows(frames: Pixels) -> Iterator[Pixels]:
    """Windows (100, ...) of (n, ...) frames; rows 25 to 74 of window i are frames 50 i to 50 i + 49.

    The first frame is repeated in front and the last one behind.

    Raises:
        ValueError: if there are no frames.
    """
    if not len(frames):
        raise ValueError("there are no frames")
    behind = MARGIN + STRIDE - (len(frames) % STRIDE or STRIDE)
    last = len(frames) - 1
    places = np.pad(np.arange(len(frames)), (MARGIN, behind), constant_values=(0, last))
    for start in range(0, len(places) - WINDOW + 1, STRIDE):
        yield frames[places[start : start + WINDOW]]


def predict(model: TransNetV2, frames: Pixels) -> Transitions:
    """Probabilities of every frame of a video, (n, 27, 48, 3) uint8 RGB.

    Raises:
        ValueError: if there are no frames, or they have another shape or type.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != (HEIGHT, WIDTH, 3):
        raise ValueError(f"frames must be (n, {HEIGHT}, {WIDTH}, 3) uint8, not {frames.shape} {frames.dtype}")
    device = model.fc1.weight.device
    single, many = [], []
    with torch.inference_mode():
        left = windows(frames)
        while batch := list(islice(left, BATCH.get(device.type, 1))):
            logits = model(torch.from_numpy(np.stack(batch)).to(device))
            single.append(logits.single[:, MARGIN : MARGIN + STRIDE].sigmoid().flatten())
            many.append(logits.many[:, MARGIN : MARGIN + STRIDE].sigmoid().flatten())
    one, all_ = (torch.cat(parts)[: len(frames)].float().cpu().numpy() for parts in (single, many))
    return Transitions(one, all_)
