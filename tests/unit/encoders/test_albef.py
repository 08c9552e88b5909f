"""ALBEF: official files load, pairs are matched, a step of training leaves what it should."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from encoders.reference.albef.loading import load_albef
from encoders.reference.albef.model import Albef, AlbefConfig, AlbefTextConfig
from encoders.reference.albef.text import clean_caption
from encoders.reference.albef.training import AlbefTraining, MomentumConfig
from encoders.reference.blip.reranking import rerank_pictures
from encoders.reference.blip.vit import VitConfig
from encoders.types import WeightsError

CONFIG = AlbefConfig(
    VitConfig(img_size=8, patch_size=4, embed_dim=8, depth=1, num_heads=2),
    AlbefTextConfig(
        vocab_size=15,
        hidden_size=12,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=24,
        max_position_embeddings=16,
        encoder_width=8,
        first_cross_layer=1,
    ),
    embed_dim=6,
)
PIXELS = torch.linspace(-1, 1, 4 * 3 * 8 * 8).sin().reshape(4, 3, 8, 8)
IDS = torch.tensor([[1, 5, 6, 2], [1, 8, 2, 0], [1, 9, 10, 2], [1, 11, 2, 0]])
MASK = (IDS != 0).long()
PICTURES = torch.arange(4)


def training(queue=8, **options):
    torch.manual_seed(3)
    model = AlbefTraining(CONFIG, MomentumConfig(queue_size=queue, **options))
    for name, parameter in model.named_parameters():
        if name != "temp":
            torch.nn.init.normal_(parameter, std=0.5)
    return model.eval()


def official(model, *, pretrained):
    """A file's tensors; pre-training has the text encoder below ``bert.`` and a language head."""
    state = {name: tensor.half() if ".mlp." in name else tensor for name, tensor in model.state_dict().items()}
    if pretrained:
        state = {
            name.replace("text_encoder.", "text_encoder.bert.", 1).replace(
                "text_encoder_m.", "text_encoder_m.bert.", 1
            ): t
            for name, t in state.items()
        }
        state["text_encoder.cls.predictions.bias"] = torch.zeros(15)
        state["text_encoder_m.cls.predictions.bias"] = torch.zeros(15)
        state["text_encoder.bert.embeddings.position_ids"] = torch.arange(16)[None]
    else:
        state["text_encoder.embeddings.position_ids"] = torch.arange(16)[None]
    return state


@pytest.mark.parametrize("pretrained", [True, False])
def test_official_files_load(tmp_path, pretrained):
    model = training()
    torch.save({"model": official(model, pretrained=pretrained), "epoch": 29}, tmp_path / "ALBEF.pth")
    loaded = load_albef(tmp_path / "ALBEF.pth", CONFIG)
    assert not loaded.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in loaded.parameters())
    tokens = loaded.picture_tokens(PIXELS)
    torch.testing.assert_close(tokens, model.picture_tokens(PIXELS).detach(), atol=2e-2, rtol=1e-2)
    with torch.no_grad():
        assert torch.equal(loaded.match_logits(tokens, IDS, MASK), model.match_logits(tokens, IDS, MASK))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("itm_head.bias"), r"missing: itm_head\.bias"),
        (lambda s: s.update({"vision_proj.extra": torch.zeros(1)}), r"unexpected: vision_proj\.extra"),
        (lambda s: s.update({"text_proj.bias": torch.zeros(5)}), r"text_proj\.bias \(5,\) instead of \(6,\)"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, change, said):
    state = official(training(), pretrained=False)
    change(state)
    torch.save({"model": state}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=said):
        load_albef(tmp_path / "a.pth", CONFIG)


def test_larger_pictures_load_too(tmp_path):
    torch.save({"model": official(training(), pretrained=True)}, tmp_path / "a.pth")
    larger = load_albef(
        tmp_path / "a.pth", dataclasses.replace(CONFIG, vision=dataclasses.replace(CONFIG.vision, img_size=16))
    )
    assert larger.picture_tokens(torch.zeros(1, 3, 16, 16)).shape == (1, 17, 8)


@torch.no_grad()
def test_pictures_matter_for_pairs_and_not_for_texts_alone():
    model = training()
    tokens = model.picture_tokens(PIXELS)
    assert not torch.allclose(model.match_logits(tokens, IDS, MASK), model.match_logits(tokens.flip(0), IDS, MASK))
    alone = model.text_vectors(IDS[1:2, :3], MASK[1:2, :3])
    torch.testing.assert_close(model.text_vectors(IDS, MASK)[1:2], alone)


