"""CoOp: a frozen CLIP that classifies pictures by learned prompts.

Source: Zhou et al. 2021, arXiv:2109.01134; official code KaiyangZhou/CoOp, trainers/coop.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from encoders.reference.clip.model import Clip, unit
from encoders.reference.clip.text import end_of_text
from encoders.reference.clip.tokenizer import ClipTokenizer
from encoders.reference.coop.prompts import CoopConfig, PromptLearner, placeholder_prompts
from encoders.registry.checkpoints import load_strictly, read_checkpoint

REBUILT = (r"token_prefix", r"token_suffix")
"""Tensors of official checkpoints that depend on the classes' names, and come from them instead."""


class Coop(nn.Module):
    """Pictures to logits of classes. Only the context vectors take gradients; CLIP's weights are shared, not copied.

    Args:
        clip: the model to prompt; it is frozen.
        ids: (C, L) int64 tokens of `placeholder_prompts`; their end-of-text is the prompts' end too.
        name_lengths: number of tokens of each class's name.

    Raises:
        ValueError: as `PromptLearner`.
    """

    ids: Tensor

    def __init__(self, config: CoopConfig, clip: Clip, ids: Tensor, name_lengths: Sequence[int]) -> None:
        super().__init__()
        clip.requires_grad_(False)
        self.prompt_learner = PromptLearner(config, clip.token_embedding(ids), name_lengths)
        self.image_encoder, self.text_encoder = clip.visual, clip.text_transformer()
        self.logit_scale = clip.logit_scale
        self.register_buffer("ids", ids, persistent=False)

    def text_features(self) -> Tensor:
        """Features (C, d) of the classes, not normalised."""
        return end_of_text(self.text_encoder(self.prompt_learner()), self.ids)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (n, C) of normalised pixels (n, 3, side, side).

        Raises:
            ValueError: if the pixels have another shape.
        """
        return self.logit_scale.exp() * unit(self.image_encoder(pixels)) @ unit(self.text_features()).T


def coop(config: CoopConfig, clip: Clip, tokenizer: ClipTokenizer, names: Sequence[str]) -> Coop:
    """The model for classes of these names, its context as at the start of training.

    Raises:
        ValueError: if a prompt is too long.
    """
    return Coop(config, clip, *placeholders(config, clip, tokenizer, names))


def load_coop(path: Path, config: CoopConfig, clip: Clip, tokenizer: ClipTokenizer, names: Sequence[str]) -> Coop:
    """The model with the context of an official checkpoint (``prompt_learner/model.pth.tar-N``), in eval mode.

    Unless the context is class-specific, the names need not be those it was learned with.

    Raises:
        ValueError: if a prompt is too long.
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it holds no such context, naming the tensors.
    """
    model = coop(config, clip, tokenizer, names)
    load_context(model.prompt_learner, path)
    model.requires_grad_(False)
    return model.eval()


def placeholders(
    config: CoopConfig, clip: Clip, tokenizer: ClipTokenizer, names: Sequence[str]
) -> tuple[Tensor, list[int]]:
    """Tokens (C, context) int64 of the placeholder prompts, and how many of them each name has.

    Raises:
        ValueError: if a prompt is too long.
    """
    ids = tokenizer.tokenize(placeholder_prompts(names, config), clip.context)
    return ids, [len(tokenizer.encode(name.replace("_", " "))) for name in names]


def load_context(learner: PromptLearner, path: Path) -> None:
    """Load what was learned from an official checkpoint; prefix and suffix stay those of the learner's own classes.

    Raises:
        WeightsError: as `load_coop`.
    """
    load_strictly(learner, read_checkpoint(path), str(path), ignore=REBUILT, optional=REBUILT)
