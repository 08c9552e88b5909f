"""CLIP4Clip's head ``seqTransf``.

Source: arXiv:2104.08860, section 3.3, sequential type.
"""

from __future__ import annotations

from torch import Tensor, nn

from encoders.reference.clip.blocks import Transformer
from encoders.reference.clip4clip.base import EPSILON, Clip4ClipConfig
from encoders.reference.clip4clip.mean import MeanClip4Clip
from encoders.reference.clip4clip.pooling import check_frames, key_mask


class TransformerClip4Clip(MeanClip4Clip):
    """Frames with their positions after a transformer, added to the frames."""

    def __init__(self, config: Clip4ClipConfig) -> None:
        super().__init__(config)
        width = config.clip.embed_dim
        self.frame_position_embeddings = nn.Embedding(self.most_frames, width)
        self.transformerClip = Transformer(width, config.temporal_layers, config.temporal_heads, EPSILON)

    def temporal(self, frames: Tensor, mask: Tensor) -> Tensor:
        """The transformer's output (m, T, d); padding has values too, which the mean leaves out.

        Raises:
            ValueError: if shapes do not fit, or a video has no frame.
        """
        check_frames(frames, mask, 1, self.most_frames)
        placed = frames + self.frame_position_embeddings.weight[: frames.shape[1]]
        out: Tensor = self.transformerClip(placed, key_mask(mask, frames.dtype))
        return out

    def video_vectors(self, frames: Tensor, mask: Tensor) -> Tensor:
        """As `MeanClip4Clip.video_vectors`, of the frames and the transformer's output together."""
        return super().video_vectors(self.temporal(frames, mask) + frames, mask)
