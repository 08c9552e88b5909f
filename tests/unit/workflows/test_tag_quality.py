"""The measures of tags and confidences, against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workflows.evaluation.tag_quality import Candidate, TagCase, tag_quality


def case(clip: str, group: int, true: str, **confidences: float) -> TagCase:
    ranked = sorted(confidences.items(), key=lambda pair: -pair[1])
    candidates = tuple(
        Candidate(name, sure, "accepted" if sure >= 0.6 else "abstained", name in true.split()) for name, sure in ranked
    )
    return TagCase(clip, group, candidates, frozenset(true.split()))


CASES = [
    case("one", 0, "dog park", dog=0.95, cat=0.65, park=0.45),
    case("two", 1, "car", car=0.85, dog=0.35),
    case("three", 2, "boat"),
]


def test_measures_are_those_worked_out_by_hand() -> None:
    found = tag_quality(CASES)
    values = {name: value for name, value in found.values.items() if value is not None}
    # Accepted: dog, cat on one; car on two. True: dog, park; car; boat.
    assert values["precision"] == pytest.approx(2 / 3)
    assert values["recall"] == pytest.approx(2 / 4)
    assert values["micro_f1"] == pytest.approx(4 / 7)
    assert values["macro_f1"] == pytest.approx((1 + 0 + 0 + 1 + 0) / 5)  # dog, cat, park, car, boat
    assert values["candidate_recall"] == pytest.approx(3 / 4)
    assert values["p_at_1"] == pytest.approx(2 / 3)
    assert values["p_at_5"] == pytest.approx((2 + 1 + 0) / 15)
    # By confidence: dog true, car true, cat wrong, park true, dog wrong.
    assert values["gap_at_20"] == pytest.approx((1 + 1 + 3 / 4) / 4)
    assert values["ece"] == pytest.approx((0.05 + 0.15 + 0.65 + 0.55 + 0.35) / 5)
    assert values["ece_of_accepted"] == pytest.approx((0.05 + 0.15 + 0.65) / 3)
    alone = math.sqrt(2 / math.pi) * sum(math.sqrt(p * (1 - p)) for p in (0.95, 0.85, 0.65, 0.45, 0.35)) / 5
    assert values["ece_by_chance"] == pytest.approx(alone)
    assert values["brier"] == pytest.approx((0.05**2 + 0.15**2 + 0.65**2 + 0.55**2 + 0.35**2) / 5)
    assert values["aurc"] == pytest.approx((0 + 0 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    assert values["abstained_true"] == pytest.approx(1 / 2)
    assert [one.coverage for one in found.curve] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert [one.risk for one in found.curve] == pytest.approx([0, 0, 1 / 3, 1 / 4, 2 / 5])
    assert [(one.low, one.cases, one.true) for one in found.bins] == [
        (0.3, 1, 0), (0.4, 1, 1), (0.6, 1, 0), (0.8, 1, 1), (0.9, 1, 1)
    ]  # fmt: skip


def test_equal_confidences_are_one_point_of_the_curve() -> None:
    found = tag_quality([case("one", 0, "a", a=0.7, b=0.7), case("two", 1, "a", a=0.7)])
    assert [(one.confidence, one.coverage, one.risk) for one in found.curve] == [(0.7, 1.0, pytest.approx(1 / 3))]


def test_clips_that_show_the_same_are_drawn_together() -> None:
    apart = [case(str(n), n, "a", a=0.9) if n % 2 else case(str(n), n, "a", b=0.9) for n in range(20)]
    together = [TagCase(one.clip, number // 10, one.candidates, one.true) for number, one in enumerate(apart)]
    whole, halves = tag_quality(apart).intervals["recall"], tag_quality(together).intervals["recall"]
    assert whole is not None
    assert halves == (0.5, 0.5), "each half is half right"
    assert whole[0] < 0.4 < 0.6 < whole[1]
    twice = [*apart, *(TagCase(f"{one.clip} again", one.group, one.candidates, one.true) for one in apart)]
    doubled = tag_quality(twice)
    assert (doubled.cases, doubled.groups) == (40, 20)
    assert doubled.intervals["recall"] == pytest.approx(whole), "copies make nothing surer"


def test_a_calibration_error_is_told_apart_from_chance() -> None:
    draws = np.random.default_rng(2)
    names = [f"t{n}" for n in range(60)]
    found = []
    for bias in (0.0, 0.15):
        values = []
        for _ in range(60):
            sure = {name: float(draws.uniform(0.35, 0.8)) for name in names}
            true = " ".join(name for name, value in sure.items() if draws.uniform() < value + bias)
            values.append(tag_quality([case("one", 0, true, **sure)]).values)
        names_of = ("ece", "ece_by_chance", "ece_debiased")
        found.append({key: float(np.mean([value[key] or 0.0 for value in values])) for key in names_of})
    right, under = found
    assert right["ece"] == pytest.approx(right["ece_by_chance"], rel=0.1), "nothing but chance"
    assert right["ece_debiased"] < 0.75 * right["ece"]
    assert under["ece"] > 0.16
    assert abs(under["ece_debiased"] - 0.15) < abs(under["ece"] - 0.15)


def test_intervals_hold_what_was_measured_and_nothing_is_made_of_nothing() -> None:
    draws = np.random.default_rng(4)
    names = [f"t{n}" for n in range(30)]
    cases = []
    for number in range(60):
        sure = {name: float(draws.uniform(0.3, 1)) for name in draws.choice(names, 8, replace=False)}
        true = " ".join(name for name, value in sure.items() if draws.uniform() < value)
        cases.append(case(str(number), number, true, **sure))
    found = tag_quality(cases)
    for name, value in found.values.items():
        ends = found.intervals[name]
        assert value is not None
        assert ends is not None
        # A calibration error is larger in a resample, which has fewer different cases.
        assert ends[0] <= value + (0.05 if name.startswith("ece") else 1e-9), name
        assert value <= ends[1] + 1e-9, name
    assert found.values["ece"] is not None
    assert found.values["ece"] < 0.1
    empty = tag_quality([case("one", 0, "")])
    assert empty.values["gap_at_20"] is None
    assert empty.values["p_at_1"] == 0.0
    assert empty.intervals["recall"] is None
    assert tag_quality([]).values["recall"] is None
