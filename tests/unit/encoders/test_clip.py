"""CLIP loads from official files, and takes texts and pictures as the official code does."""

from __future__ import annotations

import dataclasses
import gzip
import pickle
import warnings
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional

from encoders.reference.clip.loading import config_of, load_clip
from encoders.reference.clip.model import Clip, ClipConfig
from encoders.reference.clip.preprocessing import DEVIATION, MEAN, preprocess
from encoders.reference.clip.tokenizer import ClipTokenizer, attention_mask, clean, load_clip_tokenizer
from encoders.types import WeightsError

# Heads are 64 wide, so that the sizes can be told from the tensors.
CONFIG = ClipConfig(
    embed_dim=6,
    image_resolution=8,
    vision_layers=1,
    vision_width=64,
    vision_heads=1,
    vision_patch_size=4,
    context_length=5,
    vocab_size=9,
    text_width=64,
    text_heads=1,
    text_layers=2,
)
SCALARS = {"input_resolution": 8, "context_length": 5, "vocab_size": 9}
HALF = ("proj", "c_fc", "c_proj", "conv1", "in_proj", "text_projection")
IDS = torch.tensor([[7, 3, 8, 0, 0], [7, 1, 2, 4, 8]])


@pytest.fixture(scope="module")
def clip():
    torch.manual_seed(0)
    return Clip(CONFIG).eval().requires_grad_(False)


@pytest.fixture
def official(clip):
    """OpenAI's layout: projections in half precision, three numbers beside the weights."""
    state = {k: v.half() if any(part in k for part in HALF) else v for k, v in clip.state_dict().items()}
    return state | {name: torch.tensor(value) for name, value in SCALARS.items()}


@pytest.mark.parametrize("layout", ["plain", "nested", "parallel", "safetensors"])
def test_official_checkpoints_load(tmp_path, clip, official, layout):
    file = tmp_path / ("clip.safetensors" if layout == "safetensors" else "clip.pt")
    if layout == "safetensors":
        save_file(official, file)
    elif layout == "parallel":
        torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in official.items()}, "epoch": 1}, file)
    else:
        torch.save(official if layout == "plain" else {"model": official}, file)
    loaded = load_clip(file)
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    torch.testing.assert_close(loaded.encode_text(IDS), clip.encode_text(IDS), atol=5e-3, rtol=5e-3)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """CLIP as OpenAI publishes it: a traced program with the three numbers as buffers."""
    torch.manual_seed(0)
    clip = Clip(CONFIG).eval().requires_grad_(False)
    for name, value in SCALARS.items():
        clip.register_buffer(name, torch.tensor(value))
    file = tmp_path_factory.mktemp("program") / "ViT.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(clip, (torch.zeros(1, 5, 64),)).save(file)
    return file


def test_a_program_loads_as_its_weights(program, clip):
    loaded = load_clip(program)
    assert loaded.state_dict().keys() == clip.state_dict().keys()
    assert all(torch.equal(tensor, clip.state_dict()[name]) for name, tensor in loaded.state_dict().items())


def test_a_program_that_would_call_something_is_refused(program, tmp_path):
    with zipfile.ZipFile(program) as archive:
        folder = archive.namelist()[0].split("/")[0]
    file = tmp_path / "evil.pt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{folder}/constants.pkl", b"")
        archive.writestr(f"{folder}/data.pkl", pickle.dumps(exec))
    with pytest.raises(WeightsError, match=r"builtins\.exec is not expected") as raised:
        load_clip(file)
    assert raised.value.kind == "corrupt"


def test_sizes_are_told_from_the_tensors(official):
    assert config_of(official) == CONFIG


@pytest.mark.parametrize("config", [None, CONFIG])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("visual.proj"), "missing: visual.proj"),
        (lambda s: s.update({"visual.extra": torch.zeros(1)}), "unexpected: visual.extra"),
        (lambda s: s.update({"ln_final.bias": torch.zeros(3)}), r"ln_final.bias \(3,\) instead of \(64,\)"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, official, config, change, said):
    change(official)
    torch.save(official, tmp_path / "clip.pt")
    with pytest.raises(WeightsError, match=said):
        load_clip(tmp_path / "clip.pt", config)


def test_what_is_no_vision_transformer_says_so(tmp_path, official):
    del official["visual.conv1.weight"]
    torch.save(official, tmp_path / "rn50.pt")
    with pytest.raises(WeightsError, match=r"visual\.conv1\.weight is missing"):
        load_clip(tmp_path / "rn50.pt")
    with pytest.raises(WeightsError) as raised:
        load_clip(tmp_path / "none.pt")
    assert raised.value.kind == "missing"


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 3, 8, 12), (1, 1, 8, 8), (1, 3, 12, 12)])
def test_wrong_pixels_are_refused(clip, shape):
    with pytest.raises(ValueError, match=r"must be"):
        clip.encode_image(torch.zeros(shape))


@pytest.mark.parametrize("ids", [[7, 8], [[7, 9]], [[-1, 8]], [[0.5, 8.0]], [[7, 1, 1, 1, 1, 8]], [[]]])
def test_wrong_tokens_are_refused(clip, ids):
    with pytest.raises(ValueError):
        clip.encode_text(torch.tensor(ids))


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="7 heads"):
        Clip(dataclasses.replace(CONFIG, text_heads=7))


# Tokenizer


