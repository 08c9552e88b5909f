"""OpenFlamingo's released files load into resampler and gated blocks; shapes and positions are checked."""

from __future__ import annotations

import pytest
import torch

from encoders.reference.flamingo.gated import GatedBlock, GatedConfig, cached_times, media_mask, text_times
from encoders.reference.flamingo.loading import FlamingoConfig, OpenFlamingo, gated_layers, load_open_flamingo
from encoders.reference.flamingo.resampler import LucidResampler, OpenResampler, ResamplerConfig
from encoders.types import WeightsError

GATED = GatedConfig(width=8, media_width=6, head_width=4, heads=2)
SIZES = {"width": 6, "depth": 1, "head_width": 4, "heads": 2, "latents": 3}
CONFIG = FlamingoConfig(ResamplerConfig(**SIZES), GATED, layers=4, every=2)
BLOCK = "lang_encoder.transformer.blocks.{}.gated_cross_attn_layer."


@pytest.fixture
def official():
    """A released file in small: the language model's names and token table, gates in half precision."""
    torch.manual_seed(1)
    model = OpenFlamingo(CONFIG)
    for block in model.gated.values():
        torch.nn.init.normal_(block.attn_gate)
    state = {f"perceiver.{name}": tensor for name, tensor in model.perceiver.state_dict().items()}
    for layer, block in model.gated.items():
        state |= {BLOCK.format(layer) + name: tensor.half() for name, tensor in block.state_dict().items()}
    return state | {"lang_encoder.transformer.wte.weight": torch.zeros(5, 8)}


def saved(tmp_path, state):
    torch.save(state, tmp_path / "checkpoint.pt")
    return tmp_path / "checkpoint.pt"


def test_a_released_file_loads(tmp_path, official):
    model = load_open_flamingo(saved(tmp_path, official), CONFIG)
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert list(model.gated) == ["1", "3"]
    assert torch.equal(model.perceiver.latents, official["perceiver.latents"])
    for layer in "13":
        expected = official[BLOCK.format(layer) + "attn.to_q.weight"].float()
        assert torch.equal(model.gated[layer].attn.to_q.weight, expected)


def test_an_unfiltered_file_of_a_training_run_loads_too(tmp_path, official):
    prefix = "lang_encoder.gated_cross_attn_layers.1."
    official |= {
        prefix + "attn_gate": torch.zeros(1),
        "lang_encoder.transformer.blocks.1.decoder_layer.norm_1.weight": torch.zeros(8),
        "vision_encoder.class_embedding": torch.zeros(6),
    }
    state = {f"module.{name}": tensor for name, tensor in official.items()}
    model = load_open_flamingo(saved(tmp_path, {"model_state_dict": state, "epoch": 3}), CONFIG)
    gate = official[BLOCK.format(1) + "attn_gate"].float()
    assert torch.equal(model.gated["1"].attn_gate, gate)


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        (BLOCK.format(3) + "ff_gate", None, r"missing: gated\.3\.ff_gate"),
        (BLOCK.format(2) + "ff_gate", torch.zeros(1), r"unexpected: gated\.2\.ff_gate"),
        ("perceiver.frame_embs", torch.zeros(2, 6), r"unexpected: perceiver\.frame_embs"),
        ("perceiver.latents", torch.zeros(4, 6), r"misshapen: perceiver\.latents \(4, 6\)"),
    ],
)
def test_tensors_that_do_not_fit_are_named(tmp_path, official, name, tensor, message):
    official[name] = tensor
    file = saved(tmp_path, {name: tensor for name, tensor in official.items() if tensor is not None})
    with pytest.raises(WeightsError, match=message):
        load_open_flamingo(file, CONFIG)


def test_blocks_stand_before_every_nth_layer():
    assert gated_layers(8, 4) == [3, 7]
    assert gated_layers(3, 1) == [0, 1, 2]


def test_a_new_block_changes_nothing():
    text = torch.randn(2, 5, 8)
    assert torch.equal(GatedBlock(GATED)(text, torch.randn(2, 1, 3, 6)), text)


def test_masks():
    times = text_times(torch.tensor([[False, True, False, True]]))
    assert times.tolist() == [[0, 1, 1, 2]]
    assert media_mask(times, 3, immediate_only=True)[0].int().tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert media_mask(times, 3, immediate_only=False)[0].int().tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert cached_times(torch.tensor([[True, False, True], [False, False, True]]), 2).tolist() == [[2, 2], [1, 1]]


def test_text_reads_its_own_medium_only():
    torch.manual_seed(2)
    block = GatedBlock(GATED).eval()
    torch.nn.init.ones_(block.attn_gate)
    text, media = torch.randn(1, 4, 8), torch.randn(1, 2, 3, 6)
    times = text_times(torch.tensor([[False, True, False, True]]))
    before = block(text, media, times)
    media[:, 0] += 1
    changed = (block(text, media, times) - before).abs().amax(dim=-1)[0] > 1e-6
    assert changed.tolist() == [False, True, True, False]


def test_the_same_latents_come_of_more_or_less_tokens():
    one, two = LucidResampler(ResamplerConfig(**SIZES, media=2)), OpenResampler(ResamplerConfig(**SIZES))
    assert one(torch.randn(1, 2, 7, 6)).shape == one(torch.randn(1, 2, 1, 6)).shape == (1, 2, 3, 6)
    assert one(torch.randn(4, 7, 6)).shape == (4, 1, 3, 6)
    assert two(torch.randn(1, 5, 2, 7, 6)).shape == (1, 5, 3, 6)


def test_what_does_not_fit_is_refused():
    placed = OpenResampler(ResamplerConfig(**SIZES, media=2, frames=3))
    for media, message in (
        (torch.randn(1, 3, 1, 7, 6), "3 media"),
        (torch.randn(1, 2, 4, 7, 6), "4 frames"),
        (torch.randn(1, 2, 7, 6), "5 axes"),
        (torch.randn(1, 2, 3, 7, 5), "6 wide"),
    ):
        with pytest.raises(ValueError, match=message):
            placed(media)
    block, text = GatedBlock(GATED), torch.randn(2, 5, 8)
    with pytest.raises(ValueError, match="media must be"):
        block(text, torch.randn(2, 1, 3, 8))
    with pytest.raises(ValueError, match="media must be"):
        block(text, torch.randn(1, 1, 3, 6))
    with pytest.raises(ValueError, match="times must be"):
        block(text, torch.randn(2, 1, 3, 6), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="table"):
        LucidResampler(ResamplerConfig(**SIZES))
