"""The hash of a model's file."""

from __future__ import annotations

from pathlib import Path

from encoders.types import WeightsError
from stores.core.ids import sha256_of


def sha256(path: Path) -> str:
    """Hex digest of a file's content.

    Raises:
        WeightsError: ``missing`` if it cannot be read.
    """
    try:
        return sha256_of(path)
    except OSError as error:
        raise WeightsError("missing", f"{path} cannot be read: {error}") from error
