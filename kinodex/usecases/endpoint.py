"""Whether the configured language model answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinodex.usecases.config import open_llm

if TYPE_CHECKING:
    from kinodex.settings import Settings
    from stores.core.errors import KinodexError

SECONDS = 20.0
"""How long an answer is waited for. Source: our choice: a person waits for it."""


@dataclass(frozen=True, slots=True)
class EndpointTest:
    """How a language model answered; ``error``: None if it did; ``sensible``: whether what it said made sense."""

    seconds: float
    sensible: bool
    error: KinodexError | None


def ask_endpoint(settings: Settings) -> EndpointTest | None:
    """Asks the language model of the settings a question that takes one word; None where none is set.

    The question goes to the address of the settings and nowhere else, once.
    """
    from encoders.types import WeightsError
    from pipeline.model_errors import model_error
    from stores.core.errors import EndpointError

    endpoint = settings.endpoint
    if not endpoint.configured:
        return None
    began = time.monotonic()
    if not endpoint.local:
        brief = {"timeout_seconds": min(SECONDS, endpoint.timeout_seconds), "max_retries": 0}
        settings = settings.model_copy(update={"endpoint": endpoint.model_copy(update=brief)})
    try:
        llm = open_llm(settings)
        assert llm is not None
        try:
            said = llm.judge("Water is wet.", "Is water wet?")
        finally:
            llm.close()
    except EndpointError as error:
        return EndpointTest(time.monotonic() - began, False, error)
    except WeightsError as error:
        return EndpointTest(time.monotonic() - began, False, model_error(error))
    return EndpointTest(time.monotonic() - began, said is not None and said > 0.5, None)
