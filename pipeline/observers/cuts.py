"""Scene cuts, by a network that has learned them (TransNetV2), fed from the shared decode pass."""

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
"""The blob that a part leaves: ``ticks`` (n,) and ``probabilities`` (n,) of its frames, ``end`` of the last one,
and whether the file was ``cut_off`` there."""

# Where frames of a variable rate lie far apart; as much as PySceneDetect's observer is given on either side.
_VARIABLE_MARGIN_SECONDS = 10.0
_USUAL_RATE = Fraction(25)  # of videos that do not tell theirs


class CutObserver:
    """Notes the spans between cuts. A video without cuts is one scene.

    The network sees windows of frames of which the middles count (TransNetV2: 50 of 100); the first frame of a video
    is repeated in front and the last one behind. Middles begin at each 50th place of the video's frame rate, counted
    from tick 0, and at most 50 frames apart: at a constant rate they are those of the official code, and a part of a
    video has the same as the whole. No more than a window and a half of small frames is held at a time.
    """

    name = "scenes"

    def __init__(self, detector: CutDetector, config: SceneConfig | None = None) -> None:
        self.config = config or SceneConfig(method="transnetv2")
        self._detector = detector
        self._middle = detector.window - 2 * detector.margin

    def wants(self, video: Video) -> Sampling:
        """Every frame in the network's own size, whatever the video's aspect."""
        height, width = self._detector.size
        # Before a part: the middle in which it begins, and what is before that; behind it: the rest of a window.
        around = self._detector.window - self._detector.margin + 1
        margin = float(around / (video.frame_rate or _USUAL_RATE))
        if video.variable_frame_rate:
            margin = max(margin, _VARIABLE_MARGIN_SECONDS)
        exact = (width, height)
        return Sampling(self.name, None, max(exact), batch=self._middle, margin_seconds=margin, exact=exact)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._video = video
        self._places = (video.frame_rate or _USUAL_RATE) * video.time_base
        self._held: list[NDArray[np.uint8]] = []
        self._first = -self._detector.margin  # index of the first frame that is held; those below 0 are repetitions
        self._ticks: list[int] = []
        self._starts: deque[int] = deque()  # indices at which the middles begin that are not looked at yet
        self._newest = (0, -1)  # the last of these, and which one it is by the frame rate
        self._probabilities: list[NDArray[np.float32]] = []
        self._cut_off = False

    def see(self, frames: Frames) -> None:
        """The next frames."""
        self._cut_off |= frames.end is not None
        if len(frames.ticks) and not self._ticks:
            self._held = [frames.pixels[0]] * self._detector.margin
        for index, tick in enumerate(frames.ticks.tolist(), len(self._ticks)):
            number = round(tick * self._places) // self._middle
            if number > self._newest[1] or index - self._newest[0] == self._middle:
                self._newest = (index, number)
                self._starts.append(index)
        self._held.extend(frames.pixels)
        self._ticks += frames.ticks.tolist()
        self._look()

    def finish(self) -> StageOutput:
        """The scenes, in order, covering the video."""
        return join_cuts([self._noted(None)], self._video, self.config)

    def finish_part(self, span: Span) -> StageOutput:
        """What is seen in ``span``, for `join_cuts`."""
        return self._noted(span)

    def _look(self) -> None:
        """Look at all windows whose frames are there."""
        before, window = self._detector.margin, self._detector.window
        while self._starts and self._starts[0] - before + window <= self._first + len(self._held):
            start = self._starts.popleft()
            done = start - before - self._first
            del self._held[:done]
            self._first += done
            found = self._detector.probabilities(np.stack(self._held[:window])[None])[0]
            # The next middle has begun by now, unless the video ends in this one.
            end = self._starts[0] if self._starts else len(self._ticks)
            self._probabilities.append(found[: end - start])

    def _noted(self, span: Span | None) -> StageOutput:
        if self._starts:
            self._held.extend([self._held[-1]] * self._detector.window)
            self._look()
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


def join_cuts(notes: Iterable[StageOutput], video: Video, config: SceneConfig) -> StageOutput:
    """The scenes of a video from what `CutObserver.finish_part` noted of its parts, in order.

    A scene begins where the official code begins it, behind a transition; the frames within a longer transition, which
    there belong to no scene, end the scene before, so that scenes cover the video.
    """
    seen, cut_off = 0, False
    ticks, probabilities = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for note in notes:
        with np.load(io.BytesIO(note.blobs[0].data), allow_pickle=False) as file:
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
