"""CLIP's two towers against transformers' CLIPModel, and against open_clip where that is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.encoder_cases.case import Case, MissingError, Setting, Side

if TYPE_CHECKING:
    from torch import Tensor

_PICTURES, _TEXTS = (8, 256), (16, 256)  # on a CPU, on a GPU
_LENGTH, _END = 77, 49_407
# transformers' names, as openai/CLIP calls them.
_NAMES = (
    (r"^vision_model\.", "visual."),
    (r"^text_model\.", ""),
    (r"embeddings\.(class|token)_embedding", r"\1_embedding"),
    (r"embeddings\.patch_embedding", "conv1"),
    (r"embeddings\.position_embedding\.weight", "positional_embedding"),
    (r"encoder\.layers", "transformer.resblocks"),
    (r"self_attn\.", "attn."),
    (r"layer_norm(\d)", r"ln_\1"),
    (r"mlp\.fc1", "mlp.c_fc"),
    (r"mlp\.fc2", "mlp.c_proj"),
    (r"pre_layrnorm", "ln_pre"),
    (r"post_layernorm", "ln_post"),
    (r"final_layer_norm", "ln_final"),
)
_PACKED = ("q_proj", "k_proj", "v_proj")
_TURNED = {"visual_projection.weight": "visual.proj", "text_projection.weight": "text_projection"}


def _weights(name: str, shape: Any) -> Tensor:
    """A tensor of transformers' CLIPModel: query, key and value are one matrix in ours, projections are transposed."""
    from benchmarks.encoder_cases.weights import renamed, seeded

    if name in _TURNED:
        return seeded(_TURNED[name], shape[::-1]).T
    official = renamed(name, _NAMES)
    for place, part in enumerate(_PACKED):
        if f".{part}." in official:
            packed = official.replace(f".{part}.", ".in_proj_")
            return seeded(packed, (3 * shape[0], *shape[1:])).chunk(3)[place]
    return seeded(official, shape)


def _ids(setting: Setting) -> Tensor:
    import torch

    ids = torch.randint(1, _END, (setting.count(*_TEXTS), _LENGTH), generator=torch.Generator().manual_seed(0))
    ids[:, -1] = _END
    return ids.to(setting.device)


def _ours(setting: Setting, patch: int, what: str) -> Side:
    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill
    from encoders.reference.clip.model import Clip, ClipConfig

    model = networks.placed(fill(Clip(ClipConfig(vision_patch_size=patch))), setting)
    if what == "image":
        return networks.side(partial(model.encode_image, _pictures(setting)), setting.count(*_PICTURES))
    return networks.side(partial(model.encode_text, _ids(setting)), setting.count(*_TEXTS))


def _transformers(setting: Setting, patch: int, what: str) -> Side:
    from transformers import CLIPConfig, CLIPModel

    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill

    config = CLIPConfig(
        text_config={"eos_token_id": _END, "bos_token_id": _END - 1}, vision_config={"patch_size": patch}
    )
    model = networks.placed(fill(CLIPModel(config), _weights), setting)
    if what == "image":
        pixels = _pictures(setting)
        return networks.side(
            lambda: model.get_image_features(pixel_values=pixels).pooler_output, setting.count(*_PICTURES)
        )
    ids = _ids(setting)
    return networks.side(lambda: model.get_text_features(input_ids=ids).pooler_output, setting.count(*_TEXTS))


def _open_clip(setting: Setting, patch: int, what: str) -> Side:
    try:
        import open_clip
    except ImportError as error:
        raise MissingError(
            f"open_clip is not here ({error}): it needs torchvision, of which the Python registry has no CPU build"
        ) from error
    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill

    # Same parameter names as in openai/CLIP; "quickgelu" is the activation of OpenAI's weights.
    model = networks.placed(fill(open_clip.create_model(f"ViT-B-{patch}-quickgelu")), setting)
    if what == "image":
        return networks.side(partial(model.encode_image, _pictures(setting)), setting.count(*_PICTURES))
    return networks.side(partial(model.encode_text, _ids(setting)), setting.count(*_TEXTS))


def _pictures(setting: Setting) -> Tensor:
    from benchmarks.encoder_cases.networks import noise

    return noise(setting, setting.count(*_PICTURES), 3, 224, 224)


def _case(name: str, patch: int, what: str, reference: str, theirs: Callable[[Setting, int, str], Side]) -> Case:
    unit = {"image": "pictures", "text": "texts"}[what]
    return Case(
        name,
        "clip",
        reference,
        unit,
        partial(_ours, patch=patch, what=what),
        partial(theirs, patch=patch, what=what),
    )


CASES = (
    _case("clip-image-b32", 32, "image", "transformers CLIPModel", _transformers),
    _case("clip-image-b16", 16, "image", "transformers CLIPModel", _transformers),
    _case("clip-text", 32, "text", "transformers CLIPModel", _transformers),
    _case("open-clip-image-b32", 32, "image", "open_clip", _open_clip),
    _case("open-clip-text", 32, "text", "open_clip", _open_clip),
)
