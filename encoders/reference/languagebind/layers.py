"""Attention and feed-forward part of a CLIP tower in the transformers library's parameter names.

Source: LanguageBind builds on the CLIP of huggingface/transformers 4.30, models/clip/modeling_clip.py.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

Activation = Literal["gelu", "quick_gelu"]
"""``gelu`` is exact (erf): all LanguageBind models have it. ``quick_gelu`` is that of OpenAI's CLIP."""


class Attention(nn.Module):
    """Multi-head self-attention with four separate linears, each with a bias.

    Raises:
        ValueError: if ``width`` is no multiple of ``heads``.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"a width of {width} cannot be split among {heads} heads")
        self._heads = heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(b, n, d) to (b, n, d); ``mask`` is true where a query may look, and broadcast to (b, heads, n, n)."""
        query, key, value = (
            linear(x).unflatten(-1, (self._heads, -1)).transpose(1, 2)
            for linear in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        out: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))
        return out


class Mlp(nn.Module):
    """Linear to ``inner``, activation, linear back."""

    def __init__(self, width: int, inner: int, activation: Activation) -> None:
        super().__init__()
        self._quick = activation == "quick_gelu"
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """(…, d) to (…, d)."""
        x = self.fc1(x)
        out: Tensor = self.fc2(x * (1.702 * x).sigmoid() if self._quick else functional.gelu(x))
        return out


class Layer(nn.Module):
    """``h = x + attention(LN(x))``, then ``h + mlp(LN(h))``."""

    def __init__(self, width: int, inner: int, heads: int, activation: Activation, epsilon: float) -> None:
        super().__init__()
        self.self_attn = Attention(width, heads)
        self.layer_norm1 = nn.LayerNorm(width, eps=epsilon)
        self.mlp = Mlp(width, inner, activation)
        self.layer_norm2 = nn.LayerNorm(width, eps=epsilon)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(b, n, d) to (b, n, d); ``mask`` as in `Attention.forward`."""
        x = x + self.self_attn(self.layer_norm1(x), mask)
        out: Tensor = x + self.mlp(self.layer_norm2(x))
        return out


class Encoder(nn.Module):
    """A stack of layers, named ``layers.0`` and so on."""

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor, mask: Tensor | None = None, depth: int | None = None) -> Tensor:
        """(b, n, d) to (b, n, d), through the first ``depth`` layers only if that is given.

        Raises:
            ValueError: if there are fewer layers than ``depth``.
        """
        if depth is not None and not 0 <= depth <= len(self.layers):
            raise ValueError(f"the depth must be from 0 to {len(self.layers)}, not {depth}")
        for layer in self.layers[:depth]:
            x = layer(x, mask)
        return x
