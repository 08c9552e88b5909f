"""Archives of arrays that may be damaged."""

from __future__ import annotations

import io
import zlib
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, zlib.error, BadZipFile)
"""What NumPy raises for an archive that is not whole. RuntimeError: a damaged head calls it encrypted, or compressed in
an unknown way."""


def arrays_of(data: bytes | None, *names: str) -> dict[str, NDArray[Any]] | None:
    """The arrays of an ``.npz`` archive by name; None if it is damaged, or lacks one of ``names``."""
    if data is None:
        return None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except UNREADABLE:
        return None
    return arrays if arrays.keys() >= set(names) else None
