"""Video-LLaMA's vision branch: frames to queries, queries with their frame's place to a few tokens for a LLaMA.

Source: arXiv:2306.02858, section 2.1.1; official code DAMO-NLP-SG/Video-LLaMA, video_llama/models/video_llama.py
(encode_videoQformer_visual).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from encoders.reference.qformer.eva_vit import EvaVit, EvaVitConfig
from encoders.reference.qformer.layers import QFormerConfig
from encoders.reference.qformer.model import QFormer

_VISION_EPSILON = 1e-5  # ln_vision, official code; the tower itself has 1e-6, the Q-Formers 1e-12


def _over_frames() -> QFormerConfig:
    return QFormerConfig(layers=2, cross_every=1, source_width=768, text=False)


@dataclass(frozen=True, slots=True)
class VideoLlamaVisionConfig:
    """Sizes; the defaults are those of the released models with 7 B parameters.

    Attributes:
        qformer: of each frame; it reads the vision tower.
        video_qformer: of all frames; it reads the queries of the frames.
        queries: learned queries a frame.
        video_queries: learned queries of the video, the tokens that the LLaMA sees.
        frames: the most frames that positions exist for.
        llama_width: 4096 for 7 B, 5120 for 13 B.
    """

    vision: EvaVitConfig = field(default_factory=EvaVitConfig)
    qformer: QFormerConfig = field(default_factory=lambda: QFormerConfig(text=False))
    video_qformer: QFormerConfig = field(default_factory=_over_frames)
    queries: int = 32
    video_queries: int = 32
    frames: int = 32
    llama_width: int = 4096


class VideoLlamaVision(nn.Module):
    """The branch, in official parameter names.

    Raises:
        ValueError: if the parts' widths do not fit each other.
    """

    def __init__(self, config: VideoLlamaVisionConfig) -> None:
        super().__init__()
        width, video_width = config.qformer.width, config.video_qformer.width
        if config.qformer.source_width != config.vision.width or config.video_qformer.source_width != width:
            raise ValueError("each Q-Former must read tokens as wide as the part before it makes them")
        self.config = config
        self.visual_encoder = EvaVit(config.vision)
        self.ln_vision = nn.LayerNorm(config.vision.width, eps=_VISION_EPSILON)
        self.Qformer = QFormer(config.qformer)
        self.query_tokens = nn.Parameter(torch.zeros(1, config.queries, width))
        self.video_frame_position_embedding = nn.Embedding(config.frames, width)
        self.video_Qformer = QFormer(config.video_qformer)
        self.video_query_tokens = nn.Parameter(torch.zeros(1, config.video_queries, video_width))
        self.llama_proj = nn.Linear(video_width, config.llama_width)

    def forward(self, video: Tensor) -> Tensor:
        """Embeddings (B, video_queries, llama_width) for the LLaMA of normalised video (B, 3, T, s, s).

        Raises:
            ValueError: if the video has another shape or more frames than there are positions.
        """
        queries = self.video_queries(self.frame_tokens(self.frame_queries(video)))
        out: Tensor = self.llama_proj(queries)
        return out

    def picture_tokens(self, video: Tensor) -> Tensor:
        """Tokens (B · T, 1 + patches, vision width), the frames of a video one after another.

        Raises:
            ValueError: as `forward`.
        """
        if video.ndim != 5 or not 0 < video.shape[2] <= self.config.frames:
            raise ValueError(
                f"video must be (b, 3, t, s, s) with 0 < t <= {self.config.frames}, not {tuple(video.shape)}"
            )
        tokens: Tensor = self.ln_vision(self.visual_encoder(video.transpose(1, 2).flatten(0, 1)))
        return tokens

    def frame_queries(self, video: Tensor) -> Tensor:
        """What the queries found in each frame, (B, T, queries, width).

        Raises:
            ValueError: as `forward`.
        """
        found: Tensor = self.Qformer(self.query_tokens, source=self.picture_tokens(video))
        return found.reshape(video.shape[0], video.shape[2], *found.shape[1:])

    def frame_tokens(self, queries: Tensor) -> Tensor:
        """``queries`` (B, T, Q, width) with their frame's position, frame by frame: (B, T · Q, width).

        Only this carries the order of the frames.
        """
        places = self.video_frame_position_embedding.weight[: queries.shape[1]]
        return (queries + places[:, None]).flatten(1, 2)

    def video_queries(self, tokens: Tensor) -> Tensor:
        """What the queries of the video found, (B, video_queries, width), in ``tokens`` (B, T · Q, width)."""
        found: Tensor = self.video_Qformer(self.video_query_tokens, source=tokens)
        return found
