import numpy as np
import pytest
import torch

from encoders.adapters.conse import centre_crop, squashed
from encoders.adapters.efficientnet_lite import EfficientNetLite, load_efficientnet_lite
from encoders.types import WeightsError

from .conftest import DATA


def gradient():
    y, x = np.mgrid[0:260, 0:260]
    return np.stack([x * 255 // 259, y * 255 // 259, (x + y) * 255 // 518], -1).astype(np.uint8)


def as_input(picture):
    return torch.from_numpy((picture.astype(np.float32) - 127) / 128).permute(2, 0, 1)[None]


@pytest.fixture(scope="module")
def weights(encoders):
    return encoders.registry.locate("conse-lite2-e5")["weights"]


def test_logits_are_those_of_the_reference_network(weights):
    stored = np.load(DATA / "lite2_gradient.npz")["logits"]
    with torch.inference_mode():
        logits, pooled = load_efficientnet_lite(weights)(as_input(gradient()))
    np.testing.assert_allclose(logits[0].numpy(), stored, atol=2e-4)
    assert pooled.shape == (1, 1280)


def test_parity_with_the_reference_package_before_and_after_folding(weights):
    reference_module = pytest.importorskip("efficientnet_lite_pytorch")
    state = torch.load(weights, weights_only=True)
    reference = reference_module.EfficientNet.from_name("efficientnet-lite2")
    reference.load_state_dict(state)
    mine = EfficientNetLite()
    mine.load_state_dict(state, strict=True)
    pictures = torch.randn(2, 3, 260, 260, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        wanted = reference.eval()(pictures)
        torch.testing.assert_close(mine.eval()(pictures)[0], wanted, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(mine.fold()(pictures)[0], wanted, atol=2e-4, rtol=1e-3)


def test_other_weights_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"layer.weight": torch.zeros(2)}, path)
    with pytest.raises(WeightsError) as caught:
        load_efficientnet_lite(path)
    assert caught.value.kind == "corrupt"
    path.write_bytes(b"garbage")
    with pytest.raises(WeightsError):
        load_efficientnet_lite(path)


def test_cyclists_are_nearer_to_bicycles_than_to_a_meal(encoders, bikes):
    seen = encoders.image.encode(bikes)
    assert seen.vectors.shape == (4, 384)
    assert seen.probabilities.shape == (4, 1000)
    assert seen.features.shape == (4, 1280)
    for rows in (seen.vectors, seen.features):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(seen.probabilities.sum(1), 1, atol=1e-4)
    bicycle, chinese, meal = encoders.text.encode_queries(["bicycle", "自行车", "a plate of food"]) @ seen.vectors.T
    assert (bicycle > meal).all()
    assert (chinese > meal).all()


def test_a_frame_gets_the_same_vector_alone_and_among_others(encoders, bikes):
    together = encoders.image.encode(bikes[:3])
    alone = encoders.image.encode(bikes[2:3])
    np.testing.assert_allclose(alone.vectors[0], together.vectors[2], atol=1e-4)


def test_frames_in_sequence_are_seen_in_alternating_views(encoders, bikes):
    pair = encoders.image.encode_sequence(bikes[:2])
    single = encoders.image.encode_sequence(bikes[:1])
    np.testing.assert_allclose(single.vectors, encoders.image.encode(bikes[:1]).vectors, atol=1e-6)
    assert not np.allclose(pair.probabilities[0], encoders.image.encode(bikes[:1]).probabilities[0], atol=1e-4)
    assert float(pair.vectors[0] @ pair.vectors[1]) > 0.5


def test_no_frames_give_no_rows_and_wrong_arrays_are_refused(encoders):
    nothing = encoders.image.encode(np.zeros((0, 90, 160, 3), np.uint8))
    assert nothing.vectors.shape == (0, 384)
    assert nothing.probabilities.shape == (0, 1000)
    for wrong in (
        np.zeros((1, 90, 160, 3), np.float32),
        np.zeros((90, 160, 3), np.uint8),
        np.zeros((1, 0, 5, 3), "u1"),
    ):
        with pytest.raises(ValueError, match="uint8"):
            encoders.image.encode(wrong)


@pytest.mark.parametrize("shape", [(1, 1), (2, 900), (1080, 7), (720, 1280)])
def test_any_size_of_frame_can_be_seen(encoders, shape):
    frame = np.full((1, *shape, 3), 90, np.uint8)
    assert np.isfinite(encoders.image.encode(frame).vectors).all()


def test_the_crop_sees_the_middle_and_the_squashed_view_the_sides():
    frame = np.zeros((200, 600, 3), np.uint8)
    frame[:, :100] = 255
    assert centre_crop(frame).max() == 0
    assert squashed(frame)[:, :40].min() > 250
    assert squashed(frame)[:, 50:].max() < 5


def test_objects_in_the_street_are_boxed(encoders, bikes):
    found = encoders.detector.detect(bikes)
    assert len(found) == len(bikes)
    for seen in found:
        assert seen.boxes.shape == (len(seen.concepts), 4)
        assert (seen.scores >= 0.3).all()
        assert (seen.boxes >= 0).all()
        assert (seen.boxes <= 1).all()
        assert (seen.boxes[:, 2:] > seen.boxes[:, :2]).all()
        assert list(seen.scores) == sorted(seen.scores, reverse=True)
    names = {encoders.concepts.get(concept).name for seen in found for concept in seen.concepts}
    assert names & {"person", "bicycle", "car"}


def test_a_blank_picture_holds_no_objects(encoders):
    (found,) = encoders.detector.detect(np.full((1, 120, 160, 3), 128, np.uint8))
    assert found.concepts == ()
    assert found.boxes.shape == (0, 4)
    assert encoders.detector.detect(np.zeros((0, 9, 9, 3), np.uint8)) == []
    with pytest.raises(ValueError, match="uint8"):
        encoders.detector.detect(np.zeros((1, 9, 9), np.uint8))
