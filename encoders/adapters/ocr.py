"""Text on screen: PP-OCRv6 (small) through RapidOCR, without its angle classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from encoders.registry.loading import LoadContext
from encoders.runtime.model_pool import ModelPool
from encoders.types import Pixels, TextBox

# Long side of the picture that is read. Source: measured on two cores, 0.4 s for 640x272 and 1.7 s for 1080p,
# while captions and signs are legible at 960.
LONG_SIDE = 960
# Doubtful lines are dropped; a single character is more often a misread edge or logo, and must be surer.
# Ours: chosen, not fitted to any data.
MIN_CONFIDENCE = 0.6
MIN_CONFIDENCE_SINGLE = 0.9


class RapidTextReader:
    """Reader of printed Chinese and English.

    Args:
        detector, recogniser: the two ONNX files.
        threads: onnxruntime threads of one call.
    """

    def __init__(self, detector: Path, recogniser: Path, threads: int = 1, name: str = "pp-ocrv6-small") -> None:
        # With both paths given RapidOCR downloads nothing; its logger writes to stderr even where nothing is wrong.
        params = {
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.text_score": MIN_CONFIDENCE,
            "Global.max_side_len": LONG_SIDE,
            "Det.model_path": str(detector),
            "Rec.model_path": str(recogniser),
            "Det.limit_type": "max",  # the default enlarges small pictures to 736 at half a second each
            "Det.limit_side_len": LONG_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        # An engine keeps the scale of the current picture in itself.
        self._engines: ModelPool[Any] = ModelPool(lambda: RapidOCR(params=params))
        self._name = name

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def read(self, frame: Pixels) -> list[TextBox]:
        """Lines of text on one RGB picture (h, w, 3) uint8, from the top down.

        Raises:
            ValueError: if ``frame`` has another type or shape.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
            raise ValueError(f"a frame must be uint8 (h, w, 3), not {frame.dtype} {frame.shape}")
        picture = _fitted(np.ascontiguousarray(frame[..., ::-1]))
        with self._engines.acquire() as engine:
            found = engine(picture)
        if found.txts is None or found.boxes is None:
            return []
        height, width = picture.shape[:2]
        lines = []
        for text, score, corners in zip(found.txts, found.scores, found.boxes, strict=True):
            text = str(text).strip()
            if not text or score < (MIN_CONFIDENCE_SINGLE if len(text) == 1 else MIN_CONFIDENCE):
                continue
            points = np.clip(np.asarray(corners, np.float64) / (width, height), 0.0, 1.0)
            (x0, y0), (x1, y1) = points.min(0).tolist(), points.max(0).tolist()
            lines.append(TextBox(text, min(1.0, float(score)), (x0, y0, x1, y1)))
        return lines


def load(context: LoadContext) -> RapidTextReader:
    """The reader of the registry; OpenCV is limited to its threads for the whole process."""
    cv2.setNumThreads(context.threads)
    paths = context.paths
    return RapidTextReader(paths["detector"], paths["recogniser"], context.threads, context.spec.name)


def _fitted(picture: Pixels) -> Pixels:
    """The picture shrunk to a long side of at most `LONG_SIDE` pixels."""
    height, width = picture.shape[:2]
    scale = LONG_SIDE / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
