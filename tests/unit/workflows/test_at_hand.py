"""Units at an actor's hand: short ones one ahead, long ones only when somebody is free."""

from __future__ import annotations

import pytest

from workflows.ray_data import at_hand
from workflows.units import WorkUnit


def units(*seconds: float) -> list[WorkUnit]:
    return [WorkUnit(f"vid_{number}", f"{number}.mp4", "", length, {}) for number, length in enumerate(seconds)]


@pytest.mark.parametrize(
    ("seconds", "workers", "count"),
    [
        ([24.0] * 40, 2, 2),
        ([24.0] * 40, 20, 1),  # two units for each: none may wait behind another
        ([720.0, 720.0] + [5.0] * 60, 2, 1),  # both films would go to whoever is there first
        ([100.0], 1, 1),
        ([0.0] * 50, 2, 1),  # lengths that nobody knows
    ],
)
def test_only_where_two_in_a_row_are_a_small_share(seconds: list[float], workers: int, count: int):
    assert at_hand(units(*seconds), workers) == count
