"""Finding moments that look like a given one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from agents.search.finder import PER_VIDEO, RECALL, SEARCHED_STAGES, Found, Moment, described
from agents.search.pictures import least_likeness
from agents.search.ways.thumbnails import Thumbnails
from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import Clip, Span
from stores.library_store import LibraryStore
from stores.vectors.store import VectorHit


def similar(
    store: LibraryStore,
    encoders: Encoders,
    video_id: str,
    span: Span,
    k: int,
    video_ids: Sequence[str] | None = None,
) -> Found:
    """The ``k`` moments that look most like a span of a video: by the mean of the visual features of its clips.

    Its own clips are not among them. ``score`` is 0.5 at the cosine from which two clips show the same material
    (`agents.search.pictures.least_likeness`), and linear below and above: our choice.

    Args:
        video_id: of an indexed video; of another one, nothing is found.
        video_ids: look only in these; None for all.
    """
    collection = collections(encoders).likeness
    hits, vectors = store.vectors.fetch(collection, video_ids=[video_id])
    inside = [row for row, hit in enumerate(hits) if hit.start < max(span.end, span.start + 1) and hit.end > span.start]
    health = store.catalog.index_health(SEARCHED_STAGES, video_ids)
    if not inside:
        return Found("", "no_match", health, ())
    mean = vectors[inside].mean(axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    own = {hits[row].clip_id for row in inside}
    near = [hit for hit in store.vectors.query(collection, mean, RECALL, video_ids) if hit.clip_id not in own]
    least = least_likeness(encoders)
    moments = _moments(store, near, k, least)
    verdict: Literal["match", "no_match"] = "match" if moments and moments[0].score >= 0.5 else "no_match"
    return Found("", verdict, health, moments)


def _moments(store: LibraryStore, near: Sequence[VectorHit], k: int, least: float) -> tuple[Moment, ...]:
    there = store.catalog.clips_at_hand([hit.clip_id for hit in near])
    clips = {clip.clip_id: clip for some in there.values() for clip in some}
    shown: Counter[str] = Counter()
    best: list[tuple[VectorHit, Clip]] = []
    for hit in near:
        if hit.clip_id in clips and shown[hit.video_id] < PER_VIDEO and len(best) < k:
            shown[hit.video_id] += 1
            best.append((hit, clips[hit.clip_id]))
    pictures = Thumbnails(store, set(shown))
    return tuple(
        Moment(
            rank=rank,
            video_id=hit.video_id,
            clip_id=clip.clip_id,
            span=clip.span,
            score=_score(hit.similarity, least),
            ratio=hit.similarity,
            channels={"picture": hit.similarity},
            text=text,
            text_channel=channel,
            thumbnail=pictures.of(hit.video_id, clip),
        )
        for rank, (hit, clip) in enumerate(best, start=1)
        for text, channel in (described(store, hit.video_id, clip.span),)
    )


def _score(cosine: float, least: float) -> float:
    if cosine < least:
        return max(0.0, 0.5 * cosine / least)
    return min(1.0, 0.5 + 0.5 * (cosine - least) / (1.0 - least))
