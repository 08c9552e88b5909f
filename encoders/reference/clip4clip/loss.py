"""The contrastive loss of CLIP4Clip and CLIP2Video.

Source: arXiv:2104.08860, equations 8 to 10.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def symmetric_cross_entropy(similarity: Tensor) -> Tensor:
    """Half the sum of the mean cross-entropies of rows and columns of (n, n), where text i belongs to video i.

    Raises:
        ValueError: if the matrix is not square, or empty.
    """
    if similarity.ndim != 2 or similarity.shape[0] != similarity.shape[1] or not len(similarity):
        raise ValueError(f"the similarities must be a square of texts by videos, not {tuple(similarity.shape)}")
    own = torch.arange(len(similarity), device=similarity.device)
    return (functional.cross_entropy(similarity, own) + functional.cross_entropy(similarity.T, own)) / 2
