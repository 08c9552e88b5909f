"""Reranking by image-text matching (ITM): a cross-encoder tells how likely a frame and the query match.

The retrieval of BLIP and ALBEF recalls by similarity of vectors and sorts the k best by match logit plus similarity;
all others come after them. Here the same sum is taken in log odds: recall gives ``STEEPNESS · (ratio − MATCH_RATIO)``
(`agents.search.scoring`), a match probability p gives ``ln(p / (1 − p))`` (the difference of the head's two logits),
and the two add up like independent evidence. So reranking adds ``ln(p / (1 − p)) / STEEPNESS`` to the ratio, which may
be negative, and the score remains a confidence.

Source: official code salesforce/BLIP, train_retrieval.py and eval_retrieval_video.py (logit plus cosine; −100 for all
that are not reranked), and salesforce/ALBEF, Retrieval.py; `encoders.reference.blip.reranking` reproduces both exactly.
"""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from typing import Any

import numpy as np

from agents.search.candidates import Candidate
from agents.search.explanation import SearchTrace
from agents.search.scoring import STEEPNESS
from encoders.bundle import Encoders
from encoders.types import Pixels
from pipeline.decode.decoder import Decoder
from pipeline.stills import picture_of, still
from stores.core.errors import MediaError, StoreError
from stores.library_store import LibraryStore

CHANNEL = "itm"
"""Name of the step in `Candidate.channels`."""

SUREST = 1e-3
"""Probabilities are clipped to this distance from 0 and 1: a single frame stands for seconds of video, so it must not
decide alone (log odds of 6.9 correspond to a ratio of 1.5 in recall). Ours."""

DEFAULT_SIZE = 384
"""Input size of a ranker in pixels, if the registry gives none. Source: BLIP and ALBEF, official configs."""


def reranked(
    query: str, ordered: list[Candidate], store: LibraryStore, encoders: Encoders, top_k: int, trace: SearchTrace
) -> list[Candidate]:
    """``ordered`` with its first ``top_k`` reranked; all others stay where they are.

    The frame in the middle of a moment is read from the video file. If that fails, the stored thumbnail is used, and a
    remark says so. A moment with neither keeps its score from recall.

    Raises:
        WeightsError: ``missing`` if the profile has no ranker, or its weights are not here.
    """
    spec = encoders.spec("ranker")
    if not readable(query):
        trace.remarks.append(f"itm: {spec.name} reads English only, so that it was not asked")
        return ordered
    best = ordered[:top_k]
    size = spec.preprocessing.get("size", DEFAULT_SIZE)
    pictures = _pictures(best, store, 2 * size if isinstance(size, int) else 2 * DEFAULT_SIZE, trace)
    by_shape: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, pixels in pictures.items():
        by_shape[pixels.shape].append(row)
    for rows in by_shape.values():
        matches = encoders.ranker.match(np.stack([pictures[row] for row in rows]), [query])
        for row, probability in zip(rows, matches[:, 0].tolist(), strict=True):
            best[row].channels[CHANNEL] = log_odds(probability) / STEEPNESS
    trace.steps[CHANNEL] = encoders.revision("ranker")
    trace.remarks.append(f"itm: looked at {len(pictures)} of {len(ordered)} moments")
    return sorted(best, key=lambda one: -one.ratio) + ordered[top_k:]


def log_odds(probability: float) -> float:
    """Natural logarithm of p / (1 − p), with p kept away from 0 and 1 by `SUREST`."""
    kept = min(max(probability, SUREST), 1.0 - SUREST)
    return math.log(kept / (1.0 - kept))


def readable(query: str) -> bool:
    """Whether every letter is Latin: BERT's English vocabulary turns all others into its "unknown" token, whose match
    means nothing."""
    return all(unicodedata.name(letter, "").startswith("LATIN") for letter in query if letter.isalpha())


def _pictures(best: list[Candidate], store: LibraryStore, long_side: int, trace: SearchTrace) -> dict[int, Pixels]:
    """A picture (h, w, 3) of each candidate, by its position in the list; those without one are absent."""
    found: dict[int, Pixels] = {}
    why: dict[str, int] = defaultdict(int)
    with Decoder() as decoder:
        for row, candidate in enumerate(best):
            try:
                found[row] = _from_file(candidate, store, decoder, long_side)
            except MediaError as error:
                why[error.code.name] += 1
                thumbnail = _from_thumbnail(candidate, store)
                if thumbnail is not None:
                    found[row] = thumbnail
    for code, count in why.items():
        trace.remarks.append(f"itm: stored thumbnails stand for the frames of {count} moments ({code})")
    return found


def _from_file(candidate: Candidate, store: LibraryStore, decoder: Decoder, long_side: int) -> Pixels:
    path, video = store.catalog.path(candidate.video_id), store.catalog.video(candidate.video_id)
    if path is None or video is None:
        raise MediaError("FILE_MISSING", f"The file of {candidate.video_id} is no longer where it was.")
    middle = (candidate.clip.span.start + candidate.clip.span.end) // 2
    return still(decoder, path, video, middle, long_side)


def _from_thumbnail(candidate: Candidate, store: LibraryStore) -> Any:
    try:
        return picture_of(store.memory(candidate.video_id).blob("thumbnails", candidate.clip.thumbnail))
    except (KeyError, StoreError):
        return None
