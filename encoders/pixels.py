"""Pictures into a network's input, as the folder's preprocessor_config.json says.

Resizing is Pillow's, which is antialiased and the same on every machine; the published networks were trained and
measured on such pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.registry.hf_folder import read_json
from encoders.types import Pixels, WeightsError

_BYTE = 1 / 255  # Source: rescale_factor of all image processors in transformers


@dataclass(frozen=True, slots=True)
class PixelRules:
    """What is done to the values of a picture.

    Attributes:
        resample: Pillow's number of the interpolation (0 nearest … 2 bilinear, 3 bicubic).
        scale: what bytes are multiplied with.
        mean, std: taken off and divided by afterwards, one of each for red, green and blue.
    """

    resample: Image.Resampling
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def values(self, picture: Pixels) -> NDArray[np.float32]:
        """Bytes (h, w, 3) as float32 (3, h, w), scaled and normalised."""
        found = np.empty((3, *picture.shape[:2]), np.float32)
        for colour, numbers in enumerate(_numbers_of_bytes(self.scale, self.mean, self.std)):
            np.take(numbers, picture[..., colour], out=found[colour], mode="clip")
        return found

    def resized(self, frame: Pixels, height: int, width: int) -> Pixels:
        """The frame as (height, width, 3)."""
        if frame.shape[:2] == (height, width):
            return frame
        picture = Image.fromarray(np.ascontiguousarray(frame))
        return np.asarray(picture.resize((width, height), self.resample), np.uint8)


@lru_cache(maxsize=8)
def _numbers_of_bytes(scale: float, mean: tuple[float, ...], std: tuple[float, ...]) -> NDArray[np.float32]:
    """What each byte becomes, (3, 256) for red, green and blue: to look up is quicker than to compute."""
    scaled = (np.arange(256, dtype=np.float64) * scale).astype(np.float32)
    normal = (scaled[:, None] - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(normal.T, np.float32)


@dataclass(frozen=True, slots=True)
class SquareInput:
    """Input of one fixed size: resize, then cut out the middle.

    Attributes:
        size: (height, width) to resize to whatever the aspect, or the length of the short side.
        crop: (height, width) of the middle that is kept; None for all of it.
    """

    rules: PixelRules
    size: tuple[int, int] | int
    crop: tuple[int, int] | None

    def pixels(self, frames: Pixels) -> dict[str, NDArray[Any]]:
        """``pixel_values`` (n, 3, height, width) float32 of frames (n, h, w, 3) uint8."""
        return {"pixel_values": np.stack([self.rules.values(self._view(frame)) for frame in frames])}

    def _view(self, frame: Pixels) -> Pixels:
        height, width = frame.shape[:2]
        if isinstance(self.size, int):
            short, long = min(height, width), max(height, width)
            other = int(self.size * long / short)
            target = (self.size, other) if height <= width else (other, self.size)
        else:
            target = self.size
        picture = self.rules.resized(frame, *target)
        if self.crop is None:
            return picture
        top, left = (target[0] - self.crop[0]) // 2, (target[1] - self.crop[1]) // 2
        return picture[top : top + self.crop[0], left : left + self.crop[1]]


@dataclass(frozen=True, slots=True)
class PatchInput:
    """Input of SigLIP 2 NaFlex: the picture in nearly its own aspect, as a sequence of square patches.

    Source: Tschannen et al. 2025, SigLIP 2, arXiv:2502.14786; the search for the size as in the image processor of
    transformers, whose tolerance decides where sides are rounded.

    Attributes:
        patch: side of a patch in pixels.
        most: patches that the sequence has room for; where a picture has fewer the rest is zeros, masked.
    """

    rules: PixelRules
    patch: int
    most: int

    def pixels(self, frames: Pixels) -> dict[str, NDArray[Any]]:
        """``pixel_values`` (n, most, patch * patch * 3) float32, ``pixel_attention_mask`` (n, most) and
        ``spatial_shapes`` (n, 2) int64 in patches, of frames (n, h, w, 3) uint8.
        """
        rows, columns = self._grid(*frames.shape[1:3])
        used, side = rows * columns, self.patch
        values = np.zeros((len(frames), self.most, side * side * 3), np.float32)
        mask = np.zeros((len(frames), self.most), np.int64)
        mask[:, :used] = 1
        for i, frame in enumerate(frames):
            picture = self.rules.values(self.rules.resized(frame, rows * side, columns * side))
            tiles = picture.reshape(3, rows, side, columns, side).transpose(1, 3, 2, 4, 0)
            values[i, :used] = tiles.reshape(used, -1)
        shapes = np.tile(np.array([rows, columns], np.int64), (len(frames), 1))
        return {"pixel_values": values, "pixel_attention_mask": mask, "spatial_shapes": shapes}

    def _grid(self, height: int, width: int) -> tuple[int, int]:
        """Patches in a column and in a row: the largest that fit, found by halving an interval of scales."""

        def at(scale: float) -> tuple[int, int]:
            rows, columns = (max(1, int(np.ceil(side * scale / self.patch))) for side in (height, width))
            return rows, columns

        low, high, tolerance = 1e-6, 100.0, 1e-5
        while high - low >= tolerance:
            middle = (low + high) / 2
            rows, columns = at(middle)
            low, high = (middle, high) if rows * columns <= self.most else (low, middle)
        return at(low)


def read_input(folder: Path) -> SquareInput | PatchInput:
    """The input rules of a folder: preprocessor_config.json, or the image processor within processor_config.json.

    Raises:
        WeightsError: ``missing`` without either file; ``corrupt``, naming the file, if it lacks something or asks for
            what is not done here (padding, pictures of different sizes).
    """
    name = "preprocessor_config.json"
    if (folder / name).is_file():
        found = read_json(folder, name)
    elif (folder / "processor_config.json").is_file():
        name = "processor_config.json"
        found = read_json(folder, name).get("image_processor") or {}
    else:
        raise WeightsError("missing", f"{folder} holds no {name}.")
    try:
        return _rules(found)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError("corrupt", f"{folder / name} does not say how pictures are prepared: {error}") from error


def _rules(found: dict[str, Any]) -> SquareInput | PatchInput:
    if found.get("do_pad") and found.get("pad_size"):
        raise ValueError("pictures would have to be padded")
    if not found.get("do_resize", True):
        raise ValueError("pictures would keep their sizes")
    normal = found.get("do_normalize", "image_mean" in found)
    rules = PixelRules(
        Image.Resampling(found["resample"]),
        float(found.get("rescale_factor") or _BYTE) if found.get("do_rescale", True) else 1.0,
        _triple(found["image_mean"]) if normal else (0.0, 0.0, 0.0),
        _triple(found["image_std"]) if normal else (1.0, 1.0, 1.0),
    )
    if found.get("max_num_patches"):
        return PatchInput(rules, int(found["patch_size"]), int(found["max_num_patches"]))
    size = _size(found["size"])
    cropped = found.get("do_center_crop", found.get("crop_size") is not None)
    crop = _size(found["crop_size"]) if cropped else None
    if isinstance(crop, int):
        crop = (crop, crop)
    if isinstance(size, int) and crop is None:
        raise ValueError(f"with a short side of {size} and no crop, pictures would differ in size")
    if crop and max(crop) > (size if isinstance(size, int) else min(size)):
        raise ValueError(f"a crop of {crop} is larger than {size}")
    return SquareInput(rules, size, crop)


def _size(found: object) -> tuple[int, int] | int:
    """Both sides, or the short side (which a bare number means in folders of before 2023)."""
    if isinstance(found, dict):
        sides = {key: value for key, value in found.items() if value is not None}
        if sides.keys() == {"height", "width"}:
            return int(sides["height"]), int(sides["width"])
        if sides.keys() == {"shortest_edge"}:
            return int(sides["shortest_edge"])
    elif isinstance(found, int):
        return found
    raise ValueError(f"size {found!r}")


def _triple(found: Any) -> tuple[float, ...]:
    values = tuple(float(value) for value in found)
    if len(values) != 3:
        raise ValueError(f"{len(values)} colours")
    return values
