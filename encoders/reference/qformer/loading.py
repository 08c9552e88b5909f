"""Official BLIP-2 checkpoints: the trained parts in one file, the frozen vision tower in the same or another.

Source: official code salesforce/LAVIS, lavis/models/blip2_models/blip2.py, lavis/models/eva_vit.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from torch import Tensor, nn

from encoders.reference.qformer.blip2 import Blip2, Blip2Config
from encoders.registry.checkpoints import load_strictly, read_checkpoint
from encoders.types import WeightsError

_BUFFERS = (r"(.*\.)?position_ids",)
_EVA = ("cls_token", "pos_embed", "patch_embed.", "blocks.", "norm.", "fc_norm.", "head.")
_IMAGEBIND = "modality_"


def load_blip2(path: Path, config: Blip2Config, vision: Path | None = None) -> Blip2:
    """The model with an official checkpoint's weights, in float32 and eval mode, without gradients.

    Args:
        path: Q-Former, queries and heads; perhaps the vision tower as well.
        vision: the vision tower, where ``path`` leaves it out, as LAVIS does when that was frozen.

    Raises:
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if tensors are missing, extra or misshapen.
    """
    model = Blip2(config)
    load_in_order(
        model,
        [path] if vision is None else [vision, path],
        ignore=(*_BUFFERS, *surplus_vision(config.vision.depth)),
    )
    return model.requires_grad_(False).eval()


def load_in_order(module: nn.Module, paths: Sequence[Path], ignore: Iterable[str] = ()) -> None:
    """Load several checkpoints one over another: where two hold the same tensor, the later one counts.

    The official code loads each of them without checks. Here each has to bring at least one tensor that ``module``
    knows, none may bring an unknown one, and in the end none may be missing. The names of a bare vision tower are
    put below ``visual_encoder.``, those of a bare ImageBind below ``audio_encoder.``.

    Args:
        ignore: regular expressions of names that may be there beside.

    Raises:
        WeightsError: ``missing`` without a file; ``corrupt``, naming the file that brings nothing, or the tensors
            that are missing, extra or misshapen.
    """
    if not paths:
        raise WeightsError("missing", f"No checkpoint was given for {type(module).__name__}.")
    wanted = module.state_dict().keys()
    merged: dict[str, Tensor] = {}
    for path in paths:
        part = {_nested(name): tensor for name, tensor in read_checkpoint(path).items()}
        if not part.keys() & wanted:
            raise WeightsError("corrupt", f"{path} holds no tensor of {type(module).__name__}.")
        merged.update(part)
    load_strictly(module, merged, ", ".join(map(str, paths)), ignore=ignore)


def surplus_vision(depth: int) -> tuple[str, ...]:
    """Names of what the vision tower's own file has beyond ``depth`` blocks: one more, a final norm, a head."""
    return (rf"visual_encoder\.blocks\.{depth}\..*", r"visual_encoder\.(norm|fc_norm|head)\..*")


def _nested(name: str) -> str:
    if name.startswith(_EVA):
        return f"visual_encoder.{name}"
    return f"audio_encoder.{name}" if name.startswith(_IMAGEBIND) else name
