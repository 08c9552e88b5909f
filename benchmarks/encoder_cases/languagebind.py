"""LanguageBind's towers: pictures against transformers' CLIPVisionModel, videos against its layers combined as in the
official code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.encoder_cases.case import Case, Setting, Side

if TYPE_CHECKING:
    from torch import Tensor

_PICTURES, _VIDEOS, _FRAMES = (2, 64), (1, 8), 8  # on a CPU, on a GPU
_PICTURE_LAYERS, _VIDEO_LAYERS = 6, 2  # of 24
_SIZES = {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "patch_size": 14}


def _reference(layers: int) -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModel

    return CLIPVisionModel(CLIPVisionConfig(num_hidden_layers=layers, hidden_act="gelu", **_SIZES))


def _our_pictures(setting: Setting) -> Side:
    from dataclasses import replace

    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill
    from encoders.reference.languagebind.vision import PICTURE, VisionTower

    model = networks.placed(fill(VisionTower(replace(PICTURE, num_hidden_layers=_PICTURE_LAYERS))), setting)
    pixels = networks.noise(setting, setting.count(*_PICTURES), 3, 224, 224)
    return networks.side(lambda: model(pixels), len(pixels))


def _their_pictures(setting: Setting) -> Side:
    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill

    model = networks.placed(fill(_reference(_PICTURE_LAYERS)), setting)
    pixels = networks.noise(setting, setting.count(*_PICTURES), 3, 224, 224)
    return networks.side(lambda: model(pixel_values=pixels).pooler_output, len(pixels))


def _our_videos(setting: Setting) -> Side:
    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill
    from encoders.reference.languagebind.vision import VisionConfig, VisionTower

    model = networks.placed(fill(VisionTower(VisionConfig(num_hidden_layers=_VIDEO_LAYERS))), setting)
    pixels = networks.noise(setting, setting.count(*_VIDEOS), 3, _FRAMES, 224, 224)
    return networks.side(lambda: model(pixels), len(pixels))


def _their_videos(setting: Setting) -> Side:
    """Source: PKU-YuanGroup/LanguageBind, languagebind/video/modeling_video.py, which subclasses transformers' CLIP."""
    import torch
    from torch import nn
    from transformers.models.clip.modeling_clip import CLIPAttention, CLIPEncoderLayer

    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill

    class TimeLayer(CLIPEncoderLayer):
        """A layer of CLIP after attention between frames at the same position."""

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.temporal_embedding = nn.Parameter(torch.zeros(1, _FRAMES, config.hidden_size))
            self.temporal_attn = CLIPAttention(config)
            self.temporal_layer_norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

        def forward(self, hidden_states: Tensor, attention_mask: Tensor | None = None, **options: Any) -> Tensor:
            rows, tokens, width = hidden_states.shape

            def by_place(x: Tensor) -> Tensor:
                videos = x.reshape(rows // _FRAMES, _FRAMES, tokens, width)
                return videos.transpose(1, 2).reshape(-1, _FRAMES, width)

            def by_frame(x: Tensor) -> Tensor:
                videos = x.reshape(rows // _FRAMES, tokens, _FRAMES, width)
                return videos.transpose(1, 2).reshape(rows, tokens, width)

            x = by_frame(by_place(hidden_states) + self.temporal_embedding)
            across, _ = self.temporal_attn(self.temporal_layer_norm1(by_place(x)))
            seen: Tensor = super().forward(x + by_frame(across), attention_mask, **options)
            return seen

    model = _reference(_VIDEO_LAYERS)
    model.encoder.layers = nn.ModuleList(TimeLayer(model.config) for _ in range(_VIDEO_LAYERS))
    model = networks.placed(fill(model), setting)
    pixels = networks.noise(setting, setting.count(*_VIDEOS), 3, _FRAMES, 224, 224).transpose(1, 2).flatten(0, 1)
    return networks.side(
        lambda: model(pixel_values=pixels).pooler_output.unflatten(0, (-1, _FRAMES)).mean(dim=1),
        setting.count(*_VIDEOS),
    )


CASES = (
    Case(
        "languagebind-image",
        "languagebind",
        "transformers CLIPVisionModel",
        "pictures",
        _our_pictures,
        _their_pictures,
        cut=f"{_PICTURE_LAYERS} of 24 layers",
    ),
    Case(
        "languagebind-video",
        "languagebind",
        "official layer out of transformers' CLIP parts",
        "clips of 8 frames",
        _our_videos,
        _their_videos,
        cut=f"{_VIDEO_LAYERS} of 24 layers",
    ),
)
