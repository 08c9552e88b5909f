"""CLIP and SigLIP out of a folder give what transformers gives, one space for pictures and texts."""

from __future__ import annotations

import gc
import shutil
import socket

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer, Siglip2Tokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

from encoders.adapters.hf_clip import load
from encoders.adapters.hf_texts import ClipTokens, SiglipTokens
from encoders.pixels import read_input
from encoders.registry.loading import loader
from encoders.types import WeightsError

from . import hf_models
from .hf_models import LENGTH, changed, context, put

DIMS = {"clip": 12, "siglip": 16, "siglip2": 16}
PROCESSORS = {"clip": CLIPImageProcessorPil, "siglip": SiglipImageProcessorPil, "siglip2": Siglip2ImageProcessorPil}
TEXTS = ["a photo of a cat", "red bus", "A DOG on the street, a cat on the red bus and a photo of the street"]


def made(kind, folder):
    if kind == "clip":
        return hf_models.clip(folder)
    return hf_models.siglip(folder, 2 if kind == "siglip2" else 1)


@pytest.fixture(scope="module", params=sorted(DIMS))
def tiny(request, tmp_path_factory):
    """Kind, folder and the model of transformers."""
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, folder, made(request.param, folder)


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intact")
    hf_models.clip(folder)
    return folder


@pytest.fixture
def folder(intact, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(intact, tmp_path / "model")


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).integers(0, 256, (5, 45, 70, 3), dtype=np.uint8)


def unit(vectors):
    return torch.nn.functional.normalize(vectors, dim=-1).numpy()


def test_pictures_are_prepared_and_encoded_as_transformers_does(tiny, frames):
    kind, folder, model = tiny
    given = PROCESSORS[kind].from_pretrained(folder)(list(frames), return_tensors="pt")
    mine = read_input(folder).pixels(frames)
    assert mine.keys() == given.keys()
    for name, array in mine.items():
        np.testing.assert_allclose(array, given[name].numpy(), atol=1e-6)
    with torch.inference_mode():
        expected = unit(model.get_image_features(**given).pooler_output)
    seen = load(context(folder, DIMS[kind])).encode(frames)
    np.testing.assert_allclose(seen.vectors, expected, atol=1e-5)
    assert seen.probabilities.shape == (5, 0)
    assert np.array_equal(seen.features, seen.vectors)


@pytest.mark.parametrize("size", [(45, 70), (70, 45), (32, 32), (20, 300), (8, 8)])
def test_pictures_of_any_shape_are_prepared_as_transformers_does(tiny, size):
    kind, folder, _ = tiny
    frames = np.random.default_rng(1).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    given = PROCESSORS[kind].from_pretrained(folder)(list(frames), input_data_format="channels_last")
    for name, array in read_input(folder).pixels(frames).items():
        np.testing.assert_allclose(array, np.stack(given[name]), atol=1e-6)


def test_texts_are_encoded_as_transformers_does(tiny):
    kind, folder, model = tiny
    words = {"clip": ClipTokens, "siglip": SiglipTokens, "siglip2": SiglipTokens}[kind]
    numbers = words(folder, LENGTH, *([model.config.text_config.eos_token_id] if kind == "clip" else [])).numbers(TEXTS)
    assert numbers.shape == (3, LENGTH)
    with torch.inference_mode():
        expected = unit(model.get_text_features(input_ids=torch.from_numpy(numbers)).pooler_output)
    encoder = load(context(folder, DIMS[kind]))
    np.testing.assert_allclose(encoder.encode_passages(TEXTS), expected, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_queries(TEXTS), expected, atol=1e-5)


def test_vectors_are_unit_float32_and_do_not_depend_on_company(tiny, frames):
    kind, folder, _ = tiny
    encoder = load(context(folder, DIMS[kind]))
    one_at_a_time = load(context(folder, DIMS[kind], batch=1))
    seen, said = encoder.encode(frames).vectors, encoder.encode_passages(TEXTS)
    for vectors in (seen, said):
        assert vectors.dtype == np.float32
        assert vectors.shape[1] == encoder.dim == DIMS[kind]
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.abs(seen[0] - seen[1]).max() > 1e-2
    np.testing.assert_allclose(one_at_a_time.encode_sequence(frames).vectors, seen, atol=1e-6)
    np.testing.assert_allclose(np.concatenate([encoder.encode(f[None]).vectors for f in frames]), seen, atol=1e-6)
    np.testing.assert_allclose(np.concatenate([encoder.encode_passages([t]) for t in TEXTS]), said, atol=1e-6)


def test_nothing_in_gives_nothing_out(tiny, frames):
    kind, folder, _ = tiny
    encoder = load(context(folder, DIMS[kind]))
    assert encoder.encode(frames[:0]).vectors.shape == (0, DIMS[kind])
    assert encoder.encode_queries([]).shape == (0, DIMS[kind])


