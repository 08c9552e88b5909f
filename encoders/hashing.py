"""The fingerprint of a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from encoders.types import WeightsError

_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """Hex digest of a file's content.

    Raises:
        WeightsError: ``missing`` if it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                digest.update(piece)
    except OSError as error:
        raise WeightsError("missing", f"{path} cannot be read: {error}") from error
    return digest.hexdigest()
