"""The weights of a TensorFlow.js graph model: ``model.json`` says what lies where in ``model.bin``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from encoders.types import WeightsError

_WIDTHS = {"float32": np.float32, "int32": np.int32, "bool": np.bool_, "uint8": np.uint8}
_QUANTIZED = {"float16": np.float16, "uint8": np.uint8, "uint16": np.uint16}


@dataclass(frozen=True, slots=True)
class GraphWeights:
    """Arrays by the names that the graph has for them, as TensorFlow lays them out."""

    arrays: Mapping[str, NDArray[Any]]
    where: str

    @classmethod
    def read(cls, description: Path, content: Path) -> GraphWeights:
        """All weights, dequantised: ``float16`` is widened, ``uint8`` and ``uint16`` are ``value * scale + min``.

        Raises:
            WeightsError: ``corrupt`` if the two files do not fit each other.

        Source: tfjs-core, ``io_utils.decodeWeights``.
        """
        try:
            groups = json.loads(description.read_text(encoding="utf-8"))["weightsManifest"]
            data, place = content.read_bytes(), 0
            arrays: dict[str, NDArray[Any]] = {}
            for entry in (entry for group in groups for entry in group["weights"]):
                quantized = entry.get("quantization")
                kind = np.dtype(_QUANTIZED[quantized["dtype"]] if quantized else _WIDTHS[entry["dtype"]])
                count = int(np.prod(entry["shape"], dtype=np.int64))
                values = np.frombuffer(data, kind.newbyteorder("<"), count, place)
                place += count * kind.itemsize
                if quantized:
                    values = values.astype(np.float32)
                    if kind != np.float16:
                        values = values * np.float32(quantized["scale"]) + np.float32(quantized["min"])
                arrays[entry["name"]] = values.reshape(entry["shape"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(
                "corrupt", f"{description} and {content.name} do not belong together: {error}"
            ) from error
        if place != len(data):
            raise WeightsError("corrupt", f"{content} has {len(data)} bytes; {description.name} speaks of {place}.")
        return cls(arrays, str(content))

    def convolution(self, name: str) -> Tensor:
        """A kernel (h, w, in, out) as PyTorch has it: (out, in, h, w)."""
        return self._tensor(name, (3, 2, 0, 1))

    def depthwise(self, name: str) -> Tensor:
        """A depthwise kernel (h, w, in, 1) as PyTorch has it: (in, 1, h, w)."""
        return self._tensor(name, (2, 3, 0, 1))

    def matrix(self, name: str) -> Tensor:
        """A matrix (in, out) as `torch.nn.Linear` has it: (out, in)."""
        return self._tensor(name, (1, 0))

    def vector(self, name: str) -> Tensor:
        """A vector (n,)."""
        return self._tensor(name, (0,))

    def _tensor(self, name: str, order: tuple[int, ...]) -> Tensor:
        if name not in self.arrays or self.arrays[name].ndim != len(order):
            raise WeightsError("corrupt", f"{self.where} has no weight {name} of {len(order)} dimensions.")
        return torch.from_numpy(np.ascontiguousarray(self.arrays[name].transpose(order), np.float32).copy())
