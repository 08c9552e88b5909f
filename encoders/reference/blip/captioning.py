"""Captions of pictures by BLIP's decoder.

Source: official code salesforce/BLIP, models/blip.py, BLIP_Decoder (prompt, generate).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from encoders.reference.blip.decoder import BlipDecoder
from encoders.reference.blip.generation import GenerationConfig
from encoders.reference.blip.text import MAX_CAPTION_LENGTH, BlipTokenizer

PROMPT = "a picture of "
"""With this the official captioner's texts begin."""


class Captioner:
    """Pictures to captions.

    Args:
        decoder: the model.
        tokenizer: its vocabulary.
        config: how to choose tokens; default: the likeliest each time. `nucleus_config` draws them.
        prompt: how captions begin; it is no part of what comes back.

    Raises:
        ValueError: if the vocabulary's special tokens are not the model's.
    """

    def __init__(
        self,
        decoder: BlipDecoder,
        tokenizer: BlipTokenizer,
        config: GenerationConfig | None = None,
        prompt: str = PROMPT,
    ) -> None:
        mine, other = (decoder.config.dec_token, decoder.config.end_token), (tokenizer.dec, tokenizer.end)
        if mine != other:
            raise ValueError(f"[DEC] and [SEP] are {mine} for the model and {other} in the vocabulary")
        self._decoder, self._tokenizer = decoder, tokenizer
        self._config = config or GenerationConfig()
        self._prompt = tokenizer.prompt(prompt)
        self._words = prompt

    @torch.no_grad()
    def caption(self, pixels: Tensor, generator: torch.Generator | None = None) -> list[str]:
        """One caption for each picture (n, 3, s, s); with the same seed, the same captions."""
        if not len(pixels):
            return []
        tokens = self._decoder.visual_encoder(pixels)
        prompt = self._prompt.to(pixels.device)
        ids = self._decoder.generate(tokens, prompt, self._config, generator)
        return [text.strip() for text in self._tokenizer.decode(ids[:, len(prompt) :])]

    def loss(self, pixels: Tensor, captions: Sequence[str]) -> Tensor:
        """The captioning loss of pictures (n, 3, s, s) and their captions, the prompt before each not counted.

        Raises:
            ValueError: if there are not as many captions as pictures, or none.
        """
        if len(captions) != len(pixels):
            raise ValueError(f"{len(captions)} captions are not for {len(pixels)} pictures")
        batch = self._tokenizer.encode([self._words + caption for caption in captions], MAX_CAPTION_LENGTH)
        ids, mask = batch.ids.to(pixels.device), batch.mask.to(pixels.device)
        return self._decoder.loss(self._decoder.visual_encoder(pixels), ids, mask, len(self._prompt))
