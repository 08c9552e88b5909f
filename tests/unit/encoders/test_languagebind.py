"""LanguageBind reads folders of the hub, prepares every modality the same way each time, and says what is wrong."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from encoders.reference.fbank import fbank
from encoders.reference.languagebind import preprocessing
from encoders.reference.languagebind.audio import chunk_starts, mel_picture
from encoders.reference.languagebind.encoder import load as load_encoder
from encoders.reference.languagebind.loading import config_of, load_languagebind
from encoders.reference.languagebind.lora import merge_lora
from encoders.reference.languagebind.model import LanguageBind, LanguageBindConfig, LanguageBindModel, unit
from encoders.reference.languagebind.text import TextConfig
from encoders.reference.languagebind.tokenizer import END, TextTokenizer
from encoders.reference.languagebind.vision import PICTURE, SOUND, VisionConfig, VisionTower
from encoders.types import WeightsError

from .hf_models import context

VISION = VisionConfig(12, 20, 2, 3, (8, 8), 4, 3)
TEXT = TextConfig(8, 12, 2, 2, 30, 7)
CONFIG = LanguageBindConfig(VISION, TEXT, 6)
STILL = replace(CONFIG, vision=replace(VISION, num_frames=1, add_time_attn=False))
MEL = replace(STILL, vision=replace(STILL.vision, image_size=(8, 20)))


def random_model(config=CONFIG, seed=0):
    torch.manual_seed(seed)
    return LanguageBindModel(config).requires_grad_(False).eval()


def said(config):
    """The ``config.json`` of a folder."""
    vision = asdict(config.vision) | {"image_size": config.vision.image_size[0]}
    if config.vision.image_size[0] != config.vision.image_size[1]:
        vision |= dict(zip(("num_mel_bins", "target_length"), config.vision.image_size, strict=True))
    return {"projection_dim": config.projection_dim, "vision_config": vision, "text_config": asdict(config.text)}


def stored(model):
    """The tensors of a folder, with the buffers that are there officially."""
    positions = {f"{tower}.embeddings.position_ids": torch.arange(5)[None] for tower in ("vision_model", "text_model")}
    return dict(model.state_dict()) | positions


def folder(path, state, config=CONFIG, name="pytorch_model.bin"):
    (path / "config.json").write_text(json.dumps(said(config)), encoding="utf-8")
    if name.endswith(".bin"):
        torch.save(state, path / name)
    else:
        save_file(state, path / name)
    return path


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
@pytest.mark.parametrize(
    "config", [CONFIG, STILL, MEL, replace(CONFIG, vision=replace(VISION, clip_type="vl_new"))], ids=str
)
def test_a_folder_of_the_hub_loads(tmp_path, config, name):
    model = random_model(config)
    (tmp_path / "training_args.bin").write_bytes(b"not weights")
    loaded = load_languagebind(folder(tmp_path, stored(model), config, name))
    assert loaded.config == config
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert all(torch.equal(tensor, model.state_dict()[key]) for key, tensor in loaded.state_dict().items())


def test_half_precision_becomes_single(tmp_path):
    state = {
        name: tensor.half() if "layers" in name else tensor for name, tensor in random_model().state_dict().items()
    }
    loaded = load_languagebind(folder(tmp_path, state))
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}


def test_the_patch_style_is_read_off_the_weights(tmp_path):
    config = replace(CONFIG, vision=replace(VISION, clip_type="vl_new"))
    loaded = load_languagebind(folder(tmp_path, stored(random_model(config)), CONFIG))
    assert loaded.config == config


def test_a_file_alone_needs_the_sizes(tmp_path):
    torch.save({"state_dict": stored(random_model())}, tmp_path / "a.pt")
    assert load_languagebind(tmp_path / "a.pt", CONFIG).config == CONFIG
    with pytest.raises(WeightsError, match="give the sizes") as raised:
        load_languagebind(tmp_path / "a.pt")
    assert raised.value.kind == "missing"


def test_missing_extra_and_misshapen_tensors_are_named(tmp_path):
    state = stored(random_model())
    del state["vision_model.encoder.layers.1.temporal_embedding"]
    state |= {
        "visual_projection.weight": torch.zeros(6, 5),
        "vision_model.encoder.layers.2.mlp.fc1.bias": torch.zeros(1),
    }
    with pytest.raises(WeightsError) as raised:
        load_languagebind(folder(tmp_path, state))
    message = raised.value.message
    assert "missing: vision_model.encoder.layers.1.temporal_embedding" in message
    assert "unexpected: vision_model.encoder.layers.2.mlp.fc1.bias" in message
    assert "visual_projection.weight (6, 5) instead of (6, 12)" in message


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("vision_config", "hidden_act"),
        ("vision_config", "num_attention_heads"),
        ("vision_config", "add_time_attn"),
        ("text_config", "layer_norm_eps"),
        (None, "text_config"),
        (None, "vision_config"),
        (None, "projection_dim"),
    ],
)
def test_no_size_is_guessed(tmp_path, part, key):
    config = said(CONFIG)
    del (config[part] if part else config)[key]
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(WeightsError, match=f"lacks {key}"):
        config_of(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"vision_config": 3}'])
def test_what_is_no_configuration_is_an_error(tmp_path, text):
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(WeightsError):
        config_of(tmp_path)


def test_an_unknown_activation_is_an_error(tmp_path):
    config = said(CONFIG)
    config["vision_config"]["hidden_act"] = "relu"
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(WeightsError, match="not relu"):
        config_of(tmp_path)


def adapted(model, rank=2, base=""):
    """The model's tensors with adapters on the temporal attention, as peft writes them."""
    torch.manual_seed(5)
    state = {}
    for name, tensor in stored(model).items():
        name = name.replace("vision_model.encoder.", "vision_model.encoder.base_model.model.")
        if ".temporal_attn." in name:
            stem, _, kind = name.rpartition(".")
            name = f"{stem}.{base}{kind}"
            if kind == "weight":
                state[f"{stem}.lora_A.default.weight"] = torch.randn(rank, tensor.shape[1])
                state[f"{stem}.lora_B.default.weight"] = torch.randn(tensor.shape[0], rank)
        state[name] = tensor
    return state


