"""The pre-norm transformer of CLIP, in official parameter names.

Source: official code openai/CLIP, clip/model.py; arXiv:2103.00020, section 2.4.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-5
"""Layer norm of CLIP itself; CLIP4Clip and CLIP2Video use 1e-12 in the blocks that they add."""

_MLP = 4  # the feed-forward part is four times as wide, official code


def quick_gelu(x: Tensor) -> Tensor:
    """``x · sigmoid(1.702 x)``, the approximation of GELU that OpenAI's weights were trained with."""
    return x * (1.702 * x).sigmoid()


class SelfAttention(nn.Module):
    """Multi-head self-attention with query, key and value packed into one matrix, in this order.

    Raises:
        ValueError: if ``width`` is no multiple of ``heads``.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"a width of {width} cannot be split among {heads} heads")
        self.heads = heads
        packed = nn.Linear(width, 3 * width)
        self.in_proj_weight, self.in_proj_bias = packed.weight, packed.bias
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, N, D) to (B, N, D); ``mask`` is added to the scores and broadcast to (B, heads, N, N)."""
        batch, tokens, width = x.shape
        packed = functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        query, key, value = packed.reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        out: Tensor = self.out_proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return out


class Mlp(nn.Module):
    """Linear to four times the width, quick GELU, linear back."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, _MLP * width)
        self.c_proj = nn.Linear(_MLP * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(…, D) to (…, D)."""
        out: Tensor = self.c_proj(quick_gelu(self.c_fc(x)))
        return out


class Block(nn.Module):
    """``h = x + attention(LN(x))``, then ``h + mlp(LN(h))``."""

    def __init__(self, width: int, heads: int, epsilon: float = EPSILON) -> None:
        super().__init__()
        self.attn = SelfAttention(width, heads)
        self.ln_1 = nn.LayerNorm(width, eps=epsilon)
        self.mlp = Mlp(width)
        self.ln_2 = nn.LayerNorm(width, eps=epsilon)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, N, D) to (B, N, D); ``mask`` as in `SelfAttention.forward`."""
        x = x + self.attn(self.ln_1(x), mask)
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class Transformer(nn.Module):
    """A stack of blocks, named ``resblocks.0`` and so on; no norm at the end."""

    def __init__(self, width: int, layers: int, heads: int, epsilon: float = EPSILON) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width, heads, epsilon) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, N, D) to (B, N, D); ``mask`` as in `SelfAttention.forward`."""
        for block in self.resblocks:
            x = block(x, mask)
        return x
