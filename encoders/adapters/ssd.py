"""Objects in pictures: SSD with MobileNetV2, trained on COCO, run by OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from encoders.registry.loading import LoadContext
from encoders.runtime.model_pool import ModelPool
from encoders.types import Detections, Pixels, WeightsError, check_frames

_SIZE = 300  # side of the square the network takes (pipeline.config of the 2018-03-29 release)
# Below this the detector guesses. Source: the release's own demo shows boxes from 0.5; 0.3 keeps small objects,
# which the tracklet stage confirms over several frames.
MIN_SCORE = 0.3


class SsdDetector:
    """Detector of COCO's 80 categories.

    Args:
        weights, graph: TensorFlow's frozen graph and OpenCV's text description of it.
        known: concept ids that may be reported; other categories are dropped.
        min_score: lowest score that is reported.

    Raises:
        WeightsError: ``corrupt`` if OpenCV cannot read the files.
    """

    def __init__(
        self,
        weights: Path,
        graph: Path,
        known: frozenset[str],
        min_score: float = MIN_SCORE,
        name: str = "ssd-mobilenet-v2-coco",
    ) -> None:
        try:
            # A net keeps its input and may not be used by two threads.
            self._nets = ModelPool(lambda: cv2.dnn.readNetFromTensorflow(str(weights), str(graph)))
        except cv2.error as error:
            raise WeightsError("corrupt", f"OpenCV cannot read {weights}: {error}") from error
        self._known = known
        self._min_score = min_score
        self._name = name

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def detect(self, frames: Pixels) -> list[Detections]:
        """Objects of each of n RGB frames (n, h, w, 3) uint8, best first.

        Raises:
            ValueError: if ``frames`` has another type or shape.
        """
        check_frames(frames)
        return [self._one(frame) for frame in frames]

    def _one(self, frame: Pixels) -> Detections:
        # What cv2.dnn.blobFromImage gives, in half its time.
        small = cv2.resize(np.ascontiguousarray(frame), (_SIZE, _SIZE), interpolation=cv2.INTER_LINEAR)
        picture = small.transpose(2, 0, 1)[None].astype(np.float32, order="C")
        with self._nets.acquire() as net:
            net.setInput(picture)
            # Rows of (picture, category, score, x0, y0, x1, y1).
            rows = np.array(net.forward(), np.float32).reshape(-1, 7)
        rows = rows[rows[:, 2] >= self._min_score]
        rows = rows[np.argsort(-rows[:, 2], kind="stable")]
        rows[:, 3:] = np.clip(rows[:, 3:], 0.0, 1.0)
        rows = rows[(rows[:, 5] > rows[:, 3]) & (rows[:, 6] > rows[:, 4])]
        found = [f"coco:{round(category)}" for category in rows[:, 1].tolist()]
        kept = [i for i, concept in enumerate(found) if concept in self._known]
        return Detections(rows[kept, 3:], np.minimum(rows[kept, 2], 1.0), tuple(found[i] for i in kept))


def load(context: LoadContext) -> SsdDetector:
    """The detector of the registry; OpenCV is limited to its threads for the whole process.

    Raises:
        WeightsError: ``corrupt`` if OpenCV cannot read the files.
    """
    cv2.setNumThreads(context.threads)
    known = frozenset(concept.concept_id for concept in context.concepts.concepts)
    return SsdDetector(context.paths["weights"], context.paths["graph"], known, name=context.spec.name)
