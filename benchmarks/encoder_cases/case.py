"""A case: the same computation twice, by us and by a reference library.

Model libraries are imported inside the functions of a case, so that the memory of one side excludes the other's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SINGLE = 1e-4
"""Largest difference allowed in float32, relative to the largest number: summing in another order differs by less."""
HALF = 0.05
"""The same for a GPU that computes in half precision."""


class MissingError(Exception):
    """A side cannot be built here, and why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a case is measured.

    Attributes:
        device: ``cpu`` or ``cuda``.
        threads: CPU threads of one call.
        folder: what `Case.prepare` wrote for the case.
        clip: a video file with speech, for the audio cases; None without one.
        exact: whether networks compute in float32 also on a GPU.
    """

    device: str
    threads: int
    folder: Path
    clip: Path | None
    exact: bool = False

    def count(self, on_cpu: int, on_gpu: int) -> int:
        """Units of one call: with few units, a GPU mostly waits."""
        return on_gpu if self.device == "cuda" else on_cpu


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two implementations.

    Attributes:
        run: one call, as timed.
        numbers: the result as an array, to compare with the other side's.
        count: units that one call takes.
        bare: makes only the network's forward pass, compiled, on inputs that are on the device already: the best that a
            GPU could do. None if the side is not a PyTorch network.
    """

    run: Callable[[], Any]
    numbers: Callable[[Any], NDArray[np.float64]]
    count: float
    bare: Callable[[], Callable[[], Any]] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the report.

    Attributes:
        reference: what ours is compared with.
        unit: what is counted, in the plural.
        cut: what is smaller than in the official model; "" if nothing.
        prepare: writes weights that both sides read, in a process of its own.
        tolerance: largest difference allowed in float32, as a share of the reference's largest number. With 0 the
            results are compared in float32 also on a GPU: rounding may decide between two words.
        on_gpu: whether it computes where `Setting.device` says; otherwise always on the CPU.
    """

    name: str
    family: str
    reference: str
    unit: str
    ours: Callable[[Setting], Side]
    theirs: Callable[[Setting], Side]
    cut: str = ""
    prepare: Callable[[Path], None] | None = None
    tolerance: float = SINGLE
    on_gpu: bool = True
