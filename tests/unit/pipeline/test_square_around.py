"""The square around a face."""

from __future__ import annotations

import numpy as np

from pipeline.stills import square_around


def test_it_holds_the_box_moves_inside_and_is_never_enlarged() -> None:
    frame = np.zeros((100, 200, 3), np.uint8)
    frame[40:60, 90:110] = 255
    whole = square_around(frame, (0.45, 0.4, 0.55, 0.6), 256)
    assert whole.shape == (33, 33, 3)
    assert int((whole[..., 0] == 255).sum()) == 400
    assert square_around(frame, (0.45, 0.4, 0.55, 0.6), 16).shape == (16, 16, 3)
    corner = square_around(frame, (0.9, 0.8, 1.0, 1.0), 256)
    assert corner.shape == (33, 33, 3)
    assert square_around(frame, (0.0, 0.0, 1.0, 1.0), 256).shape == (100, 100, 3)
    assert square_around(frame, (0.5, 0.5, 0.5, 0.5), 256).shape == (2, 2, 3)
