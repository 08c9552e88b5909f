"""MED, BLIP's mixture of encoder and decoder: one BERT read as text encoder or as image-grounded encoder.

Source: arXiv:2201.12086, section 3.1; official code salesforce/BLIP, models/med.py. No token types; cross-attention
in every layer, left out in text mode. The decoder with its own self-attention is `encoders.reference.blip.decoder`.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from encoders.reference.bert import Bert, BertConfig

# BERT's uncased vocabulary with [DEC] and [ENC] behind it, official code, models/blip.py, init_tokenizer.
VOCABULARY, DEC, ENC = 30_524, 30_522, 30_523


@dataclass(frozen=True, slots=True)
class MedConfig(BertConfig):
    """Sizes of BLIP's text side; see `BertConfig`."""

    vocab_size: int = VOCABULARY


class Med(Bert):
    """Text encoder and image-grounded encoder with the same weights."""

    def text_states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States (B, L, hidden) of texts alone: ``ids`` and ``mask`` (B, L), position 0 is [CLS].

        Raises:
            ValueError: if shapes do not fit.
        """
        return self.run(self.embed(ids), mask)

    def grounded_states(self, ids: Tensor, mask: Tensor, tokens: Tensor) -> Tensor:
        """States (B, L, hidden) of texts that look at picture tokens (B, M, width) in every layer.

        Raises:
            ValueError: if shapes do not fit.
        """
        return self.run(self.embed(ids), mask, tokens)


def marked(ids: Tensor, token: int) -> Tensor:
    """A copy of ``ids`` (B, L) with ``token`` at position 0, by which MED knows what it is to do."""
    copy = ids.clone()
    copy[:, 0] = token
    return copy
