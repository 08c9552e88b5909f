"""BLIP's matching head and captioner serve frames out of the files that a registry names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BlipForConditionalGeneration, BlipForImageTextRetrieval

from encoders.adapters import hf_blip
from encoders.adapters.hf_blip import load_captioner, load_matcher
from encoders.reference.blip import decoder as decoder_module
from encoders.reference.blip.captioning import Captioner
from encoders.reference.blip.decoder import BlipDecoder, DecoderConfig
from encoders.reference.blip.generation import GenerationConfig
from encoders.reference.blip.med import MedConfig
from encoders.reference.blip.preprocessing import preprocess
from encoders.reference.blip.retrieval import BlipConfig, BlipRetrieval
from encoders.reference.blip.text import BlipTokenizer
from encoders.reference.blip.vit import VitConfig
from encoders.types import WeightsError

from .hf_models import BLIP_WORDS, blip, context

WORDS = BLIP_WORDS
VISION = VitConfig(img_size=8, patch_size=4, embed_dim=8, depth=1, num_heads=2)
TEXT = MedConfig(
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=24,
    max_position_embeddings=32,
)
MEANT = replace(TEXT, vocab_size=len(WORDS) + 2, encoder_width=8)
DEC, ENC, END = len(WORDS), len(WORDS) + 1, 3


def random(model):
    torch.manual_seed(3)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model.eval().requires_grad_(False)


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Both models in one official file, and a function that says what loaders are told of it."""
    monkeypatch.setattr(hf_blip, "VISIONS", {"base": VISION})
    monkeypatch.setattr(hf_blip, "TEXT", TEXT)
    monkeypatch.setattr(hf_blip, "EMBED_DIM", 6)
    retrieval = random(BlipRetrieval(BlipConfig(VISION, MEANT, embed_dim=6, enc_token=ENC)))
    decoder = random(BlipDecoder(DecoderConfig(VISION, MEANT, dec_token=DEC, end_token=END)))
    decoder.visual_encoder.load_state_dict(retrieval.visual_encoder.state_dict())
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    torch.save({"model": {**retrieval.state_dict(), **decoder.state_dict()}}, tmp_path / "model_base.pth")

    def tell(**options):
        paths = {"weights": tmp_path / "model_base.pth", "vocabulary": tmp_path / "vocab.txt"}
        return replace(context(tmp_path, **options), paths=paths)

    tell.retrieval, tell.decoder, tell.tokenizer = retrieval, decoder, BlipTokenizer(tmp_path / "vocab.txt")
    return tell


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).integers(0, 256, (5, 12, 20, 3), dtype=np.uint8)


def test_probabilities_are_the_matching_heads(told, frames):
    tokens = told.retrieval.picture_tokens(preprocess(frames, 8))
    words = told.tokenizer.encode(["a red bus"] * 5)
    expected = torch.softmax(told.retrieval.match_logits(tokens, words.ids, words.mask), dim=1)[:, 1].numpy()
    for batch in (1, 2, 8):
        found = load_matcher(told(batch=batch)).match(frames, ["cat", "a red bus"])
        assert found.dtype == np.float32
        assert found.shape == (5, 2)
        np.testing.assert_allclose(found[:, 1], expected, atol=1e-6)
        assert not np.allclose(found[:, 0], expected)
    assert np.ptp(expected) > 1e-3


def test_captions_are_the_decoders(told, frames):
    expected = Captioner(told.decoder, told.tokenizer).caption(preprocess(frames, 8))
    for batch in (1, 2, 8):
        assert load_captioner(told(batch=batch)).caption(frames) == expected
    assert any(expected)


def test_beams_are_followed_where_the_registry_says(told, frames, monkeypatch):
    asked = []
    searched = decoder_module.beam_search
    monkeypatch.setattr(
        decoder_module, "beam_search", lambda *args, **more: asked.append(args[2].beams) or searched(*args, **more)
    )
    expected = Captioner(told.decoder, told.tokenizer, GenerationConfig(beams=3)).caption(preprocess(frames, 8))
    assert load_captioner(told(beams=3, batch=8)).caption(frames) == expected
    assert asked == [3, 3]
    for wrong in (0, "3"):
        with pytest.raises(WeightsError, match="beams"):
            load_captioner(told(beams=wrong))


