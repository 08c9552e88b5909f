"""CLIP gives the numbers of OpenAI's code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from encoders.reference.clip.model import Clip, ClipConfig
from tests.golden.conftest import assert_summary, fill, inp

DATA = Path(__file__).with_name("data") / "clip.json"
SMALL = ClipConfig(
    embed_dim=6,
    image_resolution=8,
    vision_layers=2,
    vision_width=8,
    vision_heads=2,
    vision_patch_size=4,
    context_length=5,
    vocab_size=9,
    text_width=12,
    text_heads=3,
    text_layers=2,
)
IDS = torch.tensor([[7, 3, 8, 0, 0], [7, 1, 2, 4, 8]])


@pytest.fixture(scope="module")
def case(golden):
    return golden("openai_clip")


@pytest.fixture(scope="module")
def clip(case):
    clip = Clip(ClipConfig(**case.meta["config"])).eval().requires_grad_(False)
    clip.load_state_dict(case.state)
    return clip


def test_tensors_have_the_official_names(case, clip):
    assert clip.state_dict().keys() == case.state.keys()


@pytest.mark.parametrize("batch", ["", "b1_"])
def test_towers_and_logits(case, clip, batch):
    images = clip.encode_image(case.inputs[f"{batch}image"])
    texts = clip.encode_text(case.inputs[f"{batch}input_ids"])
    case.close(f"{batch}image_features", images)
    case.close(f"{batch}text_features", texts)
    case.close(f"{batch}logits_per_image", clip.logits(images, texts))
    case.close(f"{batch}logits_per_text", clip.logits(texts, images))


def test_the_default_is_as_large_as_the_released_model():
    with torch.device("meta"):
        clip = Clip(ClipConfig())
    assert sum(parameter.numel() for parameter in clip.parameters()) == 151_277_313


def test_text_without_its_padding_is_the_same_text(case, clip):
    ids = case.inputs["input_ids"][:1]
    short = ids[:, : int(ids.argmax()) + 1]
    assert short.shape[1] < ids.shape[1]
    torch.testing.assert_close(clip.encode_text(short), clip.encode_text(ids))


def test_a_token_does_not_see_those_behind_it(case, clip):
    ids = case.inputs["input_ids"]
    before = clip.encode_tokens(ids)
    changed = ids.clone()
    changed[:, 3] = (changed[:, 3] + 1) % 90
    after = clip.encode_tokens(changed)
    torch.testing.assert_close(after[:, :3], before[:, :3])
    assert not torch.allclose(after[:, 3:], before[:, 3:])


def computed() -> dict[str, torch.Tensor]:
    """Outputs for weights and inputs by rule."""
    clip = Clip(SMALL).double().eval().requires_grad_(False)
    fill(clip)
    images, texts = clip.encode_image(inp(2, 3, 8, 8)), clip.encode_text(IDS)
    return {"images": images, "tokens": clip.encode_tokens(IDS), "texts": texts, "logits": clip.logits(images, texts)}


def test_numbers_stay_what_they_were_when_the_official_ones_were_met():
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    for name, mine in computed().items():
        assert_summary(mine, stored[name])


def store(file: Path, provenance: str, outputs: dict[str, torch.Tensor]) -> None:
    """Write the summaries that later runs are compared with."""
    summaries: dict[str, object] = {"provenance": provenance}
    for name, output in outputs.items():
        summaries[name] = {
            "shape": list(output.shape),
            "first": output.flatten()[:6].tolist(),
            "sum": float(output.sum()),
            "l2": float(output.norm()),
        }
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(summaries, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    store(DATA, "own implementation that passed the golden case openai_clip, 2026-11-25", computed())
