"""CLIP4Clip's heads give the numbers of the official code."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from encoders.reference.clip.model import ClipConfig, unit
from encoders.reference.clip4clip.base import Clip4Clip, Clip4ClipConfig
from encoders.reference.clip4clip.frames import chosen_frames, frames_per_second
from encoders.reference.clip4clip.loading import clip4clip
from encoders.reference.clip4clip.loss import symmetric_cross_entropy
from encoders.reference.clip4clip.tight import joined
from tests.golden.conftest import Case, assert_summary, fill, inp
from tests.golden.test_clip import IDS, SMALL, store

DATA = Path(__file__).with_name("data") / "clip4clip.json"
HEADS = ("meanP", "seqTransf", "seqLSTM", "tightTransf")
LOOSE = HEADS[:3]


def model_of(case: Case) -> Clip4Clip:
    config = case.meta["config"]
    model = clip4clip(
        Clip4ClipConfig(
            ClipConfig(**config["clip"]),
            config["sim_header"],
            temporal_layers=config.get("temporal_layers", 0),
            temporal_heads=config.get("heads_temporal", 1),
            linear_patch=config["linear_patch"],
        )
    )
    assert model.state_dict().keys() == case.state.keys()
    model.load_state_dict(case.state)
    return model.eval().requires_grad_(False)


def checked(case: Case, model: Clip4Clip, batch: str) -> torch.Tensor:
    """Compare towers and similarity; return the latter."""
    texts = model.encode_text(case.inputs[f"{batch}input_ids"])
    frames, mask = model.encode_video(case.inputs[f"{batch}video"]), case.inputs[f"{batch}video_mask"]
    case.close(f"{batch}text", texts)
    case.close(f"{batch}frames", frames)
    if f"{batch}enc" in case.outputs:
        case.close(f"{batch}enc", model.temporal(frames, mask))
    if f"{batch}video_unit" in case.outputs:
        case.close(f"{batch}text_unit", unit(texts))
        case.close(f"{batch}video_unit", model.video_vectors(frames, mask))
    if f"{batch}cross" in case.outputs:
        pairs = [model.cross(*joined(text, frames, mask)) for text in texts]
        case.close(f"{batch}cross", torch.stack([hidden for hidden, _ in pairs]))
        case.close(f"{batch}pooled", torch.stack([pooled for _, pooled in pairs]))
    similarity = model(case.inputs[f"{batch}input_ids"], case.inputs[f"{batch}video"], mask)
    case.close(f"{batch}sim", similarity)
    return similarity


@pytest.mark.parametrize("head", HEADS)
def test_heads(golden, head):
    case = golden(f"clip4clip_{head}")
    model = model_of(case)
    case.close("loss", symmetric_cross_entropy(checked(case, model, "")))
    checked(case, model, "b1_")


def test_tube_patches(golden):
    case = golden("clip4clip_3dpatch")
    checked(case, model_of(case), "")


def test_tubes_of_still_centres_are_flat_patches(golden):
    """A new tube patch is zero beside its centre, and then sees each frame for itself."""
    case = golden("clip4clip_3dpatch")
    tubes = model_of(case)
    tubes.clip.visual.conv2.weight.zero_()
    tubes.clip.visual.conv2.weight[:, :, 1] = tubes.clip.visual.conv1.weight
    flat = clip4clip(dataclasses.replace(tubes.config, linear_patch="2d")).eval().requires_grad_(False)
    flat.load_state_dict({name: tensor for name, tensor in case.state.items() if "conv2" not in name})
    video = case.inputs["video"]
    torch.testing.assert_close(tubes.encode_video(video), flat.encode_video(video))


def small(head: str, patch: str = "2d") -> Clip4Clip:
    config = Clip4ClipConfig(SMALL, head, temporal_layers=2, temporal_heads=2, linear_patch=patch)
    model = clip4clip(config).double().eval().requires_grad_(False)
    fill(model)
    return model


FRAMES, MASK = inp(3, 4, 6), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]])
TEXTS = inp(2, 6, ph=0.9)


@pytest.mark.parametrize("head", HEADS)
def test_padding_changes_nothing(head):
    model = small(head)
    other = torch.where(MASK[..., None] == 1, FRAMES, 7 - FRAMES)
    torch.testing.assert_close(model.similarity(TEXTS, other, MASK), model.similarity(TEXTS, FRAMES, MASK))


@pytest.mark.parametrize("head", HEADS)
def test_each_video_is_compared_for_itself(head):
    model = small(head)
    whole = model.similarity(TEXTS, FRAMES, MASK)
    for place in range(3):
        alone = model.similarity(TEXTS, FRAMES[place : place + 1], MASK[place : place + 1])
        torch.testing.assert_close(whole[:, place : place + 1], alone)


@pytest.mark.parametrize("head", ["seqTransf", "seqLSTM", "tightTransf"])
def test_order_of_frames_matters_but_to_the_mean(head):
    whole = torch.ones(3, 4)
    backwards = FRAMES.flip(1)
    model, mean = small(head), small("meanP")
    assert not torch.allclose(model.similarity(TEXTS, FRAMES, whole), model.similarity(TEXTS, backwards, whole))
    torch.testing.assert_close(mean.similarity(TEXTS, FRAMES, whole), mean.similarity(TEXTS, backwards, whole))


def test_frames_of_every_second():
    assert frames_per_second(100, 29.97) == [0, 29, 58, 87]
    assert frames_per_second(60, 25, 3) == [0, 8, 16, 25, 33, 41, 50, 58]
    assert frames_per_second(0, 25) == []


def test_chosen_frames():
    assert chosen_frames(100, 8) == [0, 14, 28, 42, 56, 70, 84, 99]
    assert chosen_frames(15, 12, "head") == list(range(12))
    assert chosen_frames(15, 12, "tail") == list(range(3, 15))
    assert chosen_frames(15, 12) == [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 14]
    assert chosen_frames(5, 12) == [0, 1, 2, 3, 4]


def computed() -> dict[str, torch.Tensor]:
    """Outputs for weights and inputs by rule."""
    outputs = {head: small(head).similarity(TEXTS, FRAMES, MASK) for head in HEADS}
    outputs["tubes"] = small("meanP", "3d")(IDS, inp(3, 4, 3, 8, 8), MASK)
    return outputs


def test_numbers_stay_what_they_were_when_the_official_ones_were_met():
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    for name, mine in computed().items():
        assert_summary(mine, stored[name])


if __name__ == "__main__":
    store(
        DATA,
        "own implementation that passed the golden cases clip4clip_meanP, seqTransf, seqLSTM, tightTransf and 3dpatch, "
        "2026-11-25",
        computed(),
    )
