"""CLIP2Video: text and video compared as wholes and by shared centres.

Source: Fang et al. 2021, arXiv:2106.11097; official code CryhanFang/CLIP2Video, modules/modeling.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor
from torch.nn import functional

from encoders.reference.clip.blocks import Transformer
from encoders.reference.clip.model import Clip, ClipConfig, unit
from encoders.reference.clip.text import end_of_text
from encoders.reference.clip2video.alignment import CentreInput, TemporalAlignment
from encoders.reference.clip2video.differences import Projection
from encoders.reference.clip4clip.base import EPSILON
from encoders.reference.clip4clip.loss import symmetric_cross_entropy
from encoders.reference.clip4clip.pooling import check_frames, mean_of_units
from encoders.registry.checkpoints import load_strictly, read_checkpoint

_FEWEST_FRAMES = 3  # of two frames, every second one has no successor to differ from


@dataclass(frozen=True, slots=True)
class Clip2VideoConfig:
    """Sizes and options; the defaults are those of the official runs with ViT-B/32.

    Attributes:
        clip: the towers. There are as many frame positions as text positions (``context_length``).
        temporal_layers: blocks of the transformer over frames and differences.
        temporal_heads: attention heads of all blocks beside CLIP's own; officially the width divided by 64.
        temporal_proj: see `Projection`.
        center_proj: see `CentreInput`.
        centers: official ``centerK``; 7 for VATEX.
        center_weight: share of the comparison as wholes.
        official_mask_tiling: see `TemporalDifference`; published numbers were made with the mistake.
    """

    clip: ClipConfig = field(default_factory=ClipConfig)
    temporal_layers: int = 4
    temporal_heads: int = 8
    temporal_proj: Projection = "sigmoid_selfA"
    center_proj: CentreInput = "TAB_TDB"
    centers: int = 5
    center_weight: float = 0.5
    official_mask_tiling: bool = False


@dataclass(frozen=True, slots=True)
class PairOfVectors:
    """A text or a video twice: ``whole`` and ``aligned``, unit vectors (n, d) each; rows can be chosen and stacked."""

    whole: Tensor
    aligned: Tensor


@dataclass(frozen=True, slots=True)
class Likeness:
    """Logits (texts, videos): as ``whole``, ``aligned``, and ``combined`` by the centre weight, which ranks."""

    whole: Tensor
    aligned: Tensor
    combined: Tensor


class Clip2Video(TemporalAlignment):
    """Texts and videos to logits.

    Raises:
        ValueError: if an option is unknown.
    """

    def __init__(self, config: Clip2VideoConfig) -> None:
        width, heads = config.clip.embed_dim, config.temporal_heads
        super().__init__(
            width,
            heads,
            config.clip.context_length,
            config.temporal_proj,
            config.centers,
            config.center_proj,
            official_mask_tiling=config.official_mask_tiling,
        )
        self.config = config
        self.clip = Clip(config.clip)
        self.transformerClip = Transformer(width, config.temporal_layers, heads, EPSILON)

    def encode_text(self, ids: Tensor, mask: Tensor) -> PairOfVectors:
        """Both vectors of token ids (n, L) int64 with masks (n, L), 1 for all but padding; the ids begin with start.

        Raises:
            ValueError: if shapes do not fit, or a text has nothing but its start.
        """
        if mask.shape != ids.shape:
            raise ValueError(f"ids and masks must have one shape, not {tuple(ids.shape)} and {tuple(mask.shape)}")
        if not mask[:, 1:].any(dim=1).all():
            raise ValueError("a text without tokens behind its start has no direction")
        tokens = self.clip.encode_tokens(ids)
        # Start of text belongs to no centre, end of text does (official code).
        words = functional.pad(mask[:, 1:], (1, 0))
        return PairOfVectors(unit(end_of_text(tokens, ids)), self.aligned(tokens, words))

    def encode_frames(self, videos: Tensor) -> Tensor:
        """Frame features (n, T, d), not normalised, of normalised pixels (n, T, 3, side, side); padding is zeros.

        Raises:
            ValueError: if the pixels have another shape.
        """
        if videos.ndim != 5:
            raise ValueError(f"videos must be (n, T, 3, height, width), not {tuple(videos.shape)}")
        return self.clip.encode_image(videos.flatten(0, 1)).reshape(*videos.shape[:2], -1)

    def encode_video(self, frames: Tensor, mask: Tensor) -> PairOfVectors:
        """Both vectors of frame features (n, T, d) with masks (n, T), 1 for all but padding.

        Raises:
            ValueError: if shapes do not fit, there are fewer than three frames, padding included, or a video has none.
        """
        check_frames(frames, mask, _FEWEST_FRAMES, self.config.clip.context_length)
        tokens = self.interleave(frames, mask)
        hidden = self.transformerClip(tokens.tokens, self.attention_mask(tokens.mask, frames.dtype))
        return PairOfVectors(mean_of_units(hidden[:, ::2] + frames, mask), self.aligned_video(frames, mask))

    def likeness(self, texts: PairOfVectors, videos: PairOfVectors) -> Likeness:
        """Logits of every text with every video: ``exp(logit_scale)`` times cosines."""
        scale, share = self.clip.logit_scale.exp(), self.config.center_weight
        whole = scale * texts.whole @ videos.whole.T
        aligned = scale * texts.aligned @ videos.aligned.T
        return Likeness(whole, aligned, share * whole + (1 - share) * aligned)

    def forward(self, ids: Tensor, text_mask: Tensor, videos: Tensor, video_mask: Tensor) -> Likeness:
        """Logits of token ids and pixels, shapes as in `encode_text` and `encode_frames`."""
        texts = self.encode_text(ids, text_mask)
        return self.likeness(texts, self.encode_video(self.encode_frames(videos), video_mask))

    def loss(self, likeness: Likeness) -> Tensor:
        """The contrastive losses of both comparisons, by the centre weight, where text i belongs to video i."""
        share = self.config.center_weight
        whole, aligned = symmetric_cross_entropy(likeness.whole), symmetric_cross_entropy(likeness.aligned)
        return share * whole + (1 - share) * aligned


def load_clip2video(path: Path, config: Clip2VideoConfig) -> Clip2Video:
    """The model with an official checkpoint's weights (``pytorch_model.bin.N``, where CLIP is in half precision).

    The model is in float32 and eval mode, without gradients.

    Raises:
        ValueError: if the configuration is impossible.
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it is not this model, naming the tensors.
    """
    model = Clip2Video(config)
    load_strictly(model, read_checkpoint(path), str(path))
    model.requires_grad_(False)
    return model.eval()
