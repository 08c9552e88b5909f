"""How many actors a job gets on a cluster, and of what size: arithmetic, without Ray."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_SLOTS = 4
"""Slots of one actor. Source: our choice: Python runs one thread at a time, except inside models, and a crash in a
model costs the units in all slots.
"""

MODELS_MEMORY, SLOT_MEMORY = 5 << 28, 3 << 28
"""Bytes reserved for the models of an actor, and for each of its slots. Source: measured, 1160 MiB for all models of
the embedded profile and 134 MiB for a decoder on short clips (1622 MiB for an actor with two slots); the rest is for
large pictures and ten minutes of sound.
"""

PULLED_MODELS_MEMORY = 4 << 30
"""The former where models come from the hub. Source: not measured; in float32 the weights of the standard profile are
about 3 GB, of which those that only describe or re-rank are not loaded by an ingest.
"""

_ENOUGH = 0.9  # of the slots that would fit in smaller actors, for which these are not made smaller
_OVER_LONGEST = 4  # a slot's work as a multiple of the longest unit, from which two of these in a row are no harm


@dataclass(frozen=True, slots=True)
class Shape:
    """What a pool is made of.

    Attributes:
        slots: units that one actor works on at the same time; it reserves as many processors.
        actors: the maximum. It may be more than fit: an autoscaling cluster then grows.
        memory: bytes that one actor reserves.
        gpus: share of a GPU that one actor reserves, 0 if it needs none.
    """

    slots: int
    actors: int
    memory: int
    gpus: float = 0.0


def shape_of(
    machines: Sequence[Mapping[str, float]],
    units: int,
    workers: int | None,
    *,
    pulled: bool,
    on_gpu: bool,
    one_slot: bool,
) -> Shape:
    """The shape with the fewest copies of the models that still puts most of the cluster to use.

    Args:
        machines: of the cluster; ``CPU``, ``memory`` in bytes and ``GPU`` of each, absent where it has none.
        units: how many there are to work on, at least 1.
        workers: slots that were asked for; None for as many as fit.
        pulled: whether models come from the hub.
        on_gpu: whether they use a GPU where there is one.
        one_slot: whether no two units may share a process.
    """
    with_gpu = [machine for machine in machines if on_gpu and machine.get("GPU", 0) > 0]
    models = PULLED_MODELS_MEMORY if pulled else MODELS_MEMORY
    wanted = min(units, workers or units)
    most = 1 if one_slot else min(MAX_SLOTS, wanted)
    if with_gpu:
        machines = with_gpu
        # An actor computes on one GPU: there have to be as many actors as GPUs.
        most = max(1, min(most, *(int(machine.get("CPU", 0) // machine["GPU"]) for machine in with_gpu)))

    def fitting(machine: Mapping[str, float], slots: int) -> int:
        """Actors for which a machine has room."""
        return int(min(machine.get("CPU", 0) // slots, machine.get("memory", 0) // (models + slots * SLOT_MEMORY)))

    def places(slots: int) -> int:
        """Slots that the cluster has room for, and no more than are wanted."""
        return min(slots * sum(fitting(machine, slots) for machine in machines), wanted - wanted % slots)

    best = max(map(places, range(1, most + 1)))
    slots = max((each for each in range(1, most + 1) if places(each) >= _ENOUGH * best > 0), default=1)
    actors = max(1, wanted // slots if workers else math.ceil(min(wanted, places(slots) or 1) / slots))
    memory = models + slots * SLOT_MEMORY
    if not places(slots):
        # Less memory is better than none.
        able = [machine["memory"] for machine in machines if machine.get("CPU", 0) >= 1 and "memory" in machine]
        memory = int(min(memory, max(able, default=memory)))
    # Ray gives an actor a part of one GPU, never parts of two.
    sharing = [math.ceil(min(actors, fitting(machine, slots)) / machine["GPU"]) for machine in with_gpu]
    share = max(0.01, math.floor(100 / max(1, *sharing)) / 100) if with_gpu else 0.0
    return Shape(slots, actors, memory, share)


def units_per_slot(seconds: Sequence[float], slots: int) -> int:
    """Units that are assigned to a slot at a time: the one it runs and, if all are short, the next one.

    The driver, which assigns units, may be busy with a commit, so a second one keeps the slot busy. But that one waits
    behind the first even where another slot is free, so it is assigned only if two of the longest units in a row would
    be a small share of a slot's work.

    Args:
        seconds: of each unit; 0 if unknown.
        slots: of the whole pool.
    """
    return 2 if 0 < _OVER_LONGEST * max(seconds) * slots <= sum(seconds) else 1
