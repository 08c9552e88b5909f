"""BlazeFace, the model for the back camera: pictures to boxes of faces, each with six points.

Source: Bazarevsky et al. 2019, BlazeFace, arXiv:1907.05047; the network is the graph of ``blazeface.json`` in the
package @vladmandic/human 3.3.6, its anchors and the decoding those of ``src/face/blazeface.ts`` there.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from encoders.faces.graph_weights import GraphWeights
from encoders.faces.same_padding import SameConv, channels_last, padded
from encoders.registry.loading import LoadContext
from encoders.types import FacesFound, Pixels, check_frames

SIZE = 256  # side of the square that the network takes
_POINTS = 6  # eyes, nose, mouth, ears
_PER_STAGE = 7  # blocks of a resolution after the one that halves it
_WIDTHS = (24, 24, 48, 96)  # channels by resolution: 128, 64, 32, 16
_GRIDS = ((16, 2), (8, 6))  # cells a side, and boxes a cell
MIN_SCORE = 0.6
"""Least score of a face. Source: MediaPipe's graph for the back camera, ``min_score_thresh``."""
_SAME = 0.3  # overlap (IoU) from which two boxes are one face: MediaPipe's ``min_suppression_threshold``


class BlazeFace(nn.Module):
    """The network, with the weights of the graph."""

    def __init__(self, weights: GraphWeights) -> None:
        super().__init__()
        self._names = iter(["unknown", *(f"unknown_{number}" for number in range(137))])
        self._weights = weights
        self._stem = self._dense(stride=2)
        self._stages = nn.ModuleList()
        for stage, width in enumerate(_WIDTHS):
            blocks = [] if stage == 0 else [self._block(2, width)]
            blocks += [self._block(1, width) for _ in range(_PER_STAGE)]
            self._stages.append(nn.Sequential(*blocks))
        below = self._depthwise(2)
        self._below = nn.Sequential(below, self._dense(), nn.ReLU())
        # The graph has the heads in this order: fine and coarse numbers are next to each other.
        boxes_coarse, boxes_fine, scores_coarse, scores_fine = (self._dense() for _ in range(4))
        self._heads = nn.ModuleList([scores_fine, boxes_fine, scores_coarse, boxes_coarse])
        del self._names, self._weights

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n, 896) and boxes with points (n, 896, 16) in pixels of (n, 3, 256, 256) float32 in [-1, 1]."""
        x = functional.relu(self._stem(pictures))
        for stage in self._stages:
            x = stage(x)
        scores_fine, boxes_fine, scores_coarse, boxes_coarse = self._heads
        small = self._below(x)
        logits = [_rows(scores_fine(x), 1), _rows(scores_coarse(small), 1)]
        boxes = [_rows(boxes_fine(x), 4 + 2 * _POINTS), _rows(boxes_coarse(small), 4 + 2 * _POINTS)]
        return torch.cat(logits, 1)[..., 0], torch.cat(boxes, 1)

    def _dense(self, stride: int = 1) -> SameConv:
        kernel = self._weights.convolution(next(self._names))
        return SameConv(kernel, self._weights.vector(next(self._names)), stride)

    def _depthwise(self, stride: int) -> SameConv:
        kernel = self._weights.depthwise(next(self._names))
        next(self._names)  # a number that the graph counts and does not keep
        return SameConv(kernel, None, stride, groups=len(kernel))

    def _block(self, stride: int, width: int) -> _Block:
        depthwise = self._depthwise(stride)
        return _Block(depthwise, self._dense(), stride, width)


class _Block(nn.Module):
    """BlazeBlock: 5 x 5 in the paper, 3 x 3 here; the input is added, pooled and widened with zeros where it must."""

    def __init__(self, depthwise: SameConv, pointwise: SameConv, stride: int, width: int) -> None:
        super().__init__()
        self._depthwise, self._pointwise, self._stride, self._width = depthwise, pointwise, stride, width

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self._pointwise(self._depthwise(x))
        if self._stride == 2:
            x = functional.max_pool2d(padded(x, 2, 2, float("-inf")), 2)
            if more := self._width - x.shape[1]:
                x = functional.pad(x, (0, 0, 0, 0, 0, more))
        return functional.relu_(y.add_(x))


def _rows(x: Tensor, columns: int) -> Tensor:
    return x.permute(0, 2, 3, 1).reshape(len(x), -1, columns)


def _anchors() -> NDArray[np.float32]:
    """The centre (x, y) in pixels that each of the 896 boxes is told from."""
    found = []
    for side, boxes in _GRIDS:
        middles = (np.arange(side, dtype=np.float32) + 0.5) * (SIZE / side)
        grid = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
        found.append(np.repeat(grid, boxes, axis=0))
    return np.concatenate(found)


class FaceFinder:
    """Finds faces in whole pictures of any shape.

    Args:
        network: with its weights; ``min_score``: of a face that is reported.
    """

    def __init__(self, network: BlazeFace, name: str, threads: int = 1, min_score: float = MIN_SCORE) -> None:
        self._network = network.eval()
        channels_last(network)
        self.name = name
        self._threads = threads
        self._min_score = min_score
        self._anchors = _anchors()

    def find(self, frames: Pixels) -> list[FacesFound]:
        """Faces of each of n RGB frames (n, h, w, 3) uint8, best first.

        Raises:
            ValueError: if ``frames`` has another type or shape.
        """
        check_frames(frames)
        return [self._one(frame) for frame in frames]

    def _one(self, frame: Pixels) -> FacesFound:
        height, width = frame.shape[:2]
        side = max(height, width)
        scale = SIZE / side
        square = np.zeros((SIZE, SIZE, 3), np.uint8)
        wide, high = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (SIZE - wide) // 2, (SIZE - high) // 2
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        square[top : top + high, left : left + wide] = cv2.resize(frame, (wide, high), interpolation=how)
        pixels = torch.from_numpy(square).permute(2, 0, 1)[None].float().div_(127.5).sub_(1.0)
        with torch.inference_mode():
            logits, raw = self._network(pixels.contiguous(memory_format=torch.channels_last))
        scores = torch.sigmoid(logits[0]).numpy()
        likely = np.flatnonzero(scores >= self._min_score)
        likely = likely[np.argsort(-scores[likely], kind="stable")]
        values = raw[0].numpy()[likely]
        centres, sizes = values[:, :2] + self._anchors[likely], values[:, 2:4]
        points = values[:, 4:].reshape(-1, _POINTS, 2) + self._anchors[likely][:, None]
        boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
        kept = _apart(boxes)
        offset, extent = np.array([left, top], np.float32), np.array([wide, high], np.float32)
        corners = (boxes[kept].reshape(-1, 2, 2) - offset) / extent
        return FacesFound(
            corners.reshape(-1, 4).astype(np.float32),
            scores[likely][kept].astype(np.float32),
            ((points[kept] - offset) / extent).astype(np.float32),
        )


def _apart(boxes: NDArray[np.float32]) -> list[int]:
    """Rows of boxes, best first, that do not overlap a better one."""
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    kept: list[int] = []
    for row in range(len(boxes)):
        best = boxes[kept]
        sides = np.minimum(best[:, 2:], boxes[row, 2:]) - np.maximum(best[:, :2], boxes[row, :2])
        shared = np.prod(np.maximum(sides, 0), axis=1)
        if not (shared / np.maximum(areas[kept] + areas[row] - shared, 1e-9) > _SAME).any():
            kept.append(row)
    return kept


def load(context: LoadContext) -> FaceFinder:
    """The finder of the registry.

    Raises:
        WeightsError: ``corrupt`` if the files are not those of this network.
    """
    weights = GraphWeights.read(context.paths["description"], context.paths["weights"])
    torch.set_num_threads(context.threads)
    return FaceFinder(BlazeFace(weights), context.spec.name, context.threads)
