"""The networks of faces against TensorFlow.js 4.22, which runs the published graphs.

The numbers in ``data/faces.json`` are its outputs for `picture`, scaled as each test scales it; they were derived with
``tf.loadGraphModel(...).execute`` on its CPU backend.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders.faces.blazeface import BlazeFace
from encoders.faces.faceres import FaceRes
from encoders.faces.graph_weights import GraphWeights
from encoders.registry.registry import Registry

GOLDEN = json.loads(Path(__file__).with_name("data").joinpath("faces.json").read_text())


def picture(side):
    """A smooth picture (side, side, 3) in [0, 1]."""
    y, x = np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j]
    return np.stack([x, y, (np.sin(9 * x) * np.cos(7 * y) + 1) / 2], -1).astype(np.float32)


def given(values):
    return torch.from_numpy(values).permute(2, 0, 1)[None].contiguous()


def weights(name):
    paths = Registry.load().locate(name)
    return GraphWeights.read(paths["description"], paths["weights"])


def test_blazeface_says_what_the_published_graph_says():
    golden = GOLDEN["blazeface"]
    with torch.inference_mode():
        logits, boxes = BlazeFace(weights("blazeface-back")).eval()(given(picture(256) * 2 - 1))
    assert logits.shape == (1, 896)
    assert logits[0, golden["rows"]].tolist() == pytest.approx(golden["logits"], abs=2e-3)
    np.testing.assert_allclose(boxes[0, golden["rows"]].numpy(), golden["boxes"], atol=2e-3)
    assert float(logits.sum()) == pytest.approx(golden["logit_sum"], rel=1e-5)
    assert float(boxes.sum()) == pytest.approx(golden["box_sum"], rel=1e-4)


def test_faceres_says_what_the_published_graph_says():
    golden = GOLDEN["faceres"]
    with torch.inference_mode():
        vectors, men = FaceRes(weights("faceres")).eval()(given(picture(224) * 255))
    assert vectors.shape == (1, 1024)
    assert vectors[0, :: golden["every"]].tolist() == pytest.approx(golden["vector"], abs=1e-4)
    assert float(vectors.norm()) == pytest.approx(golden["length"], rel=1e-5)
    assert float(men[0]) == pytest.approx(golden["man"], abs=1e-5)
