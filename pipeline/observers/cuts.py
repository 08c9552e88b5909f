"""Scene cuts by a neural network (TransNetV2), fed from the shared decode pass."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from encoders.reference.transnet.scenes import scenes
from encoders.types import CutDetector
from pipeline.decode.frames import Frames, Sampling
from pipeline.observers.scenes import SceneConfig, last_end, scenes_between
from stores.core.records import Blob, Span, StageOutput, Video

CUTS = "cuts.npz"
"""The blob of a part: ``ticks`` (n,) int64 and ``probabilities`` (n,) float32 of its frames, ``end`` tick of the last
one, and whether the file is truncated (``cut_off``) there."""

# At a variable rate, frames may lie far apart; the same margin as for PySceneDetect's observer.
_VARIABLE_MARGIN_SECONDS = 10.0
_USUAL_RATE = Fraction(25)  # of videos that do not declare theirs


class CutObserver:
    """Finds the spans between cuts. A video without cuts is one scene.

    The network sees windows of frames, of which only the centres are used (TransNetV2: 50 of 100); the first frame of
    a video is repeated before it, and the last one after it. Centres begin at every 50th frame of a grid at the
    video's frame rate from tick 0, and at most 50 frames apart: at a constant rate they are those of the official
    code, and a part of a video has the same ones as the whole. At most a window and a half of small frames is kept in
    memory.
    """

    name = "scenes"

    def __init__(self, detector: CutDetector, config: SceneConfig | None = None) -> None:
        self.config = config or SceneConfig(method="transnetv2")
        self._detector = detector
        self._centre = detector.window - 2 * detector.margin

    def wants(self, video: Video) -> Sampling:
        """Every frame in the network's input size, whatever the video's aspect ratio."""
        height, width = self._detector.size
        # Before a part: the centre in which it begins, and the margin before that; after it: the rest of a window.
        around = self._detector.window - self._detector.margin + 1
        margin = float(around / (video.frame_rate or _USUAL_RATE))
        if video.variable_frame_rate:
            margin = max(margin, _VARIABLE_MARGIN_SECONDS)
        exact = (width, height)
        return Sampling(self.name, None, max(exact), batch=self._centre, margin_seconds=margin, exact=exact)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._video = video
        self._places = (video.frame_rate or _USUAL_RATE) * video.time_base
        self._buffer: list[NDArray[np.uint8]] = []
        self._first = -self._detector.margin  # index of the first frame in the buffer; below 0 are repetitions
        self._ticks: list[int] = []
        self._starts: deque[int] = deque()  # indices at which the unprocessed centres begin
        self._newest = (0, -1)  # the last of these, and its number on the grid
        self._probabilities: list[NDArray[np.float32]] = []
        self._cut_off = False

    def see(self, frames: Frames) -> None:
        """The next frames."""
        self._cut_off |= frames.end is not None
        if len(frames.ticks) and not self._ticks:
            self._buffer = [frames.pixels[0]] * self._detector.margin
        for index, tick in enumerate(frames.ticks.tolist(), len(self._ticks)):
            number = round(tick * self._places) // self._centre
            if number > self._newest[1] or index - self._newest[0] == self._centre:
                self._newest = (index, number)
                self._starts.append(index)
        self._buffer.extend(frames.pixels)
        self._ticks += frames.ticks.tolist()
        self._run()

    def finish(self) -> StageOutput:
        """The scenes, in order, covering the video."""
        return join_cuts([self._output(None)], self._video, self.config)

    def finish_part(self, span: Span) -> StageOutput:
        """The frames in ``span`` with their probabilities, for `join_cuts`."""
        return self._output(span)

    def _run(self) -> None:
        """Run the network on all windows that are complete."""
        before, window = self._detector.margin, self._detector.window
        while self._starts and self._starts[0] - before + window <= self._first + len(self._buffer):
            start = self._starts.popleft()
            done = start - before - self._first
            del self._buffer[:done]
            self._first += done
            found = self._detector.probabilities(np.stack(self._buffer[:window])[None])[0]
            # The next centre has begun by now, unless the video ends in this one.
            end = self._starts[0] if self._starts else len(self._ticks)
            self._probabilities.append(found[: end - start])

    def _output(self, span: Span | None) -> StageOutput:
        if self._starts:
            self._buffer.extend([self._buffer[-1]] * self._detector.window)
            self._run()
        ticks = np.array(self._ticks, np.int64)
        probabilities = np.concatenate([np.zeros(0, np.float32), *self._probabilities])
        end = 0
        if self._ticks:
            end = self._ticks[-1] + (self._ticks[-1] - self._ticks[-2] if len(self._ticks) > 1 else 1)
        if span is not None:
            inside = (ticks >= span.start) & (ticks < span.end)
            ticks, probabilities = ticks[inside], probabilities[inside]
        file = io.BytesIO()
        np.savez(file, ticks=ticks, probabilities=probabilities, end=np.int64(end), cut_off=np.bool_(self._cut_off))
        return StageOutput(blobs=(Blob(CUTS, file.getvalue()),))


def join_cuts(parts: Iterable[StageOutput], video: Video, config: SceneConfig) -> StageOutput:
    """The scenes of a video from the outputs of `CutObserver.finish_part` for its parts, in order.

    A scene begins where the official code begins it, after a transition. The frames of a longer transition, which
    belong to no scene there, are the end of the preceding scene, so that scenes cover the video.
    """
    seen, cut_off = 0, False
    ticks, probabilities = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for part in parts:
        with np.load(io.BytesIO(part.blobs[0].data), allow_pickle=False) as file:
            ticks.append(file["ticks"])
            probabilities.append(file["probabilities"])
            seen = max(seen, int(file["end"]))
            cut_off |= bool(file["cut_off"])
    end = last_end(video, seen, cut_off)
    times = np.concatenate(ticks)
    if not len(times):
        return scenes_between((), end, video, config)
    found = scenes(np.concatenate(probabilities), config.threshold)
    return scenes_between(times[found[1:, 0]].tolist(), end, video, config)