@pytest.mark.parametrize("base", ["", "base_layer."], ids=["peft 0.4", "peft 0.7"])
def test_adapters_are_merged(tmp_path, base):
    model = random_model()
    state = adapted(model, base=base)
    loaded = load_languagebind(folder(tmp_path, state))
    name = "vision_model.encoder.layers.1.temporal_attn.q_proj"
    parts = {
        part: state[f"vision_model.encoder.base_model.model.{name[21:]}.lora_{part}.default.weight"] for part in "AB"
    }
    wanted = model.state_dict()[f"{name}.weight"] + 16 / 2 * parts["B"] @ parts["A"]
    torch.testing.assert_close(loaded.state_dict()[f"{name}.weight"], wanted)
    assert torch.equal(loaded.state_dict()[f"{name}.bias"], model.state_dict()[f"{name}.bias"])


def test_the_scale_of_adapters_is_the_configured_one(tmp_path):
    config = said(CONFIG)
    config["vision_config"]["lora_alpha"] = 2
    state = adapted(random_model())
    folder(tmp_path, state)
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    name = "vision_model.encoder.layers.0.temporal_attn.v_proj.weight"
    torch.testing.assert_close(load_languagebind(tmp_path).state_dict()[name], merge_lora(state, 2.0)[name])


@pytest.mark.parametrize("lost", [".lora_A.default.weight", ".lora_B.default.weight", ".weight"])
def test_half_an_adapter_is_an_error(lost):
    state = adapted(random_model())
    name = "vision_model.encoder.base_model.model.layers.0.temporal_attn.k_proj"
    del state[name + lost]
    with pytest.raises(WeightsError, match=rf"layers\.0\.temporal_attn\.k_proj lacks .*{lost}"):
        merge_lora(state)


def test_an_adapter_of_another_size_is_an_error():
    state = adapted(random_model())
    state["vision_model.encoder.base_model.model.layers.0.temporal_attn.k_proj.lora_A.default.weight"] = torch.zeros(
        2, 5
    )
    with pytest.raises(WeightsError, match="does not fit its weight"):
        merge_lora(state)


def test_frames_of_one_place_see_each_other_and_only_video_towers_know_time():
    pixels = torch.randn(1, 3, 3, 8, 8)
    other = pixels.clone()
    other[:, :, 2] += 1
    tower = random_model().vision_model
    assert not torch.equal(tower.hidden(pixels)[0], tower.hidden(other)[0])
    plain = random_model(replace(CONFIG, vision=replace(VISION, add_time_attn=False))).vision_model
    assert torch.equal(plain.hidden(pixels)[:2], plain.hidden(other)[:2])


