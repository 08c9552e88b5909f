"""Pictures of people that the owner knows, shown to a vision-language model so that it can name them.

After MM-VID (Lin et al. 2023, arXiv:2310.19773), which prepends pictures of the characters to the frames of a clip as a
visual prompt. They are read for one job, sent only to the endpoint of the settings, and stored nowhere.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from agents.llm.pictures import jpeg
from stores.core.errors import UsageError

PORTRAITS = 8
"""Portraits shown with each clip at most. Source: our choice: with the frames they are the pictures that small
vision-language models still tell apart, and each costs as much as a frame."""

LONG_SIDE = 384
"""Pixels of the longer side of a portrait. Source: our choice: enough for a face, and one tile for most models."""

LONGEST_NAME = 60
"""Characters of a name."""

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
_LARGEST = 32 << 20  # bytes of a file: a photograph has fewer
# "Ada Lovelace 2.jpg" and "Ada Lovelace (2).jpg" show one person.
_NUMBERED = re.compile(r"[\s_.-]*(?:\(\d+\)|(?<=[\s_.-])\d+)$")


@dataclass(frozen=True, slots=True)
class Portrait:
    """One picture of a person.

    Attributes:
        sha256: of the file, so that neither its place nor its date matters.
        picture: a small JPEG file.
    """

    name: str
    sha256: str
    picture: bytes


def portraits(folder: Path) -> tuple[Portrait, ...]:
    """The portraits in a folder, by the names of their files: ``Ada Lovelace.jpg``.

    Other files and hidden ones are passed over; folders inside are not entered.

    Raises:
        UsageError: USAGE if there is no such folder, no portrait in it or more than `PORTRAITS`, or one of them cannot
            be read or has no name.
    """
    try:
        files = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()
        )
    except OSError as error:
        raise UsageError(
            "USAGE", f"The folder of portraits {folder} cannot be read: {error.strerror}.", "Check --people."
        ) from None
    if not files:
        hint = "Put pictures there, each named after the person it shows: 'Ada Lovelace.jpg'."
        raise UsageError("USAGE", f"There are no portraits in {folder}.", hint)
    if len(files) > PORTRAITS:
        hint = "Keep those of the people who are in these videos, for example in a folder of their own."
        raise UsageError("USAGE", f"{folder} has {len(files)} portraits; at most {PORTRAITS} can be shown.", hint)
    return tuple(_portrait(path) for path in files)


def names_of(shown: Sequence[Portrait]) -> tuple[str, ...]:
    """The names, each once."""
    return tuple(dict.fromkeys(one.name for one in shown))


def _portrait(path: Path) -> Portrait:
    name = _NUMBERED.sub("", " ".join(unicodedata.normalize("NFC", path.stem).replace("_", " ").split()))
    if not any(map(str.isalpha, name)) or len(name) > LONGEST_NAME or not name.isprintable():
        hint = f"Give it the name of the person it shows, at most {LONGEST_NAME} letters: 'Ada Lovelace.jpg'."
        raise UsageError("USAGE", f"The file name of the portrait {path} is no name.", hint)
    try:
        data = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    except (OSError, cv2.error):
        pixels = None
    if pixels is None:
        raise UsageError(
            "USAGE", f"The portrait {path} cannot be read.", f"Use a picture of at most {_LARGEST >> 20} MB."
        )
    scale = LONG_SIDE / max(pixels.shape[:2])
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return Portrait(name, hashlib.sha256(data).hexdigest(), jpeg(np.asarray(pixels, np.uint8)))
