"""The Q-Former gives the official numbers: every pass, the losses, and what a mask must and must not change.

``python -m tests.golden.test_qformer`` writes the numbers of `data/qformer.json` anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from encoders.reference.qformer.blip2 import Blip2, Blip2Config, similarity
from encoders.reference.qformer.eva_vit import EvaVitConfig
from encoders.reference.qformer.layers import QFormerConfig
from encoders.reference.qformer.losses import caption_loss, contrastive_loss, matching_loss, pretraining_losses
from encoders.reference.qformer.model import QFormer
from tests.golden.conftest import assert_summary, fill, inp

DATA = Path(__file__).with_name("data") / "qformer.json"
SMALL = QFormerConfig(
    width=24, layers=4, heads=4, inner=48, source_width=20, cross_every=2, vocabulary=11, positions=16
)
VIDEO = QFormerConfig(width=24, layers=2, heads=4, inner=48, source_width=24, cross_every=1, text=False)
BLIP2 = Blip2Config(
    vision=EvaVitConfig(size=28, patch=14, width=20, depth=1, heads=2),
    qformer=SMALL,
    queries=5,
    embed_dim=8,
    dec=10,
)
IDS = torch.tensor([[1, 4, 7, 2], [3, 9, 0, 0]])
MASK = (IDS > 0).long()
PASSES = ["qformer_query_only", "qformer_itm", "qformer_text_only", "qformer_itg_logits", "video_qformer_small"]


def passes():
    """Each pass of weights by rule, float64, under the name it has in ``closed_form.json``."""
    model = fill(QFormer(SMALL).double().eval().requires_grad_(False))
    video = fill(QFormer(VIDEO).double().eval().requires_grad_(False))
    queries, source = inp(2, 5, 24), inp(2, 7, 20, ph=0.9)
    return {
        "qformer_query_only": model(queries, source=source),
        "qformer_itm": model(queries, IDS, text_mask=MASK, source=source),
        "qformer_text_only": model(ids=IDS, text_mask=MASK),
        "qformer_itg_logits": model.caption_logits(queries, IDS, text_mask=MASK, source=source),
        "video_qformer_small": video(inp(1, 5, 24), source=inp(1, 12, 24, ph=0.9)),
    }


def regressions():
    """Name to tensor of what `data/qformer.json` keeps: the passes, and BLIP-2 around them."""
    blip2 = fill(Blip2(BLIP2).double().eval().requires_grad_(False))
    tokens = blip2.picture_tokens(inp(2, 3, 28, 28))
    seen = blip2.picture_vectors(blip2.query_states(tokens))
    losses = pretraining_losses(blip2, inp(2, 3, 28, 28), IDS, MASK)
    return passes() | {
        "blip2_similarity": similarity(seen, blip2.text_vectors(blip2.text_states(IDS, MASK))),
        "blip2_match": blip2.match_logits(tokens, IDS, MASK),
        "blip2_losses": torch.stack([losses.contrastive, losses.matching, losses.caption]),
    }


@pytest.fixture(scope="module")
def blip2(golden):
    """The golden case, and the model with its weights."""
    case = golden("blip2_qformer")
    config, vit, form = case.meta["config"], case.meta["config"]["vit"], case.meta["config"]["qformer"]
    model = Blip2(
        Blip2Config(
            vision=EvaVitConfig(vit["img_size"], vit["patch_size"], vit["embed_dim"], vit["depth"], vit["num_heads"]),
            qformer=QFormerConfig(
                width=form["hidden_size"],
                layers=form["num_hidden_layers"],
                heads=form["num_attention_heads"],
                inner=form["intermediate_size"],
                source_width=form["encoder_width"],
                cross_every=form["cross_attention_freq"],
                vocabulary=form["vocab_size"],
                positions=form["max_position_embeddings"],
            ),
            queries=form["num_query_token"],
            embed_dim=config["embed_dim"],
            dec=config["dec_token"],
        )
    )
    assert model.state_dict().keys() == case.state.keys()
    model.load_state_dict(case.state)
    return case, model.eval().requires_grad_(False)


@pytest.mark.parametrize("group", ["", "b1_"])
def test_official_passes(blip2, group):
    case, model = blip2
    pictures, ids, mask = (case.inputs[group + name] for name in ("image", "input_ids", "attention_mask"))
    tokens = model.picture_tokens(pictures)
    states, text = model.query_states(tokens), model.text_states(ids, mask)
    logits, match = model.caption_logits(tokens, ids, mask), model.match_logits(tokens, ids, mask)
    for name, mine in {
        "image_embeds": tokens,
        "query_hidden": states,
        "text_hidden": text,
        "image_feats": model.picture_vectors(states),
        "text_feat": model.text_vectors(text),
        "itm_hidden": model.joint_states(tokens, ids, mask),
        "itm_logits": match,
        "itm_match": match[:, 1],
        "itg_logits": logits,
        "itg_loss": caption_loss(logits, ids),
    }.items():
        case.close(group + name, mine)


def test_official_losses_of_two_pairs(blip2):
    case, model = blip2
    pictures, ids, mask = (case.inputs[name][:2] for name in ("image", "input_ids", "attention_mask"))
    seen = model.picture_vectors(model.query_states(model.picture_tokens(pictures)))
    scores = similarity(seen, model.text_vectors(model.text_states(ids, mask))) / model.temp
    torch.testing.assert_close(scores, case.outputs["pair_sim_i2t"], atol=5e-5, rtol=1e-4)
    losses = pretraining_losses(model, pictures, ids, mask)
    case.close("pair_loss_itc", losses.contrastive)
    case.close("pair_loss_itm", losses.matching)
    case.close("pair_loss_lm", losses.caption)
    case.close("pair_loss", losses.total)
    wrong = torch.tensor([1, 0])
    alone = matching_loss(model, model.picture_tokens(pictures), ids, mask, wrong, wrong)
    case.close("pair_loss_itm", alone)
    case.close("pair_loss_itc", contrastive_loss(scores, scores.T))


@pytest.mark.parametrize("name", PASSES)
def test_closed_form(closed_form, name):
    assert_summary(passes()[name], closed_form[name])


def test_closed_form_caption_loss(closed_form):
    ours = caption_loss(passes()["qformer_itg_logits"], IDS)
    assert float(ours) == pytest.approx(closed_form["qformer_itg_logits"]["loss"], abs=1e-9)


def test_names_are_the_official_ones(closed_form):
    official = {name for name in closed_form["qformer_keys"] if not name.endswith("position_ids")}
    assert QFormer(SMALL).state_dict().keys() == official


@pytest.mark.parametrize("name", [*PASSES, "blip2_similarity", "blip2_match", "blip2_losses"])
def test_numbers_stay(name):
    assert_summary(regressions()[name], json.loads(DATA.read_text(encoding="utf-8"))[name])


@pytest.fixture(scope="module")
def small():
    return fill(QFormer(SMALL).double().eval().requires_grad_(False))


def test_captions_do_not_look_ahead(small):
    queries, source = inp(1, 5, 24), inp(1, 7, 20, ph=0.9)
    logits = small.caption_logits(queries, torch.tensor([[1, 4, 7, 2]]), source=source)
    changed = small.caption_logits(queries, torch.tensor([[1, 4, 3, 2]]), source=source)
    torch.testing.assert_close(changed[:, :2], logits[:, :2], atol=1e-12, rtol=0)
    assert (changed[:, 2] - logits[:, 2]).abs().max() > 1e-3
    assert (changed[:, 3] - logits[:, 3]).abs().max() > 1e-6


def test_queries_do_not_see_the_caption(small):
    queries, source = inp(1, 5, 24), inp(1, 7, 20, ph=0.9)
    ids = torch.tensor([[1, 4, 7, 2]])
    alone = small(queries, source=source)
    torch.testing.assert_close(small(queries, ids, source=source, causal=True)[:, :5], alone, atol=1e-12, rtol=0)
    assert (small(queries, ids, source=source)[:, :5] - alone).abs().max() > 1e-3


def test_padding_changes_nothing(small):
    queries, source = inp(1, 5, 24), inp(1, 7, 20, ph=0.9)
    short = small(queries, torch.tensor([[3, 9]]), source=source)
    for filler in (0, 6):
        padded = small(
            queries,
            torch.tensor([[3, 9, filler, filler]]),
            text_mask=torch.tensor([[1, 1, 0, 0]]),
            source=source,
        )
        torch.testing.assert_close(padded[:, :7], short, atol=1e-12, rtol=0)


def test_hidden_picture_tokens_are_not_read(small):
    queries, source = inp(1, 5, 24), inp(1, 7, 20, ph=0.9)
    seen = torch.tensor([[1, 1, 1, 1, 0, 0, 0]])
    masked = small(queries, source=source, source_mask=seen)
    torch.testing.assert_close(masked, small(queries, source=source[:, :4]), atol=1e-12, rtol=0)


def test_text_alone_does_not_use_the_way_of_the_queries():
    model = fill(QFormer(SMALL).double().eval().requires_grad_(False))
    text, together = model(ids=IDS), model(inp(2, 5, 24), IDS, source=inp(2, 7, 20))
    for layer in model.bert.encoder.layer:
        layer.intermediate_query.dense.weight.mul_(2)
        layer.output_query.dense.bias.add_(1)
    assert torch.equal(model(ids=IDS), text)
    assert (model(inp(2, 5, 24), IDS, source=inp(2, 7, 20)) - together).abs().max() > 1e-3


def test_order_of_picture_tokens_does_not_matter(small):
    queries, source = inp(1, 5, 24), inp(1, 7, 20, ph=0.9)
    turned = small(queries, source=source.flip(1))
    torch.testing.assert_close(turned, small(queries, source=source), atol=1e-12, rtol=0)


def _write() -> None:
    kept = {
        name: {
            "shape": list(tensor.shape),
            "first": [round(value, 9) for value in tensor.double().flatten()[:6].tolist()],
            "sum": round(float(tensor.sum()), 8),
            "l2": round(float(tensor.norm()), 8),
        }
        for name, tensor in regressions().items()
    }
    provenance = "2026-11-25: written when the golden case blip2_qformer and the closed-form cases had passed"
    DATA.write_text(json.dumps({"provenance": provenance} | kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
