"""Tracklets: detections of one object tracked over time; the background is a tracklet of its own.

Fields after ChatVideo (Wang et al. 2023, section 3.1): id, category, appearance, motion, trajectory, audio, span.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.concepts import ConceptSpace
from pipeline.derive.tracker import follow
from pipeline.stage import Memory
from stores.core.ids import record_id
from stores.core.records import Scene, Span, SpeechActivity, StageOutput, Tracklet, Video

Boxes = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrackletConfig:
    """How detections become tracklets.

    Attributes:
        still: shift of the box's centre, as a fraction of the picture, below which an object does not move.
        growth: growth factor of the box's area from which an object comes nearer (below its inverse: moves away).
        min_single_score: least score of an object that was detected in one frame only.
    """

    still: float = 0.08
    growth: float = 1.6
    min_single_score: float = 0.5


@dataclass(frozen=True, slots=True)
class StoredDetections:
    """The blob ``objects.npz``: m detections as parallel arrays, in order of time.

    Attributes:
        ticks: (m,) int64; concepts: m ids; scores: (m,) float32; boxes: (m, 4) float32 fractions; colours: m names.
        frames: (n,) int64 ticks of all sampled frames, with or without detections.
        scenery: (n,) names, the dominant colour of each of these frames.
    """

    ticks: NDArray[np.int64]
    concepts: NDArray[np.str_]
    scores: NDArray[np.float32]
    boxes: Boxes
    colours: NDArray[np.str_]
    frames: NDArray[np.int64]
    scenery: NDArray[np.str_]


def read_detections(memory: Memory) -> StoredDetections:
    """The stored detections of a video."""
    with np.load(io.BytesIO(memory.blob("objects", "objects.npz")), allow_pickle=False) as file:
        return StoredDetections(**{name: file[name] for name in StoredDetections.__slots__})


def derive_tracklets(
    video: Video, memory: Memory, space: ConceptSpace, config: TrackletConfig | None = None
) -> StageOutput:
    """One tracklet for each object tracked within a scene, and one for the background, which spans the video."""
    config = config or TrackletConfig()
    detections = read_detections(memory)
    scenes = [record.span for record in memory.records("scenes") if isinstance(record, Scene)] or [video.whole]
    speech = [record.span for record in memory.records("speech_activity") if isinstance(record, SpeechActivity)]
    source = _Source(video, detections, speech, space, config)
    tracklets = []
    for scene in scenes:
        rows = np.flatnonzero((detections.ticks >= scene.start) & (detections.ticks < scene.end))
        frames = detections.frames[(detections.frames >= scene.start) & (detections.frames < scene.end)]
        ticks, concepts = detections.ticks[rows], detections.concepts[rows]
        for track in follow(frames, ticks, concepts, detections.scores[rows], detections.boxes[rows]):
            tracked = rows[track]
            if len(tracked) == 1 and detections.scores[tracked[0]] < config.min_single_score:
                continue
            last = _until(detections.frames, int(detections.ticks[tracked[-1]]), scene)
            tracklets.append(_tracklet(source, tracked, last))
    return StageOutput(records=(*tracklets, _background(source, scenes)))


@dataclass(frozen=True, slots=True)
class _Source:
    """What the tracklets of one video are made from; ``speech`` are the spans of speech activity."""

    video: Video
    detections: StoredDetections
    speech: list[Span]
    space: ConceptSpace
    config: TrackletConfig


def _until(frames: NDArray[np.int64], last_seen: int, scene: Span) -> int:
    """The end of a tracklet: the next sampled frame, or the end of its scene."""
    later = frames[frames > last_seen]
    return max(last_seen + 1, min(int(later[0]) if len(later) else scene.end, scene.end))


def _tracklet(source: _Source, rows: NDArray[np.int64], end: int) -> Tracklet:
    """The tracklet of the detections in ``rows``, which ends at tick ``end``."""
    video, detections = source.video, source.detections
    span = Span(int(detections.ticks[rows[0]]), end, video.time_base)
    concept = source.space.get(str(detections.concepts[rows[0]]))
    path = tuple(
        (int(detections.ticks[row]), *(round(float(edge), 4) for edge in detections.boxes[row])) for row in rows
    )
    return Tracklet(
        evidence_id=record_id("trk", video.video_id, span, concept.concept_id, path[0][1:]),
        span=span,
        concept=concept.concept_id,
        category=concept.name,
        category_zh=";".join(concept.zh),
        broader=concept.broader,
        appearance=_colours(detections.colours[rows]),
        motion=motion_word(detections.boxes[rows], source.config),
        trajectory=path,  # type: ignore[arg-type]  # a starred tuple of four
        audio=_audio(span, video, source.speech),
        confidence=round(float(detections.scores[rows].mean()), 4),
    )


def _background(source: _Source, scenes: list[Span]) -> Tracklet:
    video, detections = source.video, source.detections
    end = max(scene.end for scene in scenes) or int(detections.frames.max(initial=0)) + 1
    span = Span(0, end, video.time_base)
    return Tracklet(
        evidence_id=record_id("trk", video.video_id, span, "background"),
        span=span,
        concept="background",
        category="background",
        category_zh="背景",
        broader=(),
        appearance=_colours(detections.scenery),
        motion="still",
        trajectory=(),
        audio=_audio(span, video, source.speech),
        confidence=1.0,
    )


def motion_word(boxes: Boxes, config: TrackletConfig | None = None) -> str:
    """How an object with these boxes (n, 4) moves: ``still``, ``left``, ``right``, ``up``, ``down``, ``nearer``,
    ``farther``, or ``wandering`` (it moved and came back)."""
    config = config or TrackletConfig()
    centres = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], axis=1)
    areas = np.maximum((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), 1e-6)
    shift = centres[-1] - centres[0]
    if np.abs(shift).max() >= config.still:
        if abs(shift[0]) >= abs(shift[1]):
            return "right" if shift[0] > 0 else "left"
        return "down" if shift[1] > 0 else "up"
    growth = areas[-1] / areas[0]
    if growth >= config.growth:
        return "nearer"
    if growth <= 1 / config.growth:
        return "farther"
    return "wandering" if np.ptp(centres, axis=0).max() >= 2 * config.still else "still"


def _colours(names: NDArray[np.str_]) -> str:
    common = Counter(str(name) for name in names if name).most_common(2)
    return ", ".join(name for name, count in common if 3 * count >= len(names))


def _audio(span: Span, video: Video, speech: list[Span]) -> str:
    if not video.has_audio:
        return "silence"
    return "speech" if any(span.overlap(one) for one in speech) else "sound"
