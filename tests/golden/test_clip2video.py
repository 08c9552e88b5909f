"""CLIP2Video gives the numbers of the official code, with and without its mistake."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from encoders.reference.clip.model import ClipConfig
from encoders.reference.clip2video.frames import sampled_frames
from encoders.reference.clip2video.model import Clip2Video, Clip2VideoConfig
from encoders.reference.clip4clip.loss import symmetric_cross_entropy
from tests.golden.conftest import Case, assert_summary, fill, inp
from tests.golden.test_clip import IDS, SMALL, store

DATA = Path(__file__).with_name("data") / "clip2video.json"
CASES = (
    "clip2video_b4",
    "clip2video_b1",
    "clip2video_variant_mlp",
    "clip2video_variant_plain",
    "clip2video_variant_tab",
)


def model_of(case: Case, *, official_mask_tiling: bool) -> Clip2Video:
    config = case.meta["config"]
    model = Clip2Video(
        Clip2VideoConfig(
            ClipConfig(**config["clip"]),
            temporal_layers=config["transformerClip_layers"],
            temporal_heads=config["heads_temporal"],
            temporal_proj=config["temporal_proj"],
            center_proj=config["center_proj"],
            centers=config["K"],
            center_weight=config["center_weight"],
            official_mask_tiling=official_mask_tiling,
        )
    )
    assert model.state_dict().keys() == case.state.keys()
    model.load_state_dict(case.state)
    return model.eval().requires_grad_(False)


def run(case: Case, model: Clip2Video) -> dict[str, torch.Tensor]:
    """Everything the case has outputs of, by their names."""
    found: dict[str, torch.Tensor] = {}
    attended: list[tuple[torch.Tensor, torch.Tensor]] = []
    shares: list[torch.Tensor] = []
    hooks = [
        model.transformerClip.register_forward_hook(lambda _, __, out: found.update(enc=out)),
        model.actionClip.register_forward_hook(lambda _, __, out: found.update(tab_enc=out)),
    ]
    if hasattr(model, "frame2t_attention"):
        hooks.append(model.frame2t_attention.register_forward_hook(lambda _, i, out: attended.append((i[0], out))))
    plain = model.assignment
    model.assignment = lambda tokens: shares.append(plain(tokens)) or shares[-1]
    ids, words, mask = case.inputs["input_ids"], case.inputs["attention_mask"], case.inputs["video_mask"]
    frames = model.encode_frames(case.inputs["video"])
    texts, videos = model.encode_text(ids, words), model.encode_video(frames, mask)
    likeness = model.likeness(texts, videos)
    found.update(text=model.clip.encode_text(ids), tokens=model.clip.encode_tokens(ids), frames=frames)
    found.update(assign_text=shares[0], assign_video=shares[1])
    if attended:
        found.update(diff_in=attended[0][0], diff_att=attended[0][1])
    tokens, sparse = model.interleave(frames, mask), model.interleave(frames[:, ::2], mask[:, ::2])
    found.update(diff=tokens.differences, tdb_tokens=tokens.tokens, tdb_mask=tokens.mask)
    found.update(tab_diff=sparse.differences, tab_tdb_tokens=sparse.tokens, tab_tdb_mask=sparse.mask)
    found.update(text_unit=texts.whole, tab_text=texts.aligned, video_unit=videos.whole, tab_video=videos.aligned)
    found.update(sim_global=likeness.whole, sim_tab=likeness.aligned, sim=likeness.combined)
    if len(ids) == len(frames):
        found.update(loss_global=symmetric_cross_entropy(likeness.whole), loss=model.loss(likeness))
        found.update(loss_tab=symmetric_cross_entropy(likeness.aligned))
    for hook in hooks:
        hook.remove()
    del model.assignment
    return found


@pytest.mark.parametrize("name", CASES)
def test_official_numbers(golden, name):
    case = golden(name)
    found = run(case, model_of(case, official_mask_tiling=True))
    wanted = [output for output in case.outputs if not output.startswith("single_")]
    assert {"sim", "sim_tab", "sim_global", "enc", "tab_enc", "assign_video"} <= set(wanted)
    for output in wanted:
        case.close(output, found[output])


def test_the_default_has_the_released_shapes():
    with torch.device("meta"):
        model = Clip2Video(Clip2VideoConfig())
    block = {
        "attn.in_proj_weight": (1536, 512),
        "attn.in_proj_bias": (1536,),
        "attn.out_proj.weight": (512, 512),
        "attn.out_proj.bias": (512,),
        "ln_1.weight": (512,),
        "ln_1.bias": (512,),
        "mlp.c_fc.weight": (2048, 512),
        "mlp.c_fc.bias": (2048,),
        "mlp.c_proj.weight": (512, 2048),
        "mlp.c_proj.bias": (512,),
        "ln_2.weight": (512,),
        "ln_2.bias": (512,),
    }
    blocks = [*(f"transformerClip.resblocks.{i}" for i in range(4)), "frame2t_attention.resblocks.0"]
    shapes = {f"{place}.{n}": shape for place in (*blocks, "actionClip.resblocks.0") for n, shape in block.items()}
    shapes |= {"frame_position_embeddings.weight": (77, 512), "type_position_embeddings.weight": (2, 512)}
    shapes |= {"trans_layernorm.weight": (512,), "trans_layernorm.bias": (512,)}
    shapes |= {"weight_center": (5, 512), "emb_center": (5, 512)}
    mine = {name: tuple(t.shape) for name, t in model.state_dict().items() if not name.startswith("clip.")}
    assert mine == shapes


def test_right_masks_are_those_of_videos_run_alone(golden):
    case = golden("clip2video_b4")
    found = run(case, model_of(case, official_mask_tiling=False))
    singles = [output for output in case.outputs if output.startswith("single_")]
    assert len(singles) == 10
    for output in singles:
        case.close(output, found[output.removeprefix("single_")])
    assert (found["sim"] - case.outputs["sim"]).abs().max() > 1e-3  # the mistake is not too small to be seen


@pytest.mark.parametrize("name", CASES[1:])
def test_the_switch_changes_nothing_for_one_video(golden, name):
    case = golden(name)
    case.close("sim", run(case, model_of(case, official_mask_tiling=False))["sim"])


OPTIONS = (
    {"temporal_proj": "sigmoid_selfA", "center_proj": "TAB_TDB"},
    {"temporal_proj": "sigmoid_mlp", "center_proj": "TAB_TDB"},
    {"temporal_proj": "", "center_proj": "TAB"},
)
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
WORDS = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])


def small(**options: object) -> Clip2Video:
    config = Clip2VideoConfig(SMALL, temporal_layers=2, temporal_heads=2, centers=3)
    model = Clip2Video(dataclasses.replace(config, **options)).double().eval().requires_grad_(False)
    fill(model)
    return model


@pytest.mark.parametrize("options", OPTIONS)
def test_each_video_is_encoded_for_itself(options):
    model, frames = small(**options), inp(2, 5, 6)
    together = model.encode_video(frames, MASK)
    for place in range(2):
        alone = model.encode_video(frames[place : place + 1], MASK[place : place + 1])
        torch.testing.assert_close(together.whole[place : place + 1], alone.whole)
        torch.testing.assert_close(together.aligned[place : place + 1], alone.aligned)


def test_the_official_mistake_makes_a_video_depend_on_its_neighbours():
    model, frames = small(official_mask_tiling=True), inp(2, 5, 6)
    together, alone = model.encode_video(frames, MASK), model.encode_video(frames[1:], MASK[1:])
    assert not torch.allclose(together.whole[1:], alone.whole)
    equal = torch.ones_like(MASK)
    torch.testing.assert_close(model.encode_video(frames, equal).whole, small().encode_video(frames, equal).whole)


def test_start_of_text_and_padding_belong_to_no_centre():
    model = small()
    other = IDS.clone()
    other[0, 3:] = 1
    torch.testing.assert_close(model.encode_text(other, WORDS).aligned, model.encode_text(IDS, WORDS).aligned)
    marked = WORDS.clone()
    marked[:, 0] = 0
    torch.testing.assert_close(model.encode_text(IDS, marked).aligned, model.encode_text(IDS, WORDS).aligned)
    assert WORDS[:, 0].tolist() == [1, 1]


def test_sampled_frames():
    assert sampled_frames(24) == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 23]
    assert sampled_frames(5, rate=1) == [0, 1, 2, 3, 4]
    assert sampled_frames(100) == [0, 8, 16, 26, 34, 44, 52, 62, 70, 80, 88, 99]
    assert sampled_frames(3) == [0]


def computed() -> dict[str, torch.Tensor]:
    """Outputs for weights and inputs by rule."""
    outputs: dict[str, torch.Tensor] = {}
    for number, options in enumerate((*OPTIONS, {"official_mask_tiling": True})):
        likeness = small(**options)(IDS, WORDS, inp(2, 5, 3, 8, 8), MASK)
        outputs |= {f"whole_{number}": likeness.whole, f"aligned_{number}": likeness.aligned}
    return outputs


def test_numbers_stay_what_they_were_when_the_official_ones_were_met():
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    for name, mine in computed().items():
        assert_summary(mine, stored[name])


if __name__ == "__main__":
    store(DATA, f"own implementation that passed the golden cases {', '.join(CASES)}, 2026-11-25", computed())
