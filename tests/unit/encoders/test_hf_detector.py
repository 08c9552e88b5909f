"""RT-DETR v2 and D-FINE out of a folder find what transformers finds, under the ids of COCO's categories."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.models.rt_detr.image_processing_pil_rt_detr import RTDetrImageProcessorPil

from encoders.adapters.hf_detector import HfDetector, coco_concepts, load
from encoders.concepts import read_concepts
from encoders.pixels import PixelRules, SquareInput, read_input
from encoders.runtime.device import BatchSize
from encoders.types import WeightsError

from . import hf_models
from .hf_models import changed, context

CONCEPTS = ("coco:1", "coco:4", None, "coco:63", "coco:89")
# COCO's own names in its own order.
COCO = """person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign,
parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag,
tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard,
tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot,
hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard,
cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier,
toothbrush"""


@pytest.fixture(scope="module", params=["d_fine", "rt_detr_v2"])
def tiny(request, tmp_path_factory):
    """The folder and the model of transformers."""
    folder = tmp_path_factory.mktemp(request.param)
    return folder, hf_models.detector(folder, request.param)


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intact")
    hf_models.detector(folder, "rt_detr_v2")
    return folder


@pytest.fixture
def folder(intact, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(intact, tmp_path / "model")


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).integers(0, 256, (3, 48, 80, 3), dtype=np.uint8)


def test_pictures_are_prepared_as_transformers_does(tiny, frames):
    expected = RTDetrImageProcessorPil.from_pretrained(tiny[0])(list(frames), return_tensors="np")["pixel_values"]
    np.testing.assert_allclose(read_input(tiny[0]).pixels(frames)["pixel_values"], expected, atol=1e-6)


def test_what_is_found_is_what_transformers_finds(tiny, frames):
    folder, model = tiny
    processor = RTDetrImageProcessorPil.from_pretrained(folder)
    with torch.no_grad():
        seen = model(**processor(list(frames), return_tensors="pt"))
    seen.logits[:, :, 2] = -100  # a label that COCO does not have
    expected = processor.post_process_object_detection(seen, threshold=0.3)
    found = load(context(folder, batch=3)).detect(frames)
    assert len(found) == len(expected) == 3
    for mine, theirs in zip(found, expected, strict=True):
        assert len(mine.scores) > 0
        np.testing.assert_allclose(mine.scores, theirs["scores"].numpy(), atol=1e-5)
        assert mine.concepts == tuple(CONCEPTS[label] for label in theirs["labels"])
        np.testing.assert_allclose(mine.boxes, theirs["boxes"].numpy().clip(0, 1), atol=1e-5)


def test_the_best_comes_first_and_boxes_lie_within_the_picture(tiny, frames):
    for found in load(context(tiny[0], score=0.0)).detect(frames):
        assert found.boxes.shape == (len(found.scores), 4)
        assert found.boxes.dtype == found.scores.dtype == np.float32
        assert len(found.concepts) == len(found.scores)
        assert 0 < len(found.scores) <= 20
        assert (np.diff(found.scores) <= 0).all()
        assert (found.boxes >= 0).all()
        assert (found.boxes <= 1).all()
        assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()


def test_frames_do_not_depend_on_company(tiny, frames):
    together = load(context(tiny[0], batch=3)).detect(frames)
    alone = load(context(tiny[0], batch=1))
    assert not np.allclose(together[0].scores[:5], together[1].scores[:5], atol=1e-4)
    for expected, mine in zip(together, [alone.detect(frame[None])[0] for frame in frames], strict=True):
        np.testing.assert_allclose(mine.scores, expected.scores, atol=1e-5)
        np.testing.assert_allclose(mine.boxes, expected.boxes, atol=1e-5)
        assert mine.concepts == expected.concepts


class Told(torch.nn.Module):
    """A network that sees what it is told."""

    def __init__(self, scores, boxes):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen = SimpleNamespace(logits=torch.logit(torch.tensor([scores])), pred_boxes=torch.tensor([boxes]))

    def forward(self, pixel_values):
        return self.seen


def told(scores, boxes, **options):
    rules = PixelRules(2, 1 / 255, (0, 0, 0), (1, 1, 1))
    concepts = ["coco:1", None, "coco:18"]
    detector = HfDetector(
        Told(scores, boxes), SquareInput(rules, (8, 8), None), concepts, "told", BatchSize(1), **options
    )
    return detector.detect(np.zeros((1, 8, 8, 3), np.uint8))[0]


def test_boxes_are_corners_cut_at_the_border():
    found = told([[0.9, 0.0, 0.1], [0.1, 0.0, 0.8]], [[0.1, 0.5, 0.4, 0.2], [0.9, 0.9, 0.1, 0.6]])
    np.testing.assert_allclose(found.boxes, [[0, 0.4, 0.3, 0.6], [0.85, 0.6, 0.95, 1]], atol=1e-6)
    np.testing.assert_allclose(found.scores, [0.9, 0.8], atol=1e-6)
    assert found.concepts == ("coco:1", "coco:18")


def test_one_query_may_be_two_things():
    found = told([[0.5, 0.0, 0.7], [0.1, 0.0, 0.1]], [[0.5, 0.5, 0.2, 0.2], [0.5, 0.5, 0.2, 0.2]])
    assert found.concepts == ("coco:18", "coco:1")
    assert np.array_equal(found.boxes[0], found.boxes[1])


def test_what_has_no_concept_no_area_or_too_low_a_score_is_left_out():
    boxes = [[0.5, 0.5, 0.2, 0.2], [1.5, 0.5, 0.2, 0.2], [0.5, 0.5, 0.2, 0.2]]
    scores = [[0.0, 0.99, 0.35], [0.9, 0.0, 0.0], [0.2, 0.98, 0.0]]
    assert told(scores, boxes).concepts == ("coco:18",)
    assert told(scores, boxes, min_score=0.1).concepts == ("coco:18", "coco:1")
    assert told(scores, boxes, min_score=0.5).boxes.shape == (0, 4)


def test_all_names_of_coco_have_their_category():
    names = " ".join(COCO.split()).split(", ")
    table = [c.concept_id for c in read_concepts() if c.concept_id.startswith("coco:")]
    assert len(names) == 80
    assert coco_concepts(dict(enumerate(names))) == table
    older = {"aeroplane": 5, "tvmonitor": 72, "Dining_Table": 67, "pottedplant": 64, "N/A": None, "lamp": None}
    expected = [None if number is None else f"coco:{number}" for number in older.values()]
    assert coco_concepts(dict(enumerate(older))) == expected


def test_frames_of_another_kind_are_refused(tiny, frames):
    detector = load(context(tiny[0]))
    assert detector.name == "tiny"
    assert detector.detect(frames[:0]) == []
    for wrong in (frames[0], frames.astype(np.float32), frames[..., :1], frames[:, :0]):
        with pytest.raises(ValueError, match="uint8"):
            detector.detect(wrong)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "preprocessor_config.json"])
def test_missing_files_are_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=name) as raised:
        load(context(folder))
    assert raised.value.kind == "missing"
    assert str(folder) in raised.value.message


@pytest.mark.parametrize(
    "name",
    ["model.decoder.class_embed.1.weight", "model.encoder_input_proj.0.0.weight", "model.enc_bbox_head.layers.0.bias"],
)
def test_missing_tensors_are_named(folder, name):
    state = load_file(folder / "model.safetensors")
    del state[name]
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(WeightsError) as raised:
        load(context(folder))
    assert str(folder) in raised.value.message
    assert name in raised.value.message.partition("missing: ")[2]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "clip"}, "'clip', not d_fine or rt_detr or rt_detr_v2"),
        ({"use_focal_loss": False}, "softmax"),
        ({"id2label": {str(i): f"LABEL_{i}" for i in range(5)}}, "None of the labels"),
    ],
)
def test_models_that_cannot_be_served_are_named(folder, changes, said):
    changed(folder, "config.json", **changes)
    with pytest.raises(WeightsError, match=said) as raised:
        load(context(folder))
    assert raised.value.kind == "corrupt"
    assert str(folder) in raised.value.message


@pytest.mark.parametrize("options", [{"score": 2}, {"score": "high"}, {"batch": 0}])
def test_options_of_the_wrong_kind_are_refused(folder, options):
    with pytest.raises(WeightsError, match="tiny"):
        load(context(folder, **options))
