"""BLIP for retrieval: vectors to compare pictures, videos and texts, and a closer look at single pairs.

Source: arXiv:2201.12086, section 3.2 (ITC, ITM); official code salesforce/BLIP,
models/blip_retrieval.py, models/blip_itm.py and eval_retrieval_video.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.blip.med import ENC, Med, MedConfig, marked
from encoders.reference.blip.vit import VisionTransformer, VitConfig


@dataclass(frozen=True, slots=True)
class BlipConfig:
    """Sizes of the retrieval model.

    Attributes:
        embed_dim: width of the vectors that are compared.
        enc_token: [ENC], which takes the place of [CLS] where pairs are matched.
        replace_cls: whether pairs are matched with [ENC] at position 0, as in training and evaluation of
            retrieval. The official ``blip_itm.py`` leaves [CLS] there, which gives other scores: False.
    """

    vision: VitConfig = field(default_factory=VitConfig)
    text: MedConfig = field(default_factory=MedConfig)
    embed_dim: int = 256
    enc_token: int = ENC
    replace_cls: bool = True


class BlipRetrieval(nn.Module):
    """Vision transformer, MED, two projections and the matching head, in official parameter names.

    Raises:
        ValueError: if MED expects picture tokens of another width than the vision transformer gives.
    """

    def __init__(self, config: BlipConfig) -> None:
        super().__init__()
        if config.text.encoder_width != config.vision.embed_dim:
            raise ValueError(f"picture tokens are {config.vision.embed_dim} wide, not {config.text.encoder_width}")
        self.config = config
        self.visual_encoder = VisionTransformer(config.vision)
        self.text_encoder = Med(config.text)
        self.vision_proj = nn.Linear(config.vision.embed_dim, config.embed_dim)
        self.text_proj = nn.Linear(config.text.hidden_size, config.embed_dim)
        self.itm_head = nn.Linear(config.text.hidden_size, 2)

    def picture_tokens(self, pixels: Tensor) -> Tensor:
        """Tokens (B, 1 + patches, width) of pictures (B, 3, s, s)."""
        out: Tensor = self.visual_encoder(pixels)
        return out

    def picture_vectors(self, tokens: Tensor) -> Tensor:
        """Unit vectors (B, d) of picture tokens (B, N, width)."""
        return functional.normalize(self.vision_proj(tokens[:, 0]), dim=-1)

    def video_vectors(self, tokens: Tensor) -> Tensor:
        """Unit vectors (B, d) of the tokens (B, T, N, width) of T frames each: the mean first, then unit length.

        Raises:
            ValueError: if ``tokens`` has not four dimensions or no frame.
        """
        _check_frames(tokens)
        return functional.normalize(self.vision_proj(tokens[:, :, 0]).mean(dim=1), dim=-1)

    def text_vectors(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors (B, d) of texts, ``ids`` and ``mask`` (B, L); position 0 is [CLS]."""
        return functional.normalize(self.text_proj(self.text_encoder.text_states(ids, mask)[:, 0]), dim=-1)

    def match_logits(self, tokens: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, 2) of "does not match" and "matches", for pairs of tokens (B, M, width) and texts (B, L).

        Raises:
            ValueError: if shapes do not fit.
        """
        if self.config.replace_cls:
            ids = marked(ids, self.config.enc_token)
        out: Tensor = self.itm_head(self.text_encoder.grounded_states(ids, mask, tokens)[:, 0])
        return out


def video_tokens(tokens: Tensor) -> Tensor:
    """The tokens (B, T, N, width) of T frames as one row of tokens, (B, T·N, width); nothing tells the frames' order.

    Raises:
        ValueError: if ``tokens`` has not four dimensions or no frame.
    """
    _check_frames(tokens)
    return torch.flatten(tokens, 1, 2)


def _check_frames(tokens: Tensor) -> None:
    if tokens.ndim != 4 or not tokens.shape[1]:
        raise ValueError(f"tokens of videos must be (B, T, N, width) with T > 0, not {tuple(tokens.shape)}")