def test_released_sizes():
    assert (VisionConfig().tokens, PICTURE.tokens, SOUND.tokens) == (257, 257, 593)
    with torch.device("meta"):
        shapes = {
            name: tuple(tensor.shape)
            for name, tensor in VisionTower(VisionConfig(clip_type="vl_new")).state_dict().items()
        }
    assert shapes["embeddings.class_embedding"] == (8, 1024)
    assert shapes["embeddings.patch_embedding.weight"] == (1024, 3, 1, 14, 14)
    assert shapes["encoder.layers.23.temporal_embedding"] == (1, 8, 1024)


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        (CONFIG, (3, 3, 8, 8)),
        (CONFIG, (1, 3, 2, 8, 8)),
        (CONFIG, (1, 3, 3, 8, 9)),
        (STILL, (1, 3, 1, 8, 8)),
        (MEL, (1, 3, 20, 8)),
    ],
)
def test_pixels_of_another_shape_are_refused(config, shape):
    with pytest.raises(ValueError, match="pixels must be"):
        random_model(config).encode_pixels(torch.zeros(shape))


@pytest.mark.parametrize(
    "ids",
    [torch.zeros(1, 8, dtype=torch.long), torch.zeros(3, dtype=torch.long), torch.zeros(1, 3), torch.tensor([[30]])],
)
def test_ids_that_are_no_text_are_refused(ids):
    with pytest.raises(ValueError, match="token ids"):
        random_model().encode_text(ids)


@pytest.mark.parametrize("mask", [torch.tensor([[0, 1]]), torch.tensor([[1, 1, 1]])])
def test_masks_that_do_not_fit_are_refused(mask):
    with pytest.raises(ValueError, match="mask must"):
        random_model().encode_text(torch.tensor([[1, 29]]), mask)


def test_a_depth_beyond_the_layers_is_refused():
    with pytest.raises(ValueError, match="from 0 to 2"):
        random_model().vision_model.hidden(torch.zeros(1, 3, 3, 8, 8), 3)


def test_widths_that_cannot_be_split_are_refused():
    with pytest.raises(ValueError, match="split among"):
        VisionTower(replace(VISION, num_attention_heads=5))
    with pytest.raises(ValueError, match="cannot be cut"):
        replace(VISION, image_size=(3, 8))


def test_modalities_carry_their_own_temperatures():
    models = {"video": random_model(), "image": random_model(STILL, 1)}
    models["video"].logit_scale.fill_(1.0)
    space = LanguageBind(models)
    pixels, picture, ids = torch.randn(2, 3, 3, 8, 8), torch.randn(2, 3, 8, 8), torch.tensor([[1, 5, 29]])
    video, image = space.embed("video", pixels), space.embed("image", picture)
    torch.testing.assert_close(video.norm(dim=1), torch.full((2,), np.e, dtype=torch.float32))
    torch.testing.assert_close(image.norm(dim=1), torch.full((2,), 1 / 0.07))
    torch.testing.assert_close(space.embed("video", pixels, temperature=False), unit(video))
    assert torch.equal(space.embed_text(ids), unit(models["image"].encode_text(ids)))
    with pytest.raises(ValueError, match="no model of depth"):
        space.embed("depth", picture)


@pytest.mark.parametrize("models", [{}, {"a": random_model(), "b": random_model(replace(CONFIG, projection_dim=5))}])
def test_models_must_share_a_space(models):
    with pytest.raises(ValueError, match="one width"):
        LanguageBind(models)


def test_videos_are_resized_cut_and_never_flipped():
    frames = np.zeros((2, 448, 672, 3), np.uint8)
    frames[:, :, 336:, 0] = 255  # the right half is red
    frames[1, :, :, 2] = 255
    pixels = preprocessing.video(frames)
    assert pixels.shape == (3, 2, 224, 224)
    assert torch.equal(pixels, preprocessing.video(frames))
    red = pixels[0] * 0.26862954 + 0.48145466
    assert red[:, :, :111].abs().max() < 1e-6
    torch.testing.assert_close(red[:, :, 113:], torch.ones(2, 224, 111))
    blue = pixels[2] * 0.27577711 + 0.40821073
    torch.testing.assert_close(blue.mean((1, 2)), torch.tensor([0.0, 1.0]), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(224, 224), (240, 320), (305, 140), (140, 305), (100, 90)])
