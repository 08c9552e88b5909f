"""Vectors of clips: what search and tagging compare with."""

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
    """How many vectors stand for what.

    Attributes:
        frames_per_centroid: a clip gets one k-means centroid for so many frames, at least one. A centroid of a few
            frames is noisy, and the best of many noisy ones matches anything: measured on 24 clips, R@1 0.59 with
            one per clip against 0.41 with the square root of the frame count (the paper, too, found k = 1 best or
            equal).
        most_centroids: upper bound.
        window_characters, window_seconds: consecutive utterances are joined up to this for one text vector: single
            short sentences lack context, long ones blur.
        clip: what the frames of a clip become: ``kmeans`` centroids, their ``mean``, or the ``single`` one nearest to
            the clip's middle.
        video: what the frames of a video become, to find whole videos by: ``none``, or a head of
            `encoders.heads.video`.
        video_frames: frames of a video that CLIP4Clip and CLIP2Video are shown, evenly spread.
        video_weights: official checkpoint of a trained head; video_sha256: what it must hash to.
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
        """What makes vectors of whole videos; None if nothing is to."""
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
    """Picture vectors, one likeness and one object vector per clip; text vectors of speech and screen text; vectors of
    the whole video, if wanted. No picture is decoded.

    Source: k-means centroids as what a clip is indexed by: Portillo-Quintero et al. 2021 (arXiv 2102.12443).
    """
    config = config or VectorConfig()
    names = collections(encoders)
    clips = [record for record in memory.records("clips") if isinstance(record, Clip)]
    pictures = read_pictures(memory)
    tracklets = [record for record in memory.records("tracklets") if isinstance(record, Tracklet)]
    items: list[VectorItem] = []
    for clip in clips:
        rows = pictures.inside(clip)
        fused = _fused(clip, pictures, rows, config)
        items += [
            VectorItem(names.picture, f"{fingerprint}:{clip.clip_id}:{n}", vector, clip.span, "picture", clip.clip_id)
            for n, vector in enumerate(fused)
        ]
        likeness = mean(pictures.features[rows])
        items.append(
            VectorItem(names.likeness, f"{fingerprint}:{clip.clip_id}:l", likeness, clip.span, "picture", clip.clip_id)
        )
        objects = _objects(clip, tracklets, encoders.concepts)
        if objects is not None:
            items.append(
                VectorItem(names.object, f"{fingerprint}:{clip.clip_id}:o", objects, clip.span, "object", clip.clip_id)
            )
    if config.head is not None and memory.video is not None:
        items += _whole(config.head, pictures, memory.video, encoders, fingerprint)
    items += _texts(memory, encoders, names.text, fingerprint, config)
    return StageOutput(vectors=tuple(items))


def _fused(
    clip: Clip,
    pictures: Pictures,
    rows: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]],
    config: VectorConfig,
) -> Vectors:
    """What the clip is found by, (k, d)."""
    frames = pictures.vectors[rows]
    if config.clip == "mean":
        return mean(frames)[None]
    if config.clip == "single":
        middle = int(np.abs(pictures.ticks[rows] - clip.keyframe).argmin())
        return mean(single_frame(frames, middle)[None])[None]  # of unit length: it was kept in half precision
    k = min(max(1, round(len(rows) / config.frames_per_centroid)), config.most_centroids)
    return kmeans_centroids(frames, k).centroids


def _whole(head: HeadSpec, pictures: Pictures, video: Video, encoders: Encoders, fingerprint: str) -> list[VectorItem]:
    """What the video as a whole is found by; nothing if it has no pictures."""
    if not len(pictures.ticks):
        return []
    lengths = np.linalg.norm(pictures.vectors, axis=1, keepdims=True)
    units = pictures.vectors / np.maximum(lengths, 1e-6)  # they were kept in half precision
    names = video_collections(encoders, head.collections)
    return [
        VectorItem(name, f"{fingerprint}:v{space}:{n}", vector, video.whole, "picture")
        for space, (name, rows) in enumerate(
            zip(names, open_head(head, encoders).vectors(units, pictures.lengths), strict=True)
        )
        for n, vector in enumerate(rows)
    ]


def _objects(
    clip: Clip, tracklets: Iterable[Tracklet], space: ConceptSpace
) -> np.ndarray[tuple[int], np.dtype[np.float32]] | None:
    """Sum of the prototypes of what was followed in the clip, weighted by the surest of each category."""
    surest: dict[str, float] = {}
    for tracklet in tracklets:
        if tracklet.concept != "background" and tracklet.span.overlap(clip.span):
            surest[tracklet.concept] = max(surest.get(tracklet.concept, 0.0), tracklet.confidence)
    if not surest:
        return None
    total = sum(space.prototypes[space.index(concept)] * weight for concept, weight in sorted(surest.items()))
    vector = np.asarray(total, dtype=np.float32)
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def _texts(
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
