"""VALLEY gives the official numbers, chooses the official frames and writes the official prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from encoders.reference.valley.loading import load_valley
from encoders.reference.valley.model import Valley, ValleyConfig
from encoders.reference.valley.pooling import (
    DeltaEncoder,
    FrameWeightPooling,
    delta_pooling,
    mean_pooling,
    position_matrix,
)
from encoders.reference.valley.preprocessing import fixed_frames, frames_by_rate
from encoders.reference.valley.prompts import SYSTEM, Message, clean_answer, completion_prompt, training_prompt
from encoders.reference.valley.splice import ValleyTokenIds, splice
from tests.golden.conftest import assert_summary, fill, inp

CASES = ("valley_v1", "valley_v2", "valley_v3", "valley_max")
DATA = Path(__file__).with_name("data") / "valley.json"
POOLINGS = ("mean", "max", "temporal_importance", "temporal_transformer")


@pytest.fixture(params=CASES)
def case(request, golden):
    return golden(request.param)


@pytest.fixture
def config(case):
    sizes = case.meta["config"]
    rows = len(case.state["position_matrix"]) if "position_matrix" in case.state else 2048
    return ValleyConfig(
        sizes["hidden_size"], sizes["mm_hidden_size"], sizes["patches"], sizes["patch_pooling_method"], positions=rows
    )


@pytest.fixture
def model(case, config, tmp_path):
    save_file({f"model.{name}": tensor for name, tensor in case.state.items()}, tmp_path / "valley.safetensors")
    return load_valley(tmp_path / "valley.safetensors", config)


def spliced(case, videos, ids):
    tokens = ValleyTokenIds(**case.meta["config"]["special_tokens"])
    return splice(ids, functional.embedding(ids, case.state["embed_tokens.weight"]), videos, tokens)


def test_two_videos_and_a_text_are_as_officially(case, model):
    videos = []
    for index in (0, 1):
        features = case.inputs[f"feat_{index}"]
        video = model(features)
        projected = model.project(features)
        case.close(f"projected_{index}", projected)
        if case.meta["case"] == "valley_v2":
            case.close(f"frame_weight_{index}", model.pooling_layer.weights(projected[:, 1:]))
        if case.meta["case"] == "valley_v3":
            case.close(f"delta_{index}", model.transformer_delta_encoder(projected[:, 1:], model.position_matrix))
        case.close(f"pooled_{index}", video.pooled)
        case.close(f"frame_cls_{index}", video.frames)
        case.close(f"visual_{index}", video.visual)
        videos.append(video)
    case.close("inputs_embeds", spliced(case, videos, case.inputs["input_ids"]))


def test_one_video_is_as_officially(case, model):
    video = model(case.inputs["b1_feat"])
    case.close("b1_pooled", video.pooled)
    case.close("b1_visual", video.visual)
    if "b1_inputs_embeds" in case.outputs:
        case.close("b1_inputs_embeds", spliced(case, [video], case.inputs["b1_input_ids"]))


def test_parameters_have_the_official_names(case, config):
    official = {name for name in case.state if not name.startswith(("embed_tokens.", "transforemr_adding_layer."))}
    assert Valley(config).state_dict().keys() == official


def test_positions_are_the_official_ones(golden):
    official = golden("valley_v3").state["position_matrix"]
    torch.testing.assert_close(position_matrix(*official.shape).float(), official, atol=1e-6, rtol=0)


def test_closed_forms(closed_form):
    patches = inp(4, 256, 16, st=0.003)
    holder = nn.Module()
    holder.pooling_layer = FrameWeightPooling(256, 16)
    holder.transformer_delta_encoder = DeltaEncoder(16)
    assert len(holder.state_dict()) == 14
    fill(holder.double().eval(), 0.05)
    with torch.no_grad():
        assert_summary(mean_pooling(patches), closed_form["valley_v1"])
        assert_summary(holder.pooling_layer(patches), closed_form["valley_v2"])
        delta = delta_pooling(patches, holder.transformer_delta_encoder, position_matrix(4, 16))
        assert_summary(delta, closed_form["valley_v3"])


def test_frame_weights_of_zero_are_the_mean():
    layer = FrameWeightPooling(4, 3).requires_grad_(False)
    layer.weight.zero_()
    patches = inp(5, 4, 3).float()
    torch.testing.assert_close(layer(patches), mean_pooling(patches))


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (30, [0, 4, 8, 12, 16, 20, 24, 29]),
        (100, [0, 14, 28, 42, 56, 70, 84, 99]),
        (301, [0, 42, 85, 128, 171, 214, 257, 300]),
    ],
)
def test_fixed_frames_are_the_official_ones(total, expected):
    assert fixed_frames(total) == expected


def test_one_frame_every_two_seconds():
    assert frames_by_rate(150, 24.6) == [0, 50, 100]
    assert frames_by_rate(301, 29.97) == [0, 60, 120, 180, 240, 300]


def test_the_prompt_at_inference_is_byte_exact():
    prompt = completion_prompt(
        [
            Message("system", SYSTEM),
            Message("user", "Hi!"),
            Message("assistant", "Hi there! How can I help you today?"),
            Message("user", "Describe this video concisely.\n<video>"),
        ],
        frames=2,
        patches=3,
    )
    assert prompt == (
        "You are Valley, a large language and vision assistant trained by ByteDance. You are able to understand the "
        "visual content or video that the user provides, and assist the user with a variety of tasks using natural "
        "language. Follow the instructions carefully and explain your answers in detail.\n\n"
        "### Assistent: Hi there! How can I help you today? \n"
        "### Human: Describe this video concisely.\n"
        "<im_start><im_patch><im_patch><im_patch><im_end><vi_start><vi_frame><vi_frame><vi_end> \n"
        "###"
    )
    default = completion_prompt([Message("user", "<video>")])
    assert (default.count("<im_patch>"), default.count("<vi_frame>")) == (256, 8)


def test_the_training_prompt_is_byte_exact():
    assert training_prompt([("<image>\nWhat is it?", "A cat.")], frames=1, patches=2) == (
        "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, "
        "detailed, and polite answers to the human's questions.\n\n"
        "### Human: <im_start><im_patch><im_patch><im_end><vi_start><vi_frame><vi_end>\nWhat is it?\n"
        "### Assistant: A cat.\n"
        "### "
    )


def test_answers_are_cleaned_as_officially():
    assert clean_answer(" ### Assistant: Valley: Two dogs. \n### Human: more") == "Two dogs."
    assert clean_answer("Two dogs.") == "Two dogs."


@pytest.mark.parametrize("pooling", POOLINGS)
def test_numbers_stay_what_they_were(pooling):
    assert_summary(derived(pooling), json.loads(DATA.read_text(encoding="utf-8"))[pooling])


def derived(pooling):
    model = Valley(ValleyConfig(16, 24, 4, pooling, positions=8)).double().eval().requires_grad_(False)
    return fill(model, 0.1)(inp(3, 5, 24)).visual


def write():
    """Derive the stored numbers again: ``python -m tests.golden.test_valley``."""
    numbers = {
        "provenance": "written on 2026-11-25 by the code that passed valley_v1, valley_v2, valley_v3, valley_max"
    }
    for pooling in POOLINGS:
        values = derived(pooling)
        numbers[pooling] = {
            "shape": list(values.shape),
            "first": [round(value, 9) for value in values.flatten()[:6].tolist()],
            "sum": round(float(values.sum()), 8),
            "l2": round(float(values.norm()), 8),
        }
    DATA.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
