"""BLIP's image-grounded decoder: the probability of texts given pictures, and texts from pictures.

Source: arXiv:2201.12086, section 3.2 (LM); official code salesforce/BLIP, models/blip.py, BLIP_Decoder, and
models/med.py, BertLMHeadModel.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.bert import Growing, LanguageHead
from encoders.reference.blip.beams import beam_search
from encoders.reference.blip.generation import GenerationConfig, generate
from encoders.reference.blip.med import DEC, Med, MedConfig, marked
from encoders.reference.blip.vit import VisionTransformer, VitConfig

_IGNORED = -100
_SEP = 102  # [SEP] of BERT's uncased vocabulary, with which texts end


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """Sizes and special tokens of the captioning model.

    Attributes:
        dec_token: [DEC], with which a text begins.
        end_token: [SEP], with which it ends.
        label_smoothing: share spread over the whole vocabulary in the loss (0.1, official code).
    """

    vision: VitConfig = field(default_factory=VitConfig)
    text: MedConfig = field(default_factory=MedConfig)
    dec_token: int = DEC
    end_token: int = _SEP
    label_smoothing: float = 0.1


class BlipDecoder(nn.Module):
    """Vision transformer and text decoder, in official parameter names.

    Raises:
        ValueError: if the decoder expects picture tokens of another width than the vision transformer gives.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        if config.text.encoder_width != config.vision.embed_dim:
            raise ValueError(f"picture tokens are {config.vision.embed_dim} wide, not {config.text.encoder_width}")
        self.config = config
        self.visual_encoder = VisionTransformer(config.vision)
        self.text_decoder = _LanguageModel(config.text)

    def states(self, tokens: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """States (B, L, hidden) of texts; each token sees itself, earlier ones and the picture.

        Args:
            tokens: (B, M, width) of `visual_encoder`.
            ids: (B, L) token ids; whatever stands at position 0 is replaced by [DEC].
            mask: (B, L), 1 where a token counts and 0 where it is padding.

        Raises:
            ValueError: if shapes do not fit.
        """
        bert = self.text_decoder.bert
        return bert.run(bert.embed(marked(ids, self.config.dec_token)), mask, tokens, causal=True)

    def logits(self, tokens: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, L, vocabulary) of the token that follows each position; arguments as for `states`."""
        out: Tensor = self.text_decoder.cls(self.states(tokens, ids, mask))
        return out

    def loss(self, tokens: Tensor, ids: Tensor, mask: Tensor, prompt_length: int = 0) -> Tensor:
        """Cross-entropy of each next token, smoothed, its mean over all tokens of the batch that are no padding.

        Args:
            prompt_length: tokens at the beginning, [DEC] among them, that need not be predicted: the official
                captioner takes the ids of "a picture of " without [SEP].

        Raises:
            ValueError: if shapes do not fit or ``prompt_length < 0``.
        """
        if prompt_length < 0:
            raise ValueError(f"a prompt of {prompt_length} tokens cannot be")
        targets = ids.masked_fill(ids == self.config.text.pad_token_id, _IGNORED)
        targets[:, :prompt_length] = _IGNORED
        return functional.cross_entropy(
            self.logits(tokens, ids, mask)[:, :-1].flatten(0, 1),
            targets[:, 1:].flatten(),
            ignore_index=_IGNORED,
            label_smoothing=self.config.label_smoothing,
        )

    def generate(
        self, tokens: Tensor, prompt: Tensor, config: GenerationConfig, generator: torch.Generator | None = None
    ) -> Tensor:
        """Token ids (B, <= max_length) for picture tokens (B, M, width), going on from ``prompt`` (P,) ids.

        The prompt is [DEC] (or any token in its place) and words, without [SEP]. What was computed for
        earlier tokens is kept.

        Raises:
            ValueError: if the prompt is empty or leaves no room below ``max_length``, or the positions do not suffice.
        """
        if prompt.ndim != 1 or not len(prompt):
            raise ValueError(f"the prompt must be (P,) with P > 0, not {tuple(prompt.shape)}")
        start = marked(prompt[None].repeat(len(tokens), 1), self.config.dec_token)
        bert, growing = self.text_decoder.bert, Growing()

        def next_logits(ids: Tensor) -> Tensor:
            new = bert.embed(ids[:, growing.length :], growing.length)
            states = bert.run(new, torch.ones_like(ids), tokens, causal=True, growing=growing)
            out: Tensor = self.text_decoder.cls(states[:, -1])
            return out

        end, pad = self.config.end_token, self.config.text.pad_token_id
        if config.beams > 1:
            return beam_search(next_logits, start, config, end=end, pad=pad, reorder=growing.reorder)
        return generate(next_logits, start, config, end=end, pad=pad, generator=generator)


class _LanguageModel(nn.Module):
    """BERT and a language head whose matrix is the word table."""

    def __init__(self, config: MedConfig) -> None:
        super().__init__()
        self.bert = Med(config)
        self.cls = LanguageHead(config, self.bert.embeddings.word_embeddings)
