"""Photos that packages ship: what they show, which part of them is used, and other colours of the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Photo:
    """A file of an installed distribution; ``box`` (left, top, right, bottom) in its pixels, None for all of it."""

    distribution: str
    file: str
    box: tuple[int, int, int, int] | None = None


PHOTOS = {
    "astronaut": Photo("scikit-image", "skimage/data/astronaut.png", (60, 0, 440, 512)),
    "cat": Photo("scikit-image", "skimage/data/chelsea.png"),
    "coffee": Photo("scikit-image", "skimage/data/coffee.png"),
    "rocket": Photo("scikit-image", "skimage/data/rocket.jpg"),
    "motorcycle": Photo("scikit-image", "skimage/data/motorcycle_left.png", (40, 40, 700, 470)),
    "officer": Photo("matplotlib", "matplotlib/mpl-data/sample_data/grace_hopper.jpg"),
    "dog": Photo("foolbox", "foolbox/data/imagenet_00_243.jpg"),
    "chairs": Photo("foolbox", "foolbox/data/imagenet_01_559.jpg"),
    "beakers": Photo("foolbox", "foolbox/data/imagenet_02_438.jpg"),
    "strawberries": Photo("foolbox", "foolbox/data/imagenet_04_949.jpg"),
    "cottage": Photo("foolbox", "foolbox/data/imagenet_05_853.jpg"),
    "car": Photo("foolbox", "foolbox/data/imagenet_07_609.jpg", (35, 110, 505, 400)),
    "tents": Photo("foolbox", "foolbox/data/imagenet_08_915.jpg"),
    "drum": Photo("foolbox", "foolbox/data/imagenet_10_541.jpg", (0, 0, 1024, 650)),
    "shoe": Photo("foolbox", "foolbox/data/imagenet_11_630.jpg"),
    "window": Photo("foolbox", "foolbox/data/imagenet_12_741.jpg"),
    "cannon": Photo("foolbox", "foolbox/data/imagenet_13_471.jpg"),
    "geese": Photo("foolbox", "foolbox/data/imagenet_15_99.jpg"),
    "eagle": Photo("foolbox", "foolbox/data/imagenet_17_22.jpg"),
    "beetle": Photo("foolbox", "foolbox/data/imagenet_19_305.jpg"),
}

_HUES = {"red": 0, "yellow": 27, "green": 60, "blue": 110}
"""In the middle of each colour's range, OpenCV's half degrees."""

FONT = Photo("cvttf-notosanscjk-regular", "cvttf_NotoSansCJK_Regular/NotoSansCJKtc-Regular.otf")
"""Noto Sans CJK, which has English and Chinese characters (SIL Open Font License)."""


def path_of(photo: Photo) -> Path:
    """Where the file lies; nothing of the package is imported."""
    return Path(str(metadata.distribution(photo.distribution).locate_file(photo.file)))


@cache
def picture(name: str, colour: str = "") -> Picture:
    """A photo as (h, w, 3) RGB; with ``colour``, its strongly blue parts have that hue."""
    photo = PHOTOS[name]
    with Image.open(path_of(photo)) as opened:
        image = opened.convert("RGB")
    pixels = np.asarray(image.crop(photo.box) if photo.box else image, np.uint8)
    if not colour:
        return pixels
    hue, saturation, value = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV))
    coloured = (hue > 95) & (hue < 130) & (saturation > 70)
    hue[coloured] = _HUES[colour]
    return cv2.cvtColor(cv2.merge((hue, saturation, value)), cv2.COLOR_HSV2RGB)
