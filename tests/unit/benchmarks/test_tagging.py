"""The benchmarks of rankers run on what is made here, and measure what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.io import savemat

from benchmarks.tagging.learning import Truth, halves, scores
from benchmarks.tagging.ranking import corel


def test_pictures_that_look_alike_get_the_tags_of_their_kind(tmp_path: Path) -> None:
    """A file of the form of Corel5k, with eight kinds of pictures: of each, two of sixteen tags."""
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 8, 250)
    features = (rng.random((250, 64)) < np.where(np.arange(64) // 8 == kind[:, None], 0.6, 0.05)).astype(np.uint8)
    tags = (np.arange(16) // 2 == kind[:, None]).astype(np.uint8)
    savemat(tmp_path / "made.mat", {"data": features, "target": tags.T})
    (row,) = corel(tmp_path / "made.mat", 1, [100])
    best = 2 * 2 / (5 + 2)  # two of five are right at best
    assert row["prior"] < 0.5 * best
    assert row["neighbours"] > 0.9 * best
    assert row["f1_taken"] >= row["prior"]
    assert row["taken"] != "prior"


def test_groups_are_not_divided() -> None:
    groups = {"a": 0, "b": 0, "c": 1, "d": 2, "e": 3, "f": 3}
    for seed in range(5):
        first, second = halves(groups, seed)
        assert sorted(first + second) == sorted(groups)
        assert not {groups[video] for video in first} & {groups[video] for video in second}


def test_what_is_acceptable_is_no_mistake_and_no_hit() -> None:
    truth = {"v": Truth(frozenset({"dog", "beach"}), frozenset({"dog", "beach", "sand"}))}
    found = scores({"v": frozenset({"dog", "sand"})}, truth)
    assert (found["precision"], found["recall"]) == (1.0, 0.5)
    assert scores({"v": frozenset({"cat"})}, truth)["f1"] == 0.0
