"""The tensors of a TorchScript archive, read without compiling or running what it holds.

OpenAI publishes CLIP as TorchScript programs. Loading such a program means trusting its code, and only the weights are
wanted here, so the archive's ``data.pkl`` is read by an unpickler that knows tensors and plain objects only.

Source: the layout is that of PyTorch's serialisation, torch/csrc/jit/docs/serialization.md.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from encoders.types import WeightsError

_TYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def is_scripted(path: Path) -> bool:
    """Whether the file is a TorchScript archive: a zip that holds constants beside the data."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def read_scripted(path: Path) -> dict[str, Tensor]:
    """Tensors by dotted name, as the program's ``state_dict`` would give them.

    Raises:
        WeightsError: ``corrupt`` if the archive is damaged or holds anything but modules, tensors and plain values.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            data = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            root = _Unpickler(archive, data.removesuffix(".pkl")).load()
    except (
        *(zipfile.BadZipFile, pickle.UnpicklingError, StopIteration, EOFError, OSError),
        *(KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError),
    ) as error:
        raise WeightsError("corrupt", f"{path} cannot be read as a TorchScript archive: {error}") from error
    state = dict(_tensors(root, ""))
    if not state:
        raise WeightsError("corrupt", f"{path} holds no tensors.")
    return state


class _Module:
    """A module of the program: its attributes only."""


def _tensors(module: Any, prefix: str) -> list[tuple[str, Tensor]]:
    found: list[tuple[str, Tensor]] = []
    for name, value in vars(module).items() if isinstance(module, _Module) else ():
        if isinstance(value, Tensor):
            found.append((prefix + name, value))
        else:
            found += _tensors(value, f"{prefix}{name}.")
    return found


class _Unpickler(pickle.Unpickler):
    """Allows modules (as `_Module`), storages (as their types) and tensors; refuses every other name."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{folder}.pkl")))
        self._archive, self._folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        """What stands for the global ``module.name``."""
        if module.startswith("__torch__"):
            return type(name, (_Module,), {})
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch.jit._pickle" and name.startswith("build_"):
            return list
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        raise pickle.UnpicklingError(f"{module}.{name} is not expected in weights")

    def persistent_load(self, pid: Any) -> Tensor:
        """The numbers of one storage, one-dimensional."""
        _, kind, key, _, count = pid
        content = bytearray(self._archive.read(f"{self._folder}/{key}"))
        return torch.frombuffer(content, dtype=kind, count=count) if count else torch.empty(0, dtype=kind)


def _rebuilt(storage: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *_: object) -> Tensor:
    return storage.as_strided(tuple(size), tuple(stride), offset)
