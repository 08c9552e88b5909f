"""Visual statistics: measured properties of the whole video, in words that tags use (English and Chinese)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.decode.frames import Frames, Sampling
from pipeline.similarity.change import Glance, change, glance, local_change
from stores.core.ids import record_id
from stores.core.records import Blob, Fact, Span, StageOutput, Video


@dataclass(frozen=True, slots=True)
class VisualStatsConfig:
    """Which frames are measured, and thresholds.

    Attributes:
        grey: mean saturation (0–255) of a frame below which it has no colour. Ours, unmeasured.
        still: change (0–255) of any frame against the first, below which a video is a still image. Ours: above the
            noise of recompression.
        still_everywhere: the same for the cell of a thumbnail that changes most: something small may move. Ours: as
            `pipeline.observers.screentext.ScreentextConfig.changed`, by which new text is seen.
        short_seconds: upright videos shorter than this are short videos (the limit of video platforms).
    """

    every_seconds: float = 1.0
    long_side: int = 128
    grey: float = 8.0
    still: float = 1.5
    still_everywhere: float = 8.0
    short_seconds: float = 60.0


_STATS = "seen.npz"


class VisualStatsObserver:
    """Measures orientation, and lack of colour, motion or sound."""

    name = "visual_stats"

    def __init__(self, config: VisualStatsConfig | None = None) -> None:
        self.config = config or VisualStatsConfig()

    def wants(self, video: Video) -> Sampling:
        """One tiny frame per second."""
        return Sampling(self.name, self.config.every_seconds, self.config.long_side, 4, batch=32)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._video = video
        # Distinct frames; dropped once the video has moved so much that it is no still compared with any frame.
        self._glances: list[Glance] = []
        self._first: Glance | None = None
        self._moved = 0.0
        self._saturation = 0.0
        self._frames = 0
        self._warning = ""
        self._end: int | None = None

    def see(self, frames: Frames) -> None:
        """The next frames."""
        self._warning = frames.warning or self._warning
        self._end = frames.end
        for pixels in frames.pixels:
            grey = glance(pixels)
            self._first = grey if self._first is None else self._first
            self._moved = max(self._moved, change(grey, self._first))
            if self._moved >= 2 * self.config.still:
                self._glances.clear()
            elif not self._glances or change(grey, self._glances[-1]) > 0:
                self._glances.append(grey)
            self._saturation = max(self._saturation, float(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)[..., 1].mean()))
            self._frames += 1

    def finish(self) -> StageOutput:
        """A fact for each property that the video has."""
        return join_visual_stats([self._output()], self._video, self.config)

    def finish_part(self, span: Span) -> StageOutput:
        """The statistics of a part, for `join_visual_stats`."""
        return self._output()

    def _output(self) -> StageOutput:
        file = io.BytesIO()
        np.savez_compressed(
            file,
            first=np.array(self._first if self._first is not None else np.zeros((18, 32)), np.float32),
            glances=np.array(self._glances, np.float32).reshape(-1, 18, 32),
            saturation=np.float64(self._saturation),
            frames=np.int64(self._frames),
            end=np.int64(-1 if self._end is None else self._end),
            warning=np.array(self._warning, np.str_),
        )
        return StageOutput(blobs=(Blob(_STATS, file.getvalue()),))


def join_visual_stats(parts: Iterable[StageOutput], video: Video, config: VisualStatsConfig) -> StageOutput:
    """The facts of a whole video from the outputs of `VisualStatsObserver.finish_part` for its parts, in order."""
    first: Glance | None = None
    moved = moved_most = saturation = 0.0
    frames, warning, end = 0, "", video.duration
    for part in parts:
        with np.load(io.BytesIO(part.blobs[0].data), allow_pickle=False) as seen:
            warning = str(seen["warning"]) or warning
            end = int(seen["end"]) if seen["end"] > 0 else end  # where the file is truncated
            if not seen["frames"]:
                continue
            frames += int(seen["frames"])
            saturation = max(saturation, float(seen["saturation"]))
            first = seen["first"] if first is None else first
            # A part without glances moved by twice the limit, so one of its frames must differ from the video's first.
            changes = [change(each, first) for each in seen["glances"]]
            moved = max([moved, *changes]) if changes else max(moved, config.still)
            moved_most = max([moved_most, *(local_change(each, first) for each in seen["glances"])])
    ratio = video.width / max(1, video.height)
    holds = {
        "vertical video 竖屏视频": ratio < 0.8,
        "square video 方形视频": 0.95 <= ratio <= 1.05,
        "black and white 黑白": frames > 0 and saturation < config.grey,
        "still image 静态图片": frames > 2 and moved < config.still and moved_most < config.still_everywhere,
        "short video 短视频": ratio < 0.8 and 0 < video.seconds < config.short_seconds,
        "no sound track 无声": not video.has_audio,
        warning: bool(warning),
    }
    span = Span(0, max(1, end), video.time_base)
    facts = [
        Fact(record_id("fct", video.video_id, span, text), span, text, 0.9) for text, true in holds.items() if true
    ]
    return StageOutput(records=tuple(facts))
