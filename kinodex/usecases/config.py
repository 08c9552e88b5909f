"""What several use cases derive from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.llm import LLM
    from agents.tools.eyes import Eyes
    from encoders.bundle import Encoders
    from kinodex.settings import Endpoint, Settings
    from pipeline.perception import PerceptionConfig
    from stores.library_store import LibraryStore


def perception_config(encoders: Encoders, settings: Settings) -> PerceptionConfig:
    """The config of every stage, by the settings and what this machine has.

    Raises:
        UsageError: SETTINGS_INVALID, naming the table or key and those there are.
    """
    from pipeline.perception import resolved

    return resolved(encoders, settings.perception_config())


def part_seconds(settings: Settings) -> float:
    """Length of the parts in which long videos are worked on."""
    return 60.0 * settings.part_minutes


def prices_of(endpoint: Endpoint) -> tuple[float, float] | None:
    """Of a million tokens (read, written); None where none are set."""
    prices = endpoint.price_per_million_input, endpoint.price_per_million_output
    return prices if any(prices) else None


def open_llm(endpoint: Endpoint) -> LLM | None:
    """The language model behind an endpoint, None where none is set."""
    if not endpoint.configured:
        return None
    from agents.llm import LLM, EndpointSettings

    return LLM(
        EndpointSettings(
            base_url=endpoint.base_url,
            model=endpoint.model,
            api_key=endpoint.key() or "none",
            timeout_seconds=endpoint.timeout_seconds,
            max_retries=endpoint.max_retries,
            max_output_tokens=endpoint.max_output_tokens,
        )
    )


def open_eyes(store: LibraryStore, llm: LLM | None, endpoint: Endpoint) -> Eyes | None:
    """What looks at frames, if the endpoint's model can; else None."""
    if llm is None or not endpoint.vision:
        return None
    from agents.tools.eyes import ModelEyes

    return ModelEyes(store, llm)
