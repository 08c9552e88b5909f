"""Objects in pictures: RT-DETR, RT-DETR v2 and D-FINE, out of a folder on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AutoModelForObjectDetection

from encoders.concepts import read_concepts
from encoders.pixels import PatchInput, SquareInput, read_input
from encoders.registry.hf_folder import load_network, model_folder, model_kind
from encoders.runtime.device import BatchSize, batched
from encoders.types import Detections, Pixels, WeightsError, check_frames

if TYPE_CHECKING:
    from encoders.registry.loading import LoadContext

KINDS = frozenset({"rt_detr", "rt_detr_v2", "d_fine"})
"""``model_type`` of the networks that this module runs."""

# Lowest score that is reported, unless the registry says otherwise: as in encoders/adapters/ssd.py, low enough for
# small objects, which the tracklet stage confirms over several frames.
MIN_SCORE = 0.3
_BATCH = {"cpu": 1, "cuda": 16}  # frames of one forward pass to begin with, as in encoders/adapters/hf_clip.py
# What COCO and the older lists of its 80 names (Darknet's) call the things that our table names differently.
_OTHER_NAMES = {
    "aeroplane": "airplane",
    "diningtable": "dining table",
    "hair drier": "hair dryer",
    "motorbike": "motorcycle",
    "mouse": "computer mouse",
    "pottedplant": "potted plant",
    "remote": "remote control",
    "sofa": "couch",
    "tv": "television",
    "tvmonitor": "television",
}


class HfDetector:
    """Detector without non-maximum suppression: each of the network's queries is an object or nothing.

    Args:
        network: a model of transformers that gives ``logits`` (n, queries, labels) and ``pred_boxes`` (n, queries, 4),
            boxes as (centre x, centre y, width, height) in fractions.
        pictures: how pictures become its input.
        concepts: concept id of each label; None for labels that are not reported.
        min_score: lowest score that is reported.
        batch: frames of one forward pass.
    """

    def __init__(
        self,
        network: nn.Module,
        pictures: SquareInput,
        concepts: Sequence[str | None],
        name: str,
        batch: BatchSize,
        min_score: float = MIN_SCORE,
    ) -> None:
        self._network = network
        self._device = next(network.parameters()).device
        self._pictures = pictures
        self._concepts = tuple(concepts)
        self._reported = np.array([concept is not None for concept in concepts], bool)
        self._name = name
        self._batch = batch
        self._min_score = min_score

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def detect(self, frames: Pixels) -> list[Detections]:
        """Objects of each of n RGB frames (n, h, w, 3) uint8, best first.

        Raises:
            ValueError: if ``frames`` has another type or shape.
            MemoryError: if there is not even memory for one frame.
        """
        check_frames(frames)
        found = batched(lambda start, end: self._look(frames[start:end]), len(frames), self._batch)
        return [detections for batch in found for detections in batch]

    def _look(self, frames: Pixels) -> list[Detections]:
        pixels = torch.from_numpy(self._pictures.pixels(frames)["pixel_values"]).to(self._device)
        with torch.inference_mode():
            seen = self._network(pixel_values=pixels)
            # Each label has a sigmoid of its own. Source: Zhao et al. 2024, RT-DETR, arXiv:2304.08069.
            scores = seen.logits.sigmoid().float().cpu().numpy()
            boxes = seen.pred_boxes.float().cpu().numpy()
        return [self._kept(*pair) for pair in zip(scores, boxes, strict=True)]

    def _kept(self, scores: NDArray[np.float32], boxes: NDArray[np.float32]) -> Detections:
        """The best (query, label) pairs, as many as there are queries, without what is below the threshold.

        Source: the post-processor of the official code, lyuwenyu/RT-DETR; here labels that are not reported do not
        take places away.
        """
        pairs = np.where(self._reported, scores, -1.0)
        half = boxes[:, 2:] / 2
        corners = np.clip(np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1), 0.0, 1.0)
        real = (corners[:, 2:] > corners[:, :2]).all(axis=1)
        # Only what is as good as the last one that is taken has to be put in order.
        flat = pairs.ravel()
        good = np.flatnonzero(flat >= np.partition(flat, -len(boxes))[-len(boxes)])
        best = good[np.argsort(-flat[good], kind="stable")][: len(boxes)]
        queries, labels = np.unravel_index(best, pairs.shape)
        kept = (pairs[queries, labels] >= self._min_score) & real[queries]
        queries, labels = queries[kept], labels[kept]
        return Detections(
            np.asarray(corners[queries], np.float32),
            np.asarray(scores[queries, labels], np.float32),
            tuple(str(self._concepts[label]) for label in labels),
        )


def coco_concepts(names: Mapping[int, str]) -> list[str | None]:
    """Concept ids ``coco:<category>`` of labels by their English names; None where COCO has no such thing.

    Args:
        names: label number to name, 0 … n - 1, in any spelling that COCO's lists have had.
    """
    known = {c.name: c.concept_id for c in read_concepts() if c.concept_id.startswith("coco:")}
    plain = (" ".join(names.get(label, "").lower().replace("_", " ").split()) for label in range(len(names)))
    return [known.get(_OTHER_NAMES.get(name, name)) for name in plain]


def load(context: LoadContext) -> HfDetector:
    """The detector of a folder with config.json, model.safetensors and preprocessor_config.json.

    The registry entry's ``preprocessing`` may hold ``score`` (lowest score that is reported; 0.3) and ``batch``
    (frames at a time). The network computes in float32 on any device: in bfloat16 a box's side moves in steps of up to
    1/256 of the picture.

    Raises:
        WeightsError: ``missing`` if the folder or one of its files is not there; ``corrupt``, naming the folder, if it
            holds another kind of model, tensors are missing, unexpected or misshapen, none of its labels is one of
            COCO's, or an option is not of its kind.
    """
    folder = model_folder(context).resolve()
    model_kind(folder, KINDS)
    options = context.spec.preprocessing
    score = options.get("score", MIN_SCORE)
    batch = options.get("batch", _BATCH.get(context.device.partition(":")[0], _BATCH["cpu"]))
    if not isinstance(score, int | float) or not 0 <= score <= 1 or not isinstance(batch, int) or batch < 1:
        raise WeightsError("corrupt", f"{context.spec.name}: score must be within 0 … 1 and batch at least 1.")
    pictures = read_input(folder)
    if isinstance(pictures, PatchInput):
        raise WeightsError("corrupt", f"{folder}: pictures are not prepared as a detector takes them.")
    torch.set_num_threads(context.threads)
    network = load_network(folder, AutoModelForObjectDetection, context.device, torch.float32)
    config: Any = network.config
    if not config.use_focal_loss:
        raise WeightsError("corrupt", f"{folder} was trained with a softmax over labels, which is not supported.")
    concepts = coco_concepts(config.id2label)
    if not any(concepts):
        raise WeightsError("corrupt", f"None of the labels of {folder} is one of COCO's.")
    return HfDetector(network, pictures, concepts, context.spec.name, BatchSize(batch), float(score))
