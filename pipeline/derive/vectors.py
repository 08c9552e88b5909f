"""Vectors of clips and videos, for search and tagging."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from encoders.bundle import Encoders
from encoders.concepts import ConceptSpace
from encoders.heads.specs import OFFICIAL_FRAMES, TRAINED, HeadName, HeadSpec
from encoders.heads.video import open_head
from encoders.reference.aggregation import kmeans_centroids, mean, single_frame
from encoders.spaces import collections, video_collections
from encoders.types import Vectors
from pipeline.derive.labels import Pictures, read_pictures
from pipeline.stage import NEVER, WHEN_SET, Memory
from stores.core.records import Clip, ScreenText, Span, StageOutput, Tracklet, Utterance, VectorItem, Video


@dataclass(frozen=True, slots=True)
class VectorConfig:
    """Which vectors are made.

    Attributes:
        frames_per_centroid: a clip gets one k-means centroid for this many frames, but at least one. Centroids of few
            frames are noisy, and one of many noisy ones matches anything: measured on 24 clips, R@1 is 0.59 with one
            per clip and 0.41 with the square root of the number of frames (in the paper, too, k = 1 is as good as any
            other or better).
        most_centroids: upper bound for the centroids of a clip.
        window_characters, window_seconds: consecutive utterances are joined up to this size for one text vector: single
            sentences lack context, long passages blur.
        clip: what the frames of a clip become: ``kmeans`` centroids, their ``mean``, or the ``single`` one nearest to
            the clip's middle.
        video: what the frames of a video become, for searching whole videos: ``none``, or a head of
            `encoders.heads.video`.
        video_frames: frames of a video that CLIP4Clip and CLIP2Video get, evenly spaced.
        video_weights: path of the official checkpoint of a trained head; video_sha256: its SHA-256.
    """

    frames_per_centroid: int = 10
    most_centroids: int = 4
    window_characters: int = 200
    window_seconds: float = 15.0
    clip: Literal["kmeans", "mean", "single"] = field(default="kmeans", metadata=WHEN_SET)
    video: Literal["none"] | HeadName = field(default="none", metadata=WHEN_SET)
    video_frames: int = field(default=OFFICIAL_FRAMES, metadata=WHEN_SET)
    video_weights: str = field(default="", metadata=NEVER)
    video_sha256: str = field(default="", metadata=WHEN_SET)

    def __post_init__(self) -> None:
        if self.video in TRAINED and not self.video_weights:
            raise ValueError(f"video = {self.video!r} needs video_weights, the path of an official checkpoint")

    @property
    def head(self) -> HeadSpec | None:
        """The head that makes vectors of whole videos; None for ``none``."""
        if self.video == "none":
            return None
        return HeadSpec(
            self.video,
            self.video_weights,
            self.video_sha256,
            self.video_frames,
            self.frames_per_centroid,
            self.most_centroids,
        )


def derive_vectors(
    memory: Memory, encoders: Encoders, fingerprint: str, config: VectorConfig | None = None
) -> StageOutput:
    """The vectors of a video, from stored outputs alone.

    For each clip: picture vectors, one likeness vector, and one object vector if it has objects; text vectors of speech
    and screen text; vectors of the whole video, if ``config.video`` says so.

    Source: k-means centroids as the index of a clip: Portillo-Quintero et al. 2021 (arXiv 2102.12443).
    """
    config = config or VectorConfig()
    names = collections(encoders)
    clips = [record for record in memory.records("clips") if isinstance(record, Clip)]
    pictures = read_pictures(memory)
    tracklets = [record for record in memory.records("tracklets") if isinstance(record, Tracklet)]
    items: list[VectorItem] = []
    for clip in clips:
        rows = pictures.inside(clip)
        fused = _picture_vectors(clip, pictures, rows, config)
        items += [
            VectorItem(names.picture, f"{fingerprint}:{clip.clip_id}:{n}", vector, clip.span, "picture", clip.clip_id)
            for n, vector in enumerate(fused)
        ]
        likeness = mean(pictures.features[rows])
        items.append(
            VectorItem(names.likeness, f"{fingerprint}:{clip.clip_id}:l", likeness, clip.span, "picture", clip.clip_id)
        )
        objects = _object_vector(clip, tracklets, encoders.concepts)
        if objects is not None:
            items.append(
                VectorItem(names.object, f"{fingerprint}:{clip.clip_id}:o", objects, clip.span, "object", clip.clip_id)
            )
    if config.head is not None and memory.video is not None:
        items += _video_vectors(config.head, pictures, memory.video, encoders, fingerprint)
    items += _text_vectors(memory, encoders, names.text, fingerprint, config)
    return StageOutput(vectors=tuple(items))


def _picture_vectors(
    clip: Clip,
    pictures: Pictures,
    rows: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]],
    config: VectorConfig,
) -> Vectors:
    """The picture vectors (k, d) of a clip."""
    frames = pictures.vectors[rows]
    if config.clip == "mean":
        return mean(frames)[None]
    if config.clip == "single":
        middle = int(np.abs(pictures.ticks[rows] - clip.keyframe).argmin())
        return mean(single_frame(frames, middle)[None])[None]  # of unit length again: it was stored in half precision
    k = min(max(1, round(len(rows) / config.frames_per_centroid)), config.most_centroids)
    return kmeans_centroids(frames, k).centroids


def _video_vectors(
    head: HeadSpec, pictures: Pictures, video: Video, encoders: Encoders, fingerprint: str
) -> list[VectorItem]:
    """The vectors of the whole video; none if it has no pictures."""
    if not len(pictures.ticks):
        return []
    lengths = np.linalg.norm(pictures.vectors, axis=1, keepdims=True)
    units = pictures.vectors / np.maximum(lengths, 1e-6)  # they were stored in half precision
    names = video_collections(encoders, head.collections)
    return [
        VectorItem(name, f"{fingerprint}:{video.video_id}:v{space}:{n}", vector, video.whole, "picture")
        for space, (name, rows) in enumerate(
            zip(names, open_head(head, encoders).vectors(units, pictures.lengths), strict=True)
        )
        for n, vector in enumerate(rows)
    ]


def _object_vector(
    clip: Clip, tracklets: Iterable[Tracklet], space: ConceptSpace
) -> np.ndarray[tuple[int], np.dtype[np.float32]] | None:
    """Sum of the prototypes of the objects in the clip, each weighted by the highest confidence of its category."""
    confidence: dict[str, float] = {}
    for tracklet in tracklets:
        if tracklet.concept != "background" and tracklet.span.overlap(clip.span):
            confidence[tracklet.concept] = max(confidence.get(tracklet.concept, 0.0), tracklet.confidence)
    if not confidence:
        return None
    total = sum(space.prototypes[space.index(concept)] * weight for concept, weight in sorted(confidence.items()))
    vector = np.asarray(total, dtype=np.float32)
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def _text_vectors(
    memory: Memory, encoders: Encoders, collection: str, fingerprint: str, config: VectorConfig
) -> list[VectorItem]:
    spoken = [record for record in memory.records("speech") if isinstance(record, Utterance)]
    read = [record for record in memory.records("screentext") if isinstance(record, ScreenText)]
    single: list[list[Utterance | ScreenText]] = [[line] for line in read]
    windows = [w for w in (*_windows(spoken, config), *single) if any(line.text.strip() for line in w)]
    vectors = encoders.text.encode_passages([" ".join(line.text for line in window) for window in windows])
    return [
        VectorItem(
            collection=collection,
            vector_id=f"{fingerprint}:{window[0].evidence_id}:t",
            vector=vector,
            span=Span(window[0].span.start, max(line.span.end for line in window), window[0].span.time_base),
            channel="speech" if isinstance(window[0], Utterance) else "screen",
            evidence_id=window[0].evidence_id,
        )
        for window, vector in zip(windows, vectors, strict=True)
    ]


def _windows(spoken: Sequence[Utterance], config: VectorConfig) -> list[list[Utterance | ScreenText]]:
    windows: list[list[Utterance | ScreenText]] = []
    for line in spoken:
        last = windows[-1] if windows else None
        if (
            last
            and sum(len(said.text) for said in last) + len(line.text) <= config.window_characters
            and float((line.span.end - last[0].span.start) * line.span.time_base) <= config.window_seconds
        ):
            last.append(line)
        else:
            windows.append([line])
    return windows
