"""The shape of a pool of actors, and how many units are assigned to a slot at a time."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from workflows.executors.ray.shape import (
    MODELS_MEMORY,
    PULLED_MODELS_MEMORY,
    SLOT_MEMORY,
    Shape,
    shape_of,
    units_per_slot,
)

GIB = 1 << 30


def machine(cpus: float, gib: float = 64.0, gpus: float = 0.0) -> Mapping[str, float]:
    named = {"CPU": cpus, "memory": gib * GIB, "GPU": gpus}
    return {name: value for name, value in named.items() if value}


def shape(
    machines: list[Mapping[str, float]],
    units: int = 1000,
    workers: int | None = None,
    *,
    pulled: bool = False,
    on_gpu: bool = False,
    one_slot: bool = False,
) -> Shape:
    return shape_of(machines, units, workers, pulled=pulled, on_gpu=on_gpu, one_slot=one_slot)


@pytest.mark.parametrize(
    ("machines", "units", "workers", "slots", "actors"),
    [
        ([machine(2)], 100, None, 2, 1),  # models are loaded once
        ([machine(16)], 100, None, 4, 4),
        ([machine(6)], 100, None, 3, 2),  # two actors of four would leave two processors idle
        ([machine(5)], 100, None, 1, 5),
        ([machine(13)], 100, None, 4, 3),  # one more processor is not worth ten copies of the models
        ([machine(1), machine(1), {}], 100, None, 1, 2),  # the head works on nothing
        ([machine(8), machine(3)], 100, None, 2, 5),
        ([machine(16)], 100, 6, 3, 2),
        ([machine(4)], 100, 5, 4, 1),  # never more than were asked for
        ([machine(16)], 100, 1, 1, 1),
        ([machine(16)], 3, None, 3, 1),
        ([machine(16)], 1, None, 1, 1),
        ([machine(4)], 100, 12, 4, 3),  # more than fit: the cluster may grow
        ([machine(4, gib=4.3)], 100, None, 4, 1),
        ([machine(4, gib=4.0)], 100, None, 3, 1),
        ([machine(4, gib=2.1)], 100, None, 1, 1),
    ],
)
def test_as_many_slots_as_fit_in_as_few_actors(
    machines: list[Mapping[str, float]], units: int, workers: int | None, slots: int, actors: int
):
    found = shape(machines, units, workers)
    assert (found.slots, found.actors) == (slots, actors)
    assert found.memory == MODELS_MEMORY + slots * SLOT_MEMORY
    assert not found.gpus


def test_with_a_single_attempt_no_two_units_share_a_process():
    assert shape([machine(4)], one_slot=True) == Shape(1, 4, MODELS_MEMORY + SLOT_MEMORY)


def test_a_machine_with_too_little_memory_is_used_nevertheless():
    assert shape([machine(2, gib=1.5)]) == Shape(1, 1, int(1.5 * GIB))


@pytest.mark.parametrize(
    ("gpus", "cpus", "workers", "share"),
    [
        (1, 16, None, 0.25),
        (1, 12, None, 0.33),
        (1, 16, 8, 0.5),
        (4, 24, None, 0.5),  # six actors: at most two on each GPU, since none can use parts of two
        (1, 2000, None, 0.01),
        (0, 16, None, 0.0),
    ],
)
def test_each_actor_requests_its_share_of_the_gpus(gpus: float, cpus: float, workers: int | None, share: float):
    found = shape([machine(cpus, 10_000, gpus)], 10_000, workers, pulled=True, on_gpu=True)
    assert found.gpus == share
    assert found.memory == PULLED_MODELS_MEMORY + 4 * SLOT_MEMORY


def test_there_are_as_many_actors_as_gpus():
    found = shape([machine(8, gpus=4)], pulled=True, on_gpu=True)
    assert (found.slots, found.actors, found.gpus) == (2, 4, 1.0)


def test_the_smaller_of_two_machines_with_a_gpu_has_room_too():
    found = shape([machine(64, 1000, 1), machine(4, gpus=1)], pulled=True, on_gpu=True)
    assert (found.slots, found.actors, found.gpus) == (4, 17, 0.06)


def test_the_memory_of_a_head_without_processors_does_not_count():
    found = shape([{"memory": 6 * GIB}, machine(4, gib=4.5)], pulled=True)
    assert (found.slots, found.actors, found.memory) == (1, 1, int(4.5 * GIB))


def test_only_machines_with_a_gpu_count_where_models_use_one():
    found = shape([machine(64), machine(4, gpus=1)], pulled=True, on_gpu=True)
    assert (found.slots, found.actors, found.gpus) == (4, 1, 1.0)


def test_models_that_use_no_gpu_request_none():
    assert not shape([machine(4, gpus=1)]).gpus


@pytest.mark.parametrize(
    ("seconds", "slots", "count"),
    [
        ([24.0] * 40, 2, 2),
        ([24.0] * 40, 20, 1),  # two units for each slot: none should wait behind another
        ([720.0, 720.0] + [5.0] * 60, 2, 1),  # one slot would get both films
        ([100.0], 1, 1),
        ([0.0] * 50, 2, 1),  # unknown lengths
    ],
)
def test_two_units_are_assigned_only_if_they_are_a_small_share(seconds: list[float], slots: int, count: int):
    assert units_per_slot(seconds, slots) == count
