"""From frames to shots: overlapping windows through TransNetV2, probabilities, and the list of scenes.

Source: official code soCzech/TransNetV2, inference/transnetv2.py (predict_frames, predictions_to_scenes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.transnet.model import HEIGHT, WIDTH, TransNetV2
from encoders.types import Pixels

WINDOW, STRIDE, MARGIN = 100, 50, 25
"""Frames that the network sees at once; frames from one window to the next; frames at either end not used."""

THRESHOLD = 0.5
"""A probability strictly above it is a transition (official API; its evaluation script uses "at least")."""


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
        for window in windows(frames):
            logits = model(torch.from_numpy(window).to(device)[None])
            single.append(logits.single[0, MARGIN : MARGIN + STRIDE].sigmoid())
            many.append(logits.many[0, MARGIN : MARGIN + STRIDE].sigmoid())
    one, all_ = (torch.cat(parts)[: len(frames)].float().cpu().numpy() for parts in (single, many))
    return Transitions(one, all_)


def scenes(probabilities: NDArray[np.float32], threshold: float = THRESHOLD) -> NDArray[np.int64]:
    """First and last frame (s, 2) of each scene, both included, of probabilities (n,).

    A scene ends with the first frame of a transition, which for a hard cut is its own last frame; the next one begins
    behind the transition. Frames within a longer transition belong to no scene.

    Raises:
        ValueError: if ``probabilities`` is not (n,) with n > 0.
    """
    if probabilities.ndim != 1 or not len(probabilities):
        raise ValueError(f"probabilities must be (n,) with n > 0, not {probabilities.shape}")
    changes = probabilities > threshold
    found: list[tuple[int, int]] = []
    start, before = 0, False
    for frame, change in enumerate(changes.tolist()):
        if before and not change:
            start = frame
        if change and not before and frame:
            found.append((start, frame))
        before = change
    if not before:
        found.append((start, len(changes) - 1))
    return np.array(found or [(0, len(changes) - 1)], np.int64)
