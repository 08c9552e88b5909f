"""BLIP gives the numbers of the official code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from encoders.reference.blip.captioning import PROMPT
from encoders.reference.blip.decoder import BlipDecoder, DecoderConfig
from encoders.reference.blip.generation import GenerationConfig, nucleus_config
from encoders.reference.blip.med import MedConfig, marked
from encoders.reference.blip.preprocessing import frame_indices
from encoders.reference.blip.reranking import rerank_pictures
from encoders.reference.blip.retrieval import BlipConfig, BlipRetrieval, video_tokens
from encoders.reference.blip.vit import VitConfig
from tests.golden.conftest import Case, assert_summary, fill, inp
from tests.golden.test_clip import store

DATA = Path(__file__).with_name("data") / "blip.json"
VISION = VitConfig(img_size=8, patch_size=4, embed_dim=8, depth=2, num_heads=2)
TEXT = MedConfig(
    vocab_size=15,
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=24,
    max_position_embeddings=16,
    encoder_width=8,
)
SMALL = BlipConfig(VISION, TEXT, embed_dim=6, enc_token=14)
SMALL_DECODER = DecoderConfig(VISION, TEXT, dec_token=13, end_token=2)
IDS = torch.tensor([[1, 5, 6, 7, 2], [1, 8, 2, 0, 0]])
MASK = (IDS != 0).long()


def vision_of(case: Case) -> VitConfig:
    return VitConfig(**case.meta["config"]["vit"])


def text_of(case: Case) -> MedConfig:
    given = case.meta["config"]["med"]
    return MedConfig(**{name: value for name, value in given.items() if name not in ("hidden_act", "type_vocab_size")})


def retrieval_of(case: Case, *, replace_cls: bool = True) -> BlipRetrieval:
    config = case.meta["config"]
    model = BlipRetrieval(
        BlipConfig(vision_of(case), text_of(case), config["embed_dim"], config["enc_token"], replace_cls)
    )
    assert model.state_dict().keys() == case.state.keys()
    model.load_state_dict(case.state)
    return model.eval().requires_grad_(False)


@pytest.mark.parametrize("batch", ["", "b1_"])
def test_vectors_and_matching(golden, batch):
    case = golden("blip_med")
    model = retrieval_of(case)
    ids, mask = case.inputs[f"{batch}input_ids"], case.inputs[f"{batch}attention_mask"]
    tokens = model.picture_tokens(case.inputs[f"{batch}image"])
    seen, said = model.picture_vectors(tokens), model.text_vectors(ids, mask)
    enc = marked(ids, case.meta["config"]["enc_token"])
    case.close(f"{batch}image_embeds", tokens)
    case.close(f"{batch}text_hidden", model.text_encoder.text_states(ids, mask))
    case.close(f"{batch}multimodal_hidden", model.text_encoder.grounded_states(enc, mask, tokens))
    case.close(f"{batch}image_feat", seen)
    case.close(f"{batch}text_feat", said)
    case.close(f"{batch}itc_sim", seen @ said.T)
    case.close(f"{batch}itm_logits_enc", model.match_logits(tokens, ids, mask))
    plain = retrieval_of(case, replace_cls=False)
    case.close(f"{batch}itm_logits_cls", plain.match_logits(tokens, ids, mask))


def test_a_video_is_found_and_matched(golden):
    case = golden("blip_med")
    model = retrieval_of(case)
    ids, mask = case.inputs["input_ids"], case.inputs["attention_mask"]
    frames = model.picture_tokens(case.inputs["image"])[None]
    seen, said = model.video_vectors(frames), model.text_vectors(ids, mask)
    case.close("video_embed", seen)
    similarities = said @ seen.T
    case.close("video_sim", similarities[:, 0])
    rows = video_tokens(frames)
    case.close("video_itm", model.match_logits(rows.expand(3, -1, -1), ids, mask)[:, 1])
    case.close("video_score", rerank_pictures(model, rows, ids, mask, similarities)[:, 0])


@pytest.mark.parametrize("batch", ["", "b1_"])
def test_decoder(golden, batch):
    case = golden("blip_med_decoder")
    config = case.meta["config"]
    model = BlipDecoder(
        DecoderConfig(
            vision_of(case), text_of(case), config["dec_token"], end_token=2, label_smoothing=config["label_smoothing"]
        )
    )
    assert model.state_dict().keys() == case.state.keys()
    model.load_state_dict(case.state)
    model.eval().requires_grad_(False)
    ids, mask = case.inputs[f"{batch}input_ids"], case.inputs[f"{batch}attention_mask"]
    tokens = model.visual_encoder(case.inputs[f"{batch}image"])
    case.close(f"{batch}image_embeds", tokens)
    case.close(f"{batch}decoder_hidden", model.states(tokens, ids, mask))
    case.close(f"{batch}logits", model.logits(tokens, ids, mask))
    case.close(f"{batch}lm_loss", model.loss(tokens, ids, mask))
    case.close(f"{batch}lm_loss_prompt", model.loss(tokens, ids, mask, prompt_length=2))


def test_frames_of_a_video():
    assert frame_indices(100) == [0, 12, 24, 36, 48, 60, 72, 84]
    assert frame_indices(301) == [0, 37, 74, 111, 148, 185, 222, 259]
    assert frame_indices(7) == [0] * 8


def test_the_prompt_ends_with_a_blank():
    assert PROMPT == "a picture of "


def test_the_defaults_are_the_released_sizes():
    with torch.device("meta"):
        retrieval, decoder = BlipRetrieval(BlipConfig()).state_dict(), BlipDecoder(DecoderConfig()).state_dict()
    shapes = {
        "visual_encoder.pos_embed": (1, 577, 768),
        "visual_encoder.patch_embed.proj.weight": (768, 3, 16, 16),
        "visual_encoder.blocks.11.attn.qkv.weight": (2304, 768),
        "visual_encoder.blocks.11.mlp.fc1.weight": (3072, 768),
        "text_encoder.embeddings.word_embeddings.weight": (30524, 768),
        "text_encoder.embeddings.position_embeddings.weight": (512, 768),
        "text_encoder.encoder.layer.11.crossattention.self.key.weight": (768, 768),
        "vision_proj.weight": (256, 768),
        "itm_head.weight": (2, 768),
    }
    assert {name: tuple(retrieval[name].shape) for name in shapes} == shapes
    assert decoder["text_decoder.cls.predictions.decoder.weight"].shape == (30524, 768)


def computed() -> dict[str, torch.Tensor]:
    """Outputs for weights and inputs by rule."""
    pixels = inp(2, 3, 8, 8)
    model = fill(BlipRetrieval(SMALL).double()).eval().requires_grad_(False)
    decoder = fill(BlipDecoder(SMALL_DECODER).double()).eval().requires_grad_(False)
    tokens = model.picture_tokens(pixels)
    said = model.text_vectors(IDS, MASK)
    rows = video_tokens(tokens[None])
    seen = decoder.visual_encoder(pixels)
    drawn = decoder.generate(seen, IDS[0, :2], nucleus_config(), torch.Generator().manual_seed(7))
    return {
        "tokens": tokens,
        "picture_vectors": model.picture_vectors(tokens),
        "text_vectors": said,
        "match_logits": model.match_logits(tokens, IDS, MASK),
        "video_scores": rerank_pictures(model, rows, IDS, MASK, said @ model.video_vectors(tokens[None]).T),
        "logits": decoder.logits(seen, IDS, MASK),
        "loss": decoder.loss(seen, IDS, MASK),
        "loss_after_prompt": decoder.loss(seen, IDS, MASK, prompt_length=2),
        "greedy": decoder.generate(seen, IDS[0, :2], GenerationConfig(max_length=10)).double(),
        "drawn": drawn.double(),
    }


def test_numbers_stay_what_they_were_when_the_official_ones_were_met():
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    for name, mine in computed().items():
        assert_summary(mine, stored[name])


if __name__ == "__main__":
    store(
        DATA,
        "own implementation that passed the golden cases blip_med and blip_med_decoder, 2026-11-25; "
        "generation has no golden case",
        computed(),
    )
