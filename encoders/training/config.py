"""How the cross-modal ranker is built and trained; loads nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CrossModalConfig:
    """Sizes and how to train. Sources: our choices, unless said.

    Attributes:
        visual, text: widths of a clip's and of a tag's vector.
        hidden: of the two hidden layers of each projector.
        width: of the common space; a multiple of ``heads``.
        epochs, batch, rate, decay: of training with AdamW; a batch is of judged pairs.
        triplets, margin, push: weight of the triplet terms, and their μ and λ.
        adversary: weight of the classifier of kinds; 0 turns it off.
        facets, sources: kinds of tags, 0 standing for unknown ones, and sources of recall, of the tokens of what was
            recalled; 0 of both: clips are read alone.
        seed: of first weights and of the order.
    """

    visual: int
    text: int
    hidden: int = 128
    width: int = 64
    heads: int = 4
    epochs: int = 40
    batch: int = 256
    rate: float = 2e-3
    decay: float = 1e-2
    triplets: float = 0.5
    margin: float = 1.0
    push: float = 1.0
    adversary: float = 1.0
    facets: int = 0
    sources: int = 0
    seed: int = 0

    def named(self) -> dict[str, Any]:
        """All of it, e.g. for a fingerprint."""
        return asdict(self)
