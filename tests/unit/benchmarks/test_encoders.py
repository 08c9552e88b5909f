"""The encoders' benchmark says what it measured: ratios, differing results, what was left out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from benchmarks.encoder_cases import CASES, chosen
from benchmarks.encoder_cases.measuring import agreement, in_turn
from benchmarks.encoder_cases.table import document, markdown, row
from benchmarks.encoder_cases.weights import fill, seeded, under_other_names

MEMORY = {"memory": 300 * 2**20, "gpu_memory": 0}


class Clock:
    """Goes on only when a side says that it works."""

    def __init__(self):
        self.now, self.order = 0.0, []

    def __call__(self):
        return self.now

    def side(self, name, seconds):
        def run():
            self.order.append(name)
            self.now += seconds

        return run


def measured(ours, theirs, same=True, bare=None):
    seconds = {"ours": ours, "theirs": theirs} | ({"bare": bare} if bare else {})
    return {"seconds": seconds, "count": 8, "difference": 0.0 if same else 0.5, "same": same}


def test_sides_are_called_in_turn_and_the_other_way_about_in_every_other_round():
    clock = Clock()
    sides = {"ours": clock.side("ours", 2.0), "theirs": clock.side("theirs", 3.0)}
    assert in_turn(sides, 3, least=1.0, clock=clock) == {"ours": [2.0] * 3, "theirs": [3.0] * 3}
    assert clock.order[4:] == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_short_calls_are_timed_together():
    clock = Clock()
    taken = in_turn({"ours": clock.side("ours", 0.25)}, 2, least=1.0, clock=clock)
    assert taken == {"ours": [0.25, 0.25]}
    assert len(clock.order) == 2 + 2 * 4


def test_the_ratio_is_the_median_over_the_rounds():
    found = row(CASES[0], measured([1.0, 2.0, 1.0], [1.5, 2.2, 4.0]), MEMORY, MEMORY)
    assert (found.ratio, found.lowest, found.highest) == pytest.approx((1.5, 1.1, 4.0))
    assert (found.ours, found.theirs) == pytest.approx((8.0, 8 / 2.2))
    assert found.faults == []
    assert found.share is None


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (measured([1.0] * 3, [0.9, 0.95, 0.97]), "slower than the reference"),
        (measured([1.0] * 3, [2.0] * 3, same=False), "different results"),
        (measured([1.0] * 3, [2.0] * 3, bare=[0.5] * 3), "far from the bare forward pass"),
    ],
)
def test_faults_are_named_in_the_table_and_in_json(given, fault):
    found = row(CASES[0], given, MEMORY, MEMORY)
    assert found.faults == [fault]
    assert f"- {CASES[0].name}: {fault}" in markdown([found], {}, {})
    assert document([found], {}, {})["cases"][0]["faults"] == [fault]


def test_a_ratio_below_one_within_what_the_rounds_scatter_is_no_fault():
    assert row(CASES[0], measured([1.0] * 3, [0.98, 0.99, 1.01]), MEMORY, MEMORY).faults == []


def test_the_table_says_what_was_left_out_and_what_failed():
    found = row(CASES[0], measured([1.0], [1.25]), MEMORY, {"memory": 400 * 2**20, "gpu_memory": 2**20})
    text = markdown([found], {"silero": "no clip was given"}, {"ocr": "out of memory"})
    assert "| **1.25** (1.25 … 1.25) | 300 | 400 + 1 GPU | 0.0e+00 | no |" in text
    assert "- silero: no clip was given" in text
    assert "- ocr: out of memory" in text
    assert "bare forward" not in text


def test_results_agree_within_a_share_of_the_largest_number():
    theirs = np.array([100.0, 1.0])
    assert agreement(theirs + 0.009, theirs).within(1e-4)
    assert not agreement(theirs + 0.011, theirs).within(1e-4)
    assert agreement(theirs[:1], theirs).difference == math.inf
    assert agreement(np.array([math.nan, 1.0]), theirs).difference == math.inf
    assert not agreement(np.zeros(2), np.zeros(2)).within(1.0)
    with pytest.raises(ValueError, match="nothing"):
        agreement(np.zeros(0), np.zeros(0))


def test_both_sides_get_the_same_weights_by_name():
    ours = fill(torch.nn.Sequential(torch.nn.Linear(3, 2)))
    theirs = fill(torch.nn.ModuleDict({"dense": torch.nn.Linear(3, 2)}), under_other_names([(r"^dense", "0")]))
    assert torch.equal(ours[0].weight, theirs["dense"].weight)
    assert torch.equal(ours[0].weight, seeded("0.weight", (2, 3)))
    assert not torch.equal(seeded("0.weight", (2, 3)), seeded("1.weight", (2, 3)))


def test_cases_are_chosen_by_name_or_family():
    assert {case.family for case in chosen(["clip", "ssd"])} == {"clip", "embedded"}
    assert chosen(None) == list(CASES)
    assert len({case.name for case in CASES}) == len(CASES)
    with pytest.raises(ValueError, match="no such case: nothing"):
        chosen(["nothing"])
