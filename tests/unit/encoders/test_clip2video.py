"""CLIP2Video loads from official files and refuses what it cannot compare."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from encoders.reference.clip2video.frames import sampled_frames
from encoders.reference.clip2video.model import Clip2Video, Clip2VideoConfig, PairOfVectors, load_clip2video
from encoders.types import WeightsError
from tests.unit.encoders.test_clip4clip import CLIP

CONFIG = Clip2VideoConfig(CLIP, temporal_layers=1, temporal_heads=2, centers=3)
IDS, WORDS = torch.tensor([[7, 1, 8], [7, 8, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0]])


def saved(config, folder, change=None):
    """An official file: CLIP in half precision."""
    torch.manual_seed(0)
    model = Clip2Video(config).eval().requires_grad_(False)
    state = {k: v.half() if k.startswith("clip.") else v for k, v in model.state_dict().items()}
    if change:
        change(state)
    torch.save(state, folder / "pytorch_model.bin.2")
    return model, folder / "pytorch_model.bin.2"


@pytest.mark.parametrize("projection", ["sigmoid_selfA", "sigmoid_mlp", ""])
def test_official_checkpoints_load(tmp_path, projection):
    config = dataclasses.replace(CONFIG, temporal_proj=projection)
    model, file = saved(config, tmp_path)
    loaded = load_clip2video(file, config)
    assert not loaded.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in loaded.parameters())
    video = torch.randn(2, 4, 3, 8, 8)
    mine, theirs = loaded(IDS, WORDS, video, MASK), model(IDS, WORDS, video, MASK)
    torch.testing.assert_close(mine.combined, theirs.combined, atol=5e-2, rtol=5e-2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("emb_center"), "missing: emb_center"),
        (lambda s: s.update({"frame2t_projection": torch.zeros(8, 8)}), "unexpected: frame2t_projection"),
        (lambda s: s.update({"weight_center": torch.zeros(7, 8)}), r"weight_center \(7, 8\) instead of \(3, 8\)"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, change, said):
    _, file = saved(CONFIG, tmp_path, change)
    with pytest.raises(WeightsError, match=said):
        load_clip2video(file, CONFIG)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Clip2Video(CONFIG).eval().requires_grad_(False)


def test_vectors_are_unit_and_can_be_kept_apart(model):
    video = torch.randn(2, 4, 3, 8, 8)
    texts, videos = model.encode_text(IDS, WORDS), model.encode_video(model.encode_frames(video), MASK)
    for vectors in (texts.whole, texts.aligned, videos.whole, videos.aligned):
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))
    second = PairOfVectors(videos.whole[1:], videos.aligned[1:])
    whole = model(IDS, WORDS, video, MASK)
    torch.testing.assert_close(model.likeness(texts, second).combined, whole.combined[:, 1:])


def test_the_weight_decides_what_is_compared():
    torch.manual_seed(0)
    for weight, part in ((1.0, "whole"), (0.0, "aligned")):
        model = Clip2Video(dataclasses.replace(CONFIG, center_weight=weight)).eval().requires_grad_(False)
        likeness = model(IDS, WORDS, torch.randn(2, 4, 3, 8, 8), MASK)
        torch.testing.assert_close(likeness.combined, getattr(likeness, part))


def test_masks_may_be_of_any_kind_and_stay_as_they_are(model):
    frames = torch.randn(2, 4, 8)
    videos, texts = model.encode_video(frames, MASK), model.encode_text(IDS, WORDS)
    for kind in (torch.bool, torch.float32):
        words = WORDS.to(kind)
        torch.testing.assert_close(model.encode_video(frames, MASK.to(kind)).aligned, videos.aligned)
        torch.testing.assert_close(model.encode_text(IDS, words).aligned, texts.aligned)
        assert torch.equal(words, WORDS.to(kind))


@pytest.mark.parametrize(
    ("frames", "mask"),
    [
        (torch.ones(2, 4, 8), MASK[:, :3]),
        (torch.ones(2, 2, 8), MASK[:, :2]),
        (torch.ones(2, 7, 8), torch.ones(2, 7)),
        (torch.ones(2, 4, 8), torch.zeros(2, 4)),
    ],
    ids=["other length", "too short", "too long", "empty"],
)
def test_videos_that_cannot_be_encoded_are_refused(model, frames, mask):
    with pytest.raises(ValueError):
        model.encode_video(frames, mask)


def test_other_wrong_inputs_are_refused(model):
    with pytest.raises(ValueError, match="one shape"):
        model.encode_text(IDS, WORDS[:, :2])
    with pytest.raises(ValueError, match="no direction"):
        model.encode_text(IDS, torch.tensor([[1, 1, 1], [1, 0, 0]]))
    with pytest.raises(ValueError, match="videos must be"):
        model.encode_frames(torch.zeros(4, 3, 8, 8))
    for options in ({"temporal_proj": "mlp"}, {"center_proj": "TDB"}):
        with pytest.raises(ValueError, match="there is no"):
            Clip2Video(dataclasses.replace(CONFIG, **options))
    for arguments in [(1, 2), (0, 1), (5, 0), (5, 1, 0)]:
        with pytest.raises(ValueError, match="cannot be taken"):
            sampled_frames(*arguments)


def test_everything_learns():
    model = Clip2Video(CONFIG)
    model.loss(model(IDS, WORDS, torch.randn(2, 4, 3, 8, 8), MASK)).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
