"""A prompt with a video in it, and how it becomes the input embeddings of a language model.

Two ways are in use. In a slotted prompt the tokenizer knows a placeholder token, the prompt repeats it, and the
embeddings of these tokens are replaced (VALLEY, Video-ChatGPT). A split prompt is cut at each picture, its pieces are
tokenised alone, and the visual embeddings go between them (Video-LLaMA, MiniGPT-4, Video-LLaVA).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from encoders.types import Pixels, Samples

History = Sequence[tuple[str, str]]
"""Earlier turns of a talk about the same video: (question, answer), oldest first."""


@dataclass(frozen=True, slots=True)
class Footage:
    """What a question is about.

    Attributes:
        frames: (t, h, w, 3) uint8 RGB in time order.
        seconds: (t,) when each of them is shown, for models that are told.
        sound: (m,) float32 mono at 16 kHz of the same stretch, for models that hear.
    """

    frames: Pixels
    seconds: Sequence[float] | None = None
    sound: Samples | None = None


class Tokenizer(Protocol):
    """What is used of a tokenizer of the transformers library."""

    @property
    def bos_token_id(self) -> int | None:
        """Id of the token that begins a text, if there is one."""

    @property
    def eos_token_id(self) -> int | None:
        """Id of the token that ends an answer, if there is one."""

    def __call__(self, text: str, *, add_special_tokens: bool = True) -> Any:
        """A mapping whose ``input_ids`` are the ids of ``text``."""

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = False) -> Any:
        """The text of ids."""

    def get_vocab(self) -> dict[str, int]:
        """Ids by token, added tokens among them."""


class Prompt(Protocol):
    """Text and video, ready for a language model."""

    def embed(self, tokenizer: Tokenizer, embedding: Callable[[Tensor], Tensor]) -> Tensor:
        """Input embeddings (1, l, h), with the language model's ``embedding`` of ids (1, n) into (1, n, h)."""


@dataclass(frozen=True, slots=True)
class SlottedPrompt:
    """``text`` holds placeholder tokens; ``place(ids, embeddings)`` fills their embeddings and checks that all fit."""

    text: str
    place: Callable[[Tensor, Tensor], Tensor]

    def embed(self, tokenizer: Tokenizer, embedding: Callable[[Tensor], Tensor]) -> Tensor:
        """Input embeddings (1, l, h).

        Raises:
            ValueError: if slots and visual tokens do not fit.
        """
        ids = torch.tensor([tokenizer(self.text)["input_ids"]])
        return self.place(ids, embedding(ids))


@dataclass(frozen=True, slots=True)
class SplitPrompt:
    """``pieces`` of text with one block (n, h) of visual embeddings between each two."""

    pieces: tuple[str, ...]
    blocks: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        if len(self.pieces) != len(self.blocks) + 1:
            raise ValueError(f"{len(self.blocks)} blocks need {len(self.blocks) + 1} pieces, not {len(self.pieces)}")

    @classmethod
    def at(cls, marker: str, text: str, blocks: Sequence[Tensor]) -> SplitPrompt:
        """``text`` with one of the blocks in place of each ``marker``.

        Raises:
            ValueError: if there are not as many markers as blocks.
        """
        return cls(tuple(text.split(marker)), tuple(blocks))

    def embed(self, tokenizer: Tokenizer, embedding: Callable[[Tensor], Tensor]) -> Tensor:
        """Input embeddings (1, l, h); only the first piece gets the token that begins a text.

        Source: Video-LLaMA, video_llama/conversation/conversation_video.py (get_context_emb).

        Raises:
            ValueError: if a block is not (n, h).
        """
        parts: list[Tensor] = []
        for index, piece in enumerate(self.pieces):
            ids = torch.tensor([tokenizer(piece, add_special_tokens=index == 0)["input_ids"]], dtype=torch.long)
            parts.append(embedding(ids))
            if index < len(self.blocks):
                block, width = self.blocks[index], parts[-1].shape[-1]
                if block.ndim != 2 or block.shape[1] != width:
                    raise ValueError(f"a block must be (n, {width}), not {tuple(block.shape)}")
                parts.append(block.to(parts[-1]).unsqueeze(0))
        return torch.cat(parts, dim=1)


def refuse_marks(texts: Iterable[str], marks: Sequence[str]) -> None:
    """Make sure that texts that only say something hold nothing that stands for something to see.

    Raises:
        ValueError: naming the mark, if a text holds one: the model would look for a picture there.
    """
    for text in texts:
        for mark in marks:
            if mark in text:
                raise ValueError(f"{mark} stands for something to see and cannot be part of this text: {text[:80]!r}")
