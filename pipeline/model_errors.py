"""What `encoders` raises, which knows no codes, as an error with a code."""

from __future__ import annotations

from encoders.types import WeightsError
from stores.core.errors import ModelError


def model_error(error: WeightsError) -> ModelError:
    """The same as a ModelError: MODEL_MISSING or MODEL_CORRUPT."""
    return ModelError("MODEL_MISSING" if error.kind == "missing" else "MODEL_CORRUPT", error.message, error.hint)
