"""Official Video-LLaMA checkpoints, which are loaded one over another.

The official order is: vision tower and ImageBind, BLIP-2's Q-Former, MiniGPT-4's projection, the trained vision branch,
the trained audio branch. The "Finetuned" releases hold all of it in one file.

Source: official code DAMO-NLP-SG/Video-LLaMA, video_llama/models/video_llama.py (from_config).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from encoders.reference.qformer.loading import load_in_order, surplus_vision
from encoders.reference.video_llama.audio import VideoLlamaAudio, VideoLlamaAudioConfig
from encoders.reference.video_llama.vision import VideoLlamaVision, VideoLlamaVisionConfig

# Beside the wanted tensors the files hold a language model, parts for text that Video-LLaMA takes out of its Q-Formers,
# BLIP-2's other heads, and the other senses of ImageBind.
_OTHERS = (
    r"(llama|t5|opt)_model\..*",
    r"(t5_proj|opt_proj|vision_proj|text_proj|itm_head)\..*",
    r"temp",
    r".*\.position_ids",
    r"(video_|audio_)?Qformer\.cls\..*",
    r"(video_|audio_)?Qformer\.bert\.embeddings\.(word|position)_embeddings\.weight",
    r"(video_|audio_)?Qformer\.bert\.encoder\.layer\.\d+\.(intermediate|output)\..*",
    r"audio_encoder\.modality_[a-z]+\.(?!audio\.).*",
)
_AUDIO = (r"audio_.*",)
_VISION = (r"video_.*", r"visual_encoder\..*", r"(ln_vision|Qformer|llama_proj)\..*", r"query_tokens")


def load_video_llama_vision(
    paths: Path | Sequence[Path], config: VideoLlamaVisionConfig | None = None
) -> VideoLlamaVision:
    """The vision branch of one or more checkpoints, in float32 and eval mode, without gradients.

    Args:
        paths: in the order in which they are loaded, later ones over earlier ones. Each must bring tensors of this
            branch; together they must bring all.

    Raises:
        WeightsError: ``missing`` without a file; ``corrupt`` if one brings nothing, or tensors are missing, extra
            or misshapen.
    """
    model = VideoLlamaVision(config or VideoLlamaVisionConfig())
    ignore = (*_OTHERS, *_AUDIO, *surplus_vision(model.config.vision.depth))
    load_in_order(model, [paths] if isinstance(paths, Path) else paths, ignore)
    return model.requires_grad_(False).eval()


def load_video_llama_audio(
    paths: Path | Sequence[Path], config: VideoLlamaAudioConfig | None = None
) -> VideoLlamaAudio:
    """The audio branch of one or more checkpoints; everything else as `load_video_llama_vision`.

    Raises:
        WeightsError: as `load_video_llama_vision`.
    """
    model = VideoLlamaAudio(config or VideoLlamaAudioConfig())
    load_in_order(model, [paths] if isinstance(paths, Path) else paths, (*_OTHERS, *_VISION))
    return model.requires_grad_(False).eval()
