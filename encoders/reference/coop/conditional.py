"""CoCoOp: learned prompts that each picture shifts.

Source: Zhou et al. 2022, arXiv:2203.05557, section 3.2; official code KaiyangZhou/CoOp, trainers/cocoop.py.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from encoders.reference.clip.model import Clip, unit
from encoders.reference.clip.text import end_of_text
from encoders.reference.clip.tokenizer import ClipTokenizer
from encoders.reference.coop.model import load_context, placeholders
from encoders.reference.coop.prompts import CoopConfig, PromptLearner

_NARROWING = 16  # the picture's features pass through a sixteenth of their width


class ConditionalPromptLearner(PromptLearner):
    """Context vectors, and the network that makes one shift for all of them out of a picture.

    Args:
        features: width of a picture's features.

    Raises:
        ValueError: as `PromptLearner`, or if the context is class-specific or the name not at the end.
    """

    def __init__(self, config: CoopConfig, embedded: Tensor, name_lengths: Sequence[int], features: int) -> None:
        if config.position != "end" or config.class_specific:
            raise ValueError("a conditional context is the same for all classes and stands before their names")
        super().__init__(config, embedded, name_lengths)
        narrow = features // _NARROWING
        layers = [
            ("linear1", nn.Linear(features, narrow)),
            ("relu", nn.ReLU()),
            ("linear2", nn.Linear(narrow, embedded.shape[2])),
        ]
        self.meta_net = nn.Sequential(OrderedDict(layers))

    def conditioned(self, features: Tensor) -> Tensor:
        """Embedded prompts (n, C, L, D) for unit picture features (n, d)."""
        return self.arranged(self.ctx + self.meta_net(features)[:, None])


class CoCoop(nn.Module):
    """Pictures to logits of classes, with prompts for every picture. CLIP's weights are frozen and shared, not copied.

    Args: as `encoders.reference.coop.model.Coop`.

    Raises:
        ValueError: as `ConditionalPromptLearner`.
    """

    ids: Tensor

    def __init__(self, config: CoopConfig, clip: Clip, ids: Tensor, name_lengths: Sequence[int]) -> None:
        super().__init__()
        clip.requires_grad_(False)
        features = clip.text_projection.shape[1]
        self.prompt_learner = ConditionalPromptLearner(config, clip.token_embedding(ids), name_lengths, features)
        self.image_encoder, self.text_encoder = clip.visual, clip.text_transformer()
        self.logit_scale = clip.logit_scale
        self.register_buffer("ids", ids, persistent=False)

    def text_features(self, features: Tensor) -> Tensor:
        """Features (n, C, d) of the classes, not normalised, in the light of unit picture features (n, d)."""
        # Picture by picture, as officially: all at once would need n times the memory.
        rows = [
            end_of_text(self.text_encoder(self.prompt_learner.conditioned(row[None])[0]), self.ids) for row in features
        ]
        return torch.stack(rows)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (n, C) of normalised pixels (n, 3, side, side), n at least 1.

        Raises:
            ValueError: if the pixels have another shape.
        """
        features = unit(self.image_encoder(pixels))
        texts = unit(self.text_features(features))
        return self.logit_scale.exp() * (texts @ features[..., None])[..., 0]


def cocoop(config: CoopConfig, clip: Clip, tokenizer: ClipTokenizer, names: Sequence[str]) -> CoCoop:
    """The model for classes of these names, as at the start of training.

    Raises:
        ValueError: if a prompt is too long, or as `ConditionalPromptLearner`.
    """
    return CoCoop(config, clip, *placeholders(config, clip, tokenizer, names))


def load_cocoop(path: Path, config: CoopConfig, clip: Clip, tokenizer: ClipTokenizer, names: Sequence[str]) -> CoCoop:
    """The model with the context and network of an official checkpoint, for classes of these names, in eval mode.

    Raises:
        ValueError: if a prompt is too long, or as `ConditionalPromptLearner`.
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it is no such model, naming the tensors.
    """
    model = cocoop(config, clip, tokenizer, names)
    load_context(model.prompt_learner, path)
    model.requires_grad_(False)
    return model.eval()
