"""LanguageBind gives the official numbers: both patch styles, adapters, text, embeddings and logits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from encoders.reference.languagebind.loading import load_languagebind
from encoders.reference.languagebind.lora import merge_lora
from encoders.reference.languagebind.model import LanguageBind, LanguageBindConfig, LanguageBindModel, unit
from encoders.reference.languagebind.preprocessing import frame_indices
from encoders.reference.languagebind.text import TextConfig
from encoders.reference.languagebind.vision import VisionConfig
from tests.golden.conftest import assert_summary, fill, inp

DATA = Path(__file__).with_name("data") / "languagebind.json"
CASES = ("languagebind_video_vl", "languagebind_video_vl_new", "languagebind_video_lora")


@pytest.fixture(params=CASES)
def case(request, golden):
    return golden(request.param)


@pytest.fixture
def model(case, tmp_path):
    """Out of a folder as on the hub."""
    sizes = case.meta["config"]
    said = {"projection_dim": sizes["projection_dim"], "vision_config": sizes["vision"], "text_config": sizes["text"]}
    (tmp_path / "config.json").write_text(json.dumps(said), encoding="utf-8")
    save_file(case.state, tmp_path / "model.safetensors")
    return load_languagebind(tmp_path)


def test_the_video_tower_is_the_official_one(case, model):
    pixels = case.inputs["pixel_values"]
    for depth in range(4):
        case.close(f"vision_hidden_{depth}", model.vision_model.hidden(pixels, depth))
    case.close("vision_pooled", model.vision_model(pixels))
    case.close("image_features", model.encode_pixels(pixels))
    case.close("image_embeds", unit(model.encode_pixels(pixels)))


def test_the_text_tower_is_the_official_one(case, model):
    ids, mask = case.inputs["input_ids"], case.inputs["attention_mask"]
    for depth in range(3):
        if f"text_hidden_{depth}" in case.outputs:
            case.close(f"text_hidden_{depth}", model.text_model.hidden(ids, mask, depth))
    case.close("text_last", model.text_model.final_layer_norm(model.text_model.hidden(ids, mask)))
    case.close("text_pooled", model.text_model(ids, mask))
    case.close("text_features", model.encode_text(ids, mask))
    case.close("text_embeds", unit(model.encode_text(ids, mask)))


def test_logits_are_the_official_ones(case, model):
    texts = model.encode_text(case.inputs["input_ids"], case.inputs["attention_mask"])
    videos = model.encode_pixels(case.inputs["pixel_values"])
    case.close("logits_per_text", model.logits(texts, videos))
    space = LanguageBind({"video": model})
    mine = space.embed_text(case.inputs["input_ids"]) @ space.embed("video", case.inputs["pixel_values"]).T
    case.close("logits_per_text", mine)


@pytest.mark.parametrize("case", CASES[:2], indirect=True)
def test_one_video_and_one_text_are_as_officially(case, model):
    pixels, ids, mask = (case.inputs[f"b1_{name}"] for name in ("pixel_values", "input_ids", "attention_mask"))
    texts, videos = model.encode_text(ids, mask), model.encode_pixels(pixels)
    case.close("b1_vision_pooled", model.vision_model(pixels))
    case.close("b1_image_features", videos)
    case.close("b1_text_features", texts)
    case.close("b1_image_embeds", unit(videos))
    case.close("b1_text_embeds", unit(texts))
    case.close("b1_logits_per_text", model.logits(texts, videos))


def test_parameters_have_the_official_names(case, model):
    assert model.state_dict().keys() == {n for n in merge_lora(case.state) if not n.endswith("position_ids")}


def test_padding_is_not_seen(case, model):
    ids, mask = case.inputs["input_ids"], case.inputs["attention_mask"]
    features = model.encode_text(ids, mask)
    torch.testing.assert_close(model.encode_text(ids), features)
    for row, length in enumerate(mask.sum(1).tolist()):
        torch.testing.assert_close(model.encode_text(ids[row : row + 1, :length])[0], features[row])


def test_the_order_of_frames_matters_and_that_of_videos_does_not(case, model):
    pixels = case.inputs["pixel_values"]
    features = model.encode_pixels(pixels)
    torch.testing.assert_close(model.encode_pixels(pixels.flip(0)), features.flip(0))
    assert (model.encode_pixels(pixels.flip(2)) - features).abs().max() > 1e-3


def test_frames_of_the_specification():
    assert frame_indices(100) == [0, 14, 28, 42, 56, 70, 84, 99]
    assert frame_indices(8) == list(range(8))
    assert frame_indices(3) == [0, 0, 0, 0, 1, 1, 1, 2]


def small(name: str) -> LanguageBindModel:
    """A model of few, formula-filled weights: video of either style, or a picture that is not square."""
    vision = VisionConfig(12, 20, 2, 3, (8, 8), 4, 3)
    if name == "vl_new":
        vision = replace(vision, clip_type="vl_new")
    elif name == "sound":
        vision = replace(vision, image_size=(8, 20), num_frames=1, add_time_attn=False)
    config = LanguageBindConfig(vision, TextConfig(8, 12, 2, 2, 30, 7), 6)
    return fill(LanguageBindModel(config).double().requires_grad_(False))


def derived(name: str) -> torch.Tensor:
    model = small(name)
    if name == "text":
        return model.encode_text(torch.tensor([[1, 5, 9, 29, 29], [1, 7, 29, 29, 29]]))
    shape = (2, 3, 8, 20) if name == "sound" else (2, 3, 3, 8, 8)
    return model.encode_pixels(inp(*shape))


@pytest.mark.parametrize("name", ["vl", "vl_new", "sound", "text"])
def test_numbers_stay_what_they_were(name):
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    assert_summary(derived(name), stored[name])


def write():
    """Derive the stored numbers again: ``python -m tests.golden.test_languagebind``."""
    numbers = {
        "provenance": "written on 2026-11-25 by the code that passed languagebind_video_vl, _vl_new and _lora; "
        "sound is of the same code, without an official case"
    }
    for name in ("vl", "vl_new", "sound", "text"):
        values = derived(name)
        numbers[name] = {
            "shape": list(values.shape),
            "first": [round(value, 9) for value in values.flatten()[:6].tolist()],
            "sum": round(float(values.sum()), 8),
            "l2": round(float(values.norm()), 8),
        }
    DATA.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
