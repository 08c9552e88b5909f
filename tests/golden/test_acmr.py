"""ACMR's losses and the gradients of its reversal equal the reference, with both kinds of distance.

``python -m tests.golden.test_acmr`` writes the numbers of `data/acmr.json` anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.nn.functional import linear

from encoders.reference.acmr import (
    AcmrConfig,
    batch_triplet_loss,
    embedding_loss,
    label_loss,
    modality_loss,
    reverse_gradient,
)
from tests.golden.conftest import assert_summary, inp, keep_summaries

DATA = Path(__file__).with_name("data") / "acmr.json"


def step(given, config, reversal):
    """Losses by their reference names, and gradients of pictures and texts, of one step of training."""
    v, t = (given[name].clone().requires_grad_() for name in "vt")
    labels = embedding_loss(
        v,
        t,
        given["labels"],
        given["neg_for_v"],
        given["neg_for_t"],
        (given["label_weight"], given["label_bias"]),
        config,
    )
    modality = modality_loss(
        *(linear(reverse_gradient(x, reversal), given["modality_weight"], given["modality_bias"]) for x in (v, t))
    )
    (labels.total + modality).backward()
    return {
        "L_imi_V": labels.pictures,
        "L_imi_T": labels.texts,
        "L_imd": labels.labels,
        "L_reg": labels.decay,
        "L_emb": labels.total,
        "L_adv": modality,
        "L_projector": labels.total - modality,
        "grad_v": v.grad,
        "grad_t": t.grad,
    }


def passes():
    """Name to tensor of what `data/acmr.json` keeps."""
    given = {
        "v": inp(3, 4, st=0.7),
        "t": inp(3, 4, st=0.9),
        "labels": torch.tensor([0, 1, 0]),
        "neg_for_v": torch.tensor([1, 2, 1]),
        "neg_for_t": torch.tensor([1, 0, 1]),
        "label_weight": inp(2, 4, st=1.1),
        "label_bias": inp(2),
        "modality_weight": inp(2, 4, st=1.3),
        "modality_bias": inp(2, ph=0.9),
    }
    found = {}
    for squared in (True, False):
        config = AcmrConfig(margin=3.0, push=0.7, alpha=0.1, beta=10.0, decay=0.01, squared=squared)
        found |= {f"{'sq' if squared else 'l2'}_{name}": x.detach() for name, x in step(given, config, 0.6).items()}
    return found


@pytest.mark.parametrize("kind", ["sq", "l2"])
def test_reference_losses_and_gradients(golden, kind):
    case = golden("acmr_losses")
    numbers = case.meta["config"]
    config = AcmrConfig(
        numbers[f"mu_{kind}"], numbers["lam"], numbers["alpha"], numbers["beta"], numbers["reg"], kind == "sq"
    )
    given = {name: x.double() if x.is_floating_point() else x for name, x in case.inputs.items()}
    for name, mine in step(given, config, numbers["grl"]).items():
        case.close(name if name in ("L_imd", "L_reg", "L_adv") else f"{name}_{kind}", mine.detach())


def test_reference_losses_of_one_pair(golden):
    case = golden("acmr_losses")
    v, t = (case.inputs[name][:1] for name in "vt")
    weights = {kind: (case.inputs[f"{kind}_weight"], case.inputs[f"{kind}_bias"]) for kind in ("label", "modality")}
    named = label_loss(linear(v, *weights["label"]), linear(t, *weights["label"]), case.inputs["labels"][:1])
    case.close("b1_L_imd", named)
    case.close("b1_L_adv", modality_loss(linear(v, *weights["modality"]), linear(t, *weights["modality"])))


def test_the_demo_s_form_of_the_triplets(golden):
    case = golden("acmr_losses")
    v, t = case.inputs["v"], case.inputs["t"]
    seen = batch_triplet_loss(v, t, t[case.inputs["neg_for_v"]])
    said = batch_triplet_loss(t, v, v[case.inputs["neg_for_t"]])
    case.close("demo_triplet", seen + said)


@pytest.mark.parametrize("name", ["sq_L_projector", "sq_grad_v", "sq_grad_t", "l2_L_projector", "l2_grad_v"])
def test_numbers_stay(name):
    assert_summary(passes()[name], json.loads(DATA.read_text(encoding="utf-8"))[name])


def _write() -> None:
    keep_summaries(DATA, "2026-11-25: written when the golden case acmr_losses had passed", passes())


if __name__ == "__main__":
    _write()
