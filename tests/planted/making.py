"""Films out of their descriptions: the same description gives the same file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.planted.film import Film, Put, Text
from tests.planted.photos import FONT, Picture, path_of, picture
from tests.planted.voices import spoken
from tests.unit.encoders.speech import RATE
from tests.unit.pipeline.media import make_video, tone

WIDTH, HEIGHT, FRAME_RATE = 640, 360, 10

_EDITION = "1"
"""Of what this module makes out of a description."""


def frames(film: Film) -> Iterator[Picture]:
    """Every picture of a film, (360, 640, 3) RGB."""
    for number in range(round(film.seconds * FRAME_RATE)):
        second = number / FRAME_RATE
        colour = [colour for start, colour in film.backgrounds if start <= second][-1]
        canvas = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
        for put in film.puts:
            if put.start <= second < put.end:
                _paste(canvas, put, (second - put.start) / (put.end - put.start))
        for text in film.texts:
            if text.start <= second < text.end:
                _stamp(canvas, text)
        yield canvas


def sound(film: Film) -> np.ndarray | None:
    """What is heard, 16 kHz; None for a silent film.

    Raises:
        ValueError: if a sentence does not end before the next begins or the film ends.
    """
    if film.silent:
        return None
    samples = np.zeros(round(film.seconds * RATE), np.float32)
    over = 0
    for said, heard in zip(film.says, spoken(film.says), strict=True):
        start = round(said.start * RATE)
        if start < over or start + len(heard) > len(samples):
            raise ValueError(f"{film.name}: {said.text!r} takes {len(heard) / RATE:.1f} s from {said.start} s on")
        over = start + len(heard)
        samples[start:over] += heard
    for beep in film.beeps:
        start, heard = round(beep.start * RATE), 0.3 * tone(beep.end - beep.start, beep.hertz)
        samples[start : start + len(heard)] += heard
    return np.clip(samples, -1, 1)


def make(films: Sequence[Film], folder: Path) -> None:
    """Write the films that are not there into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for film in films:
        if (folder / film.name).is_file():
            continue
        unfinished = folder / f".{film.name}.{os.getpid()}"  # another process may be making it, too
        make_video(unfinished, list(frames(film)), rate=FRAME_RATE, sound=sound(film), container="mp4",
                   encoder={"preset": "veryfast", "g": "20", "crf": "20", "threads": "1"})  # fmt: skip
        unfinished.replace(folder / film.name)


def digest_of(films: Sequence[Film], more: bytes = b"") -> str:
    """Sixteen hexadecimal digits that differ wherever descriptions, or ``more``, do."""
    return hashlib.sha256(f"{_EDITION} {list(films)!r}".encode() + more).hexdigest()[:16]


def _paste(canvas: Picture, put: Put, share: float) -> None:
    source = picture(put.photo, put.colour)
    height = put.height + ((put.grown or put.height) - put.height) * share
    tall = max(8, round(height * HEIGHT))
    wide = round(tall * source.shape[1] / source.shape[0])
    shown = cv2.resize(source, (wide, tall), interpolation=cv2.INTER_AREA)
    x, y = (a + (b - a) * share for a, b in zip(put.at, put.to or put.at, strict=True))
    left, top = round(x * WIDTH - wide / 2), round(y * HEIGHT - tall / 2)
    right, bottom = min(WIDTH, left + wide), min(HEIGHT, top + tall)
    if right > max(left, 0) and bottom > max(top, 0):
        canvas[max(top, 0) : bottom, max(left, 0) : right] = shown[
            max(-top, 0) : bottom - top, max(-left, 0) : right - left
        ]


def _stamp(canvas: Picture, text: Text) -> None:
    """The text in black on a white plate, as captions have it: it can be read on any ground."""
    font = _font(round(text.size * HEIGHT))
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    centre = (text.at[0] * WIDTH, text.at[1] * HEIGHT)
    left, top, right, bottom = draw.textbbox(centre, text.text, font=font, anchor="mm")
    draw.rectangle((left - 10, top - 7, right + 10, bottom + 7), fill="white")
    draw.text(centre, text.text, font=font, fill="black", anchor="mm")
    canvas[:] = np.asarray(image)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path_of(FONT)), size)