def test_every_size_becomes_the_towers(height, width):
    frames = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    assert preprocessing.video(frames).shape == (3, 1, 224, 224)
    assert preprocessing.image(frames).shape == (1, 3, 224, 224)
    assert preprocessing.depth(frames[0, :, :, 0].astype(np.uint16)).shape == (3, 224, 224)


def test_videos_are_not_smoothed_when_they_shrink():
    frames = np.zeros((1, 224 * 4, 224 * 4, 3), np.uint8)
    frames[:, 1::4] = 255  # with align_corners=False, rows 4 y + 1 and 4 y + 2 are averaged
    white = preprocessing.video(frames)[1, 0] * 0.26130258 + 0.4578275
    torch.testing.assert_close(white, torch.full((224, 224), 0.5))


def test_images_are_smoothed_only_on_demand():
    pictures = np.zeros((1, 224 * 4, 224 * 4, 3), np.uint8)
    pictures[:, ::4] = 255
    plain, smooth = (
        preprocessing.image(pictures, antialias=on)[0, 0, 100:120] * 0.26862954 + 0.48145466 for on in (False, True)
    )
    # Bicubic at the middle of four rows, a = -0.75: the outer two weigh -0.09375.
    torch.testing.assert_close(plain, torch.full((20, 224), -0.09375), atol=1e-5, rtol=0)
    torch.testing.assert_close(smooth, torch.full((20, 224), 0.25), atol=0.02, rtol=0)


def test_pictures_of_the_right_size_keep_every_pixel():
    pictures = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    for pixels in (preprocessing.image(pictures)[0], preprocessing.video(pictures)[:, 0]):
        green = pixels[1] * 0.26130258 + 0.4578275
        np.testing.assert_allclose(green.numpy() * 255, pictures[0, :, :, 1], atol=1e-3)


@pytest.mark.parametrize(("max_depth", "shares"), [(10.0, [0.001, 0.25, 1.0]), (0.0, [0.01 / 40, 2.5 / 40, 1.0])])
def test_depth_is_a_share_of_the_range(max_depth, shares):
    millimetres = np.zeros((224, 224), np.uint16)
    millimetres[:, 100:], millimetres[:, 200:] = 2500, 40000
    pixels = preprocessing.depth(millimetres, max_depth)
    for channel, (mean, deviation) in enumerate(zip(preprocessing.MEAN, preprocessing.DEVIATION, strict=True)):
        assert (pixels[channel, 0, [0, 150, 223]] * deviation + mean).tolist() == pytest.approx(shares, abs=1e-6)


def test_what_cannot_be_prepared_is_refused():
    with pytest.raises(ValueError, match="frames must be"):
        preprocessing.video(np.zeros((1, 8, 8, 3), np.float32))
    with pytest.raises(ValueError, match="frames must be"):
        preprocessing.image(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match="depth map"):
        preprocessing.depth(np.zeros((8, 8, 3), np.uint16))
    with pytest.raises(ValueError, match="depth map"):
        preprocessing.depth(np.zeros((8, 8), np.uint16), -1.0)
    with pytest.raises(ValueError, match="cannot be chosen"):
        preprocessing.frame_indices(0)


def sound(frames, seed=0):
    """So long that there are exactly ``frames`` mel frames."""
    torch.manual_seed(seed)
    return 0.1 * torch.randn(400 + 160 * (frames - 1)) + 0.2


def expected_mel(samples):
    return (fbank(samples - samples.mean(), mel_bins=112).T + 4.2677393) / (2 * 4.5689974)


def test_sound_of_the_right_length_is_heard_whole():
    samples = sound(1036)
    picture = mel_picture(samples)
    assert picture.shape == (3, 112, 1036)
    for channel in picture:
        torch.testing.assert_close(channel, expected_mel(samples))


def test_short_sound_is_repeated():
    samples = sound(400)
    picture, mel = mel_picture(samples), expected_mel(samples)
    assert picture.shape == (3, 112, 1036)
    torch.testing.assert_close(picture[2], torch.cat([mel, mel, mel[:, :236]], dim=1))


def test_long_sound_is_heard_at_three_places_always_the_same():
    samples = sound(1036 + 299)
    assert chunk_starts(1036 + 299) == (49, 149, 249)
    picture, mel = mel_picture(samples), expected_mel(samples)
    for channel, start in zip(picture, (49, 149, 249), strict=True):
        torch.testing.assert_close(channel, mel[:, start : start + 1036])


