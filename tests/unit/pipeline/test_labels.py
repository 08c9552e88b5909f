"""Labels of a picture model that has no classes: what its text tower's names of classes are nearest to."""

from __future__ import annotations

import io
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from encoders.bundle import Encoders
from encoders.concepts import ConceptSpace
from encoders.zero_shot import ZeroShot
from pipeline.derive.labels import derive_labels
from stores.core.records import Clip, Label, Span


@pytest.fixture(scope="module")
def space() -> ConceptSpace:
    return ConceptSpace.load(Encoders.open().spec("text").revision)


@pytest.fixture(scope="module")
def zero_shot(space: ConceptSpace) -> ZeroShot:
    rows = np.random.default_rng(0).standard_normal((len(space.concepts), 48)).astype(np.float32)
    return ZeroShot(rows / np.linalg.norm(rows, axis=1, keepdims=True), 1000, 60.0, "12345678")


class Remembered:
    """A video of two clips, whose frames were encoded by a model without classes."""

    def __init__(self, vectors: Any) -> None:
        file = io.BytesIO()
        np.savez(
            file,
            ticks=np.arange(len(vectors)) * 1000,
            vectors=vectors.astype(np.float16),
            features=vectors.astype(np.float16),
            top_ids=np.zeros((len(vectors), 0), np.int32),
            top_probabilities=np.zeros((len(vectors), 0), np.float16),
        )
        self._file = file.getvalue()

    def records(self, _stage: str) -> list[Clip]:
        base = Fraction(1, 1000)
        return [Clip(f"clip{i}", Span(start, start + 2000, base), start) for i, start in enumerate((0, 2000))]

    def blob(self, _stage: str, _name: str) -> bytes:
        return self._file


def test_frames_are_named_after_the_nearest_names(space: ConceptSpace, zero_shot: ZeroShot):
    shown = [7, 7, 300, 300]
    memory = cast(Any, Remembered(zero_shot.prototypes[shown]))
    video = cast(Any, SimpleNamespace(video_id="vid"))
    assert derive_labels(video, memory, space).records == ()
    labels = [cast(Label, one) for one in derive_labels(video, memory, space, None, zero_shot).records]
    assert [(label.clip_id, label.concept) for label in labels] == [("clip0", "imagenet:7"), ("clip1", "imagenet:300")]
    assert [label.name for label in labels] == [space.concepts[7].name, space.concepts[300].name]
    assert all(label.score > 0.9 for label in labels)


def test_a_video_without_frames_has_no_labels(space: ConceptSpace, zero_shot: ZeroShot):
    memory = cast(Any, Remembered(zero_shot.prototypes[:1]))
    memory.records = lambda _stage: []
    assert derive_labels(cast(Any, SimpleNamespace(video_id="v")), memory, space, None, zero_shot).records == ()