def test_what_is_no_picture_or_text_is_refused(folder, frames):
    encoder = load(context(folder, 12))
    for wrong in (frames[0], frames.astype(np.float32), frames[..., :1], frames[:, :0]):
        with pytest.raises(ValueError, match="uint8"):
            encoder.encode(wrong)
    for wrong in ("", " \n", "\ud800"):
        with pytest.raises(ValueError, match="empty"):
            encoder.encode_queries(["cat", wrong])


def test_short_queries_get_the_template_and_nothing_else_does(folder):
    plain, templated = load(context(folder, 12)), load(context(folder, 12, template="a photo of {}."))
    for text, expected in (
        ("red bus", "a photo of red bus."),
        ("the dog on the street", "the dog on the street"),
        ("猫", "猫"),
    ):
        assert np.array_equal(templated.encode_queries([text]), plain.encode_queries([expected]))
        assert np.array_equal(templated.encode_passages([text]), plain.encode_passages([text]))
    longer = load(context(folder, 12, template="a photo of {}.", template_words=5))
    assert not np.array_equal(longer.encode_queries(["dog on the street"]), plain.encode_queries(["dog on the street"]))


def test_one_folder_is_loaded_once_for_pictures_and_texts(folder, monkeypatch):
    pictures = load(context(folder, 12))
    monkeypatch.setattr("encoders.adapters.hf_clip.load_network", None)
    texts = load(context(folder, 12))
    assert texts.encode_queries(["cat"]).shape == (1, 12)
    del pictures, texts
    gc.collect()
    with pytest.raises(TypeError):  # and let go of with its last user
        load(context(folder, 12))


def test_nothing_is_looked_up_on_the_network(folder, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert load(context(folder, 12)).encode_queries(["cat"]).shape == (1, 12)


def test_clip_tokens_are_those_of_transformers(tmp_path):
    letters = "abcdefghijklmnopqrstuvwxyz'!.,0123456789"
    names = [*letters, *(f"{c}</w>" for c in letters), "ca", "cat</w>", "<|startoftext|>", "<|endoftext|>"]
    merges = [("c", "a"), ("ca", "t</w>")]
    reference = CLIPTokenizer({name: i for i, name in enumerate(names)}, merges, model_max_length=16)
    reference.save_pretrained(tmp_path)
    texts = ["A  cat!", "it's 2 cats", "cat " * 40]
    expected = reference(texts, padding=True, truncation=True, return_tensors="np")["input_ids"]
    for end in (len(names) - 1, 2):  # the number of older configs means the highest
        assert np.array_equal(ClipTokens(tmp_path, 16, end).numbers(texts), expected)
    with pytest.raises(WeightsError, match=r"tokenizer\.json do not end"):
        ClipTokens(tmp_path, 16, 7)


def test_siglip2_tokens_are_those_of_transformers(tmp_path):
    names = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *"abcdefghijklmnopqrstuvwxyz▁!.", "ca", "cat"]
    reference = Siglip2Tokenizer({n: i for i, n in enumerate(names)}, [("c", "a"), ("ca", "t")], padding_side="right")
    reference.save_pretrained(tmp_path)
    texts = ["A Cat!", "two cats", "cat " * 40]
    expected = reference(texts, padding="max_length", max_length=12, truncation=True, return_tensors="np")
    assert np.array_equal(SiglipTokens(tmp_path, 12).numbers(texts), expected["input_ids"])


def test_the_first_siglip_hears_no_punctuation(tmp_path):
    hf_models.siglip(tmp_path)
    encoder = load(context(tmp_path, 16))
    assert np.array_equal(encoder.encode_passages(["Red,  bus!"]), encoder.encode_passages(["red bus"]))
    changed(tmp_path, "tokenizer_config.json", tokenizer_class="GemmaTokenizer")
    encoder = load(context(tmp_path, 16))
    assert not np.array_equal(encoder.encode_passages(["Red bus!"]), encoder.encode_passages(["red bus"]))


def test_a_text_of_punctuation_alone_is_still_a_text(tmp_path):
    hf_models.siglip(tmp_path)
    encoder = load(context(tmp_path, 16))
    assert not np.allclose(encoder.encode_passages(["!"]), encoder.encode_passages(["."]))


def test_weights_in_several_files_are_one_model(tmp_path, frames):
    model = hf_models.clip(tmp_path / "whole")
    hf_models.clip(tmp_path / "shards")
    (tmp_path / "shards" / "model.safetensors").unlink()
    model.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    whole, shards = (load(context(tmp_path / name, 12)).encode(frames).vectors for name in ("whole", "shards"))
    assert np.array_equal(whole, shards)


