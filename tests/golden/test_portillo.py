"""The aggregations of frame vectors give the reference's vectors, clusters and scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from encoders.reference.aggregation import best_similarity, kmeans_centroids, mean, single_frame


@pytest.fixture(scope="module")
def case(golden):
    return golden("portillo_aggregation")


@pytest.fixture(scope="module")
def videos(case):
    frames, mask = case.inputs["frames"].numpy(), case.inputs["frame_mask"].numpy()
    return [one[real > 0] for one, real in zip(frames, mask, strict=True)]


def close(case, name, arrays):
    case.close(name, torch.from_numpy(np.stack(arrays)))


@pytest.mark.parametrize(("how", "name"), [(single_frame, "single"), (mean, "mean")])
def test_one_vector_per_video(case, videos, how, name):
    vectors, text = [how(frames) for frames in videos], case.inputs["text"].numpy()
    close(case, name, vectors)
    close(case, f"sim_{name}", text @ np.stack(vectors).T)
    if name == "mean":
        close(case, "b1_sim_mean", text[:1] @ vectors[0][:, None])


def test_clusters_and_the_best_of_them(case, videos):
    text, starts = case.inputs["text"].numpy(), case.inputs["kmeans_init"].numpy()
    found = [
        kmeans_centroids(frames, len(start), start=start, normalise=False)
        for frames, start in zip(videos, starts, strict=True)
    ]
    close(case, "kmeans_centroids", [one.centroids for one in found])
    labels = [one[one >= 0].tolist() for one in case.outputs["kmeans_labels"]]
    assert [one.labels.tolist() for one in found] == labels
    scores = np.stack([best_similarity(text, one.centroids) for one in found], axis=1)
    close(case, "sim_kmeans", scores)
    close(case, "b1_sim_kmeans", scores[:1, :1])


def test_scores_of_given_centroids(case):
    given, text = case.outputs["kmeans_centroids"].numpy(), case.inputs["text"].numpy()
    close(case, "given_sim", np.stack([best_similarity(text, one) for one in given], axis=1))


def test_one_cluster_is_the_plain_mean(case, videos):
    text = case.inputs["text"].numpy()
    single = [kmeans_centroids(frames, 1, start=frames[:1], normalise=False).centroids for frames in videos]
    close(case, "sim_kmeans1", np.stack([best_similarity(text, one) for one in single], axis=1))
