"""Socratic scores: maxima over groups, products, ties, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from encoders.reference.socratic import best_of_groups, rerank, scores, video_vectors

HERE = np.ones((1, 1), int)


def test_a_video_is_the_mean_of_its_unit_frames():
    frames = np.array([[[3.0, 0.0], [0.0, 1.0], [9.0, 9.0]]], np.float32)
    found = video_vectors(frames, np.array([[1, 1, 0]]))
    np.testing.assert_allclose(found, [[0.5**0.5, 0.5**0.5]], atol=1e-7)


def test_a_group_counts_by_its_best_real_caption():
    captions = np.array([[[0, 2.0], [5.0, 0]], [[0, 1.0], [1.0, 0]]], np.float32)
    found = best_of_groups(np.array([[4.0, 0]], np.float32), captions, np.array([[1, 1], [1, 0]]))
    assert found.tolist() == [[1, 0]]


def test_without_a_transcript_only_pictures_count():
    seen, said = np.array([[0.5, -0.5]] * 2, np.float32), np.array([[0.5, -0.5], [np.nan, np.nan]], np.float32)
    assert scores(seen, said, np.array([True, False])).tolist() == [[0.25, 0.25], [0.5, -0.5]]


def test_only_candidates_are_scored_again_and_ties_turn_round():
    seen = np.array([[0.9, 0.7, 0.9, 0.1]], np.float32)
    found = rerank(seen, np.array([[0.2, 0.2, 0.2, 9.0]], np.float32), top=3)
    assert found.candidates.tolist() == [[2, 0, 1]]
    assert found.order.tolist() == [[1, 0, 2]]
    assert found.ranks(np.array([0])).tolist() == [1]
    assert found.ranks(np.array([3])).tolist() == [3]  # not a candidate: behind all


def test_fewer_groups_than_asked_for():
    whole = np.array([[0.1, 0.3]], np.float32)
    assert rerank(whole, whole).order.tolist() == [[1, 0]]


def test_what_has_no_meaning_is_refused():
    one = np.ones((1, 1, 2), np.float32)
    with pytest.raises(ValueError, match="no frames"):
        video_vectors(one, 0 * HERE)
    with pytest.raises(ValueError, match="no direction"):
        video_vectors(0 * one, HERE)
    with pytest.raises(ValueError, match="no captions"):
        best_of_groups(one[0], one, 0 * HERE)
    with pytest.raises(ValueError, match="top"):
        rerank(one[0], one[0], top=0)
    with pytest.raises(ValueError, match="both scores"):
        rerank(one[0], one[0, :, :1])
