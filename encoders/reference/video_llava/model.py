"""Video-LLaVA's front end: LanguageBind's image and video towers and one projector for both.

Source: official code PKU-YuanGroup/Video-LLaVA, videollava/model/llava_arch.py and multimodal_projector/builder.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from encoders.reference.languagebind.vision import PICTURE, VisionConfig, VisionTower

_LAYER = -2  # official mm_vision_select_layer: the last layer and the norm behind it are left out


@dataclass(frozen=True, slots=True)
class VideoLlavaConfig:
    """Sizes; the defaults are those of LanguageBind/Video-LLaVA-7B.

    Attributes:
        hidden_size: width of the language model.
    """

    image: VisionConfig = PICTURE
    video: VisionConfig = field(default_factory=VisionConfig)
    hidden_size: int = 4096


def hf_config() -> VideoLlavaConfig:
    """The sizes of LanguageBind/Video-LLaVA-7B-hf, whose video tower has lost its attention over time.

    The transformers library builds plain CLIP towers for both and leaves the temporal weights out, so that its numbers
    are not the published ones. Source: huggingface/transformers, models/video_llava; Video-LLaVA issue 223. The towers
    were trained with exact GELU; where the folder's own ``config.json`` says ``quick_gelu``, replace ``hidden_act``.
    """
    return VideoLlavaConfig(video=replace(VisionConfig(), add_time_attn=False))


class VideoLlava(nn.Module):
    """Towers and projector (``mm_projector.0`` and ``.2``: linear, exact GELU, linear).

    Raises:
        ValueError: if the towers have different widths.
    """

    def __init__(self, config: VideoLlavaConfig) -> None:
        super().__init__()
        width, hidden = config.video.hidden_size, config.hidden_size
        if config.image.hidden_size != width:
            raise ValueError(f"one projector cannot take widths of {config.image.hidden_size} and {width}")
        self.config = config
        self.image_tower = VisionTower(config.image)
        self.video_tower = VisionTower(config.video)
        self.mm_projector = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, hidden))

    def encode_images(self, pixels: Tensor) -> Tensor:
        """Tokens (b, patches, hidden_size) of normalised pixels (b, 3, h, w); the class token is dropped.

        Raises:
            ValueError: as `VisionTower.hidden`.
        """
        features = _selected(self.image_tower, pixels)[:, 1:]
        tokens: Tensor = self.mm_projector(features)
        return tokens

    def encode_videos(self, pixels: Tensor) -> Tensor:
        """Tokens (b, t, 1 + patches, hidden_size) of normalised pixels (b, 3, t, h, w), class tokens among them.

        Raises:
            ValueError: as `VisionTower.hidden`.
        """
        frames: Tensor = self.mm_projector(_selected(self.video_tower, pixels))
        return frames.reshape(-1, self.config.video.num_frames, *frames.shape[1:])


def _selected(tower: VisionTower, pixels: Tensor) -> Tensor:
    """The hidden state that is used of a tower's ``layers + 1``."""
    return tower.hidden(pixels, tower.config.num_hidden_layers + 1 + _LAYER)
