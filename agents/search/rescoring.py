"""What is seen times what is said: the best moments scored again in the manner of Socratic Models.

The paper compares one video with many captions: ``s_clip`` of its frames times ``s_lm`` of its transcript, or
``s_clip`` alone where it has none. A search compares one text with many moments, some of which say nothing; raw cosines
of sentences, which all lie high and below 1, would then only punish whoever speaks. So each ``s_lm`` is divided by its
mean over the moments that say something: who says nothing counts as if it said something average, and the formula is
the paper's up to that one factor. Captions, where there are any, are a third factor of the same kind.

``s_clip`` here is what likeness of pictures gave to the ratio; the step adds ``s_clip · s_lm · s_caption − s_clip`` to
it, so that a moment's parts still add up. What is said is compared as it was indexed: the best of the windows of speech
that touch the moment, as the paper takes the best caption of a group.

Source: Zeng et al. 2022, arXiv:2204.00598, section on MSR-VTT; `encoders.reference.socratic` has the formula and its
    official
number of candidates.
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
    """``ordered`` with its first `encoders.reference.socratic.TOP` in the order of the whole score; those behind them
    stay."""
    best = ordered[:TOP]
    seen = np.array([[_seen(one)] for one in best], np.float32).reshape(len(best), 1)
    whole = seen
    told = 0
    for channel in _TEXTS:
        likeness = _likeness(best, channel, store, spaces, trace)
        there = ~np.isnan(likeness)
        told += int(there.sum())
        if there.any():
            factor = np.nan_to_num(likeness / likeness[there].mean(), nan=1.0)[:, None].astype(np.float32)
            whole = scores(whole, factor, there)
    for one, gain in zip(best, (whole - seen)[:, 0].tolist(), strict=True):
        if gain:
            one.channels[CHANNEL] = gain
    trace.steps[CHANNEL] = spaces.searched()[0].ask.revision("text")
    trace.remarks.append(f"socratic: {told} transcripts and captions of {len(best)} moments were compared")
    return sorted(best, key=lambda one: -one.ratio) + ordered[TOP:]


def _seen(candidate: Candidate) -> float:
    """What likeness of pictures gave."""
    return candidate.channels.get("picture", 0.0) - candidate.words.get("picture", 0.0)


def _likeness(
    best: Sequence[Candidate],
    channel: Literal["speech", "caption"],
    store: LibraryStore,
    spaces: Spaces,
    trace: SearchTrace,
) -> NDArray[np.float64]:
    """Cosine (n,) of the query with what is told on a channel within each candidate; NaN where nothing is."""
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
