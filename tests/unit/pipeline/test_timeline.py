from __future__ import annotations

import itertools
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pipeline.decode.timeline import Timeline

BASE = Fraction(1, 1000)


def test_start_is_tick_zero_and_missing_stamps_are_continued() -> None:
    line = Timeline(500, BASE, Fraction(25))
    assert [line.tick(*stamp) for stamp in [(500, None, 40), (None, 540, 40), (None, None, 40), (620, None, 40)]] == [
        0,
        40,
        80,
        120,
    ]
    assert line.end == 160


def test_frames_out_of_order_are_left_out() -> None:
    line = Timeline(0, BASE, Fraction(25))
    assert [line.tick(pts, None, 40) for pts in (0, 80, 40, 80, 120)] == [0, 80, None, None, 120]


def test_a_clock_that_starts_again_is_continued() -> None:
    line = Timeline(0, BASE, Fraction(25))
    assert [line.tick(pts, None, 40) for pts in (90_000, 90_040, 0, 40)] == [90_000, 90_040, 90_080, 90_120]


@given(st.lists(st.tuples(st.none() | st.integers(-(2**40), 2**40), st.none() | st.integers(0, 2**40)), max_size=50))
def test_ticks_always_rise(stamps: list[tuple[int | None, int | None]]) -> None:
    line = Timeline(0, BASE, Fraction(0))
    ticks = [tick for tick in (line.tick(pts, dts, None) for pts, dts in stamps) if tick is not None]
    assert all(a < b for a, b in itertools.pairwise(ticks))
    assert all(tick >= 0 for tick in ticks)
