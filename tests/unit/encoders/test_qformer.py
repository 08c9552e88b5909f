"""BLIP-2 loads in the layouts it is published in, says what does not fit, and its losses do what they are for."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from encoders.reference.qformer.blip2 import Blip2, Blip2Config, rerank_score, similarity
from encoders.reference.qformer.eva_vit import EvaVitConfig
from encoders.reference.qformer.layers import QFormerConfig
from encoders.reference.qformer.loading import load_blip2
from encoders.reference.qformer.losses import caption_loss, contrastive_loss, hard_negatives, pretraining_losses
from encoders.reference.qformer.model import QFormer
from encoders.types import WeightsError

QFORMER = QFormerConfig(width=16, layers=2, heads=2, inner=24, source_width=12, vocabulary=13, positions=8)
CONFIG = Blip2Config(
    vision=EvaVitConfig(size=28, patch=14, width=12, depth=1, heads=2), qformer=QFORMER, queries=3, embed_dim=6, dec=12
)
IDS = torch.tensor([[1, 4, 7, 2], [3, 9, 0, 0], [5, 5, 6, 0]])
MASK = (IDS > 0).long()


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    made = Blip2(CONFIG).eval().requires_grad_(False)
    made.query_tokens.normal_()
    return made


@pytest.fixture
def state(model):
    """The tensors in the official layout: a tower in half precision, and the integer buffer of old releases."""
    own = {name: t.half() if name.startswith("visual_encoder") else t.clone() for name, t in model.state_dict().items()}
    return own | {"Qformer.bert.embeddings.position_ids": torch.arange(8)[None]}


def pictures():
    return torch.linspace(-2, 2, 3 * 3 * 28 * 28).sin().reshape(3, 3, 28, 28)


def test_one_file_of_everything(tmp_path, model, state):
    torch.save({"model": state, "epoch": 3, "optimizer": {"state": {}}}, tmp_path / "blip2.pth")
    loaded = load_blip2(tmp_path / "blip2.pth", CONFIG)
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert {tensor.dtype for tensor in loaded.state_dict().values()} == {torch.float32}
    tokens = model.picture_tokens(pictures())
    torch.testing.assert_close(loaded.picture_tokens(pictures()), tokens, atol=1e-2, rtol=1e-2)
    torch.testing.assert_close(loaded.match_logits(tokens, IDS, MASK), model.match_logits(tokens, IDS, MASK))


def test_the_frozen_tower_in_its_own_file(tmp_path, state):
    tower = {n.removeprefix("visual_encoder."): t for n, t in state.items() if n.startswith("visual_encoder.")}
    tower["blocks.1.norm1.weight"] = tower["blocks.0.norm1.weight"]  # EVA's last block, which nobody uses
    tower["norm.weight"] = tower["head.weight"] = torch.zeros(2)
    save_file({name: tensor.clone() for name, tensor in tower.items()}, tmp_path / "eva.safetensors")
    trained = {f"module.{name}": tensor for name, tensor in state.items() if not name.startswith("visual_encoder.")}
    torch.save({"model": trained}, tmp_path / "trained.pth")
    loaded = load_blip2(tmp_path / "trained.pth", CONFIG, vision=tmp_path / "eva.safetensors")
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, state[name].float()), name
    with pytest.raises(WeightsError, match=r"missing: visual_encoder\."):
        load_blip2(tmp_path / "trained.pth", CONFIG)


def test_words_and_caption_head_stay_one(tmp_path, state):
    torch.save(state, tmp_path / "blip2.pth")
    former = load_blip2(tmp_path / "blip2.pth", CONFIG).Qformer
    assert former.cls.predictions.decoder.weight is former.bert.embeddings.word_embeddings.weight
    assert former.cls.predictions.decoder.bias is former.cls.predictions.bias


def test_what_does_not_fit_is_named(tmp_path, state):
    state["itm_head.weight"] = torch.zeros(3, 16)
    state["itm_head.more"] = state.pop("temp")
    torch.save(state, tmp_path / "blip2.pth")
    with pytest.raises(WeightsError) as raised:
        load_blip2(tmp_path / "blip2.pth", CONFIG)
    for part in ("missing: temp", "unexpected: itm_head.more", "itm_head.weight (3, 16) instead of (2, 16)"):
        assert part in raised.value.message


def test_a_file_of_something_else_is_named(tmp_path, state):
    torch.save(state, tmp_path / "blip2.pth")
    torch.save({"backbone.weight": torch.zeros(2)}, tmp_path / "else.pth")
    with pytest.raises(WeightsError, match=r"else\.pth holds no tensor of Blip2"):
        load_blip2(tmp_path / "blip2.pth", CONFIG, vision=tmp_path / "else.pth")
    with pytest.raises(WeightsError) as raised:
        load_blip2(tmp_path / "none.pth", CONFIG)
    assert raised.value.kind == "missing"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "queries, text or both"),
        ({"queries": torch.zeros(1, 3, 16)}, "queries read tokens"),
        ({"queries": torch.zeros(1, 3, 5), "source": torch.zeros(2, 4, 12)}, "queries must be"),
        ({"queries": torch.zeros(1, 3, 16), "source": torch.zeros(2, 4, 9)}, "queries read tokens"),
        ({"queries": torch.zeros(3, 3, 16), "source": torch.zeros(2, 4, 12)}, "3 sets of queries"),
        (
            {"queries": torch.zeros(1, 3, 16), "source": torch.zeros(2, 4, 12), "source_mask": torch.ones(2, 3)},
            "the mask",
        ),
        ({"queries": torch.zeros(1, 3, 16), "source": torch.zeros(2, 4, 12), "ids": IDS}, "3 texts"),
        ({"ids": torch.zeros(1, 9, dtype=torch.long)}, "0 < l <= 8"),
        ({"ids": IDS, "text_mask": MASK[:, :2]}, "the mask"),
    ],
)
def test_shapes_that_do_not_fit(model, arguments, said):
    with pytest.raises(ValueError, match=said):
        model.Qformer(**arguments)


def test_parts_that_do_not_fit():
    with pytest.raises(ValueError, match="no text parts"):
        QFormer(QFormerConfig(width=16, layers=1, heads=2, inner=8, source_width=4, text=False))(ids=IDS)
    with pytest.raises(ValueError, match="heads"):
        QFormer(QFormerConfig(width=16, layers=1, heads=3, inner=8, source_width=4))
    with pytest.raises(ValueError, match="vision tower's width"):
        Blip2(Blip2Config(vision=EvaVitConfig(28, 14, 8, 1, 2), qformer=QFORMER))
    with pytest.raises(ValueError, match="pictures must be"):
        Blip2(CONFIG).picture_tokens(torch.zeros(1, 3, 14, 28))


def test_one_set_of_queries_gives_what_a_set_for_each_picture_gives(model):
    tokens = model.picture_tokens(pictures())
    each = model.Qformer(model.query_tokens.expand(3, -1, -1), source=tokens)
    torch.testing.assert_close(model.query_states(tokens), each)


def test_dropout_is_for_training_alone(model):
    source = torch.ones(1, 4, 12)
    assert torch.equal(model.query_states(source), model.query_states(source))
    trained = Blip2(CONFIG).train()
    assert not torch.equal(trained.query_states(source), trained.query_states(source))


def test_a_text_of_padding_alone_is_no_nan(model):
    assert model.text_states(torch.zeros(1, 4, dtype=torch.long), torch.zeros(1, 4)).isfinite().all()


def test_the_best_query_counts():
    pictures = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[-1.0, 0.0], [-1.0, 0.0]]])
    texts = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert similarity(pictures, texts).tolist() == [[1, 1], [0, -1]]


def test_reranking_adds_the_matching_logit():
    logits = torch.tensor([[5.0, 0.25], [0.0, 2.0]])
    assert rerank_score(logits, torch.tensor([0.5, 0.25])).tolist() == [0.75, 2.25]


def test_negatives_are_hard_and_never_right():
    scores = torch.tensor([[90.0, 5.0, -30.0], [0.0, 80.0, 40.0], [60.0, 20.0, 95.0]])
    for seed in range(5):
        assert hard_negatives(scores, torch.Generator().manual_seed(seed)).tolist() == [1, 2, 0]
    with pytest.raises(ValueError, match="two pairs"):
        hard_negatives(torch.zeros(1, 1))


def test_contrastive_loss_wants_partners_near():
    good, bad = 5 * torch.eye(3), 5 * torch.eye(3).roll(1, 0)
    assert contrastive_loss(good, good.T) < contrastive_loss(bad, bad.T)
    own = torch.eye(3)
    torch.testing.assert_close(contrastive_loss(good, good.T, own), contrastive_loss(good, good.T))
    shared = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    both = 5.0 * shared
    assert contrastive_loss(both, both.T, shared) < contrastive_loss(good, good.T, shared)
    assert contrastive_loss(both, both.T) > contrastive_loss(good, good.T)


def test_caption_loss_counts_no_padding():
    logits = torch.arange(3 * 4 * 13.0).reshape(3, 4, 13).sin()
    expected = caption_loss(logits, IDS)
    logits[1, 1:] = 100 * logits[1, 1:]  # what follows the second text's last word
    assert caption_loss(logits, IDS) == expected


def test_losses_teach_everything_but_the_drawing(model):
    learner = Blip2(CONFIG)
    learner.load_state_dict(model.state_dict())
    losses = pretraining_losses(learner.eval(), pictures(), IDS, MASK, torch.Generator().manual_seed(1))
    assert losses.total == losses.contrastive + losses.matching + losses.caption
    losses.total.backward()
    idle = {name for name, parameter in learner.named_parameters() if parameter.grad is None}
    assert idle == set()


def test_fine_sizes_are_the_released_ones():
    with torch.device("meta"):
        shapes = {name: tuple(tensor.shape) for name, tensor in Blip2(Blip2Config()).state_dict().items()}
    assert len([name for name in shapes if name.startswith("Qformer.")]) == 336 - 1  # the spec counts position_ids
    assert shapes["Qformer.bert.embeddings.word_embeddings.weight"] == (30_523, 768)
    assert shapes["Qformer.bert.encoder.layer.10.crossattention.self.value.weight"] == (768, 1408)
    assert shapes["vision_proj.weight"] == (256, 768)
    assert shapes["temp"] == ()
