"""CLIP4Clip loads from official files and refuses what it cannot compare."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from encoders.reference.clip.model import ClipConfig
from encoders.reference.clip4clip.base import Clip4ClipConfig
from encoders.reference.clip4clip.frames import chosen_frames, frames_per_second
from encoders.reference.clip4clip.loading import clip4clip, load_clip4clip
from encoders.reference.clip4clip.loss import symmetric_cross_entropy
from encoders.types import WeightsError

CLIP = ClipConfig(
    embed_dim=8,
    image_resolution=8,
    vision_layers=1,
    vision_width=8,
    vision_heads=2,
    vision_patch_size=4,
    context_length=6,
    vocab_size=9,
    text_width=8,
    text_heads=2,
    text_layers=1,
)
CONFIG = Clip4ClipConfig(CLIP, "seqTransf", temporal_layers=1, temporal_heads=2)
HEADS = ("meanP", "seqTransf", "seqLSTM", "tightTransf")
MASK = torch.tensor([[1, 1, 1], [1, 0, 0]])
LOADED = [*(dataclasses.replace(CONFIG, head=head) for head in HEADS), dataclasses.replace(CONFIG, linear_patch="3d")]


def saved(config, folder, change=None):
    """An official file: module prefix, CLIP in half precision."""
    torch.manual_seed(0)
    model = clip4clip(config).eval()
    state = {k: v.half() if k.startswith("clip.") else v for k, v in model.state_dict().items()}
    if change:
        change(state)
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, folder / "pytorch_model.bin.2")
    return model, folder / "pytorch_model.bin.2"


@pytest.mark.parametrize("config", LOADED, ids=lambda config: f"{config.head}-{config.linear_patch}")
def test_official_checkpoints_load(tmp_path, config):
    model, file = saved(config, tmp_path)
    loaded = load_clip4clip(file, config)
    assert not loaded.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in loaded.parameters())
    ids, video = torch.tensor([[7, 1, 8]]), torch.randn(2, 3, 3, 8, 8)
    similarity = loaded(ids, video, MASK)
    assert similarity.shape == (1, 2)
    torch.testing.assert_close(similarity, model(ids, video, MASK).detach(), atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda s: s.pop("transformerClip.resblocks.0.ln_2.bias"),
            r"missing: transformerClip\.resblocks\.0\.ln_2\.bias",
        ),
        (lambda s: s.update({"lstm_visual.bias_hh_l0": torch.zeros(4)}), r"unexpected: lstm_visual\.bias_hh_l0"),
        (lambda s: s.update({"clip.ln_final.bias": torch.zeros(4)}), r"clip\.ln_final\.bias \(4,\) instead of \(8,\)"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, change, said):
    _, file = saved(CONFIG, tmp_path, change)
    with pytest.raises(WeightsError, match=said):
        load_clip4clip(file, CONFIG)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    ("frames", "mask"),
    [
        (torch.ones(2, 3, 8), MASK[:, :2]),
        (torch.ones(2, 8), MASK),
        (torch.ones(2, 3, 8), MASK * torch.tensor([[1], [0]])),
        (torch.ones(2, 3, 8), MASK * 2),
        (torch.ones(2, 7, 8), torch.ones(2, 7)),
    ],
    ids=["other length", "no frames", "empty video", "no mask", "too long"],
)
def test_what_cannot_be_compared_is_refused(head, frames, mask):
    model = clip4clip(dataclasses.replace(CONFIG, head=head))
    with pytest.raises(ValueError):
        model.similarity(torch.ones(1, 8), frames, mask)


@pytest.mark.parametrize("head", HEADS)
def test_masks_may_be_of_any_kind(head):
    model = clip4clip(dataclasses.replace(CONFIG, head=head)).eval().requires_grad_(False)
    texts, frames = torch.randn(2, 8), torch.randn(2, 3, 8)
    whole = model.similarity(texts, frames, MASK)
    for kind in (torch.bool, torch.float32, torch.uint8):
        torch.testing.assert_close(model.similarity(texts, frames, MASK.to(kind)), whole)


def test_gaps_are_refused_where_order_of_padding_matters():
    model = clip4clip(dataclasses.replace(CONFIG, head="seqLSTM"))
    with pytest.raises(ValueError, match="padding"):
        model.similarity(torch.ones(1, 8), torch.ones(1, 3, 8), torch.tensor([[1, 0, 1]]))


@pytest.mark.parametrize("patch", ["2d", "3d"])
def test_videos_must_have_frames_of_the_right_size(patch):
    model = clip4clip(dataclasses.replace(CONFIG, linear_patch=patch))
    for shape in [(3, 3, 8, 8), (1, 3, 3, 8, 9)]:
        with pytest.raises(ValueError, match="must be"):
            model.encode_video(torch.zeros(shape))


def test_unknown_options_are_refused():
    for options in ({"head": "tight"}, {"linear_patch": "4d"}):
        with pytest.raises(ValueError):
            clip4clip(dataclasses.replace(CONFIG, **options))


def test_all_of_a_head_learns():
    """Every tensor the head uses gets a gradient; the positions beside the LSTM have none by design."""
    for head in HEADS:
        model = clip4clip(dataclasses.replace(CONFIG, head=head))
        ids, video = torch.tensor([[7, 1, 8], [7, 2, 8]]), torch.randn(2, 3, 3, 8, 8)
        symmetric_cross_entropy(model(ids, video, MASK)).backward()
        still = {name for name, p in model.named_parameters() if p.grad is None}
        unused = {"seqLSTM": {"frame_position_embeddings.weight"}, "tightTransf": {"clip.logit_scale"}}
        assert still == unused.get(head, set())


def test_the_loss_prefers_the_diagonal():
    right = 10 * torch.eye(3)
    assert symmetric_cross_entropy(right) < 0.01 < symmetric_cross_entropy(right.roll(1, 0))
    assert float(symmetric_cross_entropy(torch.zeros(4, 4))) == pytest.approx(1.3862944)  # ln 4
    with pytest.raises(ValueError, match="square"):
        symmetric_cross_entropy(torch.zeros(2, 3))


def test_impossible_frames_are_refused():
    for arguments in [(-1, 25), (10, 0.5), (10, 25, 26), (10, 25, 0)]:
        with pytest.raises(ValueError, match="cannot be taken"):
            frames_per_second(*arguments)
    for arguments in [(-1, 2), (5, 0), (5, 2, "middle")]:
        with pytest.raises(ValueError, match="cannot choose"):
            chosen_frames(*arguments)
