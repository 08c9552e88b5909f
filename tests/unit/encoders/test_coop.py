"""Learned prompts: built from names, loaded from official files."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from encoders.reference.clip.model import Clip, ClipConfig
from encoders.reference.clip.tokenizer import ClipTokenizer
from encoders.reference.coop.conditional import ConditionalPromptLearner, cocoop, load_cocoop
from encoders.reference.coop.model import coop, load_coop
from encoders.reference.coop.prompts import CoopConfig, PromptLearner
from encoders.types import WeightsError

NAMES = ("cat", "hot_dog")
PIXELS = torch.linspace(-1, 1, 2 * 3 * 8 * 8).reshape(2, 3, 8, 8)


@pytest.fixture(scope="module")
def tokenizer():
    merges = [("c", "a"), ("ca", "t</w>"), ("d", "o"), ("do", "g</w>"), ("h", "o"), ("ho", "t</w>")]
    return ClipTokenizer(merges)


@pytest.fixture
def clip(tokenizer):
    torch.manual_seed(0)
    config = ClipConfig(
        embed_dim=16,
        image_resolution=8,
        vision_layers=1,
        vision_width=8,
        vision_heads=2,
        vision_patch_size=4,
        context_length=12,
        vocab_size=tokenizer.size,
        text_width=8,
        text_heads=2,
        text_layers=1,
    )
    clip = Clip(config).eval()
    torch.nn.init.normal_(clip.token_embedding.weight)
    return clip


def embedded(clip, tokenizer, text):
    return clip.token_embedding(tokenizer.tokenize([text], clip.context))[0]


@pytest.mark.parametrize(
    ("position", "order"), [("end", "xyz hot dog."), ("middle", "x hot dog yz."), ("front", "hot dog xyz.")]
)
def test_the_name_stands_where_it_is_wanted(clip, tokenizer, position, order):
    model = coop(CoopConfig(3, position=position), clip, tokenizer, NAMES)
    spaced = " ".join(order.replace("x", " x ").replace("y", " y ").replace("z", " z ").split())
    expected = embedded(clip, tokenizer, spaced)
    letters = [embedded(clip, tokenizer, letter)[1] for letter in "xyz"]
    model.prompt_learner.ctx.data.copy_(torch.stack(letters))
    assert torch.equal(model.prompt_learner()[1], expected)


def test_with_its_words_a_prompt_is_the_text_itself(clip, tokenizer):
    model = coop(CoopConfig(words="a b c"), clip, tokenizer, NAMES)
    ids = tokenizer.tokenize(["a b c cat.", "a b c hot dog."], clip.context)
    torch.testing.assert_close(model.text_features(), clip.encode_text(ids))
    assert model.prompt_learner.ctx.shape == (3, 8)


def test_only_the_context_learns(clip, tokenizer):
    for make in (coop, cocoop):
        model = make(CoopConfig(2), clip, tokenizer, NAMES)
        torch.nn.functional.cross_entropy(model(PIXELS), torch.tensor([0, 1])).backward()
        learning = {name for name, p in model.named_parameters() if p.grad is not None}
        assert "prompt_learner.ctx" in learning
        assert all(name.startswith("prompt_learner.") for name in learning)
        assert {name for name, p in model.named_parameters() if p.requires_grad} == learning


def test_a_class_of_its_own_context_is_not_shared(clip, tokenizer):
    model = coop(CoopConfig(2, class_specific=True), clip, tokenizer, NAMES).requires_grad_(False)
    before = model(PIXELS)
    model.prompt_learner.ctx[1] += torch.arange(8) % 3
    after = model(PIXELS)
    assert torch.equal(before[:, 0], after[:, 0])
    assert not torch.allclose(before[:, 1], after[:, 1])


def test_without_a_shift_the_conditional_prompt_is_the_plain_one(clip, tokenizer):
    plain, shifted = (make(CoopConfig(2), clip, tokenizer, NAMES).requires_grad_(False) for make in (coop, cocoop))
    shifted.prompt_learner.ctx.copy_(plain.prompt_learner.ctx)
    assert not torch.allclose(shifted(PIXELS), plain(PIXELS))
    for name in ("weight", "bias"):
        getattr(shifted.prompt_learner.meta_net.linear2, name).zero_()
    torch.testing.assert_close(shifted(PIXELS), plain(PIXELS))


def saved(model, file, change=None):
    """An official file: the prompt learner alone, in half precision, within a dict of training."""
    state = {name: tensor.half() for name, tensor in model.prompt_learner.state_dict().items()}
    if change:
        change(state)
    torch.save({"state_dict": state, "epoch": 50, "optimizer": {"state": {}, "param_groups": []}}, file)


@pytest.mark.parametrize(("make", "load"), [(coop, load_coop), (cocoop, load_cocoop)])
def test_official_checkpoints_load(tmp_path, clip, tokenizer, make, load):
    config, file = CoopConfig(2), tmp_path / "model.pth.tar-50"
    model = make(config, clip, tokenizer, NAMES)
    saved(model, file)
    loaded = load(file, config, clip, tokenizer, NAMES)
    assert not loaded.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in loaded.parameters())
    torch.testing.assert_close(loaded(PIXELS), model(PIXELS).detach(), atol=2e-2, rtol=2e-2)
    # The context serves other classes too: prefix and suffix of the file are not theirs and are left.
    other = load(file, config, clip, tokenizer, ("dog", "cat", "hot"))
    assert other(PIXELS).shape == (2, 3)
    assert torch.equal(other.prompt_learner.ctx, loaded.prompt_learner.ctx)
    assert torch.equal(other.prompt_learner()[1, 3], embedded(clip, tokenizer, "cat")[1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("ctx"), "missing: ctx"),
        (lambda s: s.update({"meta_net.linear1.bias": torch.zeros(1)}), r"unexpected: meta_net\.linear1\.bias"),
        (lambda s: s.update({"ctx": torch.zeros(4, 8)}), r"ctx \(4, 8\) instead of \(2, 8\)"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, clip, tokenizer, change, said):
    saved(coop(CoopConfig(2), clip, tokenizer, NAMES), tmp_path / "a.pth", change)
    with pytest.raises(WeightsError, match=said):
        load_coop(tmp_path / "a.pth", CoopConfig(2), clip, tokenizer, NAMES)


def test_impossible_prompts_are_refused(clip, tokenizer):
    with pytest.raises(ValueError, match="tokens where 10 fit"):
        coop(CoopConfig(9), clip, tokenizer, NAMES)
    for config in (CoopConfig(2, position="behind"), CoopConfig(0)):
        with pytest.raises(ValueError, match="cannot be put"):
            PromptLearner(config, torch.zeros(2, 12, 8), (1, 2))
    with pytest.raises(ValueError, match="as many embedded prompts"):
        PromptLearner(CoopConfig(2), torch.zeros(2, 12, 8), (1,))
    with pytest.raises(ValueError, match="no room"):
        PromptLearner(CoopConfig(8), torch.zeros(2, 12, 8), (1, 2))
    for options in ({"class_specific": True}, {"position": "front"}):
        with pytest.raises(ValueError, match="conditional"):
            ConditionalPromptLearner(dataclasses.replace(CoopConfig(2), **options), torch.zeros(2, 12, 8), (1, 2), 16)
