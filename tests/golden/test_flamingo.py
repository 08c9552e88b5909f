"""Flamingo's resampler and gated blocks give the numbers of both public versions.

``python -m tests.golden.test_flamingo`` writes the numbers of `data/flamingo.json` anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from encoders.reference.flamingo.gated import GatedBlock, GatedConfig, cached_times, text_times
from encoders.reference.flamingo.resampler import LucidResampler, OpenResampler, ResamplerConfig
from encoders.registry.checkpoints import below
from tests.golden.conftest import assert_summary, fill, inp, keep_summaries

DATA = Path(__file__).with_name("data") / "flamingo.json"
LOCATIONS = torch.tensor([[0, 1, 0, 0, 1, 0, 0]]).bool()
SIZES = {"width": 16, "depth": 2, "head_width": 8, "heads": 2, "latents": 4}
NAMES = ["lucid_resampler", "of_resampler", "of_resampler_embs", "lucid_gated", "of_gated", "of_gated_all_previous"]


def ready(module):
    return fill(module.double().eval().requires_grad_(False))


def passes():
    """Each module with weights by rule, float64, under the name it has in ``closed_form.json``."""
    films, text, times = inp(1, 3, 2, 5, 16), inp(1, 7, 16), text_times(LOCATIONS)
    wide, narrow = inp(1, 2, 4, 16, ph=0.9), inp(1, 2, 4, 12, ph=0.9)
    lucid, immediate = GatedConfig(16, 16, 8, 2), GatedConfig(16, 12, 8, 2)
    all_previous = GatedConfig(16, 12, 8, 2, immediate_only=False)
    return {
        "lucid_resampler": ready(LucidResampler(ResamplerConfig(**SIZES, media=3)))(inp(1, 3, 5, 16)),
        "of_resampler": ready(OpenResampler(ResamplerConfig(**SIZES)))(films),
        "of_resampler_embs": ready(OpenResampler(ResamplerConfig(**SIZES, media=3, frames=2)))(films),
        "lucid_gated": ready(GatedBlock(lucid))(text, wide, times),
        "of_gated": ready(GatedBlock(immediate))(text, narrow, times),
        "of_gated_all_previous": ready(GatedBlock(all_previous))(text, narrow, times),
    }


def loaded(module, state):
    assert module.state_dict().keys() == state.keys()
    module.load_state_dict(state)
    return module.eval().requires_grad_(False)


def resampler_config(config, width, **tables):
    return ResamplerConfig(
        width,
        config["depth"],
        config["dim_head"],
        config["heads"],
        config["num_latents"],
        expansion=config["ff_mult"],
        **tables,
    )


def blocks(config, media_width, state):
    """The gated block in both modes, with the same weights."""
    return (
        loaded(
            GatedBlock(
                GatedConfig(
                    config["dim"], media_width, config["dim_head"], config["heads"], immediate, config["ff_mult"]
                )
            ),
            below(state, "gated."),
        )
        for immediate in (True, False)
    )


def test_official_numbers_of_lucidrains(golden):
    case = golden("flamingo_lucidrains")
    config = case.meta["config"]
    resampler = loaded(
        LucidResampler(resampler_config(config, config["dim"], media=config["num_media_embeds"])),
        below(case.state, "resampler."),
    )
    immediate, all_previous = blocks(config, config["dim"], case.state)
    text, latents = case.inputs["text"], resampler(case.inputs["media"])
    times = text_times(case.inputs["media_locations"])
    one = resampler(case.inputs["b1_media"])
    for name, mine in {
        "latents": latents,
        "attn_immediate": immediate.attn(text, latents, times),
        "gated_immediate": immediate(text, latents, times),
        "attn_all": all_previous.attn(text, latents, times),
        "gated_all": all_previous(text, latents, times),
        "gated_nomask": immediate(text, latents),
        "b1_latents": one,
        "b1_gated_immediate": immediate(case.inputs["b1_text"], one, text_times(case.inputs["b1_media_locations"])),
    }.items():
        case.close(name, mine)


def test_official_numbers_of_open_flamingo(golden):
    case = golden("flamingo_open_flamingo")
    config = case.meta["config"]
    width = config["dim_visual"]
    resampler = loaded(OpenResampler(resampler_config(config, width)), below(case.state, "resampler."))
    tables = {"media": config["max_num_media"], "frames": config["max_num_frames"]}
    placed = loaded(OpenResampler(resampler_config(config, width, **tables)), below(case.state, "resampler_embs."))
    immediate, all_previous = blocks(config, width, case.state)
    text, media, locations = (case.inputs[name] for name in ("text", "media", "media_locations"))
    latents, new = resampler(media), case.inputs["text_cached"]
    times, one = text_times(locations), resampler(case.inputs["b1_media"])
    for name, mine in {
        "latents": latents,
        "latents_embs": placed(media),
        "attn_immediate": immediate.attn(text, latents, times),
        "gated_immediate": immediate(text, latents, times),
        "gated_all": all_previous(text, latents, times),
        "gated_cached": immediate(new, latents, cached_times(locations, new.shape[1])),
        "b1_latents": one,
        "b1_gated_immediate": immediate(case.inputs["b1_text"], one, text_times(case.inputs["b1_media_locations"])),
    }.items():
        case.close(name, mine)


@pytest.mark.parametrize("name", NAMES)
def test_closed_form(closed_form, name):
    assert_summary(passes()[name], closed_form[name])


def test_text_before_any_medium_reads_nothing_in_immediate_mode_only():
    immediate = ready(GatedBlock(GatedConfig(16, 12, 8, 2)))
    all_previous = ready(GatedBlock(GatedConfig(16, 12, 8, 2, immediate_only=False)))
    text, media, times = inp(1, 7, 16), inp(1, 2, 4, 12, ph=0.9), text_times(LOCATIONS)
    assert times.tolist() == [[0, 1, 1, 1, 2, 2, 2]]
    read = immediate.attn(text, media, times)
    assert not read[:, 0].any()
    assert read[:, 1:].abs().amax(dim=-1).min() > 0
    # The official leak: with all previous media allowed, such a token reads all of them alike.
    leaked = all_previous.attn(text, media, times)[:, 0]
    values = all_previous.attn.to_kv(media)[..., 16:].mean(dim=(1, 2))
    torch.testing.assert_close(leaked, all_previous.attn.to_out(values))


def test_closed_gates_change_nothing():
    block = ready(GatedBlock(GatedConfig(16, 12, 8, 2)))
    text, media = inp(1, 7, 16), inp(1, 2, 4, 12)
    assert not torch.equal(block(text, media), text)
    block.attn_gate.zero_()
    block.ff_gate.zero_()
    assert torch.equal(block(text, media, text_times(LOCATIONS)), text)


def test_cached_tokens_equal_the_last_ones_of_the_whole_text():
    block = ready(GatedBlock(GatedConfig(16, 12, 8, 2)))
    text, media = inp(1, 7, 16), inp(1, 2, 4, 12)
    whole = block(text, media, text_times(LOCATIONS))[:, 5:]
    torch.testing.assert_close(block(text[:, 5:], media, cached_times(LOCATIONS[:, :5], 2)), whole)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_stay(name):
    assert_summary(passes()[name], json.loads(DATA.read_text(encoding="utf-8"))[name])


def _write() -> None:
    keep_summaries(
        DATA, "2026-11-25: written when the golden cases flamingo_* and the closed-form cases had passed", passes()
    )


if __name__ == "__main__":
    _write()
