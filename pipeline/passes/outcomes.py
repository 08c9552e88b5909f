"""How a stage ends: with an output, or with an error that has a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from encoders.types import WeightsError
from pipeline.model_errors import model_error
from stores.core.errors import KinodexError
from stores.core.records import StageOutput

Outcome = StageOutput | KinodexError


def try_stage(work: Callable[[], StageOutput]) -> Outcome:
    """The output that ``work`` returns, or the coded error that it raises. Any other exception is a bug and passes."""
    try:
        return work()
    except WeightsError as error:
        return model_error(error)
    except KinodexError as error:
        return error


def try_stages(names: Sequence[str], work: Callable[[], Mapping[str, StageOutput]]) -> Mapping[str, Outcome]:
    """The same for stages that share one pass: if it fails, all of them fail."""
    try:
        return work()
    except WeightsError as error:
        return dict.fromkeys(names, model_error(error))
    except KinodexError as error:
        return dict.fromkeys(names, error)
