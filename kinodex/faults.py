"""Errors that nobody expected, as errors with a code."""

from __future__ import annotations

from stores.core.errors import KinodexError


def explained(error: Exception) -> KinodexError:
    """An error that nobody expected, as one with a code: a model's, or INTERNAL."""
    from encoders.types import WeightsError
    from pipeline.model_errors import model_error
    from stores.sql.faults import in_one_line

    if isinstance(error, WeightsError):
        return model_error(error)
    hint = "This is a bug in Kinodex; KINODEX_DEBUG=1 shows where."
    return KinodexError("INTERNAL", f"{in_one_line(error).rstrip('.')}.", hint)
