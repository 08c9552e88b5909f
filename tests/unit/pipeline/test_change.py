"""What counts as a change of the picture."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.observers.screentext import ScreenTextConfig
from pipeline.similarity.change import change, glance, local_change


def captioned(text: str) -> np.ndarray:
    frame = np.full((360, 640, 3), 90, np.uint8)
    cv2.putText(frame, text, (180, 330), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
    return frame


def test_a_caption_that_appears_or_changes_is_read_though_the_mean_hardly_moves() -> None:
    empty, first, second = (glance(captioned(text)) for text in ("", "I always wondered", "what this is for"))
    for one, other in ((empty, first), (first, second)):
        assert change(one, other) < 2.0
        assert local_change(one, other) >= ScreenTextConfig().changed


def test_noise_is_no_change() -> None:
    frame = captioned("the same")
    noise = np.random.default_rng(0).integers(-4, 5, frame.shape)
    noisy = np.clip(frame.astype(int) + noise, 0, 255).astype(np.uint8)
    assert local_change(glance(frame), glance(noisy)) < ScreenTextConfig().changed
