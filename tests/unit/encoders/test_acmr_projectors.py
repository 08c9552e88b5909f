"""ACMR's projectors load by either kind of names, compute the demo's chain, and learn what the losses ask for."""

from __future__ import annotations

import pytest
import torch

from encoders.reference.acmr import AcmrConfig, embedding_loss, hard_negatives, modality_loss
from encoders.reference.acmr_projectors import AcmrProjectors, AcmrSizes, load_acmr
from encoders.types import WeightsError

SIZES = AcmrSizes(visual=6, text=5, visual_hidden=(8, 7), text_hidden=(4, 7), embedding=8, classes=3)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return AcmrProjectors(SIZES)


def test_the_demo_s_sizes_and_names():
    shapes = {name: tuple(tensor.shape) for name, tensor in AcmrProjectors(AcmrSizes()).state_dict().items()}
    assert shapes["vf_fc_0.weight"] == (512, 4096)
    assert shapes["vf_fc_2.weight"] == (40, 100)
    assert shapes["le_fc_0.weight"] == (40, 5000)
    assert shapes["lc_fc_0.weight"] == (10, 40)
    assert [shapes[f"dc_fc_{i}.weight"] for i in range(3)] == [(20, 40), (10, 20), (2, 10)]
    assert len(shapes) == 2 * (3 + 3 + 1 + 3)


def test_both_kinds_of_names_load(tmp_path, model):
    state = model.state_dict()
    torch.save(state, tmp_path / "torch.pt")
    slim = {
        name.replace(".weight", "/weights").replace(".bias", "/biases"): tensor.T.contiguous()
        if tensor.ndim == 2
        else tensor
        for name, tensor in state.items()
    }
    torch.save(slim, tmp_path / "slim.pt")
    pictures, texts = torch.randn(4, 6), torch.randn(4, 5)
    wanted = model.pictures(pictures), model.texts(texts), model.labels(model.texts(texts))
    for name in ("torch.pt", "slim.pt"):
        loaded = load_acmr(tmp_path / name, SIZES)
        assert not loaded.training
        found = loaded.pictures(pictures), loaded.texts(texts), loaded.labels(loaded.texts(texts))
        for one, two in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, two)
    del slim["dc_fc_1/biases"]
    torch.save(slim, tmp_path / "half.pt")
    with pytest.raises(WeightsError, match=r"missing: dc_fc_1\.bias"):
        load_acmr(tmp_path / "half.pt", SIZES)


def test_projections_are_a_chain_of_tanh(model):
    x = torch.randn(2, 6)
    by_hand = x
    for layer in (model.vf_fc_0, model.vf_fc_1, model.vf_fc_2):
        by_hand = torch.tanh(by_hand @ layer.weight.T + layer.bias)
    torch.testing.assert_close(model.pictures(x), by_hand)
    for wrong in (torch.zeros(2, 5), torch.zeros(6)):
        with pytest.raises(ValueError, match=r"features must be \(n, 6\)"):
            model.pictures(wrong)


def test_training_brings_pairs_together(model):
    torch.manual_seed(3)
    labels = torch.arange(3).repeat(4)
    pictures = torch.eye(3)[labels].repeat(1, 2) + 0.05 * torch.randn(12, 6)
    texts = torch.eye(5)[labels] + 0.05 * torch.randn(12, 5)
    config = AcmrConfig(margin=1.0, push=1.0, alpha=0.1, beta=1.0, decay=0.0)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    wrong = hard_negatives(pictures, labels), hard_negatives(texts, labels)

    def losses():
        seen, said = model.pictures(pictures), model.texts(texts)
        classifier = (model.lc_fc_0.weight, model.lc_fc_0.bias)
        embedded = embedding_loss(seen, said, labels, *wrong, classifier, config).total
        return embedded, modality_loss(model.kinds(seen, 0.1), model.kinds(said, 0.1))

    before = float(losses()[0].detach())
    for _ in range(60):
        optimiser.zero_grad()
        sum(losses()).backward()
        optimiser.step()
    assert float(losses()[0].detach()) < before / 4
    with torch.no_grad():
        near = torch.cdist(model.texts(texts), model.pictures(pictures)).argmin(dim=1)
    assert (labels[near] == labels).all()
