"""Pictures as frames of videos show them: cut, scaled, letterboxed, with a caption, and compressed."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from encoders.training.styles.cards import background, font_of, text

_SHAPES = ((16, 9), (16, 9), (16, 9), (4, 3), (1, 1), (9, 16))
_LONG_SIDE = 384  # as `pipeline.observers.pictures` asks for


def frame(picture: Image.Image, random: Random, fonts: list[Path], *, cut: bool = True) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB, 384 on the long side.

    Args:
        picture: RGB, or RGBA of a thing that is set onto a background.
        cut: whether a part of it may be cut out, which leaves nothing of a card with text.
    """
    whole = on_ground(picture, random) if picture.mode == "RGBA" else picture.convert("RGB")
    whole = _shaped(whole, random, cut)
    if random.random() < 0.5 and cut:
        whole = ImageOps.mirror(whole)
    if random.random() < 0.2:
        _caption(whole, random, fonts)
    whole = _graded(whole, random)
    if random.random() < 0.15:
        bar = random.randint(10, 60)
        side = random.random() < 0.3
        whole = ImageOps.expand(whole, (bar, 0, bar, 0) if side else (0, bar, 0, bar))
    return _compressed(whole, random)


def on_ground(thing: Image.Image, random: Random) -> Image.Image:
    """One or a few of a thing on a plain background or a gradient, 640 x 400."""
    ground = background(random, (640, 400))
    for _ in range(random.choice((1, 1, 2, 4))):
        share = random.uniform(0.35, 1.0)
        size = max(1, int(640 * share)), max(1, int(400 * share))
        one = ImageOps.contain(thing, size)
        one = ImageOps.mirror(one) if random.random() < 0.5 else one
        at = random.randint(0, 640 - one.width), random.randint(0, 400 - one.height)
        ground.paste(one, at, one)
    return ground


def _shaped(picture: Image.Image, random: Random, cut: bool) -> Image.Image:
    if not cut:
        return picture
    wide, high = random.choice(_SHAPES)
    share = random.uniform(0.6, 1.0)
    scale = share * min(picture.width / wide, picture.height / high)
    width, height = max(8, int(wide * scale)), max(8, int(high * scale))
    left, top = random.randint(0, picture.width - width), random.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))


def _caption(picture: Image.Image, random: Random, fonts: list[Path]) -> None:
    draw, size = ImageDraw.Draw(picture), max(8, picture.height // random.randint(9, 18))
    at = picture.width / 2, picture.height * random.choice((0.12, 0.85, 0.9))
    font = font_of(random, fonts, size)
    draw.text(at, text(random, 6), fill="white", font=font, anchor="mm", stroke_width=1, stroke_fill="black")


def _graded(picture: Image.Image, random: Random) -> Image.Image:
    colour = 0.0 if random.random() < 0.05 else random.uniform(0.6, 1.3)
    for kind, factor in (
        (ImageEnhance.Color, colour),
        (ImageEnhance.Brightness, random.uniform(0.6, 1.2)),
        (ImageEnhance.Contrast, random.uniform(0.8, 1.2)),
    ):
        picture = kind(picture).enhance(factor)
    return picture


def _compressed(picture: Image.Image, random: Random) -> NDArray[np.uint8]:
    small = ImageOps.contain(picture, (random.choice((240, 320, 480, 640)),) * 2)
    if random.random() < 0.3:
        small = small.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.2)))
    file = io.BytesIO()
    # WebP is an intra frame of VP8, so that it blurs and blocks as videos do.
    small.save(file, random.choice(("JPEG", "WEBP", "WEBP")), quality=random.randint(15, 85))
    with Image.open(file) as decoded:
        return np.asarray(ImageOps.contain(decoded.convert("RGB"), (_LONG_SIDE, _LONG_SIDE)), np.uint8)
