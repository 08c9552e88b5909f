"""Video-LLaMA's audio branch: clips of sound to a few tokens for a LLaMA.

The released branch was trained on vectors of *frames*, which ImageBind makes of length 1, and is given vectors of
*sound*, of length 20, when it is used. This is the branch as it is used.

Source: arXiv:2306.02858, section 2.1.2; official code DAMO-NLP-SG/Video-LLaMA, video_llama/models/video_llama.py
(encode_audioQformer).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from encoders.reference.qformer.layers import QFormerConfig
from encoders.reference.qformer.model import QFormer
from encoders.reference.video_llama.imagebind_audio import ImageBindAudio, ImageBindAudioConfig


def _over_clips() -> QFormerConfig:
    return QFormerConfig(layers=2, cross_every=1, source_width=1024, text=False)


@dataclass(frozen=True, slots=True)
class VideoLlamaAudioConfig:
    """Sizes; the defaults are those of the released models with 7 B parameters.

    Attributes:
        qformer: of all clips; it reads one vector a clip.
        queries: learned queries, the tokens that the LLaMA sees.
        clips: the most clips that positions exist for.
        llama_width: 4096 for 7 B, 5120 for 13 B.
    """

    imagebind: ImageBindAudioConfig = field(default_factory=ImageBindAudioConfig)
    qformer: QFormerConfig = field(default_factory=_over_clips)
    queries: int = 8
    clips: int = 8
    llama_width: int = 4096


class VideoLlamaAudio(nn.Module):
    """The branch, in official parameter names.

    Raises:
        ValueError: if the Q-Former does not read vectors of ImageBind's width.
    """

    def __init__(self, config: VideoLlamaAudioConfig) -> None:
        super().__init__()
        if config.qformer.source_width != config.imagebind.embed_dim:
            raise ValueError("the Q-Former must read vectors as wide as ImageBind makes them")
        self.config = config
        self.audio_encoder = ImageBindAudio(config.imagebind)
        self.audio_position_embedding = nn.Embedding(config.clips, config.imagebind.embed_dim)
        self.audio_Qformer = QFormer(config.qformer)
        self.audio_query_tokens = nn.Parameter(torch.zeros(1, config.queries, config.qformer.width))
        self.audio_llama_proj = nn.Linear(config.qformer.width, config.llama_width)

    def forward(self, audio: Tensor) -> Tensor:
        """Embeddings (B, queries, llama_width) for the LLaMA of clips (B, S, 1, mel_bins, frames).

        Raises:
            ValueError: if the clips have another shape or are more than there are positions.
        """
        _, vectors = self.clip_vectors(audio)
        out: Tensor = self.audio_llama_proj(self.audio_queries(self.clip_tokens(vectors)))
        return out

    def clip_vectors(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """ImageBind's class tokens (B, S, width) and vectors of length 20 (B, S, embed_dim).

        Raises:
            ValueError: as `forward`.
        """
        if audio.ndim != 5 or not 0 < audio.shape[1] <= self.config.clips:
            raise ValueError(
                f"audio must be (b, s, 1, m, f) with 0 < s <= {self.config.clips}, not {tuple(audio.shape)}"
            )
        tokens, vectors = self.audio_encoder(audio.flatten(0, 1))
        batch, clips = audio.shape[:2]
        return tokens.reshape(batch, clips, -1), vectors.reshape(batch, clips, -1)

    def clip_tokens(self, vectors: Tensor) -> Tensor:
        """``vectors`` (B, S, embed_dim) with their clip's position, not scaled again."""
        return vectors + self.audio_position_embedding.weight[: vectors.shape[1]]

    def audio_queries(self, tokens: Tensor) -> Tensor:
        """What the queries found, (B, queries, width), in ``tokens`` (B, S, embed_dim)."""
        found: Tensor = self.audio_Qformer(self.audio_query_tokens, source=tokens)
        return found
