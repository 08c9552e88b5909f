"""One exact frame of a video. Runs in the child."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.decode.open import shown
from pipeline.decode.probe_header import start_of
from pipeline.decode.protocol import Emit
from pipeline.playback.frame_times import frames_from
from stores.core.errors import MediaError


@dataclass(frozen=True, slots=True)
class FrameJob:
    """Which frame is wanted: the one that is shown at a tick.

    Attributes:
        width, height: pixels of the picture before it is turned.
        rotation: clockwise degrees by which it is turned then.
        seconds: of the video, to recognise joined recordings.
    """

    tick: int
    width: int
    height: int
    rotation: int
    seconds: float


def read_frame(path: str, job: FrameJob, emit: Emit) -> tuple[int, NDArray[np.uint8]]:
    """The tick at which the frame begins, and its pixels (h, w, 3) uint8 RGB as displayed.

    Before the first frame, the first one is shown.

    Raises:
        MediaError: as `pipeline.decode.open.opened` and `video_stream`; NO_FRAMES if there is none.
    """

    def place(container: Any, stream: Any) -> Fraction | None:
        return (start_of(container, stream) + job.tick) * stream.time_base if job.tick > 0 else None

    last: tuple[int, Any] | None = None
    for tick, frame in frames_from(path, place, job.seconds, emit):
        if last is not None and tick > job.tick:
            break
        last = tick, frame
        if tick >= job.tick:
            break
    if last is None:
        raise MediaError("NO_FRAMES", f"There is no picture in {shown(path)}.", "Copy or record it again.")
    pixels = last[1].reformat(job.width, job.height, "rgb24").to_ndarray()
    return last[0], np.ascontiguousarray(np.rot90(pixels, -(job.rotation // 90)))
