"""Faces in a library, made of numbers: what people stores are given, without any model."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from stores.core.ids import record_id
from stores.core.records import FaceTrack, VectorItem
from stores.library_store import LibraryStore
from tests.unit.stores.builders import put, span

COLLECTION = "face-toy-1"
DIM = 64
SECOND = 12_800


def looks(who: int, shot: int = 0, noise: float = 0.35) -> NDArray[np.float32]:
    """A unit vector of somebody: two shots of one are at least .85 alike, two people's below .45."""
    rng = np.random.default_rng(who)
    base = rng.normal(size=DIM)
    base /= np.linalg.norm(base)
    change = np.random.default_rng((who, shot, 7)).normal(size=DIM)
    vector = base + noise * change / np.linalg.norm(change)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def track(video_id: str, start: float, end: float, x: float = 0.2, name: str = "woman") -> FaceTrack:
    """A face at one place, seen once a second."""
    where = span(round(start * SECOND), round(end * SECOND))
    box = (x, 0.2, x + 0.2, 0.5)
    ticks = [round(second * SECOND) for second in np.arange(start, end)]
    return FaceTrack(
        evidence_id=record_id("fac", video_id, where, box),
        span=where,
        name=name,
        name_zh={"woman": "女人;女性", "man": "男人;男性"}.get(name, "脸"),
        trajectory=tuple((tick, *box) for tick in ticks),
        female=0.9,
        confidence=0.9,
    )


def put_faces(
    store: LibraryStore,
    video_id: str,
    faces: Sequence[tuple[int, float, float, float]],
    fingerprint: str = "f1",
    men: Collection[int] = (),
) -> list[str]:
    """Commit the stage ``faces`` with (who, start, end, x) each, women but for ``men``; the ids of the tracks."""
    tracks = [track(video_id, start, end, x, "man" if who in men else "woman") for who, start, end, x in faces]
    items = [
        VectorItem(
            COLLECTION,
            f"{fingerprint}:{one.evidence_id}:f",
            looks(who, round(one.span.seconds[0] * 10)),
            one.span,
            "face",
            evidence_id=one.evidence_id,
        )
        for one, (who, *_) in zip(tracks, faces, strict=True)
    ]
    put(store, video_id, "faces", *tracks, fingerprint=fingerprint, vectors=items)
    return [one.evidence_id for one in tracks]
