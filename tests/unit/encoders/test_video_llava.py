"""Video-LLaVA's front end: which features are projected, where they go, the prompt byte for byte, and checkpoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from encoders.reference.languagebind.vision import VisionConfig
from encoders.reference.video_llava.loading import load_video_llava
from encoders.reference.video_llava.model import VideoLlava, VideoLlavaConfig, hf_config
from encoders.reference.video_llava.preprocessing import hf_frame_indices, squared
from encoders.reference.video_llava.prompts import chat_prompt, clean_answer, image_question, prompt_ids, video_question
from encoders.reference.video_llava.splice import IGNORED, PLACEHOLDER, blocks_of, splice
from encoders.types import WeightsError

VIDEO = VisionConfig(12, 20, 3, 3, (8, 8), 4, 3)
IMAGE = replace(VIDEO, num_frames=1, add_time_attn=False)
CONFIG = VideoLlavaConfig(IMAGE, VIDEO, 10)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return VideoLlava(CONFIG).requires_grad_(False).eval()


def by_formula(model, features):
    """Linear, exact GELU, linear."""
    first, _, last = model.mm_projector
    return last(functional.gelu(first(features)))


def test_images_lose_their_class_token_and_the_last_layer(model):
    pixels = torch.randn(2, 3, 8, 8)
    tokens = model.encode_images(pixels)
    assert tokens.shape == (2, 4, 10)
    torch.testing.assert_close(tokens, by_formula(model, model.image_tower.hidden(pixels, 2)[:, 1:]))


def test_videos_keep_the_class_token_of_each_frame(model):
    pixels = torch.randn(2, 3, 3, 8, 8)
    tokens = model.encode_videos(pixels)
    assert tokens.shape == (2, 3, 5, 10)
    hidden = model.video_tower.hidden(pixels, 2)
    torch.testing.assert_close(tokens[1, 0], by_formula(model, hidden[3]))
    torch.testing.assert_close(tokens[0, 2], by_formula(model, hidden[2]))


def test_released_sizes():
    with torch.device("meta"):
        model = VideoLlava(VideoLlavaConfig())
        without_time = VideoLlava(hf_config())
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert shapes["mm_projector.0.weight"] == (4096, 1024)
    assert shapes["mm_projector.2.weight"] == (4096, 4096)
    assert "video_tower.encoder.layers.23.temporal_attn.q_proj.weight" in shapes
    assert shapes.keys() - without_time.state_dict().keys() == {n for n in shapes if ".temporal_" in n}
    assert model.config.video.tokens * model.config.video.num_frames == 2056


def test_one_projector_needs_one_width():
    with pytest.raises(ValueError, match="one projector"):
        VideoLlava(replace(CONFIG, image=replace(IMAGE, hidden_size=15)))


def official(model):
    """Names of the original checkpoint."""
    state = {}
    for name, tensor in model.state_dict().items():
        part = name.partition(".")[0]
        state[f"model.{name.replace(f'{part}.', f'{part}.{part}.', 1) if 'tower' in part else name}"] = tensor
    return state | {
        "model.video_tower.video_tower.embeddings.position_ids": torch.arange(5)[None],
        "model.embed_tokens.weight": torch.zeros(1),
        "lm_head.weight": torch.zeros(1),
    }


def converted(model, prefix):
    """Names of the transformers library."""
    state = {}
    for name, tensor in model.state_dict().items():
        name = name.replace("tower.", "tower.vision_model.", 1) if "tower" in name else name
        name = name.replace("mm_projector.0", "multi_modal_projector.linear_1")
        state[prefix + name.replace("mm_projector.2", "multi_modal_projector.linear_2")] = tensor
    return state | {f"{prefix}language_model.model.norm.weight": torch.zeros(1)}


def test_the_original_checkpoint_loads_from_shards(model, tmp_path):
    state = official(model)
    assert "model.video_tower.video_tower.encoder.layers.2.temporal_embedding" in state
    state = {name: tensor.half() if "mm_projector" in name else tensor for name, tensor in state.items()}
    names = sorted(state)
    save_file({name: state[name] for name in names[:40]}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({name: state[name] for name in names[40:]}, tmp_path / "model-00002-of-00002.safetensors")
    loaded = load_video_llava(tmp_path, CONFIG)
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    pixels = torch.randn(1, 3, 3, 8, 8)
    torch.testing.assert_close(loaded.encode_videos(pixels), model.encode_videos(pixels), atol=2e-3, rtol=0)
    assert torch.equal(loaded.video_tower(pixels), model.video_tower(pixels))


@pytest.mark.parametrize("prefix", ["", "model."])
def test_the_converted_checkpoint_loads_without_attention_over_time(tmp_path, prefix):
    config = replace(CONFIG, video=replace(VIDEO, add_time_attn=False))
    torch.manual_seed(1)
    plain = VideoLlava(config).requires_grad_(False).eval()
    torch.save(converted(plain, prefix), tmp_path / "a.bin")
    loaded = load_video_llava(tmp_path / "a.bin", config)
    assert all(torch.equal(tensor, plain.state_dict()[name]) for name, tensor in loaded.state_dict().items())
    with pytest.raises(WeightsError, match="temporal_embedding"):
        load_video_llava(tmp_path / "a.bin", CONFIG)


def test_missing_extra_and_misshapen_tensors_are_named(model, tmp_path):
    state = official(model)
    del state["model.mm_projector.0.bias"]
    state |= {"model.mm_projector.2.weight": torch.zeros(3, 3), "model.mm_projector.4.weight": torch.zeros(1)}
    torch.save(state, tmp_path / "a.bin")
    with pytest.raises(WeightsError) as raised:
        load_video_llava(tmp_path / "a.bin", CONFIG)
    assert "missing: mm_projector.0.bias" in raised.value.message
    assert "unexpected: mm_projector.4.weight" in raised.value.message
    assert "mm_projector.2.weight (3, 3) instead of (10, 10)" in raised.value.message


def embedding(ids):
    """Token 7 becomes (7, 7)."""
    return ids.float()[:, None].expand(-1, 2)


def block(value, tokens):
    return torch.full((tokens, 2), float(value))


def test_blocks_replace_placeholders_in_order():
    video, image = torch.stack([block(100, 3), block(101, 3)]), block(200, 2)
    ids = [torch.tensor([1, PLACEHOLDER, PLACEHOLDER, 5]), torch.tensor([1, 2, PLACEHOLDER])]
    labels = [torch.tensor([IGNORED, IGNORED, IGNORED, 5]), torch.tensor([IGNORED, 2, IGNORED])]
    batch = splice(ids, blocks_of([video, image]), embedding, labels=labels)
    assert batch.embeddings[..., 0].tolist() == [[1, 100, 100, 100, 101, 101, 101, 5], [1, 2, 200, 200, 0, 0, 0, 0]]
    assert batch.labels.tolist() == [[IGNORED] * 7 + [5], [IGNORED, 2] + [IGNORED] * 6]
    assert batch.attention_mask.tolist() == [[True] * 8, [True] * 4 + [False] * 4]
    assert batch.position_ids.tolist() == [list(range(8)), [0, 1, 2, 3, 0, 0, 0, 0]]


def test_padding_on_the_left():
    ids = [torch.tensor([1, PLACEHOLDER]), torch.tensor([8])]
    batch = splice(
        ids, [block(9, 2), block(9, 2)], embedding, labels=[torch.tensor([1, 2]), torch.tensor([3])], left_padding=True
    )
    assert batch.embeddings[..., 1].tolist() == [[1, 9, 9], [0, 0, 8]]
    assert batch.labels.tolist() == [[1, IGNORED, IGNORED], [IGNORED, IGNORED, 3]]
    assert batch.attention_mask.tolist() == [[True] * 3, [False, False, True]]
    assert batch.position_ids.tolist() == [[0, 1, 2], [0, 0, 0]]


def test_a_row_without_placeholder_uses_a_block_up():
    ids = [torch.tensor([4, 5]), torch.tensor([PLACEHOLDER, 6])]
    batch = splice(ids, [block(100, 1), block(200, 1)], embedding)
    assert batch.embeddings[..., 0].tolist() == [[4, 5], [200, 6]]
    assert (batch.labels == IGNORED).all()
    with pytest.raises(ValueError, match="need 2 blocks, not 1"):
        splice(ids, [block(100, 1)], embedding)


def test_long_rows_are_cut():
    ids = [torch.tensor([4, PLACEHOLDER, 5, 6])]
    assert splice(ids, [block(9, 3)], embedding, max_length=3).embeddings[..., 0].tolist() == [[4, 9, 9]]
    whole = splice([torch.arange(4000)], [block(9, 3)], embedding, max_length=None)
    assert whole.embeddings.shape == (1, 4000, 2)
    assert splice([torch.arange(4000)], [block(9, 3)], embedding).embeddings.shape == (1, 3072, 2)


def test_what_does_not_fit_is_refused():
    row = torch.tensor([1, PLACEHOLDER])
    with pytest.raises(ValueError, match="there is no row"):
        splice([], [], embedding)
    with pytest.raises(ValueError, match="need 1 blocks, not 2"):
        splice([row], [block(1, 1), block(2, 1)], embedding)
    with pytest.raises(ValueError, match="as wide as the language model"):
        splice([row], [torch.zeros(2, 3)], embedding)
    with pytest.raises(ValueError, match="as many labels"):
        splice([row], [block(1, 1)], embedding, labels=[row[:1]])
    with pytest.raises(ValueError, match="an image must be"):
        blocks_of([torch.zeros(2)])


SYSTEM = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)


def test_the_prompt_is_byte_exact():
    assert chat_prompt(video_question("Why?")) == f"{SYSTEM} USER: {'<image>' * 8}\nWhy? ASSISTANT:"
    assert video_question("Why?", 2, separator=" ") == "<image> <image>\nWhy?"
    assert chat_prompt("And then?", [(image_question("What?"), "A cat.")]) == (
        f"{SYSTEM} USER: <image>\nWhat? ASSISTANT: A cat.</s>USER: And then? ASSISTANT:"
    )
    assert clean_answer(" Two cars</s> ") == "Two cars"
    with pytest.raises(ValueError, match="a frame or more"):
        video_question("Why?", 0)


def test_pieces_are_tokenised_alone():
    def encode(text):
        return [1, *map(ord, text)]

    assert prompt_ids("ab<image><image>c", encode, 1) == [1, 97, 98, PLACEHOLDER, PLACEHOLDER, 99]
    assert prompt_ids("<image>c", encode, 1) == [1, PLACEHOLDER, 99]
    assert prompt_ids("a<image>", lambda text: list(map(ord, text)), None) == [97, PLACEHOLDER]
    prompt = chat_prompt(video_question("Why?"))
    assert prompt_ids(prompt, encode, 1).count(PLACEHOLDER) == 8


def test_frames_of_the_specification():
    assert hf_frame_indices(100) == [0, 12, 25, 37, 50, 62, 75, 87]
    assert all(len(hf_frame_indices(total)) == 8 for total in range(8, 400))
    with pytest.raises(ValueError, match="cannot be chosen"):
        hf_frame_indices(0)


@pytest.mark.parametrize(("height", "width"), [(2, 5), (5, 2), (3, 3)])
def test_pictures_are_squared_with_the_mean_colour(height, width):
    square = squared(np.full((height, width, 3), 255, np.uint8))
    side = max(height, width)
    assert square.shape == (side, side, 3)
    white = (square == 255).all(axis=2)
    rows, columns = np.where(white.any(axis=1))[0], np.where(white.any(axis=0))[0]
    assert (rows[0], len(rows)) == ((side - height) // 2, height)
    assert (columns[0], len(columns)) == ((side - width) // 2, width)
    assert (square[~white] == [122, 116, 104]).all()
    with pytest.raises(ValueError, match="a picture must be"):
        squared(np.zeros((2, 2), np.uint8))
