"""Reference cases of the official models, and weights out of formulas that need no file."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

SHARED = Path(__file__).resolve().parents[3] / "shared" / "golden"


@dataclass(frozen=True)
class Case:
    """One pair of files: ``meta`` the JSON, tensors by group."""

    meta: dict[str, Any]
    state: dict[str, Tensor]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]

    def close(self, name: str, mine: Tensor) -> None:
        """Assert that ``mine`` is the official output ``name`` within the case's tolerance."""
        expected, tolerance = self.outputs[name], self.meta["tolerance"]
        limits = {"atol": tolerance["atol"], "rtol": tolerance["rtol"]}
        torch.testing.assert_close(mine.to(expected.dtype), expected, **limits, msg=lambda said: f"{name}: {said}")


@pytest.fixture(scope="session")
def golden():
    """``golden("clip2video_b1")`` reads one case of the shared folder; where that is absent, the test is skipped."""

    def read(name: str) -> Case:
        file = SHARED / f"{name}.safetensors"
        if not file.is_file():
            pytest.skip("the shared golden data are not here")
        groups: dict[str, dict[str, Tensor]] = {"state": {}, "in": {}, "out": {}}
        for key, tensor in load_file(file).items():
            group, _, rest = key.partition("/")
            groups[group][rest] = tensor
        meta = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        return Case(meta, groups["state"], groups["in"], groups["out"])

    return read


@pytest.fixture(scope="session")
def closed_form():
    """The older set: summary numbers for weights that a formula fills."""
    file = SHARED / "closed_form.json"
    if not file.is_file():
        pytest.skip("the shared golden data are not here")
    return json.loads(file.read_text(encoding="utf-8"))


def fill(module: nn.Module, amplitude: float = 0.2) -> nn.Module:
    """Weights by rule: the i-th floating tensor by name holds a·sin(0.37 j + i); norms' weights 1 + that.

    Source: `design/models/b.md`, section 12.
    """
    state = module.state_dict()
    names = sorted(name for name, tensor in state.items() if tensor.is_floating_point())
    for rank, name in enumerate(names):
        tensor = state[name]
        steps = torch.arange(tensor.numel(), dtype=torch.float64)
        values = (amplitude * torch.sin(0.37 * steps + rank)).reshape(tensor.shape)
        if tensor.ndim == 1 and name.endswith(".weight"):
            values = 1 + values
        if name.endswith("running_var"):
            values = 1 + values.abs()
        tensor.copy_(values)
    return module


def inp(*shape: int, st: float = 0.11, ph: float = 0.5) -> Tensor:
    """Inputs by rule: sin(st·j + ph), row-major, float64."""
    steps = torch.arange(math.prod(shape), dtype=torch.float64)
    return torch.sin(st * steps + ph).reshape(shape)


def assert_summary(mine: Tensor, expected: dict[str, Any], tolerance: float = 1e-7) -> None:
    """Shape, first values, sum and length as in ``closed_form.json``."""
    assert list(mine.shape) == expected["shape"]
    first = mine.detach().double().flatten()[: len(expected["first"])]
    torch.testing.assert_close(first, torch.tensor(expected["first"], dtype=torch.float64), atol=tolerance, rtol=0)
    assert float(mine.double().sum()) == pytest.approx(expected["sum"], abs=1e-5)
    assert float(mine.double().norm()) == pytest.approx(expected["l2"], abs=1e-5)


def keep_summaries(path: Path, provenance: str, tensors: dict[str, Tensor]) -> None:
    """Write what `assert_summary` compares with, so that a later version can be held to this one's numbers."""
    kept = {
        name: {
            "shape": list(tensor.shape),
            "first": [round(value, 9) for value in tensor.double().flatten()[:6].tolist()],
            "sum": round(float(tensor.double().sum()), 8),
            "l2": round(float(tensor.double().norm()), 8),
        }
        for name, tensor in tensors.items()
    }
    path.write_text(json.dumps({"provenance": provenance} | kept, indent=1) + "\n", encoding="utf-8")