@torch.no_grad()
def test_the_closer_look_alone_decides():
    model = training()
    tokens = model.picture_tokens(PIXELS)
    similarities = model.text_vectors(IDS, MASK) @ model.picture_vectors(tokens).T
    scores = rerank_pictures(model, tokens, IDS, MASK, similarities, add_similarity=False)
    torch.testing.assert_close(scores.diagonal(), model.match_logits(tokens, IDS, MASK)[:, 1])


def test_the_queue_goes_round_and_copies_stay_with_full_momentum():
    model = training(momentum=1.0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items() if "_m." in name}
    for step, pointer in enumerate((4, 0, 4)):
        model.losses(PIXELS, IDS, MASK, PICTURES + 10 * step)
        assert model.queue_ptr.tolist() == [pointer]
    assert model.idx_queue.tolist() == [[20, 21, 22, 23, 10, 11, 12, 13]]
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in before.items())
    torch.testing.assert_close(model.image_queue.norm(dim=0), torch.ones(8))


def test_copies_without_momentum_are_the_model():
    model = training(momentum=0.0)
    model.losses(PIXELS, IDS, MASK, PICTURES)
    for name in ("visual_encoder", "vision_proj", "text_encoder", "text_proj"):
        for mine, other in zip(
            getattr(model, name).parameters(), getattr(model, f"{name}_m").parameters(), strict=True
        ):
            assert torch.equal(mine, other)
            assert other.grad is None
            assert not other.requires_grad


def test_captions_of_one_picture_share_the_target():
    # Without momentum targets and an empty queue, two captions of one picture are each half right.
    model = training(momentum=0.0)
    pictures = torch.tensor([5, 5, 6, 7])
    candidates = model.text_queue.clone()
    loss = model.losses(PIXELS, IDS, MASK, pictures, alpha=0.0).contrastive
    with torch.no_grad():
        seen, said = model.picture_vectors(model.picture_tokens(PIXELS)), model.text_vectors(IDS, MASK)
        own = model.image_queue[:, 4:]
        right = torch.zeros(4, 12)
        right[:2, :2], right[2, 2], right[3, 3] = 0.5, 1, 1
        to_text = (seen @ torch.cat([said.T, candidates], dim=1) / 0.07).log_softmax(dim=1)
        queue = training(momentum=0.0).image_queue
        to_picture = (said @ torch.cat([seen.T, queue], dim=1) / 0.07).log_softmax(dim=1)
    assert torch.equal(own, queue[:, 4:])
    torch.testing.assert_close(loss.detach(), -(right * (to_text + to_picture)).sum(dim=1).mean() / 2)


def test_a_step_repeats_under_a_seed():
    one, two = (
        training().losses(PIXELS, IDS, MASK, PICTURES, generator=torch.Generator().manual_seed(1)) for _ in range(2)
    )
    assert torch.equal(one.total, two.total)
    assert torch.equal(one.total, one.contrastive + one.matching)


def test_impossible_steps_are_refused():
    model = training()
    with pytest.raises(ValueError, match="no multiple of a batch of 3"):
        model.losses(PIXELS[:3], IDS[:3], MASK[:3], PICTURES[:3])
    with pytest.raises(ValueError, match="no wrong partner"):
        model.losses(PIXELS, IDS, MASK, torch.ones(4, dtype=torch.long))
    with pytest.raises(ValueError, match="as many texts"):
        model.losses(PIXELS, IDS[:2], MASK[:2], PICTURES)
    with pytest.raises(ValueError, match="alpha"):
        model.losses(PIXELS, IDS, MASK, PICTURES, alpha=1.5)
    model.losses(PIXELS[:2], IDS[:2], MASK[:2], PICTURES[:2])
    model.losses(PIXELS, IDS, MASK, PICTURES)
    with pytest.raises(ValueError, match="batch size changed"):
        model.losses(PIXELS, IDS, MASK, PICTURES)
    for first in (0, 2):
        with pytest.raises(ValueError, match="layers before and after"):
            Albef(dataclasses.replace(CONFIG, text=dataclasses.replace(CONFIG.text, first_cross_layer=first)))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("A man's hat, (red)!", "a mans hat red"),
        ("half-full and/or <person>", "half full and or person"),
        ("a  b\tc\n", "a b\tc"),
    ],
)
def test_captions_are_cleaned(text, clean):
    assert clean_caption(text) == clean
