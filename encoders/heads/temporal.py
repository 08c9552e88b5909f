"""The trained heads of CLIP4Clip and CLIP2Video over stored frame vectors, out of official checkpoints.

Official checkpoints hold a whole CLIP, fine-tuned together with the head. Texts go through its text tower, as in the
papers. Frames were seen by the profile's CLIP: fine-tuning at the official rates (1e-7 for CLIP) leaves its picture
tower all but the same, and a checkpoint of another CLIP is refused.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from encoders.hashing import sha256 as _sha256
from encoders.heads.specs import HeadName
from encoders.reference.clip.loading import config_of
from encoders.reference.clip.model import HEAD, ClipConfig, unit
from encoders.reference.clip2video.differences import Projection
from encoders.reference.clip2video.model import Clip2Video, Clip2VideoConfig, load_clip2video
from encoders.reference.clip4clip.base import Clip4ClipConfig, Head
from encoders.reference.clip4clip.frames import chosen_frames
from encoders.reference.clip4clip.loading import load_clip4clip
from encoders.registry.checkpoints import below, read_checkpoint
from encoders.types import Vectors, WeightsError

if TYPE_CHECKING:
    from encoders.bundle import Encoders

_SAME = 0.9
"""Cosine of two projections from which they belong to the same CLIP. Ours: fine-tuned ones are above 0.999, those of
different trainings near 0."""

_FEWEST = 3  # frames that CLIP2Video compares, padding included
_loading = threading.Lock()


class TrainedHead:
    """A head with weights, and its text tower.

    Args:
        model: CLIP4Clip with a head that needs no text, or CLIP2Video.
        most: frames of a video that it sees, evenly spread.
        tokens: texts to token numbers (n, longest), the end token repeated behind the end.
    """

    def __init__(self, model: Any, most: int, tokens: Callable[[Sequence[str]], NDArray[np.int64]]) -> None:
        self._model = model
        self._most = most
        self._tokens = tokens
        self._pairs = isinstance(model, Clip2Video)
        share = model.config.center_weight if self._pairs else 1.0
        self.shares = (share, 1 - share) if self._pairs else (1.0,)

    def vectors(self, frames: Vectors, lengths: NDArray[np.float32] | None) -> tuple[Vectors, ...]:
        """A unit row (1, d) for each space, of unit frame vectors (n, d) and their lengths (n,).

        Raises:
            ValueError: if there are no frames.
            WeightsError: ``missing`` if the lengths are not known.
        """
        if lengths is None:
            raise WeightsError(
                "missing",
                "The stored frame vectors do not tell their lengths, which a trained head needs.",
                "Choose a profile with a CLIP as its picture model, or another [perception.vectors] video.",
            )
        rows = chosen_frames(len(frames), self._most)
        features = torch.from_numpy(np.asarray(frames[rows] * lengths[rows, None], np.float32))[None]
        mask = torch.ones(features.shape[:2], dtype=torch.long)
        # The change from the last frame to what pads it is no padding (official code), so that CLIP2Video's vectors
        # depend on there being padding: as much of it as there is officially.
        missing = max(self._most, _FEWEST) - len(rows) if self._pairs else 0
        features, mask = nn.functional.pad(features, (0, 0, 0, missing)), nn.functional.pad(mask, (0, missing))
        with torch.inference_mode():
            if not self._pairs:
                return (_rows(self._model.video_vectors(features, mask)),)
            found = self._model.encode_video(features, mask)
            return _rows(found.whole), _rows(found.aligned)

    def queries(self, texts: Sequence[str]) -> tuple[Vectors, ...]:
        """Unit rows (t, d) for each space.

        Raises:
            ValueError: if a text is empty.
        """
        ids = torch.from_numpy(self._tokens(texts))
        with torch.inference_mode():
            if not self._pairs:
                return (_rows(unit(self._model.encode_text(ids))),)
            ends = ids.argmax(dim=1, keepdim=True)
            found = self._model.encode_text(ids, (torch.arange(ids.shape[1])[None] <= ends).long())
            return _rows(found.whole), _rows(found.aligned)


def open_trained(name: HeadName, path: Path, sha256: str, most: int, encoders: Encoders) -> TrainedHead:
    """The head over the frames of the profile's picture model.

    Args:
        path: an official checkpoint (``pytorch_model.bin.N``); sha256: what it must hash to.
        most: frames of a video that it is shown.

    Raises:
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it has another hash or is not this model, or
            if the profile's picture model is not the CLIP that it was trained with.
    """
    image: Any = encoders.image
    with _loading:
        model, projection = _loaded(name, path, sha256)
    hint = 'Choose a profile with that CLIP as its picture model, or [perception.vectors] video = "mean".'
    dim = len(projection)
    if image.dim != dim:
        message = f"{path} takes frame vectors of {dim} numbers, and those of {image.name} have {image.dim}."
        raise WeightsError("corrupt", message, hint)
    mine = getattr(image, "projection", None)
    if mine is None or mine.shape != projection.shape or _cosine(mine, projection) < _SAME:
        raise WeightsError("corrupt", f"{path} was not trained with {image.name}, but with another CLIP.", hint)
    if most > model.config.clip.context_length:
        limit = model.config.clip.context_length
        raise WeightsError("corrupt", f"{path} has positions for {limit} frames, not for {most}.", "Set fewer frames.")
    texts: Any = encoders.image_text
    return TrainedHead(model, most, texts.token_numbers)


@lru_cache(maxsize=1)
def _loaded(name: HeadName, path: Path, sha256: str) -> tuple[Any, Vectors]:
    """The model without its picture tower, and that tower's projection (dim, width)."""
    if path.is_file() and (found := _sha256(path)) != sha256:
        raise WeightsError("corrupt", f"{path} has the SHA-256 {found} instead of {sha256}.")
    state = read_checkpoint(path)
    if "clip.visual.conv2.weight" in state:
        raise WeightsError("corrupt", f"{path} looks at several frames at once (linear_patch 3d), not at stored ones.")
    try:
        clip = config_of(below(state, "clip."))
        model: Any = _model(name, path, state, clip)
    except ValueError as error:
        raise WeightsError("corrupt", f"{path} is no checkpoint of {name}: {error}") from error
    projection = np.asarray(model.clip.visual.proj.T.numpy(), np.float32).copy()
    model.clip.visual = nn.Identity()  # two thirds of the weights, and frames were seen already
    return model, projection


def _model(name: HeadName, path: Path, state: Mapping[str, Tensor], clip: ClipConfig) -> nn.Module:
    layers = {match[1] for key in state if (match := re.match(r"transformerClip\.resblocks\.(\d+)\.", key))}
    heads = max(clip.embed_dim // HEAD, 1)
    if name == "clip2video":
        projection: Projection = ""
        if "frame2t_projection" in state:
            projection = "sigmoid_mlp"
        elif any(key.startswith("frame2t_attention.") for key in state):
            projection = "sigmoid_selfA"
        centres = len(state["weight_center"]) if "weight_center" in state else 0
        return load_clip2video(
            path,
            Clip2VideoConfig(clip, len(layers), heads, temporal_proj=projection, centers=centres),
        )
    head: Head = "seqLSTM" if name == "clip4clip-seqLSTM" else "seqTransf"
    return load_clip4clip(path, Clip4ClipConfig(clip, head, len(layers), heads))


def _rows(vectors: Tensor) -> Vectors:
    return np.asarray(vectors.float().numpy(), np.float32)


def _cosine(one: Vectors, two: Vectors) -> float:
    return float((one * two).sum() / max(float(np.linalg.norm(one) * np.linalg.norm(two)), 1e-12))
