"""VALLEY's front end reads checkpoints as they are released and says what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from encoders.reference.valley.loading import load_valley
from encoders.reference.valley.model import Valley, ValleyConfig, ValleyTokens
from encoders.reference.valley.preprocessing import fixed_frames, frames_by_rate, preprocess
from encoders.reference.valley.prompts import Message, completion_prompt
from encoders.reference.valley.splice import ValleyTokenIds, splice
from encoders.types import WeightsError

CONFIG = ValleyConfig(16, 12, 4, "temporal_transformer", positions=6)
TOKENS = ValleyTokenIds(im_patch=90, im_start=91, im_end=92, vi_start=93, vi_end=94, vi_frame=95)


@pytest.fixture
def official():
    """A released v3 file in small: half precision, with the orphan layer, the tower and the language model."""
    torch.manual_seed(1)
    state = {f"model.{name}": tensor.half() for name, tensor in Valley(CONFIG).state_dict().items()}
    layer = {name: tensor for name, tensor in state.items() if ".layers.0." in name}
    state |= {
        name.replace("transformer_delta_encoder.layers.0", "transforemr_adding_layer"): tensor + 1
        for name, tensor in layer.items()
    }
    for other in (
        "model.embed_tokens.weight",
        "model.layers.0.mlp.up_proj.weight",
        "model.norm.weight",
        "lm_head.weight",
    ):
        state[other] = torch.zeros(2, 2)
    state["model.vision_tower.vision_model.embeddings.class_embedding"] = torch.zeros(12)
    return state


def saved(tmp_path, state):
    torch.save(state, tmp_path / "pytorch_model.bin")
    return tmp_path / "pytorch_model.bin"


def test_a_released_file_loads(tmp_path, official):
    model = load_valley(saved(tmp_path, official), CONFIG)
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, official[f"model.{name}"].float())


@pytest.mark.parametrize("nest", ["state_dict", "module"])
def test_nested_files_and_folders_load(tmp_path, official, nest):
    saved(tmp_path, {nest: {f"module.{name}": tensor for name, tensor in official.items()}, "epoch": 1})
    assert torch.equal(load_valley(tmp_path, CONFIG).mm_projector.bias, official["model.mm_projector.bias"].float())


def test_missing_extra_and_misshapen_tensors_are_named(tmp_path, official):
    del official["model.position_matrix"]
    official["model.mm_projector.weight"] = torch.zeros(16, 13)
    official["model.pooling_layer.bias"] = torch.zeros(1)
    with pytest.raises(WeightsError) as raised:
        load_valley(saved(tmp_path, official), CONFIG)
    said = raised.value.message
    assert "missing: position_matrix" in said
    assert "unexpected: pooling_layer.bias" in said
    assert "mm_projector.weight (16, 13) instead of (16, 12)" in said


def test_no_file_is_missing(tmp_path):
    with pytest.raises(WeightsError) as raised:
        load_valley(tmp_path / "none.bin", CONFIG)
    assert raised.value.kind == "missing"


@pytest.mark.parametrize(
    ("switches", "pooling"),
    [
        ({}, "mean"),
        ({"use_patch_importance_pooling": True}, "temporal_importance"),
        ({"use_patch_importance_pooling": True, "use_delta_transformer": True}, "temporal_transformer"),
    ],
)
def test_the_official_switches_choose_the_pooling(switches, pooling):
    sizes = {"hidden_size": 5120, "mm_hidden_size": 1024, "use_mm_proj": True}
    assert ValleyConfig.from_official(sizes | switches).pooling == pooling


def test_the_layer_is_read_from_the_configuration():
    sizes = {"hidden_size": 16, "mm_hidden_size": 12}
    assert ValleyConfig.from_official(sizes).select_layer == -1
    assert ValleyConfig.from_official(sizes | {"mm_vision_select_layer": -2}).select_layer == -2
    with pytest.raises(ValueError, match="mm_hidden_size"):
        ValleyConfig.from_official({"hidden_size": 16})


@pytest.mark.parametrize("shape", [(0, 5, 12), (2, 4, 12), (2, 5, 13), (5, 12)])
def test_features_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"features must be \(t, 5, 12\)"):
        Valley(CONFIG)(torch.zeros(shape))


def test_more_frames_than_positions_are_refused():
    with pytest.raises(ValueError, match="7 frames are more than the 6 positions"):
        Valley(CONFIG)(torch.zeros(7, 5, 12))


def test_order_of_frames_matters_only_to_the_transformer():
    torch.manual_seed(0)
    features = torch.randn(3, 5, 12)
    for pooling, matters in (
        ("mean", False),
        ("max", False),
        ("temporal_importance", False),
        ("temporal_transformer", True),
    ):
        model = Valley(ValleyConfig(16, 12, 4, pooling, positions=6)).eval().requires_grad_(False)
        same = torch.allclose(model(features).pooled, model(features.flip(0)).pooled, atol=1e-5)
        assert same != matters, pooling
        torch.testing.assert_close(model(features).frames, model(features.flip(0)).frames.flip(0))


def video(frames=2, patches=2, width=3):
    return ValleyTokens(torch.full((patches, width), 7.0), torch.arange(frames * width).view(frames, width) + 100.0)


def test_an_image_has_patches_only():
    ids = torch.tensor([[1, 91, 90, 90, 92, 2]])
    result = splice(ids, torch.zeros(1, 6, 3), [video()], TOKENS)
    assert result[0, :, 0].tolist() == [0, 0, 7, 7, 0, 0]


def test_several_images_in_a_row_receive_the_same_tokens():
    ids = torch.tensor([[91, 90, 90, 92, 5, 91, 90, 90, 92]])
    assert splice(ids, torch.zeros(1, 9, 3), [video()], TOKENS)[0, :, 1].tolist() == [0, 7, 7, 0, 0, 0, 7, 7, 0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([91, 90, 90, 92, 93, 95, 94], "end"),
        ([91, 90, 90, 92, 93, 95, 95, 95, 94], "end"),
        ([91, 90, 90, 92, 93, 95, 95], "1 starts but 0 ends"),
        ([91, 90, 90, 92, 95], "1 frame slots for 2 frames"),
    ],
)
def test_frame_slots_that_do_not_fit_are_an_error_or_officially_left_alone(row, said):
    ids = torch.tensor([row])
    embeddings = torch.zeros(1, len(row), 3)
    with pytest.raises(ValueError, match=said):
        splice(ids, embeddings, [video()], TOKENS)
    lenient = splice(ids, embeddings, [video()], TOKENS, lenient=True)[0, :, 0]
    assert lenient.tolist() == [0, 7, 7] + [0] * (len(row) - 3)


@pytest.mark.parametrize("row", [[91, 90, 92, 1, 1], [91, 90, 90, 92, 92], [1, 1, 91, 90, 90]])
def test_a_cut_prompt_is_an_error_always(row):
    with pytest.raises(ValueError, match=r"cut|ends"):
        splice(torch.tensor([row]), torch.zeros(1, 5, 3), [video()], TOKENS, lenient=True)


def test_as_many_videos_as_rows_with_slots():
    ids = torch.tensor([[1, 1, 1, 1], [91, 90, 90, 92]])
    with pytest.raises(ValueError, match="1 rows have slots for a video, but there are 2 videos"):
        splice(ids, torch.zeros(2, 4, 3), [video(), video()], TOKENS)
    with pytest.raises(ValueError, match="channels"):
        splice(ids, torch.zeros(2, 4, 5), [video()], TOKENS)
    with pytest.raises(ValueError, match="belong together"):
        splice(ids[:1], torch.zeros(2, 4, 3), [video()], TOKENS)


def test_a_prompt_without_a_place_for_the_video_is_refused():
    with pytest.raises(ValueError, match="<video>"):
        completion_prompt([Message("system", "S"), Message("user", "What is it?")])


def test_the_middle_of_a_wide_frame_is_kept():
    frames = np.zeros((2, 512, 1024, 3), np.uint8)
    frames[:, :, 600:] = 255
    prepared = preprocess(frames)
    assert prepared.shape == (2, 3, 224, 224)
    # Short side 512 to 256, so that the edge at 600 comes to 300, and the cut of (512 - 224) / 2 to column 156.
    black = torch.tensor([(0 - 0.48145466) / 0.26862954])
    white = torch.tensor([(1 - 0.48145466) / 0.26862954])
    torch.testing.assert_close(prepared[0, 0, 100, 154:155], black)
    torch.testing.assert_close(prepared[0, 0, 100, 157:158], white)


def test_frames_are_resized_as_pillow_does_bilinearly():
    image = pytest.importorskip("PIL.Image")
    frame = np.random.default_rng(0).integers(0, 256, (300, 333, 3), dtype=np.uint8)
    # int(256 * 333 / 300) = 284; cut 224 from row 16 and column 30 on.
    resized = np.asarray(image.fromarray(frame).resize((284, 256), image.Resampling.BILINEAR))[16:240, 30:254]
    back = preprocess(frame[None])[0, 1] * 0.26130258 + 0.4578275
    np.testing.assert_allclose(back.numpy() * 255, resized[:, :, 1], atol=1e-3)


@pytest.mark.parametrize("frames", [np.zeros((1, 8, 8, 3), np.float32), np.zeros((8, 8, 3), np.uint8)])
def test_what_are_no_frames_is_refused(frames):
    with pytest.raises(ValueError, match="frames must be"):
        preprocess(frames)


def test_impossible_choices_of_frames_are_refused():
    assert fixed_frames(1) == [0] * 8
    for bad in (lambda: fixed_frames(0), lambda: frames_by_rate(0, 25), lambda: frames_by_rate(9, 0.2)):
        with pytest.raises(ValueError, match="cannot"):
            bad()
