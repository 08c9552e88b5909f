"""Scene cuts by PySceneDetect's detectors, fed from the shared decode pass; and the config of all scene cuts."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from operator import mul
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect.common import FrameTimecode, Timecode
from scenedetect.detector import FlashFilter
from scenedetect.detectors import AdaptiveDetector, ContentDetector

from pipeline.decode.frames import Frames, Sampling
from pipeline.observers.slides import SlideChanges
from pipeline.stage import WHEN_SET
from stores.core.ids import record_id
from stores.core.records import Blob, Scene, Span, StageOutput, Video


@dataclass(frozen=True, slots=True)
class SceneConfig:
    """How cuts are found.

    Attributes:
        detector: of PySceneDetect: ``adaptive`` compares each frame's change with its neighbours' and so forgives fast
            motion (91.6 against 86.7 F1 on BBC in PySceneDetect's own benchmark); ``content`` uses a fixed threshold.
        long_side: pixels, for PySceneDetect, which itself works at about 256; measured on 160 cuts of 24 clips, 160
            gives just the same cuts at less than two thirds of the time, and 128 misses one.
        least_seconds: shortest scene; of cuts that are closer, the first counts.
        method: ``content`` is PySceneDetect, which compares frames; ``transnetv2`` is a network trained on cuts, fades
            and dissolves (`pipeline.observers.cuts`); ``auto`` is the network if the profile has it and models run on
            a GPU of the machine that plans the job, else PySceneDetect.
        threshold: of the network: a probability above it is a transition.
            Source: 0.5 in the official code, soCzech/TransNetV2.
    """

    detector: Literal["adaptive", "content"] = "adaptive"
    long_side: int = 160
    least_seconds: float = 0.6
    method: Literal["content", "transnetv2", "auto"] = field(default="content", metadata=WHEN_SET)
    threshold: float = field(default=0.5, metadata=WHEN_SET)

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold is a probability between 0 and 1, not {self.threshold}")


# PySceneDetect's default min_scene_len, in frames. Its filter is applied to the candidates of the whole video instead
# of inside the detector, so that a video in parts gets the same cuts as one in a single pass.
_MIN_FRAMES = 15
# The adaptive detector compares a frame with two on either side; at a variable rate, frames may lie far apart.
_MARGIN_FRAMES = 8
_MARGIN_SECONDS = 2.0 + SlideChanges.reach
_VARIABLE_MARGIN_SECONDS = 10.0
_CANDIDATES = "marks.npz"

Planes = tuple[NDArray[np.uint8], ...]


class _Change:
    """PySceneDetect's measure of change, for frames that come as (hue, saturation, brightness), each (h, w) uint8.

    The original converts one frame at a time and widens every pixel to 32 bits; the numbers are the same.
    """

    def __init__(self, weights: Sequence[float]) -> None:
        self._weights = weights
        self._before: Planes | None = None

    def __call__(self, _: object, planes: Planes) -> float:
        before, self._before = self._before, planes
        if before is None:
            return 0.0
        deltas: list[float] = [
            cv2.norm(new, old, cv2.NORM_L1) / new.size for new, old in zip(planes, before, strict=True)
        ]
        # The weight of edges, which come after the three, is 0.
        changed: float = sum(map(mul, deltas, self._weights))
        return changed / sum(map(abs, self._weights))


class SceneObserver:
    """Finds the spans between cuts. A video without cuts is one scene."""

    name = "scenes"

    def __init__(self, config: SceneConfig | None = None) -> None:
        self.config = config or SceneConfig()

    def wants(self, video: Video) -> Sampling:
        """Every frame, tiny."""
        least = _VARIABLE_MARGIN_SECONDS if video.variable_frame_rate else _MARGIN_SECONDS
        margin = max(least, float(_MARGIN_FRAMES / (video.frame_rate or 25)))
        return Sampling(self.name, None, self.config.long_side, batch=32, margin_seconds=margin)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._video = video
        adaptive = self.config.detector == "adaptive"
        self._detector: Any = AdaptiveDetector(min_scene_len=0) if adaptive else ContentDetector(min_scene_len=0)
        self._detector._calculate_frame_score = _Change(self._detector._weights)
        # What the filter needs: the first frame, each frame with a cut, and the last one before it without.
        self._candidates: list[tuple[int, bool]] = []
        self._quiet = 0
        self._last = -1
        self._step = 1
        self._cut_off = False
        self._slides = SlideChanges(video.time_base, _Change(self._detector._weights))

    def see(self, frames: Frames) -> None:
        """The next frames."""
        self._cut_off |= frames.end is not None
        count, height, width, _ = frames.pixels.shape
        # All frames in one call, stacked vertically: a call for each costs more than the conversion itself.
        planes = cv2.split(cv2.cvtColor(frames.pixels.reshape(count * height, width, 3), cv2.COLOR_RGB2HSV))
        pictures = zip(*(plane.reshape(count, height, width) for plane in planes), strict=True)
        for picture, tick in zip(pictures, frames.ticks.tolist(), strict=True):
            if self._last < 0:
                self._candidates.append((tick, False))
            else:
                self._step = tick - self._last
            self._last = tick
            self._slides.see(tick, picture)
            # Detectors only subtract times and return them, so ticks will do.
            found = self._detector.process_frame(tick, picture)
            for cut in found:
                self._candidates += [(self._quiet, False), (cut, True)]
            if not found:
                self._quiet = tick

    def finish(self) -> StageOutput:
        """The scenes, in order, covering the video."""
        return join_scenes([self._output(None)], self._video, self.config)

    def finish_part(self, span: Span) -> StageOutput:
        """The candidates in ``span``, for `join_scenes`."""
        return self._output(span)

    def _output(self, span: Span | None) -> StageOutput:
        candidates = [*self._candidates, (self._quiet, False)] if self._candidates else []
        inside = sorted({one for one in candidates if span is None or span.contains(one[0])})
        ticks, cuts = ([one[i] for one in inside] for i in (0, 1))
        file = io.BytesIO()
        end = self._last + self._step if self._candidates else 0
        slides = [tick for tick in self._slides.until(end) if span is None or span.contains(tick)]
        np.savez(
            file,
            ticks=np.array(ticks, np.int64),
            cuts=np.array(cuts, np.bool_),
            slides=np.array(slides, np.int64),
            end=np.int64(end),
            cut_off=np.bool_(self._cut_off),
        )
        return StageOutput(blobs=(Blob(_CANDIDATES, file.getvalue()),))


def join_scenes(parts: Iterable[StageOutput], video: Video, config: SceneConfig) -> StageOutput:
    """The scenes of a video from the outputs of `SceneObserver.finish_part` for its parts, in order."""
    # As in PySceneDetect, the adaptive detector suppresses a cut that comes too soon, the other one merges it.
    mode = FlashFilter.Mode.SUPPRESS if config.detector == "adaptive" else FlashFilter.Mode.MERGE
    flash_filter: Any = FlashFilter(mode, _MIN_FRAMES)
    ends, cut_off = [0], False
    cuts: set[int] = set()
    for part in parts:
        with np.load(io.BytesIO(part.blobs[0].data), allow_pickle=False) as candidates:
            ends.append(int(candidates["end"]))
            cut_off |= bool(candidates["cut_off"])
            cuts.update(candidates["slides"].tolist())
            for tick, cut in zip(candidates["ticks"].tolist(), candidates["cuts"].tolist(), strict=True):
                cuts.update(found.pts for found in flash_filter.filter(_timecode(tick, video), cut))
    return scenes_between(cuts, last_end(video, max(ends), cut_off), video, config)


def last_end(video: Video, seen: int, cut_off: bool) -> int:
    """The tick at which the last scene ends: the end of the video, or of the last frame if the file is truncated.

    Args:
        seen: tick at which the last frame ends; 0 if there was none.
    """
    return seen if cut_off and seen else max(video.duration, seen)


def scenes_between(cuts: Iterable[int], end: int, video: Video, config: SceneConfig) -> StageOutput:
    """Scenes from tick 0 to ``end``, split at the ticks ``cuts``, none shorter than ``config.least_seconds``."""
    least = config.least_seconds / float(video.time_base)
    edges = [0]
    for cut in sorted(cuts):
        if cut - edges[-1] >= least and end - cut >= least:
            edges.append(cut)
    spans = [Span(a, b, video.time_base) for a, b in zip(edges, [*edges[1:], end], strict=True)]
    return StageOutput(records=tuple(Scene(record_id("scn", video.video_id, span), span) for span in spans))


def _timecode(tick: int, video: Video) -> FrameTimecode:
    rate = video.frame_rate or Fraction(25)  # only used for lengths in frames
    return FrameTimecode(Timecode(pts=tick, time_base=video.time_base), fps=rate)
