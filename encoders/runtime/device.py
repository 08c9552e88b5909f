"""Where a network computes, in which numbers, and how much of it at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import torch

_Result = TypeVar("_Result")


@dataclass(slots=True)
class BatchSize:
    """How many inputs a model takes at a time. The model keeps it, so what memory allowed once is remembered.

    Attributes:
        value: at least 1; `batched` lowers it when memory runs out.
    """

    value: int

    def __post_init__(self) -> None:
        if self.value < 1:
            raise ValueError(f"a batch holds at least 1 input, not {self.value}")


def chosen_device() -> str:
    """``cuda`` where PyTorch finds a GPU, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def chosen_dtype(device: str) -> torch.dtype:
    """Half precision on a GPU, bfloat16 where the GPU itself computes in it, and float32 on a CPU.

    bfloat16 goes first because it has float32's range: networks that were not trained in float16 overflow in it.
    """
    if not device.startswith("cuda"):
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def largest_batch(run: Callable[[int], object], start: int, limit: int) -> int:
    """The first of ``min(start, limit)``, its half, its quarter … that ``run`` has memory for.

    Args:
        run: computes that many inputs; may be called several times, and what its failed calls did must not count.
        start: how many to try first, at least 1.
        limit: how many there are, at least 1.

    Raises:
        MemoryError: if there is not even memory for one.
    """
    if start < 1 or limit < 1:
        raise ValueError(f"start and limit must be at least 1, not {start} and {limit}")
    size = min(start, limit)
    while not _fits(run, size):
        if size == 1:
            raise MemoryError("There is not enough memory for a single input of the model.")
        size //= 2
    return size


def batched(run: Callable[[int, int], _Result], count: int, size: BatchSize) -> list[_Result]:
    """``run(start, end)`` over all of 0 … count in batches as large as ``size`` and memory allow, in order.

    Args:
        run: computes inputs ``start`` to ``end`` (exclusive).
        count: how many inputs there are; 0 gives no batches.
        size: how many to take at a time; lowered if that did not fit, for this call and all later ones.

    Raises:
        MemoryError: if there is not even memory for one.
    """
    results: list[_Result] = []

    def attempt(start: int, length: int) -> None:
        results.append(run(start, start + length))

    done = 0
    while done < count:
        asked = min(size.value, count - done)
        fitted = largest_batch(partial(attempt, done), asked, count - done)
        if fitted < asked:
            size.value = fitted
        done += fitted
    return results


def _fits(run: Callable[[int], object], size: int) -> bool:
    try:
        run(size)
    except (torch.OutOfMemoryError, MemoryError):
        pass
    except RuntimeError as error:
        # PyTorch has a type of its own only for the GPU's memory.
        if "can't allocate memory" not in str(error):
            raise
    else:
        return True
    # Only here has the traceback let go of what the failed call held.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return False
