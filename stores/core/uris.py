"""The location of a video as text that every database can store and every terminal can print."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ESCAPED = re.compile(rb"%([0-9A-F]{2})")


def uri_of(path: Path) -> str:
    """The absolute path of ``path`` as printable text; symlinks are kept, ``..`` is folded.

    Linux file names are bytes. Printable characters stand for themselves, so that an ordinary path
    stays readable in any script; ``%``, control and format characters and bytes that are not UTF-8
    become ``%XX``. `path_of` is the exact inverse.
    """
    absolute = os.path.normpath(path.absolute())
    return "".join(
        char if char != "%" and char.isprintable() else "".join(f"%{byte:02X}" for byte in os.fsencode(char))
        for char in absolute
    )


def path_of(uri: str) -> Path:
    """The path that `uri_of` was made from, byte for byte."""
    raw = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), os.fsencode(uri))
    return Path(os.fsdecode(raw))


def has_file(uri: str) -> bool:
    """Whether a file is there now; no if that cannot be found out: a folder that may not be entered, a lost mount."""
    try:
        return path_of(uri).is_file()
    except OSError:
        return False
