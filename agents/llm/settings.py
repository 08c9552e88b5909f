"""What is set about the endpoint of a language model."""

from __future__ import annotations

from dataclasses import dataclass

from stores.core.places import masked


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """The endpoint of a language model.

    Attributes:
        base_url: e.g. ``http://localhost:11434/v1``; model: its name at that endpoint.
        api_key: sent as bearer token; many local servers ignore it.
        timeout_seconds: for one request, and for all waits between its retries together; max_retries: after time-outs,
            429 and 5xx, as the endpoint asks (``Retry-After``) or with exponential back-off.
        max_output_tokens: upper bound for one answer.
        short_prompts: whether the model is so small or slow that rules should plan for it, and that it is asked for one
            short claim at a time.
    """

    base_url: str
    model: str
    api_key: str = "none"
    timeout_seconds: float = 60.0
    max_retries: int = 2
    max_output_tokens: int = 1024
    short_prompts: bool = False

    def __repr__(self) -> str:
        return f"EndpointSettings(base_url={self.address!r}, model={self.model!r}, api_key=***)"

    @property
    def address(self) -> str:
        """The ``base_url`` without any password or token, for messages."""
        return masked(self.base_url)

    def without_secrets(self, text: str) -> str:
        """``text`` without the key and without passwords in addresses."""
        if len(self.api_key) >= 6:
            text = text.replace(self.api_key, "***")
        return masked(text)
