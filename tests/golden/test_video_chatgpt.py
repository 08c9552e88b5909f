"""Video-ChatGPT gives the official numbers, chooses the official frames and writes the official prompt."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from encoders.reference.video_chatgpt.loading import load_video_chatgpt
from encoders.reference.video_chatgpt.model import VideoChatGPT, VideoChatGPTConfig
from encoders.reference.video_chatgpt.pooling import spatio_temporal_tokens, stored_tokens
from encoders.reference.video_chatgpt.preprocessing import frame_indices
from encoders.reference.video_chatgpt.prompts import chat_prompt, clean_answer
from encoders.reference.video_chatgpt.splice import VideoTokenIds, splice
from tests.golden.conftest import assert_summary, fill, inp

LENGTHS = {"one": 1, "short": 7, "full": 100}
DATA = Path(__file__).with_name("data") / "video_chatgpt.json"


@pytest.fixture
def case(golden):
    return golden("video_chatgpt")


@pytest.fixture
def model(case, tmp_path):
    save_file({f"model.{name}": tensor for name, tensor in case.state.items()}, tmp_path / "projection.safetensors")
    sizes = case.meta["config"]
    config = VideoChatGPTConfig(sizes["hidden_size"], sizes["D"], sizes["N"], round_to_half=False)
    return load_video_chatgpt(tmp_path / "projection.safetensors", config)


@pytest.mark.parametrize("name", LENGTHS)
def test_pooling_and_projection_are_as_officially(case, model, name):
    features = case.inputs[f"feat_{name}"]
    assert len(features) == LENGTHS[name]
    tokens = spatio_temporal_tokens(features)
    case.close(f"tokens_{name}", tokens)
    case.close(f"projected_{name}", model(features))
    padding = model(features)[len(features) : 100]
    torch.testing.assert_close(padding, model.mm_projector.bias.expand_as(padding))


@pytest.mark.parametrize("name", LENGTHS)
def test_half_precision_is_at_most_one_step_away(case, name):
    half = spatio_temporal_tokens(case.inputs[f"feat_{name}"]).half().numpy()
    official = case.outputs[f"tokens_{name}_f16"].numpy()
    # Neighbours of the official numbers in half precision, below and above.
    low, high = np.nextafter(official, np.float16(-np.inf)), np.nextafter(official, np.float16(np.inf))
    assert ((low <= half) & (half <= high)).all()


@pytest.mark.parametrize("name", LENGTHS)
def test_stored_features_of_the_training_set(case, name):
    mine = stored_tokens(case.inputs[f"feat_{name}"].numpy())
    assert mine.dtype == np.float16
    np.testing.assert_allclose(mine, case.outputs[f"tokens_{name}_training_f16"].numpy(), atol=2e-3)


@pytest.mark.parametrize("kind", ["startend", "nostartend", "b1"])
def test_embeddings_are_placed_as_officially(case, model, kind):
    ids = case.inputs["b1_input_ids" if kind == "b1" else f"input_ids_{kind}"]
    short, full = model(case.inputs["feat_short"]), model(case.inputs["feat_full"])
    videos = [short] if kind == "b1" else [short, model(case.inputs["feat_one"]), full]
    special = case.meta["config"]["special_tokens"]
    tokens = VideoTokenIds(special["vid_patch"], special["vid_start"], special["vid_end"])
    if kind == "nostartend":
        tokens = VideoTokenIds(special["vid_patch"])
    embeddings = functional.embedding(ids, case.state["embed_tokens.weight"])
    case.close("b1_inputs_embeds" if kind == "b1" else f"inputs_embeds_{kind}", splice(ids, embeddings, videos, tokens))


def test_parameters_have_the_official_names(case):
    sizes = case.meta["config"]
    mine = VideoChatGPT(VideoChatGPTConfig(sizes["hidden_size"], sizes["D"], sizes["N"]))
    assert mine.state_dict().keys() == case.state.keys() - {"embed_tokens.weight"}


@pytest.mark.parametrize("total", [1, 2, 37, 99, 100, 101, 250, 301, 1000, 5301])
def test_frames_are_the_official_ones(case, total):
    assert frame_indices(total) == case.outputs[f"frame_index_{total}"].tolist()


def test_frames_of_the_specification():
    assert frame_indices(8) == [0, 1, 2, 3, 4, 4, 5, 6]
    of_250, of_1000 = frame_indices(250), frame_indices(1000)
    assert (of_250[:8], of_250[-3:]) == ([1, 3, 6, 8, 11, 13, 16, 18], [243, 245, 248])
    assert (of_1000[:4], of_1000[-3:]) == ([5, 15, 25, 35], [974, 984, 994])


def test_the_prompt_is_byte_exact():
    system = (
        "You are Video-ChatGPT, a large vision-language assistant. You are able to understand the video content that "
        "the user provides, and assist the user with a variety of tasks using natural language.Follow the instructions "
        "carefully and explain your answers in detail based on the provided video."
    )
    assert chat_prompt("What happens?", 2) == (
        f"{system} USER: What happens?\n<vid_start><vid_patch><vid_patch><vid_end> ASSISTANT:"
    )
    assert chat_prompt("Why?", 1, start_end=False) == f"{system} USER: Why?\n<vid_patch> ASSISTANT:"
    assert chat_prompt("Why?").count("<vid_patch>") == 356


def test_the_official_cleaning_eats_letters_and_ours_does_not():
    assert clean_answer(" Two cars</s> ", official=True) == "Two car"
    assert clean_answer(" Two cars</s> ") == "Two cars"


@pytest.mark.parametrize("rounded", [True, False])
def test_numbers_stay_what_they_were(rounded):
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    assert_summary(derived(rounded), stored["rounded" if rounded else "exact"])


def derived(rounded):
    config = VideoChatGPTConfig(16, 24, 4, temporal=5, round_to_half=rounded)
    model = fill(VideoChatGPT(config).double().requires_grad_(False))
    return model(inp(3, 4, 24))


def write():
    """Derive the stored numbers again: ``python -m tests.golden.test_video_chatgpt``."""
    numbers = {"provenance": "written on 2026-11-25 by the code that passed video_chatgpt"}
    for name, rounded in (("exact", False), ("rounded", True)):
        values = derived(rounded)
        numbers[name] = {
            "shape": list(values.shape),
            "first": [round(value, 9) for value in values.flatten()[:6].tolist()],
            "sum": round(float(values.sum()), 8),
            "l2": round(float(values.norm()), 8),
        }
    DATA.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
