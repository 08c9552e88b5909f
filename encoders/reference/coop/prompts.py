"""Prompts out of learned vectors and the names of classes.

Source: Zhou et al. 2021, arXiv:2109.01134, section 3.2; official code KaiyangZhou/CoOp, trainers/coop.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

Position = Literal["end", "middle", "front"]
"""Where a class's name stands: behind the context, within it or before it."""

_PLACEHOLDER = "X"  # a word of one token
_DEVIATION = 0.02  # of new context vectors, official code


@dataclass(frozen=True, slots=True)
class CoopConfig:
    """What is learned, and where the class's name stands.

    Attributes:
        context: number of vectors; not looked at where there are ``words``.
        class_specific: vectors for every class instead of the same for all; not looked at where there are ``words``.
        position: see `Position`.
        words: text whose embeddings the vectors start from, e.g. ``a photo of a``; one vector for every word between
            blanks, so that each should be one token, as in the official code.
    """

    context: int = 16
    class_specific: bool = False
    position: Position = "end"
    words: str = ""

    @property
    def length(self) -> int:
        """Number of context vectors."""
        return len(_plain(self.words).split(" ")) if self.words else self.context


def placeholder_prompts(names: Sequence[str], config: CoopConfig) -> list[str]:
    """Texts whose tokens hold the places of the prompts: ``X X X name.``, or with the words instead of ``X``.

    Underscores in names are written as blanks.
    """
    before = _plain(config.words) if config.words else " ".join([_PLACEHOLDER] * config.length)
    return [f"{before} {_plain(name)}." for name in names]


class PromptLearner(nn.Module):
    """Context vectors, and the embedded prompts that they make with the classes' names.

    Args:
        embedded: (C, L, D) embedded tokens of `placeholder_prompts`.
        name_lengths: number of tokens of each class's name.

    Raises:
        ValueError: if shapes do not fit, a prompt has no room for context and name, or the position is unknown.
    """

    token_prefix: Tensor
    token_suffix: Tensor

    def __init__(self, config: CoopConfig, embedded: Tensor, name_lengths: Sequence[int]) -> None:
        super().__init__()
        if config.position not in ("end", "middle", "front") or config.length < 1:
            raise ValueError(f"{config.length} context vectors cannot be put at {config.position!r}")
        if embedded.ndim != 3 or len(embedded) != len(name_lengths) or not name_lengths:
            raise ValueError(
                f"{len(name_lengths)} names (at least 1) need as many embedded prompts, not {tuple(embedded.shape)}"
            )
        behind = 1 + config.length
        if behind + max(name_lengths) + 2 > embedded.shape[1]:  # start, context, name, full stop, end
            raise ValueError(f"prompts of {embedded.shape[1]} tokens have no room for a context of {config.length}")
        self.config, self.name_lengths = config, tuple(name_lengths)
        self.ctx = nn.Parameter(_start(config, embedded))
        # Saved in official checkpoints, and computed again from the classes' names when one is loaded.
        self.register_buffer("token_prefix", embedded[:, :1].detach().clone())
        self.register_buffer("token_suffix", embedded[:, behind:].detach().clone())

    def forward(self) -> Tensor:
        """Embedded prompts (C, L, D), without positions."""
        return self.arranged(self.ctx)

    def arranged(self, context: Tensor) -> Tensor:
        """Embedded prompts (…, C, L, D) with the context vectors (…, M, D), or (C, M, D) for each class."""
        classes = len(self.name_lengths)
        if not self.config.class_specific or self.config.words:
            context = context.unsqueeze(-3)
        context = context.expand(*context.shape[:-3], classes, -1, -1)
        before = {"end": self.config.length, "middle": self.config.length // 2, "front": 0}[self.config.position]
        rows = [
            torch.cat(
                [
                    prefix.expand(*own.shape[:-2], -1, -1),
                    own[..., :before, :],
                    suffix[:length].expand(*own.shape[:-2], -1, -1),
                    own[..., before:, :],
                    suffix[length:].expand(*own.shape[:-2], -1, -1),
                ],
                dim=-2,
            )
            for prefix, suffix, length, own in zip(
                self.token_prefix, self.token_suffix, self.name_lengths, context.unbind(-3), strict=True
            )
        ]
        return torch.stack(rows, dim=-3)


def _start(config: CoopConfig, embedded: Tensor) -> Tensor:
    if config.words:
        return embedded[0, 1 : 1 + config.length].detach().clone()
    shape = (config.length, embedded.shape[2])
    drawn = torch.empty(len(embedded), *shape) if config.class_specific else torch.empty(shape)
    return nn.init.normal_(drawn.to(embedded), std=_DEVIATION)


def _plain(name: str) -> str:
    return name.replace("_", " ")
