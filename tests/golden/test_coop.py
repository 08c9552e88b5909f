"""CoOp and CoCoOp give the numbers of the official code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from encoders.reference.clip.model import Clip, ClipConfig
from encoders.reference.coop.conditional import CoCoop
from encoders.reference.coop.model import Coop
from encoders.reference.coop.prompts import CoopConfig, placeholder_prompts
from tests.golden.conftest import Case, assert_summary, fill, inp
from tests.golden.test_clip import SMALL, store

DATA = Path(__file__).with_name("data") / "coop.json"
POSITIONS = ("end", "middle", "front")
NAMES = ("golden_retriever", "archery", "Apply Eye Makeup")
SHOWN = 16  # positions of the prompts that the cases hold; padding follows
NAME_LENGTHS = (2, 1, 3)


def config_of(case: Case, position: str) -> CoopConfig:
    config = case.meta["config"]
    return CoopConfig(config["M"], config.get("class_specific", False), position, config.get("ctx_init", ""))


def clip_of(case: Case) -> Clip:
    clip = Clip(ClipConfig(**case.meta["config"]["clip"], vocab_size=len(case.meta["config"]["vocabulary"])))
    if "token_embedding" in case.inputs:
        clip.token_embedding.weight.data.copy_(case.inputs["token_embedding"])
    return clip


@pytest.mark.parametrize("name", ["coop_m5", "coop_m4_csc", "coop_init"])
@pytest.mark.parametrize("position", POSITIONS)
def test_coop(golden, name, position):
    case = golden(name)
    lengths = case.inputs["name_lens"].tolist()
    model = Coop(config_of(case, position), clip_of(case), case.inputs["tokenized_prompts"], lengths).eval()
    assert model.state_dict().keys() == case.state.keys()
    for part in ("token_prefix", "token_suffix"):
        assert torch.equal(model.prompt_learner.state_dict()[part], case.state[f"prompt_learner.{part}"])
    if case.meta["config"]["ctx_init"]:
        words = case.inputs["token_embedding"][case.inputs["tokenized_prompts"][0, 1:5]]
        assert torch.equal(model.prompt_learner.ctx, words)
    model.load_state_dict(case.state)
    with torch.no_grad():
        case.close(f"{position}_prompts", model.prompt_learner()[:, :SHOWN])
        case.close(f"{position}_text_features", model.text_features())
        case.close("image_features", model.image_encoder(case.inputs["image"]))
        case.close(f"{position}_logits", model(case.inputs["image"]))
        if f"b1_{position}_logits" in case.outputs:
            case.close(f"b1_{position}_logits", model(case.inputs["b1_image"]))


def test_cocoop(golden):
    case = golden("cocoop")
    model = CoCoop(config_of(case, "end"), clip_of(case), case.inputs["tokenized_prompts"], NAME_LENGTHS).eval()
    assert model.state_dict().keys() == case.state.keys()
    model.load_state_dict(case.state)
    with torch.no_grad():
        features = model.image_encoder(case.inputs["image"])
        features = features / features.norm(dim=-1, keepdim=True)
        case.close("image_features", features)
        case.close("shift", model.prompt_learner.meta_net(features))
        case.close("prompts", model.prompt_learner.conditioned(features)[:, :, :SHOWN])
        case.close("text_features", model.text_features(features))
        case.close("logits", model(case.inputs["image"]))
        case.close("b1_logits", model(case.inputs["b1_image"]))


def test_placeholder_prompts():
    assert placeholder_prompts(NAMES, CoopConfig(2)) == [
        "X X golden retriever.",
        "X X archery.",
        "X X Apply Eye Makeup.",
    ]
    words = CoopConfig(16, words="a_photo of a")
    assert words.length == 4
    assert placeholder_prompts(NAMES[1:2], words) == ["a photo of a archery."]


# Start 7, end 8; X is 6, the full stop 5.
IDS = torch.tensor([[7, 6, 6, 6, 1, 2, 5, 8, 0, 0], [7, 6, 6, 6, 3, 5, 8, 0, 0, 0]])
LONGER = ClipConfig(
    **{name: getattr(SMALL, name) for name in SMALL.__slots__} | {"context_length": 10, "embed_dim": 16}
)


def computed() -> dict[str, torch.Tensor]:
    """Outputs for weights and inputs by rule."""
    pixels = inp(2, 3, 8, 8)
    outputs: dict[str, torch.Tensor] = {}
    for name, kind, config in [
        ("end", Coop, CoopConfig(3)),
        ("middle", Coop, CoopConfig(3, position="middle")),
        ("front", Coop, CoopConfig(3, position="front")),
        ("specific", Coop, CoopConfig(3, class_specific=True, position="middle")),
        ("conditional", CoCoop, CoopConfig(3)),
    ]:
        model = kind(config, fill(Clip(LONGER).double()), IDS, (2, 1)).double().eval().requires_grad_(False)
        fill(model)
        outputs[name] = model(pixels)
    return outputs


def test_numbers_stay_what_they_were_when_the_official_ones_were_met():
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    for name, mine in computed().items():
        assert_summary(mine, stored[name])


if __name__ == "__main__":
    store(
        DATA,
        "own implementation that passed the golden cases coop_m5, coop_m4_csc, coop_init and cocoop, 2026-11-25",
        computed(),
    )
