"""Vectors of clips: what search and tagging compare with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.aggregation import kmeans_centroids, mean
from encoders.bundle import Encoders
from encoders.concepts import ConceptSpace
from encoders.spaces import collections
from pipeline.derive.labels import Pictures, read_pictures
from pipeline.stage import Memory
from stores.records import Clip, ScreenText, Span, StageOutput, Tracklet, Utterance, VectorItem


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
    """

    frames_per_centroid: int = 10
    most_centroids: int = 4
    window_characters: int = 200
    window_seconds: float = 15.0


def derive_vectors(
    memory: Memory, encoders: Encoders, fingerprint: str, config: VectorConfig | None = None
) -> StageOutput:
    """Picture centroids, one likeness and one object vector per clip; text vectors of speech and screen text.

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
        items += _centroids(clip, pictures, rows, names.picture, fingerprint, config)
        likeness = mean(pictures.features[rows])
        items.append(
            VectorItem(names.likeness, f"{fingerprint}:{clip.clip_id}:l", likeness, clip.span, "picture", clip.clip_id)
        )
        objects = _objects(clip, tracklets, encoders.concepts)
        if objects is not None:
            items.append(
                VectorItem(names.object, f"{fingerprint}:{clip.clip_id}:o", objects, clip.span, "object", clip.clip_id)
            )
    items += _texts(memory, encoders, names.text, fingerprint, config)
    return StageOutput(vectors=tuple(items))


def _centroids(
    clip: Clip,
    pictures: Pictures,
    rows: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]],
    collection: str,
    fingerprint: str,
    config: VectorConfig,
) -> list[VectorItem]:
    k = min(max(1, round(len(rows) / config.frames_per_centroid)), config.most_centroids)
    centroids = kmeans_centroids(pictures.vectors[rows], k).centroids
    return [
        VectorItem(collection, f"{fingerprint}:{clip.clip_id}:{n}", centroid, clip.span, "picture", clip.clip_id)
        for n, centroid in enumerate(centroids)
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
