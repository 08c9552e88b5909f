"""Bootstrap intervals: they contain the measure, narrow with more cases, and are deterministic."""

from workflows.evaluation.intervals import f1_interval, ratio_interval


def width(interval: tuple[float, float] | None) -> float:
    assert interval is not None
    return interval[1] - interval[0]


def test_an_interval_contains_its_measure_and_narrows_with_cases():
    few = ratio_interval([1, 0, 1, 1], [1] * 4)
    many = ratio_interval([1, 0, 1, 1] * 50, [1] * 200)
    assert few is not None
    assert few[0] <= 0.75 <= few[1]
    assert width(many) < width(few) / 4
    # The normal approximation: 2 x 1.96 x sqrt(.75 x .25 / 200).
    assert abs(width(many) - 0.12) < 0.015


def test_intervals_are_deterministic():
    assert ratio_interval([1, 0, 2], [2, 1, 3]) == ratio_interval([1, 0, 2], [2, 1, 3])


def test_results_of_one_clip_are_drawn_together():
    # Two clips with ten queries each are two draws, not twenty.
    assert ratio_interval([10, 0], [10, 10]) == (0.0, 1.0)


def test_nothing_measured_has_no_interval():
    assert ratio_interval([], []) is None
    assert ratio_interval([0, 0], [0, 0]) is None
    assert f1_interval([0], [0], [0], [1]) is None


def test_f1_of_nothing_right_is_zero():
    assert f1_interval([0, 0], [1, 2], [0, 0], [2, 1]) == (0.0, 0.0)
    assert f1_interval([3], [3], [3], [3]) == (1.0, 1.0)
