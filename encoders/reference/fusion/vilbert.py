"""ViLBERT's co-attention layer: a picture's regions read the words, and the words read the regions.

Source: Lu et al. 2019, arXiv:1908.02265, figure 2; names, norms and masks of the official code
jiasenlu/vilbert_beta, vilbert/vilbert.py (BertConnectionLayer).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from encoders.registry.checkpoints import load_strictly, read_checkpoint
from encoders.types import WeightsError

_EPSILON = 1e-12  # of BERT's layer norms
_CONNECTION = re.compile(r"(?:bert\.)?encoder\.c_layer\.(.+)")


@dataclass(frozen=True, slots=True)
class CoAttentionConfig:
    """Sizes; the defaults are those of the released 6-connection model.

    Attributes:
        width: all heads of the co-attention together.
        dropout: in training, of attention weights and outputs.
    """

    image_width: int = 1024
    image_inner: int = 1024
    text_width: int = 768
    text_inner: int = 3072
    width: int = 1024
    heads: int = 8
    layers: int = 6
    dropout: float = 0.1


class CoAttentionLayer(nn.Module):
    """``y_v = LN(W1 · attention(v, t) + v)``, ``y_t = LN(W2 · attention(t, v) + t)``, then a feed-forward each.

    Raises:
        ValueError: if ``width`` is no multiple of ``heads``.
    """

    def __init__(self, config: CoAttentionConfig) -> None:
        super().__init__()
        self.config = config
        self.biattention = _CrossedHeads(config)
        self.biOutput = _CrossedOutput(config)
        self.v_intermediate = _Inner(config.image_width, config.image_inner)
        self.v_output = _Output(config.image_inner, config.image_width, config.dropout)
        self.t_intermediate = _Inner(config.text_width, config.text_inner)
        self.t_output = _Output(config.text_inner, config.text_width, config.dropout)

    def forward(
        self,
        image: Tensor,
        text: Tensor,
        image_mask: Tensor | None = None,
        text_mask: Tensor | None = None,
        pair_mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """(B, R, image width) regions and (B, L, text width) words to the same shapes.

        Args:
            image_mask, text_mask: added to the scores of regions and words, (B, 1, 1, R) and (B, 1, 1, L): 0 for what
                may be seen and -10000 for padding.
            pair_mask: (B, 1, R, L), added in both directions.

        Raises:
            ValueError: if widths or batches do not fit.
        """
        widths = (self.config.image_width, self.config.text_width)
        if image.ndim != 3 or text.ndim != 3 or (image.shape[2], text.shape[2]) != widths or len(image) != len(text):
            raise ValueError(
                f"regions and words must be (B, R, {widths[0]}) and (B, L, {widths[1]}), "
                f"not {tuple(image.shape)} and {tuple(text.shape)}"
            )
        seen, said = self.biattention(image, text, image_mask, text_mask, pair_mask)
        image, text = self.biOutput(seen, image, said, text)
        return self.v_output(self.v_intermediate(image), image), self.t_output(self.t_intermediate(text), text)


def load_co_attention(path: Path, config: CoAttentionConfig) -> nn.ModuleList:
    """The connections of an official checkpoint, in order, in eval mode, without gradients, float32.

    Everything but ``encoder.c_layer`` is left out.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if tensors are missing, extra or misshapen.
    """
    layers = nn.ModuleList(CoAttentionLayer(config) for _ in range(config.layers))
    found = {
        match[1]: tensor for name, tensor in read_checkpoint(path).items() if (match := _CONNECTION.fullmatch(name))
    }
    if not found:
        raise WeightsError("corrupt", f"{path} holds no encoder.c_layer.")
    load_strictly(layers, found, str(path))
    return layers.requires_grad_(False).eval()


class _CrossedHeads(nn.Module):
    """Both attentions; 1 is the image's, 2 the text's projection."""

    def __init__(self, config: CoAttentionConfig) -> None:
        super().__init__()
        if config.width % config.heads:
            raise ValueError(f"a width of {config.width} cannot be split among {config.heads} heads")
        self.heads, self.dropout = config.heads, config.dropout
        self.query1, self.key1, self.value1 = (nn.Linear(config.image_width, config.width) for _ in range(3))
        self.query2, self.key2, self.value2 = (nn.Linear(config.text_width, config.width) for _ in range(3))

    def forward(
        self,
        image: Tensor,
        text: Tensor,
        image_mask: Tensor | None,
        text_mask: Tensor | None,
        pair_mask: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """What regions read, (B, R, width), and what words read, (B, L, width)."""
        turned = None if pair_mask is None else pair_mask.transpose(2, 3)
        seen = self._attend(self.query1(image), self.key2(text), self.value2(text), text_mask, pair_mask)
        said = self._attend(self.query2(text), self.key1(image), self.value1(image), image_mask, turned)
        return seen, said

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, pairs: Tensor | None) -> Tensor:
        masks = [m for m in (mask, pairs) if m is not None]
        q, k, v = (x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2) for x in (query, key, value))
        mixed = functional.scaled_dot_product_attention(
            q, k, v, attn_mask=sum(masks[1:], masks[0]) if masks else None, dropout_p=self.dropout * self.training
        )
        return mixed.transpose(1, 2).flatten(2)


class _CrossedOutput(nn.Module):
    """Projection, residual and norm of both streams. ``q_dense`` is never used, but is in every checkpoint."""

    def __init__(self, config: CoAttentionConfig) -> None:
        super().__init__()
        self.dense1 = nn.Linear(config.width, config.image_width)
        self.LayerNorm1 = nn.LayerNorm(config.image_width, eps=_EPSILON)
        self.q_dense1 = nn.Linear(config.width, config.image_width)
        self.dense2 = nn.Linear(config.width, config.text_width)
        self.LayerNorm2 = nn.LayerNorm(config.text_width, eps=_EPSILON)
        self.q_dense2 = nn.Linear(config.width, config.text_width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, seen: Tensor, image: Tensor, said: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """New states of regions and words."""
        return (
            self.LayerNorm1(self.dropout(self.dense1(seen)) + image),
            self.LayerNorm2(self.dropout(self.dense2(said)) + text),
        )


class _Inner(nn.Module):
    """First half of a feed-forward, with exact GELU."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n, width) to (B, n, inner)."""
        return functional.gelu(self.dense(x))


class _Output(nn.Module):
    """Second half of a feed-forward, residual and norm."""

    def __init__(self, inner: int, width: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, width)
        self.LayerNorm = nn.LayerNorm(width, eps=_EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        """(B, n, inner) and (B, n, width) to the latter's shape."""
        out: Tensor = self.LayerNorm(self.dropout(self.dense(x)) + residual)
        return out