@pytest.fixture
def tokenizer(tmp_path):
    file = tmp_path / "merges.txt.gz"
    merges = ["l o", "lo w</w>", "e r</w>", "n e", "' s</w>", "1 2"]
    file.write_bytes(gzip.compress("\n".join(["heading: x", *merges, ""]).encode()))
    return load_clip_tokenizer(file)


def test_vocabulary_is_bytes_word_ends_merges_and_marks(tokenizer):
    assert (tokenizer.size, tokenizer.start, tokenizer.end) == (512 + 6 + 2, 518, 519)
    assert tokenizer.encode("!") == [256]  # the first symbol, at a word's end
    assert tokenizer.encode("!a")[0] == 256  # a word for itself
    assert tokenizer.encode("low") == [513]
    assert tokenizer.encode("lower") == [512, 86, 514]  # lo, w, er


def test_words_are_split_as_officially(tokenizer):
    assert tokenizer.encode("low's") == [513, 516]
    assert tokenizer.encode("12") == [272, 273]  # digits stay single, whatever the merges say
    assert tokenizer.encode("!'s") == [0, 256 + 6, 256 + 82]  # behind other signs it is no contraction
    assert tokenizer.encode("low<|endoftext|>low") == [513, tokenizer.end, 513]
    assert tokenizer.encode("é") == [127, 358]  # two bytes


def test_text_is_cleaned(tokenizer):
    assert clean("  A&amp;amp;B\n\t it’s “Low” \u3000Ａ！ ") == 'a&b it\'s "low" a!'
    assert tokenizer.encode("LOW’S") == tokenizer.encode("low's")
    assert tokenizer.encode("") == []


def test_tokens_have_marks_and_padding(tokenizer):
    ids = tokenizer.tokenize(["low low", ""], 5)
    assert ids.tolist() == [[518, 513, 513, 519, 0], [518, 519, 0, 0, 0]]
    assert attention_mask(ids).tolist() == [[1, 1, 1, 1, 0], [1, 1, 0, 0, 0]]
    with pytest.raises(ValueError, match="4 tokens where 3 fit"):
        tokenizer.tokenize(["low low low low"], 5)
    assert tokenizer.tokenize(["low low low low"], 5, truncate=True).tolist() == [[518, 513, 513, 513, 519]]
    with pytest.raises(ValueError, match="no room"):
        tokenizer.tokenize(["low"], 1)


def test_merges_apply_best_first_and_from_the_left():
    tokenizer = ClipTokenizer([("b", "c"), ("a", "b"), ("a", "a")])
    names = {number: symbol for symbol, number in tokenizer._ids.items()}
    assert [names[number] for number in tokenizer.encode("abcd")] == ["a", "bc", "d</w>"]
    assert [names[number] for number in tokenizer.encode("aaad")] == ["aa", "a", "d</w>"]


def test_wrong_merges_files_say_so(tmp_path):
    with pytest.raises(WeightsError) as raised:
        load_clip_tokenizer(tmp_path / "none.txt")
    assert raised.value.kind == "missing"
    (tmp_path / "a.txt").write_text("heading\na b\na b c\n")
    with pytest.raises(WeightsError, match="line 3"):
        load_clip_tokenizer(tmp_path / "a.txt")
    (tmp_path / "a.gz").write_bytes(b"no gzip")
    with pytest.raises(WeightsError, match="cannot be read"):
        load_clip_tokenizer(tmp_path / "a.gz")


# Pictures


def pictures(pixels: torch.Tensor) -> np.ndarray:
    """Back to (n, h, w, 3) in 0 to 255."""
    mean, deviation = (torch.tensor(values).reshape(3, 1, 1) for values in (MEAN, DEVIATION))
    return ((pixels * deviation + mean) * 255).permute(0, 2, 3, 1).numpy()


def noise(height: int, width: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)


def test_pictures_of_the_right_height_are_only_cropped():
    frames = noise(8, 13, 2)
    pixels = preprocess(frames, 8)
    assert (pixels.shape, pixels.dtype) == ((2, 3, 8, 8), torch.float32)
    np.testing.assert_allclose(pictures(pixels), frames[:, :, 2:10], atol=1e-3)


def test_resizing_is_pillows_and_antialiased():
    frames = noise(48, 75)
    whole = Image.fromarray(frames[0]).resize((25, 16), Image.Resampling.BICUBIC)
    mine = pictures(preprocess(frames, 16))[0]
    np.testing.assert_allclose(mine, np.asarray(whole)[:, 4:20], atol=1e-3)
    tensor = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    smooth, rough = (
        functional.interpolate(tensor, (16, 25), mode="bicubic", antialias=antialias)[0].permute(1, 2, 0)[:, 4:20]
        for antialias in (True, False)
    )
    assert np.abs(mine - smooth.clamp(0, 255).numpy()).max() < 2
    assert np.abs(mine - rough.clamp(0, 255).numpy()).max() > 20


def test_the_long_side_is_cut_down_not_rounded():
    frames = noise(20, 33)  # at a height of 10 the width is 16.5
    whole = Image.fromarray(frames[0]).resize((16, 10), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(pictures(preprocess(frames, 10))[0], np.asarray(whole)[:, 3:13], atol=1e-3)


@pytest.mark.parametrize("frames", [noise(4, 4)[0], noise(4, 4).astype(np.float32), noise(4, 4)[..., :1], noise(0, 4)])
def test_wrong_pictures_are_refused(frames):
    with pytest.raises(ValueError, match="uint8"):
        preprocess(frames)


def test_no_pictures_are_no_pixels():
    assert preprocess(noise(4, 4, 0), 8).shape == (0, 3, 8, 8)
