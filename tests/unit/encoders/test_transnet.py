"""TransNetV2: its weights are read strictly, frames are checked, windows and scenes come out as users expect."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from encoders.reference.transnet.loading import load_transnet
from encoders.reference.transnet.model import TransNetConfig, TransNetV2, colour_histograms
from encoders.reference.transnet.scenes import scenes
from encoders.reference.transnet.windows import BATCH, predict, windows
from encoders.types import WeightsError

CONFIG = TransNetConfig(filters=1, similarity=4, reach=3, dense=5)


@pytest.fixture
def official():
    torch.manual_seed(1)
    return TransNetV2(CONFIG).state_dict()


def saved(tmp_path, state):
    torch.save(state, tmp_path / "weights.pth")
    return tmp_path / "weights.pth"


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 27, 48, 3), np.uint8)


def test_a_released_file_loads(tmp_path, official):
    file = saved(tmp_path, official)
    model = load_transnet(file, CONFIG, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(tensor, official[name]) for name, tensor in model.state_dict().items())


def test_another_file_than_wanted_is_refused(tmp_path, official):
    with pytest.raises(WeightsError, match="SHA-256") as error:
        load_transnet(saved(tmp_path, official), CONFIG, sha256="0" * 64)
    assert error.value.kind == "corrupt"
    with pytest.raises(WeightsError) as error:
        load_transnet(tmp_path / "none.pth", CONFIG, sha256="0" * 64)
    assert error.value.kind == "missing"


@pytest.mark.parametrize(
    ("name", "tensor", "kind"),
    [
        ("frame_sim_layer.projection.bias", None, "missing"),
        ("SDDCNN.3.bn.weight", torch.ones(4), "unexpected"),
        ("fc1.weight", torch.ones(5, 7), "misshapen"),
    ],
)
def test_tensors_that_do_not_fit_are_named(tmp_path, official, name, tensor, kind):
    official[name] = tensor
    file = saved(tmp_path, {name: tensor for name, tensor in official.items() if tensor is not None})
    with pytest.raises(WeightsError, match=rf"{kind}: {name}"):
        load_transnet(file, CONFIG)


@pytest.mark.parametrize("frames", [pictures(3)[:, :26], pictures(3).astype(np.float32), pictures(0)])
def test_other_frames_are_refused(frames):
    model = TransNetV2(CONFIG).eval()
    with pytest.raises(ValueError, match="frames"):
        predict(model, frames)


def test_the_network_refuses_other_frames():
    with pytest.raises(ValueError, match="uint8"):
        TransNetV2(CONFIG)(torch.zeros(1, 4, 27, 48, 3))


@pytest.mark.parametrize(("count", "wanted"), [(1, 1), (50, 1), (51, 2), (100, 2), (101, 3)])
def test_the_middles_of_the_windows_are_the_video(count, wanted):
    frames = np.arange(count)
    cut = list(windows(frames))
    assert len(cut) == wanted
    assert all(len(window) == 100 for window in cut)
    assert np.concatenate([window[25:75] for window in cut])[:count].tolist() == frames.tolist()
    assert cut[0][:25].tolist() == [0] * 25
    assert cut[-1][-25:].tolist() == [count - 1] * 25


def test_every_frame_has_probabilities():
    model = TransNetV2(CONFIG).eval()
    found = predict(model, pictures(61))
    assert found.single.shape == found.many.shape == (61,)
    assert found.single.dtype == np.float32
    assert ((found.single > 0) & (found.single < 1)).all()


def test_the_threshold_is_strict():
    assert scenes(np.array([0, 0.5, 0], np.float32)).tolist() == [[0, 2]]
    assert scenes(np.array([0, 0.51, 0], np.float32)).tolist() == [[0, 1], [2, 2]]
    assert scenes(np.array([0, 0.3, 0], np.float32), threshold=0.2).tolist() == [[0, 1], [2, 2]]
    with pytest.raises(ValueError, match="n > 0"):
        scenes(np.zeros(0, np.float32))


def test_colours_are_counted_by_their_top_bits():
    frames = torch.zeros(1, 1, 27, 48, 3, dtype=torch.uint8)
    frames[0, 0, 0, :3] = torch.tensor([255, 32, 64], dtype=torch.uint8)
    counts = colour_histograms(frames)[0, 0]
    assert counts[7 * 64 + 1 * 8 + 2] == 3
    assert counts[0] == 27 * 48 - 3


@pytest.mark.parametrize("count", [30, 200, 380])
def test_windows_that_go_together_give_the_same(count, official, monkeypatch):
    model = TransNetV2(CONFIG).eval()
    model.load_state_dict(official)
    alone = predict(model, pictures(count))
    monkeypatch.setitem(BATCH, "cpu", 3)
    together = predict(model, pictures(count))
    np.testing.assert_allclose(together.single, alone.single, atol=1e-5)
    np.testing.assert_allclose(together.many, alone.many, atol=1e-5)
    assert len(together.single) == len(together.many) == count
