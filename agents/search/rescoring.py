"""Rescoring in the manner of Socratic Models: the picture score times the scores of transcript and caption.

The paper compares one video with many captions: ``s_clip`` of its frames times ``s_lm`` of its transcript, or
``s_clip`` alone if it has no transcript. A search compares one text with many moments, some of them without speech.
Cosines of sentences are all high and below 1, so multiplying by them would only penalise moments with speech. Therefore
each ``s_lm`` is divided by its mean over the moments with speech: silence counts as average speech, and up to that one
factor the formula is the paper's. Captions, if there are any, are a third factor of the same kind.

``s_clip`` is the contribution of picture vectors to the ratio. The step adds ``s_clip · s_lm · s_caption − s_clip``, so
that contributions still add up. Of the indexed windows of speech that overlap the moment the most similar one counts,
as the paper takes the best caption of a group.

Source: Zeng et al. 2022, arXiv:2204.00598, section on MSR-VTT; `encoders.reference.socratic` has the formula and the
official number of candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agents.search.candidates import Candidate
from agents.search.explanation import SearchTrace
from agents.search.spaces import Spaces
from encoders.reference.socratic import TOP, scores
from stores.library_store import LibraryStore

CHANNEL = "socratic"
"""Name of the step in `Candidate.channels`."""

_TEXTS: tuple[Literal["speech", "caption"], ...] = ("speech", "caption")


def rescored(ordered: list[Candidate], store: LibraryStore, spaces: Spaces, trace: SearchTrace) -> list[Candidate]:
    """``ordered`` with its first `encoders.reference.socratic.TOP` sorted by the product; all others stay where they
    are."""
    best = ordered[:TOP]
    seen = np.array([[_seen(one)] for one in best], np.float32).reshape(len(best), 1)
    product = seen
    compared = 0
    for channel in _TEXTS:
        likeness = _likeness(best, channel, store, spaces, trace)
        there = ~np.isnan(likeness)
        compared += int(there.sum())
        if there.any():
            factor = np.nan_to_num(likeness / likeness[there].mean(), nan=1.0)[:, None].astype(np.float32)
            product = scores(product, factor, there)
    for one, gain in zip(best, (product - seen)[:, 0].tolist(), strict=True):
        if gain:
            one.channels[CHANNEL] = gain
    trace.steps[CHANNEL] = spaces.present.query_encoders.revision("text")
    trace.remarks.append(f"socratic: {compared} transcripts and captions of {len(best)} moments were compared")
    return sorted(best, key=lambda one: -one.ratio) + ordered[TOP:]


def _seen(candidate: Candidate) -> float:
    """The contribution of picture vectors."""
    return candidate.channels.get("picture", 0.0) - candidate.words.get("picture", 0.0)


def _likeness(
    best: Sequence[Candidate],
    channel: Literal["speech", "caption"],
    store: LibraryStore,
    spaces: Spaces,
    trace: SearchTrace,
) -> NDArray[np.float64]:
    """Cosine (n,) of the query with the nearest text of a channel within each candidate; NaN if there is none."""
    found = np.full(len(best), np.nan)
    videos = sorted({one.video_id for one in best})
    for space in spaces.searched():
        query = trace.queries.get(space.names.text)
        if query is None:
            continue
        hits, vectors = store.vectors.fetch(space.names.text, channel, videos)
        cosines = (vectors @ query / np.linalg.norm(vectors, axis=1)).tolist() if hits else []
        for row, one in enumerate(best):
            span = one.clip.span
            inside = [
                cosine
                for hit, cosine in zip(hits, cosines, strict=True)
                if hit.video_id == one.video_id and hit.start < span.end and hit.end > span.start
            ]
            if inside:
                found[row] = max(inside)
    return found
