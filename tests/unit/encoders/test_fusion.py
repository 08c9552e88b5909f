"""Tensor fusion, co-attention and momentum contrast: checkpoints are read strictly, inputs checked."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from encoders.reference.fusion.moco import MocoConfig, MomentumContrast, contrastive_loss, follow, load_moco
from encoders.reference.fusion.tfn import TensorFusion, TfnConfig, load_tfn
from encoders.reference.fusion.vilbert import CoAttentionConfig, CoAttentionLayer, load_co_attention
from encoders.types import WeightsError

TFN = TfnConfig(inputs=(6, 5, 7), hidden=(3, 4, 8), text_out=4, fused=6)
VILBERT = CoAttentionConfig(
    image_width=10, image_inner=12, text_width=6, text_inner=14, width=8, heads=2, layers=2, dropout=0.1
)
MOCO = MocoConfig(width=2, keys=4)


def encoders():
    return nn.Linear(3, 2), nn.Linear(3, 2)


def tfn_case():
    return TensorFusion(TFN).state_dict(), lambda path: load_tfn(path, TFN)


def vilbert_case():
    layers = nn.ModuleList(CoAttentionLayer(VILBERT) for _ in range(2))
    state = {f"bert.encoder.c_layer.{name}": tensor for name, tensor in layers.state_dict().items()}
    state |= {"bert.encoder.layer.0.output.dense.weight": torch.zeros(2), "cls.bi_seq_relationship.bias": torch.ones(2)}
    return state, lambda path: load_co_attention(path, VILBERT)


def moco_case():
    state = MomentumContrast(*encoders(), MOCO).state_dict()
    return {f"module.{name}": tensor for name, tensor in state.items()}, lambda path: load_moco(path, *encoders(), MOCO)


def saved(tmp_path, state):
    torch.save({"state_dict": state, "epoch": 200}, tmp_path / "checkpoint.pth.tar")
    return tmp_path / "checkpoint.pth.tar"


@pytest.mark.parametrize(
    ("case", "prefix"), [(tfn_case, ""), (vilbert_case, "bert.encoder.c_layer."), (moco_case, "module.")]
)
def test_an_official_file_loads(tmp_path, case, prefix):
    torch.manual_seed(1)
    state, load = case()
    state = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    model = load(saved(tmp_path, state))
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, state[prefix + name].to(tensor.dtype)), name
        assert tensor.dtype in (torch.float32, torch.int64)


@pytest.mark.parametrize(
    ("case", "prefix", "name"),
    [
        (tfn_case, "", "output_range"),
        (vilbert_case, "bert.encoder.c_layer.", "1.biOutput.q_dense1.bias"),
        (moco_case, "module.", "queue"),
    ],
)
def test_tensors_that_do_not_fit_are_named(tmp_path, case, prefix, name):
    state, load = case()
    for change, kind in ((None, "missing"), (torch.ones(9, 9), "misshapen")):
        changed = {key: tensor if key != prefix + name else change for key, tensor in state.items()}
        with pytest.raises(WeightsError, match=f"{kind}: {name}"):
            load(saved(tmp_path, {key: tensor for key, tensor in changed.items() if tensor is not None}))
    with pytest.raises(WeightsError, match=r"unexpected: 1\.surplus"):
        load(saved(tmp_path, state | {f"{prefix}1.surplus": torch.ones(1)}))


def test_a_file_without_connections_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="c_layer"):
        load_co_attention(saved(tmp_path, {"bert.encoder.layer.0.weight": torch.ones(1)}), VILBERT)


def test_scores_of_tensor_fusion_stay_within_three():
    torch.manual_seed(3)
    model = TensorFusion(TFN).eval()
    scores = model(torch.randn(9, 6) * 50, torch.randn(9, 5) * 50, torch.randn(9, 4, 7) * 50)
    assert scores.shape == (9, 1)
    assert scores.abs().max() <= 3
    assert not model.output_range.requires_grad


def test_words_are_read_in_order():
    torch.manual_seed(3)
    model = TensorFusion(TFN).eval()
    audio, video, text = torch.randn(1, 6), torch.randn(1, 5), torch.randn(1, 4, 7)
    assert not torch.allclose(model(audio, video, text), model(audio, video, text.flip(1)), atol=1e-6)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="inputs must be"):
        TensorFusion(TFN)(torch.randn(1, 6), torch.randn(1, 6), torch.randn(1, 4, 7))
    layer = CoAttentionLayer(VILBERT)
    for image, text in ((torch.randn(1, 4, 9), torch.randn(1, 3, 6)), (torch.randn(2, 4, 10), torch.randn(1, 3, 6))):
        with pytest.raises(ValueError, match="regions and words"):
            layer(image, text)
    with pytest.raises(ValueError, match="heads"):
        CoAttentionLayer(CoAttentionConfig(width=9, heads=2))


def test_a_new_key_encoder_is_a_copy_without_gradient():
    model = MomentumContrast(*encoders(), MOCO)
    assert torch.equal(model.encoder_k.weight, model.encoder_q.weight)
    torch.testing.assert_close(model.queue.norm(dim=0), torch.ones(4))
    contrastive_loss(model(torch.randn(2, 3), torch.randn(2, 3))).backward()
    assert model.encoder_q.weight.grad is not None
    assert model.encoder_k.weight.grad is None


def test_momentum_contrast_refuses_what_does_not_fit():
    model = MomentumContrast(*encoders(), MOCO)
    with pytest.raises(ValueError, match="no multiple"):
        model(torch.randn(3, 3), torch.randn(3, 3))
    with pytest.raises(ValueError, match="zip"):
        follow(nn.Linear(3, 2), nn.Linear(3, 2, bias=False), 0.9)
