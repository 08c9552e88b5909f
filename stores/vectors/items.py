"""What may be stored as a vector, and what stands beside it in the index."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stores.core.records import StageKey, VectorItem

_ROUNDING = 1e-6  # a few units in the last place of float32 below 1
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]")
_Vectors = NDArray[np.float32]


def check_vectors(items: Sequence[VectorItem]) -> None:
    """Refuses what would poison the index.

    Raises:
        ValueError: a name Chroma does not take, an id twice, a vector that is not (d,), finite and other than zero.
    """
    seen: set[tuple[str, str]] = set()
    for item in items:
        if not _NAME.fullmatch(item.collection):
            raise ValueError(f"not a collection's name (3 to 512 of a-z A-Z 0-9 . _ -): {item.collection!r}")
        if (item.collection, item.vector_id) in seen:
            raise ValueError(f"two vectors share the id {item.vector_id!r}")
        seen.add((item.collection, item.vector_id))
        if item.vector.ndim != 1 or not np.isfinite(item.vector).all() or not item.vector.any():
            raise ValueError(f"vector {item.vector_id!r} is not a direction: shape {item.vector.shape}")


def agrees(raw: tuple[_Vectors, Mapping[str, Any]] | None, item: VectorItem, key: StageKey) -> bool:
    """Whether what `VectorStore.get_raw` returned for an id is what ``item`` says."""
    if raw is None or dict(raw[1]) != metadata_of(item, key) or raw[0].shape != item.vector.shape:
        return False
    # Chroma's index may bring a vector to unit length by its own arithmetic.
    lengths = float(np.linalg.norm(raw[0])), float(np.linalg.norm(item.vector))
    return bool(np.allclose(raw[0] / lengths[0], item.vector / lengths[1], rtol=0.0, atol=_ROUNDING))


def metadata_of(item: VectorItem, key: StageKey) -> dict[str, str | int]:
    """What is stored beside a vector."""
    return {
        "video_id": key.video_id,
        "stage": key.stage,
        "fingerprint": key.fingerprint,
        "channel": item.channel,
        "start": item.span.start,
        "end": item.span.end,
        "clip_id": item.clip_id,
        "evidence_id": item.evidence_id,
    }
