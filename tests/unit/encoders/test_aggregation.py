import numpy as np
import pytest

from encoders.reference.aggregation import best_similarity, kmeans_centroids, mean, single_frame

from .conftest import DATA


@pytest.fixture(scope="module")
def golden():
    return np.load(DATA / "portillo.npz")


def videos(golden):
    for frames, mask in zip(golden["in_frames"], golden["in_frame_mask"], strict=True):
        yield frames[mask.astype(bool)]


def test_single_frame_and_mean_as_in_the_paper(golden):
    single = np.stack([single_frame(frames) for frames in videos(golden)])
    averaged = np.stack([mean(frames) for frames in videos(golden)])
    np.testing.assert_allclose(single, golden["out_single"], atol=1e-6)
    np.testing.assert_allclose(averaged, golden["out_mean"], atol=1e-6)
    np.testing.assert_allclose(golden["in_text"] @ averaged.T, golden["out_sim_mean"], atol=1e-6)


def test_kmeans_as_in_the_paper(golden):
    for v, frames in enumerate(videos(golden)):
        found = kmeans_centroids(frames, 3, start=golden["in_kmeans_init"][v], normalise=False)
        np.testing.assert_allclose(found.centroids, golden["out_kmeans_centroids"][v], atol=1e-6)
        np.testing.assert_array_equal(found.labels, golden["out_kmeans_labels"][v][: len(frames)])
        scores = best_similarity(golden["in_text"], found.centroids)
        np.testing.assert_allclose(scores, golden["out_sim_kmeans"][:, v], atol=1e-6)
        one = kmeans_centroids(frames, 1, normalise=False).centroids
        np.testing.assert_allclose(golden["in_text"] @ one[0], golden["out_sim_kmeans1"][:, v], atol=1e-6)


def test_clusters_are_found_without_given_starts_and_the_same_each_time():
    rng = np.random.default_rng(5)
    centres = np.eye(8, dtype=np.float32)[:3]
    frames = np.concatenate([c + 0.05 * rng.standard_normal((20, 8)).astype(np.float32) for c in centres])
    found = kmeans_centroids(frames, 3)
    assert [len(set(found.labels[i : i + 20])) for i in (0, 20, 40)] == [1, 1, 1]
    assert len(set(found.labels)) == 3
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-6)
    again = kmeans_centroids(frames, 3)
    np.testing.assert_array_equal(found.centroids, again.centroids)


def test_fewer_different_frames_than_clusters_give_fewer_clusters():
    frames = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 1]]
    found = kmeans_centroids(frames, 5)
    assert found.centroids.shape == (2, 4)
    assert len(set(found.labels[:2])) == len(set(found.labels[2:])) == 1
    assert kmeans_centroids(frames[:1], 3).centroids.shape == (1, 4)
    assert kmeans_centroids(frames[[0, 0, 0]], 2).labels.tolist() == [0, 0, 0]


def test_short_videos_and_unscaled_frames():
    frames = np.array([[3.0, 0.0], [0.0, 0.5]], np.float32)
    np.testing.assert_allclose(single_frame(frames), frames[1])
    np.testing.assert_allclose(mean(frames), [np.sqrt(0.5)] * 2, atol=1e-6)


def test_what_has_no_direction_is_an_error_not_a_zero_vector():
    with pytest.raises(ValueError, match="n > 0"):
        mean(np.zeros((0, 4), np.float32))
    with pytest.raises(ValueError, match="direction"):
        mean(np.array([[1, 0], [-1, 0]], np.float32))
    with pytest.raises(ValueError, match="k must"):
        kmeans_centroids(np.eye(2, dtype=np.float32), 0)
    with pytest.raises(ValueError, match="start"):
        kmeans_centroids(np.eye(2, dtype=np.float32), 2, start=np.eye(3, dtype=np.float32))
    with pytest.raises(ValueError, match="does not exist"):
        single_frame(np.eye(2, dtype=np.float32), -1)
