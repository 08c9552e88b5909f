"""Tracklets: detections of one object followed over time; the scene itself is a tracklet of its own.

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
        still: shift of the box's centre, as a share of the picture, below which an object stands still.
        growth: factor of the box's area from which an object comes nearer (its inverse: goes farther).
        min_single_score: detections seen in one frame only need this score to be kept.
    """

    still: float = 0.08
    growth: float = 1.6
    min_single_score: float = 0.5


@dataclass(frozen=True, slots=True)
class Sightings:
    """The blob ``objects.npz``: m detections as parallel arrays; ticks rise.

    Attributes:
        ticks: (m,) int64; concepts: m ids; scores: (m,) float32; boxes: (m, 4) float32 fractions; colours: m names.
        frames: (n,) int64 ticks of all frames that were looked at, with or without detections.
        scenery: the dominant colour of each of these frames.
    """

    ticks: NDArray[np.int64]
    concepts: NDArray[np.str_]
    scores: NDArray[np.float32]
    boxes: Boxes
    colours: NDArray[np.str_]
    frames: NDArray[np.int64]
    scenery: NDArray[np.str_]


def read_sightings(memory: Memory) -> Sightings:
    """The stored detections of a video."""
    with np.load(io.BytesIO(memory.blob("objects", "objects.npz")), allow_pickle=False) as file:
        return Sightings(**{name: file[name] for name in Sightings.__slots__})


def derive_tracklets(
    video: Video, memory: Memory, space: ConceptSpace, config: TrackletConfig | None = None
) -> StageOutput:
    """One tracklet per object followed within a scene, and one for the background, spanning the video."""
    config = config or TrackletConfig()
    seen = read_sightings(memory)
    scenes = [record.span for record in memory.records("scenes") if isinstance(record, Scene)] or [video.whole]
    voices = [record.span for record in memory.records("speech_activity") if isinstance(record, SpeechActivity)]
    tracklets = []
    for scene in scenes:
        rows = np.flatnonzero((seen.ticks >= scene.start) & (seen.ticks < scene.end))
        frames = seen.frames[(seen.frames >= scene.start) & (seen.frames < scene.end)]
        for track in follow(frames, seen.ticks[rows], seen.concepts[rows], seen.scores[rows], seen.boxes[rows]):
            followed = rows[track]
            if len(followed) == 1 and seen.scores[followed[0]] < config.min_single_score:
                continue
            last = _until(seen.frames, int(seen.ticks[followed[-1]]), scene)
            span = Span(int(seen.ticks[followed[0]]), last, video.time_base)
            tracklets.append(_tracklet(video, seen, followed, span, voices, space, config))
    return StageOutput(records=(*tracklets, _background(video, seen, scenes, voices)))


def _until(frames: NDArray[np.int64], seen_last: int, scene: Span) -> int:
    """An object is taken to be there until the next frame that was looked at, or the end of its scene."""
    later = frames[frames > seen_last]
    return max(seen_last + 1, min(int(later[0]) if len(later) else scene.end, scene.end))


def _tracklet(
    video: Video,
    seen: Sightings,
    rows: NDArray[np.int64],
    span: Span,
    voices: list[Span],
    space: ConceptSpace,
    config: TrackletConfig,
) -> Tracklet:
    concept = space.get(str(seen.concepts[rows[0]]))
    path = tuple((int(seen.ticks[row]), *(round(float(edge), 4) for edge in seen.boxes[row])) for row in rows)
    return Tracklet(
        evidence_id=record_id("trk", video.video_id, span, concept.concept_id, path[0][1:]),
        span=span,
        concept=concept.concept_id,
        category=concept.name,
        category_zh=";".join(concept.zh),
        broader=concept.broader,
        appearance=_colours(seen.colours[rows]),
        motion=motion_word(seen.boxes[rows], config),
        trajectory=path,  # type: ignore[arg-type]  # a starred tuple of four
        audio=_audio(span, video, voices),
        confidence=round(float(seen.scores[rows].mean()), 4),
    )


def _background(video: Video, seen: Sightings, scenes: list[Span], voices: list[Span]) -> Tracklet:
    end = max(scene.end for scene in scenes) or int(seen.frames.max(initial=0)) + 1
    span = Span(0, end, video.time_base)
    return Tracklet(
        evidence_id=record_id("trk", video.video_id, span, "background"),
        span=span,
        concept="background",
        category="background",
        category_zh="背景",
        broader=(),
        appearance=_colours(seen.scenery),
        motion="still",
        trajectory=(),
        audio=_audio(span, video, voices),
        confidence=1.0,
    )


def motion_word(boxes: Boxes, config: TrackletConfig | None = None) -> str:
    """How an object moves over its boxes (n, 4): ``still``, ``left``, ``right``, ``up``, ``down``, ``nearer``,
    ``farther`` or ``wandering`` (it moved, and came back)."""
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


def _audio(span: Span, video: Video, voices: list[Span]) -> str:
    if not video.has_audio:
        return "silence"
    return "speech" if any(span.overlap(voice) for voice in voices) else "sound"
