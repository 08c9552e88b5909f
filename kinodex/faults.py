"""Errors that nobody expected, as errors with a code."""

from __future__ import annotations

from kinodex.text import clean
from stores.core.errors import KinodexError, UsageError

_SHOWN = 60


def explained(error: Exception) -> KinodexError:
    """An error that nobody expected, as one with a code: a model's, USAGE for what is no text at all, or INTERNAL."""
    from encoders.types import WeightsError
    from pipeline.model_errors import model_error
    from stores.sql.faults import in_one_line

    if isinstance(error, WeightsError):
        return model_error(error)
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        # No name, id or text of a library has them: they come from the one who asks.
        message = f"{clean(error.object)[:_SHOWN]!r} is no valid UTF-8."
        return UsageError("USAGE", message, "Check how it was typed, or in which encoding its file is.")
    hint = "This is a bug in Kinodex; KINODEX_DEBUG=1 shows where."
    return KinodexError("INTERNAL", f"{in_one_line(error).rstrip('.')}.", hint)
