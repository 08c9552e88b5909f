"""Batches shrink to what memory holds, and nothing is computed twice or left out."""

from __future__ import annotations

import pytest
import torch

from encoders.runtime.device import BatchSize, batched, chosen_device, chosen_dtype, largest_batch


class Memory:
    """Has room for so many inputs at a time; remembers what was asked of it."""

    def __init__(self, room, error=None):
        self.room = room
        self.error = error or torch.cuda.OutOfMemoryError("CUDA out of memory")
        self.asked = []

    def run(self, start, end):
        self.asked.append(end - start)
        if end - start > self.room:
            raise self.error
        return list(range(start, end))


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried …"),
    ],
)
def test_a_batch_is_halved_until_it_fits(error):
    memory = Memory(5, error)
    assert largest_batch(lambda n: memory.run(0, n), 16, 100) == 4
    assert memory.asked == [16, 8, 4]


def test_no_more_is_tried_than_there_is():
    memory = Memory(100)
    assert largest_batch(lambda n: memory.run(0, n), 16, 3) == 3
    assert memory.asked == [3]


def test_no_room_for_one_is_said():
    with pytest.raises(MemoryError, match="single input"):
        largest_batch(lambda n: Memory(0).run(0, n), 4, 4)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    memory = Memory(1, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1"):
        largest_batch(lambda n: memory.run(0, n), 4, 4)
    assert memory.asked == [4]


def test_all_inputs_are_computed_once_and_in_order_whatever_fits():
    for count in (0, 1, 7, 16, 23):
        memory = Memory(3)
        results = batched(memory.run, count, BatchSize(8))
        assert [i for batch in results for i in batch] == list(range(count))


def test_what_fitted_is_remembered():
    memory, size = Memory(3), BatchSize(8)
    batched(memory.run, 10, size)
    assert size.value == 2
    memory.asked.clear()
    batched(memory.run, 6, size)
    assert memory.asked == [2, 2, 2]


def test_a_short_last_batch_does_not_lower_the_size():
    size = BatchSize(8)
    batched(Memory(8).run, 11, size)
    assert size.value == 8


@pytest.mark.parametrize("wrong", [lambda: BatchSize(0), lambda: largest_batch(lambda n: None, 0, 4)])
def test_a_batch_of_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="at least 1"):
        wrong()


def test_numbers_follow_the_device(monkeypatch):
    assert chosen_dtype("cpu") == torch.float32
    for able, expected in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation, able=able: able)
        assert chosen_dtype("cuda") == expected
        assert chosen_dtype("cuda:1") == expected
    for there, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert chosen_device() == expected
