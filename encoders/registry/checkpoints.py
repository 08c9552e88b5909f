"""Checkpoints of others, read safely and loaded strictly: a tensor that is missing, extra or misshapen is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from encoders.types import WeightsError

NESTS = ("state_dict", "model_state_dict", "model", "module")
"""Keys under which training scripts put the weights, beside optimiser states and counters."""

_NAMED = 8  # tensors that an error names of each kind


def read_checkpoint(path: Path, nests: Collection[str] = NESTS) -> dict[str, Tensor]:
    """Tensors by name, out of a ``.safetensors`` file, a PyTorch file, a sharded index or a folder of such files.

    Weights that lie within another dict under one of ``nests`` are taken out of it, and the prefix ``module.`` of
    data-parallel training is taken off where all names have it. Nothing in the file is executed.

    Raises:
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it is neither kind or holds no tensors.
    """
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise WeightsError("missing", f"There is no checkpoint {path}.")
    try:
        if path.suffix == ".safetensors":
            found: Any = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError("corrupt", f"{path} cannot be read as a checkpoint: {reason}") from error
    nested = True
    while nested and isinstance(found, Mapping):
        inner = next((found[key] for key in nests if isinstance(found.get(key), Mapping)), None)
        nested = inner is not None
        found = inner if nested else found
    state = {str(k): v for k, v in found.items() if isinstance(v, Tensor)} if isinstance(found, Mapping) else {}
    if not state:
        raise WeightsError("corrupt", f"{path} holds no tensors.")
    return without_prefix(state, "module.")


def without_prefix(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The same tensors without ``prefix``, if all names have it."""
    if all(name.startswith(prefix) for name in state):
        return {name[len(prefix) :]: tensor for name, tensor in state.items()}
    return dict(state)


def below(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with ``prefix``, without it."""
    return {name[len(prefix) :]: tensor for name, tensor in state.items() if name.startswith(prefix)}


def load_strictly(
    module: nn.Module,
    state: Mapping[str, Tensor],
    what: str,
    *,
    rename: Callable[[str], str] | None = None,
    ignore: Iterable[str] = (),
    optional: Iterable[str] = (),
) -> None:
    """Load ``state`` into ``module``, each tensor converted to the type of its parameter.

    Args:
        what: the checkpoint, for the message.
        rename: official name to the module's.
        ignore: regular expressions of names (before renaming) that the checkpoint may hold beside, and the module
            does not want: buffers that are computed again, queues, momentum copies.
        optional: regular expressions of the module's names that the checkpoint may lack; they keep their values.

    Raises:
        WeightsError: ``corrupt``, naming what is missing, extra and misshapen.
    """
    ignored = re.compile("|".join(f"(?:{pattern})" for pattern in ignore) or r"(?!)")
    spared = re.compile("|".join(f"(?:{pattern})" for pattern in optional) or r"(?!)")
    given = {rename(name) if rename else name: t for name, t in state.items() if not ignored.fullmatch(name)}
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in given and not spared.fullmatch(name)]
    extra = [name for name in given if name not in wanted]
    misshapen = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in given and given[name].shape != tensor.shape
    ]
    faults = [
        f"{kind}: {', '.join(names[:_NAMED])}{f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''}"
        for kind, names in (("missing", missing), ("unexpected", extra), ("misshapen", misshapen))
        if names
    ]
    if faults:
        raise WeightsError("corrupt", f"{what} does not fit {type(module).__name__}; {'; '.join(faults)}.")
    module.load_state_dict({name: given.get(name, tensor).to(tensor.dtype) for name, tensor in wanted.items()})


def _folder(path: Path) -> dict[str, Tensor]:
    files = sorted(path.glob("*.safetensors")) or sorted([*path.glob("*.bin"), *path.glob("*.pt"), *path.glob("*.pth")])
    if not files:
        raise WeightsError("missing", f"The folder {path} holds no checkpoint (.safetensors, .bin, .pt, .pth).")
    state: dict[str, Tensor] = {}
    for file in files:
        part = read_checkpoint(file)
        if doubled := state.keys() & part.keys():
            raise WeightsError("corrupt", f"{path}: {min(doubled)} is in several files, {file.name} among them.")
        state.update(part)
    return state
