"""Texts beside pictures of a model with a text tower of its own: each picture has the scale."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from agents.search.pictures import LIKENESS, PictureCollection, best_fits, least_likeness, near_pictures
from encoders.bundle import Encoders
from encoders.types import WeightsError
from encoders.zero_shot import ZeroShot
from stores.vectors.store import VectorHit


def unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def space() -> ZeroShot:
    rows = unit(np.random.default_rng(1).standard_normal((300, 63)))
    # Texts lie in a cone of their own: all have the same share of one direction.
    return ZeroShot(unit(np.hstack([np.full((300, 1), 0.6, np.float32), rows])), 200, 50.0, "12345678")


def pictured(space: ZeroShot, concept: int, drift: float) -> Any:
    """A picture of a concept: some way to it, and nearer to all texts or farther from them by ``drift``."""
    away = np.zeros(64)
    away[0] = drift
    noise = 0.01 * np.random.default_rng(concept).standard_normal(64)
    return unit((0.6 * space.prototypes[concept] + away + noise)[None])[0]


def encoders(space: ZeroShot, **preprocessing: object) -> Encoders:
    """As much of a bundle as is asked: queries are the concept of that number."""
    texts = SimpleNamespace(encode_queries=lambda asked: space.prototypes[[int(text) for text in asked]])
    spec = SimpleNamespace(name="tiny", preprocessing=preprocessing)
    return cast(Encoders, SimpleNamespace(zero_shot=space, image_text=texts, spec=lambda _: spec))


def test_what_is_there_has_a_ratio_near_one_however_far_pictures_lie_from_texts(space: ZeroShot):
    pictures = np.stack([pictured(space, concept, drift) for concept, drift in ((5, 0.0), (9, 3.0), (40, -3.0))])
    hits = [VectorHit(f"v{i}", "vid", "picture", i, i + 1, f"clip{i}", "") for i in range(3)]

    class Vectors:
        def query(self, _name: str, vector: Any, _k: int, video_ids: Any = None) -> list[VectorHit]:
            found = [
                VectorHit(hit.vector_id, "vid", "picture", hit.start, hit.end, hit.clip_id, "", float(row @ vector))
                for hit, row in zip(hits, pictures, strict=True)
            ]
            return sorted(found, key=lambda hit: -hit.similarity)

        def values(self, _name: str, _vector_ids: Any) -> Any:
            return dict(zip((hit.vector_id for hit in hits), pictures, strict=True))

    store = cast(Any, SimpleNamespace(vectors=Vectors()))
    for concept, clip in ((5, "clip0"), (9, "clip1"), (40, "clip2")):
        near = {
            hit.clip_id: ratio
            for hit, ratio in near_pictures(str(concept), PictureCollection(store, encoders(space), "p"), 9)
        }
        assert near[clip] == pytest.approx(1.0, abs=0.05)
        assert all(ratio < 0.6 for other, ratio in near.items() if other != clip)


def test_each_text_finds_the_picture_that_it_fits_best(space: ZeroShot):
    pictures = np.stack([pictured(space, 5, 0.0), pictured(space, 9, 2.0)])
    z, rows = best_fits(encoders(space), space.prototypes[[9, 5, 200]], pictures)
    assert rows[:2].tolist() == [1, 0]
    assert (z[:2] > 4.0).all()
    assert z[2] < 4.0


def test_likeness_may_belong_to_the_model(space: ZeroShot):
    assert least_likeness(encoders(space)) == LIKENESS
    assert least_likeness(encoders(space, likeness=0.9)) == 0.9
    with pytest.raises(WeightsError, match="likeness"):
        least_likeness(encoders(space, likeness="much"))