@pytest.mark.parametrize(
    ("extra", "starts"), [(0, (0, 0, 0)), (1, (0, 1, 0)), (2, (0, 1, 2)), (3, (0, 2, 3)), (10, (1, 5, 9))]
)
def test_starts_are_the_middle_of_each_third(extra, starts):
    thirds = np.array_split(np.arange(extra + 1), 3)
    assert starts == tuple(int(third[(len(third) - 1) // 2]) if len(third) else 0 for third in thirds)
    assert chunk_starts(1036 + extra) == starts


def test_of_several_channels_the_first_is_heard_and_the_mean_is_that_of_all():
    left, right = sound(1036), sound(1036, 1) + 0.5
    both = torch.stack([left, right])
    heard = fbank(left - both.mean(), mel_bins=112).T
    torch.testing.assert_close(mel_picture(both)[0], (heard + 4.2677393) / (2 * 4.5689974))
    assert left.mean() > 0.1  # what was given is not changed


@pytest.mark.parametrize(
    "samples", [torch.zeros(399), torch.zeros(1, 2, 800), torch.zeros(800, dtype=torch.int16), torch.zeros(0, 800)]
)
def test_what_is_no_sound_is_refused(samples):
    with pytest.raises(ValueError, match="sound must"):
        mel_picture(samples)


def test_too_few_frames_hold_no_stretch():
    with pytest.raises(ValueError, match="no stretch"):
        chunk_starts(1035)


@pytest.fixture
def tokenizer_folder(tmp_path):
    words = {"a": 0, "cat": 1, "runs": 2, "<|startoftext|>": 3, END: 4}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="a"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"<|startoftext|> $A {END}", special_tokens=[("<|startoftext|>", 3), (END, 4)]
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_texts_are_padded_and_cut(tokenizer_folder):
    ids, mask = TextTokenizer(tokenizer_folder, 5)(["cat", "a cat runs a cat"])
    assert ids.tolist() == [[3, 1, 4, 4, 4], [3, 0, 1, 2, 4]]
    assert mask.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    ids, mask = TextTokenizer(tokenizer_folder)(["cat runs"])
    assert (ids.shape, ids.dtype, int(mask.sum())) == ((1, 77), torch.int64, 4)


def test_a_folder_without_a_fit_tokenizer_is_an_error(tokenizer_folder, tmp_path):
    with pytest.raises(ValueError, match="3 tokens"):
        TextTokenizer(tokenizer_folder, 2)
    file = tokenizer_folder / "tokenizer.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(END, "<end>"), encoding="utf-8")
    with pytest.raises(WeightsError, match="does not end texts"):
        TextTokenizer(tokenizer_folder)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(WeightsError, match="is no tokenizer"):
        TextTokenizer(tokenizer_folder)
    file.unlink()
    with pytest.raises(WeightsError, match="There is no tokenizer"):
        TextTokenizer(tokenizer_folder)


def test_an_official_folder_of_pictures_is_an_encoder_of_both_towers(tmp_path):
    vision = VisionConfig(12, 20, 2, 3, (224, 224), 112, 1, False)
    words = ["<|startoftext|>", "a", "cat", "dog", END]
    config = LanguageBindConfig(vision, replace(TEXT, vocab_size=len(words)), 6)
    made = random_model(config)
    folder(tmp_path, stored(made), config)
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="a"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"<|startoftext|> $A {END}", special_tokens=[("<|startoftext|>", 0), (END, 4)]
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    encoder = load_encoder(context(tmp_path, 6))
    frames = np.random.default_rng(0).integers(0, 256, (3, 40, 60, 3), dtype=np.uint8)
    seen = encoder.encode_sequence(frames)
    expected = unit(made.encode_pixels(preprocessing.image(frames))).numpy()
    np.testing.assert_allclose(seen.vectors, expected, atol=1e-5)
    assert seen.probabilities.shape == (3, 0)
    texts = encoder.encode_queries(["a cat", "a dog"])
    assert texts.shape == (2, 6)
    assert not np.allclose(texts[0], texts[1])
    assert encoder.scale == pytest.approx(1 / 0.07, rel=1e-4)
    assert encoder.encode(frames[:0]).vectors.shape == encoder.encode_passages([]).shape == (0, 6)
    with pytest.raises(ValueError, match="empty"):
        encoder.encode_queries([" "])
    with pytest.raises(ValueError, match="uint8"):
        encoder.encode(frames[0])
    for wrong in (context(tmp_path, 7), context(tmp_path, 6, batch=0)):
        with pytest.raises(WeightsError):
            load_encoder(wrong)
