"""What a trained network says: of one video as it is tagged, and of judged pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.training.batches import batch_of
from encoders.training.config import CrossModalConfig
from encoders.training.cross_modal import CrossModalRanker
from encoders.training.fusion import RecalledTags
from encoders.training.pairs import PairData

AT_A_TIME = 4096
"""Pairs that are scored together."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a network that reads it is given of one video beside its clips.

    Attributes:
        asked: (t, width) names of the asked tags, projected by `project_names`; asked_facets: (t,).
        named: (e, width) names of what was recalled; facets: (e,); scores: (e, sources).
    """

    asked: NDArray[np.float32]
    asked_facets: NDArray[np.int64]
    named: NDArray[np.float32]
    facets: NDArray[np.int64]
    scores: NDArray[np.float32]


def load(weights: dict[str, NDArray[np.float32]], config: CrossModalConfig) -> CrossModalRanker:
    """The model with learned weights, ready to score.

    Raises:
        ValueError: if they are not of this model.
    """
    model = CrossModalRanker(config)
    try:
        model.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in weights.items()})
    except RuntimeError as error:
        raise ValueError(f"weights do not fit: {error}") from error
    return model.requires_grad_(False).eval()


def project(model: CrossModalRanker, tags: NDArray[np.float32]) -> NDArray[np.float32]:
    """(t, text) vectors of tags into the common space (t, width)."""
    with torch.no_grad():
        return np.asarray(model.tags(torch.from_numpy(np.array(tags, np.float32))).numpy(), np.float32)


def project_names(model: CrossModalRanker, tags: NDArray[np.float32]) -> NDArray[np.float32]:
    """Likewise for the part that reads what was recalled; (t, 0) of a network without it."""
    if model.fusion is None:
        return np.zeros((len(tags), 0), np.float32)
    with torch.no_grad():
        return np.asarray(model.fusion.names(torch.from_numpy(np.array(tags, np.float32))).numpy(), np.float32)


def score(
    model: CrossModalRanker,
    clips: NDArray[np.float32],
    projected: NDArray[np.float32],
    reading: Reading | None = None,
) -> NDArray[np.float64]:
    """Log odds (t,) by which one video's clips (m, visual), m > 0, move each of the projected tags (t, width).

    Args:
        reading: for a network that reads what was recalled.
    """
    with torch.no_grad():
        seen = model.clips(torch.from_numpy(np.array(clips, np.float32))[None])
        tags = torch.from_numpy(np.array(projected, np.float32))
        there = torch.ones(len(tags), seen.shape[1], dtype=torch.bool)
        said = model(seen.expand(len(tags), -1, -1), there, tags)
        if reading is not None and model.fusion is not None:
            known = torch.ones(1, len(reading.facets), dtype=torch.bool)
            recalled = RecalledTags(_one(reading.named), _one(reading.facets), _one(reading.scores), known)
            asked = (_one(reading.asked), _one(reading.asked_facets))
            said = said + model.fusion(seen, there[:1], recalled, *asked)[0]
    return np.asarray(said.numpy(), np.float64)


def score_pairs(model: CrossModalRanker, data: PairData) -> NDArray[np.float64]:
    """Log odds (n,) by which all pairs are moved."""
    said = np.zeros(len(data))
    with torch.no_grad():
        for start in range(0, len(data), AT_A_TIME):
            rows = np.arange(start, min(start + AT_A_TIME, len(data)))
            batch = batch_of(data, rows, "cpu", model.fusion is not None)
            said[rows] = batch.logits(model, model.clips(batch.clips), model.tags(batch.tags)).numpy()
    return said


def _one(values: NDArray[np.generic]) -> torch.Tensor:
    """As a batch of one."""
    return torch.from_numpy(np.array(values))[None]