def test_no_frames_and_frames_of_another_kind(told, frames):
    matcher, captioner = load_matcher(told()), load_captioner(told())
    assert matcher.name == captioner.name == "tiny"
    assert matcher.match(frames[:0], ["cat"]).shape == (0, 1)
    assert matcher.match(frames, []).shape == (5, 0)
    assert captioner.caption(frames[:0]) == []
    with pytest.raises(ValueError, match="empty"):
        matcher.match(frames, ["cat", "  "])
    for wrong in (frames[0], frames.astype(np.float32), frames[..., :1]):
        with pytest.raises(ValueError, match="uint8"):
            matcher.match(wrong, ["cat"])
        with pytest.raises(ValueError, match="uint8"):
            captioner.caption(wrong)


def test_larger_pictures_are_served(told, frames):
    found = load_matcher(told(size=16)).match(frames, ["cat"])
    assert not np.allclose(found, load_matcher(told()).match(frames, ["cat"]))


@pytest.mark.parametrize("load", [load_matcher, load_captioner])
def test_what_is_not_there_or_does_not_fit_is_named(told, load):
    whole = told()
    for role in ("weights", "vocabulary"):
        with pytest.raises(WeightsError, match=role) as raised:
            load(replace(whole, paths={k: v for k, v in whole.paths.items() if k != role}))
        assert raised.value.kind == "missing"
        with pytest.raises(WeightsError, match="nowhere") as raised:
            load(replace(whole, paths={**whole.paths, role: whole.paths[role].with_name("nowhere.txt")}))
        assert raised.value.kind == "missing"
    for options in ({"vision": "huge"}, {"size": 10}, {"size": "8"}, {"batch": 0}):
        with pytest.raises(WeightsError, match="tiny"):
            load(told(**options))
    state = torch.load(whole.paths["weights"], weights_only=True)["model"]
    del state["visual_encoder.norm.weight"]
    torch.save({"model": state}, whole.paths["weights"])
    with pytest.raises(WeightsError, match=r"missing: visual_encoder\.norm\.weight"):
        load(whole)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
def test_checkpoints_of_the_hub_give_what_transformers_gives(told, frames, tmp_path, name):
    def there(folder):
        return replace(told(), paths={"weights": folder / name, "vocabulary": folder / "vocab.txt"})

    theirs = blip(tmp_path / "itm", BlipForImageTextRetrieval)
    words = told.tokenizer.encode(["a red bus"] * 5)
    ids = words.ids.clone()
    ids[:, 0] = ENC  # transformers leaves [CLS] there
    with torch.no_grad():
        logits = theirs(input_ids=ids, pixel_values=preprocess(frames, 8), attention_mask=words.mask).itm_score
    expected = torch.softmax(logits, dim=1)[:, 1].numpy()
    found = load_matcher(there(tmp_path / "itm")).match(frames, ["a red bus"])
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)
    assert np.ptp(expected) > 1e-3

    theirs = blip(tmp_path / "captions", BlipForConditionalGeneration)
    captioner = load_captioner(there(tmp_path / "captions"))
    assert len(captioner.caption(frames)) == 5
    ours = captioner._captioner._decoder
    with torch.no_grad():
        seen = theirs.vision_model(preprocess(frames, 8)).last_hidden_state
        logits = theirs.text_decoder(input_ids=words.ids, attention_mask=words.mask, encoder_hidden_states=seen).logits
        tokens = ours.visual_encoder(preprocess(frames, 8))
        states = ours.text_decoder.bert.run(ours.text_decoder.bert.embed(words.ids), words.mask, tokens, causal=True)
    np.testing.assert_allclose(tokens.numpy(), seen.numpy(), atol=1e-5)
    np.testing.assert_allclose(ours.text_decoder.cls(states).numpy(), logits.numpy(), atol=1e-4)
