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


def open_llm(settings: Settings) -> LLM | None:
    """The language model of the settings, None where none is set.

    Raises:
        WeightsError: if it is the one of this machine, and that is not installed or its weights were altered.
    """
    endpoint = settings.endpoint
    if not endpoint.configured:
        return None
    from agents.llm import LLM, EndpointSettings

    if endpoint.local:
        return _local_llm(settings)
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


LOCAL_SECONDS, LOCAL_TOKENS = 180.0, 512
"""Of one reply of the model of this process, where the settings do not say: two slow cores read 4,000 tokens in 80 s
and write 7 a second."""


def _local_llm(settings: Settings) -> LLM:
    from agents.llm import LLM, EndpointSettings
    from agents.llm.local_backend import LocalBackend
    from encoders.language_model import open_language_model

    endpoint = settings.endpoint
    chosen = endpoint.model_fields_set
    seconds = endpoint.timeout_seconds if "timeout_seconds" in chosen else LOCAL_SECONDS
    tokens = endpoint.max_output_tokens if "max_output_tokens" in chosen else LOCAL_TOKENS
    # Questions are asked one at a time: the model may use what ingest would share out.
    threads = settings.threads if "threads" in settings.model_fields_set else 0
    model = open_language_model(settings.profile, threads, settings.added_models())
    return LLM(
        EndpointSettings("", endpoint.model, timeout_seconds=seconds, max_output_tokens=tokens, short_prompts=True),
        LocalBackend(model, seconds),
    )
