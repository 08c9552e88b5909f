"""Retrieval metrics equal the official code's, with its ties and both protocols of several captions."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
import torch

from encoders.reference.retrieval_metrics import (
    best_captions,
    captions_to_videos,
    paired_metrics,
    paired_ranks,
    videos_to_captions,
)


@pytest.fixture(scope="module")
def case(golden):
    return golden("retrieval_metrics")


def close(case, name, metrics):
    case.close(name, torch.tensor(astuple(metrics)))


def test_official_metrics_of_pairs(case):
    plain, ties = (case.inputs[name].numpy() for name in ("sim", "sim_ties"))
    close(case, "plain", paired_metrics(plain))
    close(case, "ties", paired_metrics(ties))
    close(case, "ties_transposed", paired_metrics(ties.T))
    assert paired_ranks(plain).tolist() == case.outputs["plain_ranks"].tolist()
    assert paired_ranks(ties).tolist() == case.outputs["ties_ranks"].tolist()


def test_official_metrics_of_several_captions(case):
    given = case.inputs["sim_multi"].numpy()
    given = np.where(given < -1e8, -np.inf, given)  # a file of numbers cannot hold the official -inf
    assert np.isfinite(given[:, :, 0]).sum(axis=1).tolist() == case.inputs["caption_counts"].tolist()
    close(case, "multi_t2v", captions_to_videos(given))
    close(case, "multi_v2t", videos_to_captions(given))
    case.close("multi_v2t_sim", torch.from_numpy(best_captions(given).copy()))
