"""Retrieval metrics on small tables whose ranks can be read off."""

from __future__ import annotations

import numpy as np
import pytest

from encoders.reference.retrieval_metrics import (
    RetrievalMetrics,
    best_captions,
    captions_to_videos,
    paired_metrics,
    paired_ranks,
    videos_to_captions,
)

INF = np.inf


def test_ranks_and_metrics_of_pairs():
    table = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.6], [0.1, 0.2, 0.3]])
    assert paired_ranks(table).tolist() == [0, 2, 0]
    found = paired_metrics(table)
    assert found == RetrievalMetrics(pytest.approx(200 / 3), 100, 100, 1, pytest.approx(5 / 3))
    assert paired_ranks(table.T).tolist() == [0, 0, 1]


def test_the_median_of_an_even_number_lies_between():
    table = np.array([[0.9, 0.1], [0.8, 0.5]])
    assert paired_metrics(table).median_rank == 1.5


def test_a_tied_pair_counts_once_for_each_shared_place():
    assert paired_ranks(np.array([[0.5, 0.5, 0.9], [0, 1, 0], [0, 0, 1]])).tolist() == [1, 2, 0, 0]


def test_every_real_caption_counts_for_texts_and_the_best_for_videos():
    table = np.array(
        [
            [[0.9, 0.1], [0.2, 0.7]],  # the second caption of video 0 finds video 1
            [[0.3, 0.4], [-INF, -INF]],
        ]
    )
    texts = captions_to_videos(table)
    assert texts.recall_at_1 == pytest.approx(200 / 3)
    assert (texts.median_rank, texts.mean_rank) == (1, pytest.approx(4 / 3))
    assert best_captions(table).tolist() == [[0.9, 0.3], [0.7, 0.4]]
    assert videos_to_captions(table) == RetrievalMetrics(50, 100, 100, 1.5, 1.5)


def test_the_median_over_captions_is_the_lower_one():
    table = np.array([[[0.9, 0.1]], [[0.8, 0.5]]])
    assert captions_to_videos(table).median_rank == 1


@pytest.mark.parametrize("measure", [captions_to_videos, videos_to_captions])
def test_other_tables_of_captions_are_refused(measure):
    with pytest.raises(ValueError, match=r"\(n, c, n\)"):
        measure(np.zeros((2, 3, 4)))


def test_tables_without_meaning_are_refused():
    for table in (np.zeros((2, 3)), np.zeros((0, 0)), np.full((2, 2), np.nan)):
        with pytest.raises(ValueError, match="similarities"):
            paired_metrics(table)
    with pytest.raises(ValueError, match="no captions"):
        captions_to_videos(np.full((2, 1, 2), -INF))
