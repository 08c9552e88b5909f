"""Models in the folder layout of Hugging Face's ``save_pretrained``, loaded from disk alone and strictly.

Only safetensors are read, or PyTorch's files by its reader that makes nothing but tensors, and no code of the folder is
run; nothing is ever looked up on the network.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import utils

from encoders.types import WeightsError

if TYPE_CHECKING:
    from encoders.registry.loading import LoadContext

_NAMED = 8  # tensors that an error names of each kind
_UNREADABLE = (
    *(OSError, ValueError, TypeError, KeyError, RuntimeError, EOFError),
    *(SafetensorError, StrictDataclassError, UnpicklingError),
)
# Buffers that some checkpoints hold and others do not: networks compute them again, or only count training steps.
_HARMLESS = ("position_ids", "num_batches_tracked")


def model_folder(context: LoadContext) -> Path:
    """The folder of a model, which its registry entry names by the role ``folder``.

    Raises:
        WeightsError: ``missing`` if the entry has no such role, or there is no such folder.
    """
    folder = context.paths.get("folder")
    if folder is None:
        raise WeightsError("missing", f"The registry names no folder for {context.spec.name}.")
    if not folder.is_dir():
        raise WeightsError("missing", f"{folder} is not a folder.")
    return folder


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """One settings file of the folder.

    Raises:
        WeightsError: ``missing`` if it is not there; ``corrupt`` if it is no JSON object.
    """
    path = folder / name
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError("missing", f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise WeightsError("corrupt", f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise WeightsError("corrupt", f"{path} is not a JSON object.")
    return found


def model_kind(folder: Path, kinds: Collection[str]) -> str:
    """``model_type`` of the folder's config.json, one of ``kinds``.

    Raises:
        WeightsError: ``missing`` without a config.json; ``corrupt`` if the model is of another kind.
    """
    kind = read_json(folder, "config.json").get("model_type")
    if kind not in kinds:
        raise WeightsError("corrupt", f"{folder} holds a model of type {kind!r}, not {' or '.join(sorted(kinds))}.")
    return str(kind)


def load_network(folder: Path, auto: Any, device: str, dtype: torch.dtype) -> nn.Module:
    """The folder's network in eval mode, without gradients, on ``device``.

    Args:
        auto: the class of transformers that picks the network by config.json, e.g. ``AutoModel``.

    Raises:
        WeightsError: ``missing`` if the folder has no weights or a library for it is not installed; ``corrupt``,
            naming the tensors, if some are missing, unexpected or misshapen, or if the files cannot be read.
    """
    safe = any((folder / name).is_file() for name in ("model.safetensors", "model.safetensors.index.json"))
    if not safe and not (folder / "pytorch_model.bin").is_file():
        raise WeightsError("missing", f"{folder} holds no model.safetensors.")
    logging: Any = utils.logging
    logging.disable_progress_bar()
    try:
        network, report = auto.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=safe,
            weights_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are reported below, with their names
            dtype=dtype,
        )
    except ImportError as error:
        raise WeightsError("missing", f"{folder} needs a library that is not installed: {_first(error)}") from error
    except _UNREADABLE as error:
        raise WeightsError("corrupt", f"{folder} cannot be loaded: {_first(error)}") from error
    faults = [
        f"{kind}: {', '.join(names[:_NAMED])}{f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''}"
        for kind, names in (
            ("missing", _harmful(report["missing_keys"])),
            ("unexpected", _harmful(report["unexpected_keys"])),
            ("misshapen", sorted(f"{n} {tuple(a)} instead of {tuple(b)}" for n, a, b in report["mismatched_keys"])),
        )
        if names
    ]
    if faults:
        raise WeightsError("corrupt", f"{folder} does not fit {type(network).__name__}; {'; '.join(faults)}.")
    loaded: nn.Module = network.requires_grad_(False).eval().to(device)
    return loaded


def _harmful(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.endswith(_HARMLESS))


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