def test_the_registry_finds_the_loader(folder):
    told = context(folder, 12)
    assert loader(told.spec) is load


def test_missing_files_are_named(tmp_path, folder):
    with pytest.raises(WeightsError, match="nowhere") as raised:
        load(context(tmp_path / "nowhere", 12))
    assert raised.value.kind == "missing"
    for name in ("tokenizer.json", "preprocessor_config.json", "model.safetensors", "config.json"):
        (folder / name).rename(folder / "away")
        with pytest.raises(WeightsError, match=name) as raised:
            load(context(folder, 12))
        assert raised.value.kind == "missing"
        assert str(folder) in raised.value.message
        (folder / "away").rename(folder / name)


def test_the_folder_of_another_kind_of_model_is_named(folder):
    changed(folder, "config.json", model_type="bert")
    with pytest.raises(WeightsError, match="'bert', not clip or siglip or siglip2") as raised:
        load(context(folder, 12))
    assert str(folder) in raised.value.message
    assert raised.value.kind == "corrupt"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("visual_projection.weight"), "missing: visual_projection.weight"),
        (lambda s: s.update(extra=torch.zeros(1)), "unexpected: extra"),
        (
            lambda s: s.update({"text_projection.weight": torch.zeros(12, 15)}),
            "misshapen: text_projection.weight (12, 15) instead of (12, 16)",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(folder, change, said):
    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(WeightsError) as raised:
        load(context(folder, 12))
    assert said in raised.value.message
    assert str(folder) in raised.value.message


def test_buffers_of_older_checkpoints_are_no_fault(folder, frames):
    expected = load(context(folder, 12)).encode(frames).vectors
    state = load_file(folder / "model.safetensors")
    state["text_model.embeddings.position_ids"] = torch.arange(LENGTH)[None]
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    gc.collect()
    assert np.array_equal(load(context(folder, 12)).encode(frames).vectors, expected)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "preprocessor_config.json", "config.json"])
def test_damaged_files_are_named(folder, name):
    (folder / name).write_bytes(b"{ not what it should be")
    with pytest.raises(WeightsError) as raised:
        load(context(folder, 12))
    assert raised.value.kind == "corrupt"
    assert str(folder) in raised.value.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"resample": None}, "None"),
        ({"crop_size": {"height": 40, "width": 40}}, "larger"),
        ({"do_center_crop": False}, "differ in size"),
        ({"size": {"longest_edge": 40}}, "size"),
        ({"do_pad": True, "pad_size": {"height": 64, "width": 64}}, "padded"),
        ({"do_resize": False}, "keep their sizes"),
        ({"image_mean": [0.5]}, "colours"),
        ({"max_num_patches": 16, "patch_size": 8}, "as a clip network takes them"),
    ],
)
def test_preparations_that_cannot_be_followed_are_refused(folder, changes, said):
    changed(folder, "preprocessor_config.json", **changes)
    with pytest.raises(WeightsError, match=said) as raised:
        load(context(folder, 12))
    assert str(folder) in raised.value.message


def test_the_processor_of_newer_folders_is_read(folder, frames):
    expected = load(context(folder, 12)).encode(frames).vectors
    rules = (folder / "preprocessor_config.json").read_text(encoding="utf-8")
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text(f'{{"image_processor": {rules}}}', encoding="utf-8")
    assert np.array_equal(load(context(folder, 12)).encode(frames).vectors, expected)


@pytest.mark.parametrize("options", [{"template": "a photo"}, {"template_words": "three"}, {"batch": 0}])
def test_options_of_the_wrong_kind_are_refused(folder, options):
    with pytest.raises(WeightsError, match="tiny"):
        load(context(folder, 12, **options))


def test_another_length_than_the_registry_says_is_refused(folder):
    with pytest.raises(WeightsError, match="length 12, not 512"):
        load(context(folder, 512))


def test_a_padding_token_is_needed(tmp_path):
    hf_models.siglip(tmp_path)
    put(tmp_path, "tokenizer_config.json", {})
    with pytest.raises(WeightsError, match="padding token"):
        load(context(tmp_path, 16))


def test_weights_in_pytorchs_own_file_are_read_as_well(intact, folder, frames):
    gc.collect()
    expected = load(context(intact, 12)).encode(frames).vectors
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    gc.collect()
    assert np.array_equal(load(context(folder, 12)).encode(frames).vectors, expected)
    (folder / "pytorch_model.bin").write_bytes(b"{ not what it should be")
    gc.collect()
    with pytest.raises(WeightsError, match="model") as raised:
        load(context(folder, 12))
    assert raised.value.kind == "corrupt"


def test_the_scale_is_the_networks_own(tiny):
    kind, folder, model = tiny
    assert load(context(folder, DIMS[kind])).scale == pytest.approx(float(model.logit_scale.detach().exp()))
