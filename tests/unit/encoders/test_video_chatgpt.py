"""Video-ChatGPT's front end reads checkpoints as they are released and says what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from encoders.reference.video_chatgpt.loading import load_video_chatgpt, stored_embeddings
from encoders.reference.video_chatgpt.model import VideoChatGPT, VideoChatGPTConfig
from encoders.reference.video_chatgpt.pooling import spatio_temporal_tokens, stored_tokens
from encoders.reference.video_chatgpt.preprocessing import frame_indices, preprocess
from encoders.reference.video_chatgpt.splice import VideoTokenIds, splice
from encoders.types import WeightsError

CONFIG = VideoChatGPTConfig(hidden_size=6, mm_hidden_size=5, patches=4, temporal=3)
TOKENS = VideoTokenIds(90, 91, 92)


@pytest.fixture
def official():
    """A projection file in small: partly half precision, with the embeddings of the delimiters."""
    torch.manual_seed(2)
    return {
        "model.mm_projector.weight": torch.randn(6, 5).half(),
        "model.mm_projector.bias": torch.randn(6),
        "model.embed_tokens.weight": torch.randn(2, 6),
    }


def test_a_projection_file_loads(tmp_path, official):
    torch.save({"state_dict": official}, tmp_path / "projection.bin")
    model = load_video_chatgpt(tmp_path / "projection.bin", CONFIG)
    assert not model.training
    assert not model.mm_projector.weight.requires_grad
    assert torch.equal(model.mm_projector.weight, official["model.mm_projector.weight"].float())
    assert torch.equal(stored_embeddings(tmp_path / "projection.bin"), official["model.embed_tokens.weight"])


def test_a_folder_of_the_whole_model_loads(tmp_path, official):
    rest = {"model.layers.0.mlp.up_proj.weight": torch.zeros(1), "lm_head.weight": torch.zeros(1)}
    save_file(official, tmp_path / "model-00001-of-00002.safetensors")
    save_file(rest | {"model.norm.weight": torch.zeros(1)}, tmp_path / "model-00002-of-00002.safetensors")
    assert torch.equal(load_video_chatgpt(tmp_path, CONFIG).mm_projector.bias, official["model.mm_projector.bias"])


def test_missing_extra_and_misshapen_tensors_are_named(tmp_path, official):
    del official["model.mm_projector.bias"], official["model.embed_tokens.weight"]
    official |= {"model.mm_projector.weight": torch.zeros(6, 9), "model.mm_projector.scale": torch.zeros(1)}
    save_file(official, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError) as raised:
        load_video_chatgpt(tmp_path / "a.safetensors", CONFIG)
    said = raised.value.message
    assert "missing: mm_projector.bias" in said
    assert "unexpected: mm_projector.scale" in said
    assert "mm_projector.weight (6, 9) instead of (6, 5)" in said
    assert stored_embeddings(tmp_path / "a.safetensors") is None


def test_the_default_sizes_are_the_released_ones():
    assert VideoChatGPTConfig().tokens == 356


def test_frames_come_before_places_and_padding_is_no_part_of_the_mean():
    features = torch.arange(2 * 4 * 5.0).view(2, 4, 5)
    tokens = spatio_temporal_tokens(features, 3)
    assert tokens[0].tolist() == features[0].mean(0).tolist()
    assert tokens[2].tolist() == [0.0] * 5
    assert tokens[3].tolist() == ((features[0, 0] + features[1, 0]) / 2).tolist()


def test_half_rounding_is_that_of_the_tokens():
    torch.manual_seed(0)
    model = VideoChatGPT(CONFIG).requires_grad_(False)
    features = torch.randn(2, 4, 5)
    assert torch.equal(model(features), model.mm_projector(spatio_temporal_tokens(features, 3).half().float()))
    assert not torch.equal(model(features), model.mm_projector(spatio_temporal_tokens(features, 3)))


@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 4, 6), (4, 5), (0, 4, 5), (4, 4, 5)])
def test_features_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="features must be"):
        VideoChatGPT(CONFIG)(torch.zeros(shape))


def test_stored_tokens_refuse_too_many_frames():
    with pytest.raises(ValueError, match="from 1 to 100"):
        stored_tokens(np.zeros((101, 2, 2), np.float32))


def test_rows_without_a_video_use_one_up():
    ids = torch.tensor([[1, 1, 1, 1], [91, 90, 90, 92]])
    videos = [torch.full((2, 3), 1.0), torch.full((2, 3), 2.0)]
    assert splice(ids, torch.zeros(2, 4, 3), videos, TOKENS)[:, :, 0].tolist() == [[0, 0, 0, 0], [0, 2, 2, 0]]
    with pytest.raises(ValueError, match="rows without slots count too"):
        splice(ids, torch.zeros(2, 4, 3), videos[:1], TOKENS)


@pytest.mark.parametrize(
    ("row", "tokens", "said"),
    [
        ([91, 90, 92, 1, 1, 1, 1, 1], TOKENS, "cut"),
        ([1, 1, 1, 1, 1, 91, 90, 90], TOKENS, "1 starts and 0 ends"),
        ([91, 90, 90, 92, 91, 90, 90, 92], TOKENS, "2 starts and 2 ends"),
        ([90, 1, 1, 1, 1, 1, 1, 1], VideoTokenIds(90), "1 slots for 2 video tokens"),
        ([90, 1, 90, 1, 1, 1, 1, 1], VideoTokenIds(90), "follow each other"),
    ],
)
def test_slots_that_do_not_fit_are_an_error(row, tokens, said):
    with pytest.raises(ValueError, match=said):
        splice(torch.tensor([row]), torch.zeros(1, 8, 3), [torch.ones(2, 3)], tokens)


def test_tokens_of_another_model_are_refused():
    ids = torch.tensor([[91, 90, 90, 92]])
    with pytest.raises(ValueError, match="channels"):
        splice(ids, torch.zeros(1, 4, 3), [torch.ones(2, 4)], TOKENS)
    with pytest.raises(ValueError, match="belong together"):
        splice(ids, torch.zeros(1, 5, 3), [torch.ones(2, 3)], TOKENS)


def test_frames_are_squashed_to_the_nearest_pixel():
    frames = np.zeros((1, 448, 112, 3), np.uint8)
    frames[:, ::2, :, 0] = 255  # every second row, of which the nearest neighbour keeps all
    frames[:, :, 56:, 2] = 255
    prepared = preprocess(frames)
    assert prepared.shape == (1, 3, 224, 224)
    torch.testing.assert_close(prepared[0, 0], torch.full((224, 224), (1 - 0.48145466) / 0.26862954))
    blue = prepared[0, 2, 0] * 0.27577711 + 0.40821073
    torch.testing.assert_close(blue, torch.cat([torch.zeros(112), torch.ones(112)]), atol=1e-6, rtol=0)


def test_frames_of_the_right_size_keep_every_pixel():
    frames = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    green = preprocess(frames)[:, 1] * 0.26130258 + 0.4578275
    np.testing.assert_allclose(green.numpy() * 255, frames[..., 1], atol=1e-3)


@pytest.mark.parametrize("frames", [np.zeros((1, 8, 8, 3), np.float32), np.zeros((8, 8, 3), np.uint8)])
def test_what_are_no_frames_is_refused(frames):
    with pytest.raises(ValueError, match="frames must be"):
        preprocess(frames)


def test_no_frame_cannot_be_chosen_from():
    with pytest.raises(ValueError, match="cannot be chosen"):
        frame_indices(0)
