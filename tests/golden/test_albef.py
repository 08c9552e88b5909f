"""ALBEF gives the numbers of the official code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from encoders.reference.albef.model import Albef, AlbefConfig, AlbefTextConfig
from encoders.reference.albef.training import AlbefTraining, MomentumConfig
from encoders.reference.blip.vit import VitConfig
from tests.golden.conftest import Case, assert_summary, fill, inp
from tests.golden.test_clip import store

DATA = Path(__file__).with_name("data") / "albef.json"
SMALL = AlbefConfig(
    VitConfig(img_size=8, patch_size=4, embed_dim=8, depth=2, num_heads=2),
    AlbefTextConfig(
        vocab_size=15,
        hidden_size=12,
        num_hidden_layers=4,
        num_attention_heads=3,
        intermediate_size=24,
        max_position_embeddings=16,
        encoder_width=8,
        first_cross_layer=2,
    ),
    embed_dim=6,
)
IDS = torch.tensor([[1, 5, 6, 7, 2], [1, 8, 2, 0, 0]])
MASK = (IDS != 0).long()


def model_of(case: Case) -> AlbefTraining:
    config = case.meta["config"]
    vision, text = dict(config["vit"]), dict(config["bert"])
    vision.pop("qkv_bias")
    text.pop("hidden_act")
    text["first_cross_layer"] = text.pop("fusion_layer")
    model = AlbefTraining(
        AlbefConfig(VitConfig(**vision), AlbefTextConfig(**text), config["embed_dim"]),
        MomentumConfig(config["queue_size"], config["momentum"], config["temp"]),
    )
    assert model.state_dict().keys() == case.state.keys()
    model.load_state_dict(case.state)
    return model.eval()


@pytest.mark.parametrize("batch", ["", "b1_"])
def test_encoders(golden, batch):
    case = golden("albef")
    model = model_of(case).requires_grad_(False)
    ids, mask = case.inputs[f"{batch}input_ids"], case.inputs[f"{batch}attention_mask"]
    tokens = model.picture_tokens(case.inputs[f"{batch}image"])
    states = model.text_encoder.text_states(ids, mask)
    case.close(f"{batch}image_embeds", tokens)
    case.close(f"{batch}text_hidden", states)
    case.close(f"{batch}fusion_hidden", model.text_encoder.fusion_states(states, mask, tokens))
    case.close(f"{batch}image_feat", model.picture_vectors(tokens))
    case.close(f"{batch}text_feat", model.text_vectors(ids, mask))
    case.close(f"{batch}itm_logits", model.match_logits(tokens, ids, mask))
    # Text mode, then fusion mode, is one pass over all layers.
    encoder = model.text_encoder
    torch.testing.assert_close(
        encoder.run(encoder.embed(ids), mask, tokens), encoder.fusion_states(states, mask, tokens)
    )


def test_losses_and_what_a_step_leaves(golden):
    case = golden("albef")
    model = model_of(case)
    losses = model.losses(
        case.inputs["image"][:2],
        case.inputs["input_ids"][:2],
        case.inputs["attention_mask"][:2],
        case.inputs["pair_idx"],
        alpha=case.meta["config"]["alpha"],
    )
    case.close("pair_loss_ita", losses.contrastive.detach())
    case.close("pair_loss_itm", losses.matching.detach())
    case.close("pair_image_queue", model.image_queue)
    case.close("pair_text_queue", model.text_queue)
    assert torch.equal(model.idx_queue, case.outputs["pair_idx_queue"])
    assert torch.equal(model.queue_ptr, case.outputs["pair_queue_ptr"])
    case.close("pair_text_proj_m", model.text_proj_m.weight)
    losses.total.backward()
    assert all(p.grad is not None for p in (model.temp, model.vision_proj.weight, model.itm_head.weight))


def test_the_defaults_are_the_released_sizes():
    with torch.device("meta"):
        state = AlbefTraining(AlbefConfig()).state_dict()
    shapes = {
        "text_encoder.embeddings.word_embeddings.weight": (30522, 768),
        "text_encoder.embeddings.token_type_embeddings.weight": (2, 768),
        "text_encoder.encoder.layer.6.crossattention.self.key.weight": (768, 768),
        "vision_proj.weight": (256, 768),
        "image_queue": (256, 65536),
        "queue_ptr": (1,),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes
    assert not any("layer.5.crossattention" in name for name in state)


def computed() -> dict[str, torch.Tensor]:
    """Outputs for weights and inputs by rule."""
    pixels = inp(2, 3, 8, 8)
    model = fill(Albef(SMALL).double()).eval().requires_grad_(False)
    tokens = model.picture_tokens(pixels)
    training = fill(AlbefTraining(SMALL, MomentumConfig(queue_size=4)).double()).eval().requires_grad_(False)
    training.temp.fill_(0.07)
    losses = training.losses(pixels, IDS, MASK, torch.tensor([3, 9]))
    return {
        "picture_vectors": model.picture_vectors(tokens),
        "text_vectors": model.text_vectors(IDS, MASK),
        "match_logits": model.match_logits(tokens, IDS, MASK),
        "contrastive": losses.contrastive,
        "matching": losses.matching,
        "image_queue": training.image_queue,
        "text_proj_m": training.text_proj_m.weight,
    }


def test_numbers_stay_what_they_were_when_the_official_ones_were_met():
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    for name, mine in computed().items():
        assert_summary(mine, stored[name])


if __name__ == "__main__":
    store(DATA, "own implementation that passed the golden case albef, 2026-11-25", computed())
