"""Video-ChatGPT's front end: spatio-temporal pooling and one linear layer into the language model's space.

Source: Maaz et al. 2023, arXiv:2306.05424, section 3.1; official code mbzuai-oryx/Video-ChatGPT,
video_chatgpt/model/video_chatgpt.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from encoders.reference.video_chatgpt.pooling import TEMPORAL_TOKENS, spatio_temporal_tokens


@dataclass(frozen=True, slots=True)
class VideoChatGPTConfig:
    """Sizes; the defaults are the 7B model on CLIP ViT-L/14 at 224 pixels.

    Attributes:
        hidden_size: channels of the language model.
        mm_hidden_size: channels of the vision tower.
        patches: patches of a frame.
        temporal: tokens for frames, real ones and padding.
        round_to_half: round the pooled tokens to half precision before the projector, as the official inference
            does whatever the precision of the rest.
    """

    hidden_size: int = 4096
    mm_hidden_size: int = 1024
    patches: int = 256
    temporal: int = TEMPORAL_TOKENS
    round_to_half: bool = True

    @property
    def tokens(self) -> int:
        """Embeddings per video: 356 by default."""
        return self.temporal + self.patches


class VideoChatGPT(nn.Module):
    """The projector, in official parameter names (without the leading ``model.``)."""

    def __init__(self, config: VideoChatGPTConfig) -> None:
        super().__init__()
        self.config = config
        self.mm_projector = nn.Linear(config.mm_hidden_size, config.hidden_size)

    def forward(self, features: Tensor) -> Tensor:
        """Embeddings (temporal + p, h) of one video: frames first, then places.

        The rows that pad the frames are not zero but the projector's bias.

        Args:
            features: (t, p, c) hidden states of the vision tower, without the class token.

        Raises:
            ValueError: if the features have another shape, or there are too many frames.
        """
        wanted = (self.config.patches, self.config.mm_hidden_size)
        if features.ndim != 3 or features.shape[1:] != wanted:
            raise ValueError(f"features must be (t, {wanted[0]}, {wanted[1]}), not {tuple(features.shape)}")
        return self.project(spatio_temporal_tokens(features, self.config.temporal))

    def project(self, tokens: Tensor) -> Tensor:
        """Embeddings (n, h) of pooled tokens (n, c), for instance out of a file of stored tokens."""
        rounded = tokens.half() if self.config.round_to_half else tokens
        projected: Tensor = self.mm_projector(rounded.to(self.mm_projector.weight.dtype))
        return projected
