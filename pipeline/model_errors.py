"""Errors of `encoders`, which have no codes, as errors with codes."""

from __future__ import annotations

from encoders.types import WeightsError
from stores.core.errors import ModelError


def model_error(error: WeightsError) -> ModelError:
    """The error as a ModelError: MODEL_MISSING or MODEL_CORRUPT."""
    return ModelError("MODEL_MISSING" if error.kind == "missing" else "MODEL_CORRUPT", error.message, error.hint)
