"""Labels: the classes that the picture encoder's classifier found in each clip, by name."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from encoders.concepts import ConceptSpace
from encoders.zero_shot import ZeroShot
from pipeline.stage import Memory
from stores.core.ids import record_id
from stores.core.records import Clip, Label, StageOutput, Video

_TOP_K = 16  # classes of each frame that count, as many as `pipeline.observers.pictures` stores


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """Which classes become labels.

    Attributes:
        max_labels: most labels of one clip.
        min_peak: a class whose probability is below this in every frame of the clip is noise (50 times chance, with
            1000 classes).
    """

    max_labels: int = 8
    min_peak: float = 0.05


@dataclass(frozen=True, slots=True)
class Pictures:
    """The blob ``pictures.npz``: n frames with their vectors and most probable classes.

    Attributes:
        ticks: (n,) int64; vectors: (n, d) float32; top_ids: (n, 16) int; top_probabilities: (n, 16) float32.
        features: (n, e) float32.
        lengths: (n,) float32 norms of the vectors before normalisation; None if the encoder does not return them.
    """

    ticks: NDArray[np.int64]
    vectors: NDArray[np.float32]
    top_ids: NDArray[np.int32]
    top_probabilities: NDArray[np.float32]
    features: NDArray[np.float32]
    lengths: NDArray[np.float32] | None = None

    def inside(self, clip: Clip) -> NDArray[np.int64]:
        """Rows of the frames in the clip; if there are none, of the frame nearest to its key frame."""
        rows = np.flatnonzero((self.ticks >= clip.span.start) & (self.ticks < clip.span.end))
        return rows if len(rows) else np.array([int(np.abs(self.ticks - clip.keyframe).argmin())])


def read_pictures(memory: Memory) -> Pictures:
    """The stored frame embeddings of a video."""
    with np.load(io.BytesIO(memory.blob("pictures", "pictures.npz")), allow_pickle=False) as file:
        return Pictures(
            ticks=file["ticks"],
            vectors=file["vectors"].astype(np.float32),
            top_ids=file["top_ids"],
            top_probabilities=file["top_probabilities"].astype(np.float32),
            features=file["features"].astype(np.float32),
            lengths=file["lengths"] if "lengths" in file.files and len(file["lengths"]) == len(file["ticks"]) else None,
        )


def derive_labels(
    video: Video,
    memory: Memory,
    space: ConceptSpace,
    config: LabelConfig | None = None,
    zero_shot: ZeroShot | None = None,
) -> StageOutput:
    """Up to ``config.max_labels`` labels of each clip, the most probable first.

    Args:
        zero_shot: classifies frames by their vectors; for picture models without classes of their own.
    """
    config = config or LabelConfig()
    pictures = read_pictures(memory)
    if zero_shot is not None and len(pictures.ticks):
        pictures = _classified(pictures, zero_shot)
    labels: list[Label] = []
    for clip in (record for record in memory.records("clips") if isinstance(record, Clip)):
        rows = pictures.inside(clip)
        total: dict[int, float] = defaultdict(float)
        peak: dict[int, float] = defaultdict(float)
        for ids, probabilities in zip(pictures.top_ids[rows], pictures.top_probabilities[rows], strict=True):
            for class_id, probability in zip(ids.tolist(), probabilities.tolist(), strict=True):
                total[class_id] += probability / len(rows)
                peak[class_id] = max(peak[class_id], probability)
        kept = [class_id for class_id in total if peak[class_id] >= config.min_peak]
        for class_id in sorted(kept, key=lambda c: (-total[c], c))[: config.max_labels]:
            concept = space.get(f"imagenet:{class_id}")
            labels.append(
                Label(
                    evidence_id=record_id("lbl", video.video_id, clip.span, concept.concept_id),
                    span=clip.span,
                    clip_id=clip.clip_id,
                    concept=concept.concept_id,
                    name=concept.name,
                    name_zh=";".join(concept.zh),
                    broader=concept.broader,
                    score=round(total[class_id], 4),
                    peak=round(peak[class_id], 4),
                )
            )
    return StageOutput(records=tuple(labels))


def _classified(pictures: Pictures, zero_shot: ZeroShot) -> Pictures:
    """The frames with the classes whose names are nearest to their vectors."""
    lengths = np.maximum(np.linalg.norm(pictures.vectors, axis=1, keepdims=True), 1e-6)  # stored in half precision
    probabilities = zero_shot.classify(pictures.vectors / lengths)
    top = np.argsort(-probabilities, axis=1, kind="stable")[:, :_TOP_K]
    return replace(
        pictures, top_ids=top.astype(np.int32), top_probabilities=np.take_along_axis(probabilities, top, axis=1)
    )
