"""The backend for a model in this process (`encoders.adapters.llama`): no key, no network."""

from __future__ import annotations

from agents.llm.completion import Completion, Message, Request, UnsupportedError
from agents.llm.replies import FilteredError, StreamedReply, UnreadableError
from encoders.adapters.llama import LateError, LlamaModel, OverlongError, Prompt, RefusedError
from stores.core.errors import EndpointError

READING_SECONDS = 10.0
"""How long the model may read a prompt; what it would not read in that time is not shown. Ours: of 30 s a question may
take, a third is for writing the answer and a third for judging it."""

FIXED_TOKENS = 180
"""Tokens of a prompt beside its material: instructions, question, template."""

LEAST_TOKENS = 120
"""Of material that are shown however slow the model is: less holds no answer."""


class LocalBackend:
    """Asks a model in this process.

    Args:
        model: as `encoders.language_model.open_language_model` opens it.
        timeout_seconds: for one reply.
    """

    def __init__(self, model: LlamaModel, timeout_seconds: float) -> None:
        self._model = model
        self._timeout = timeout_seconds

    def complete(self, request: Request) -> Completion:
        """The model's reply (`agents.llm.completion.Backend`). It knows no tools and sees no pictures.

        Raises:
            WeightsError: if the model cannot be loaded.
        """
        if request.tools:
            raise UnsupportedError("tools")
        if any(message.pictures for message in request.messages):
            raise EndpointError(
                "ENDPOINT_REFUSED",
                "The language model of this machine sees no pictures.",
                "Set base_url and model of one that does, or do without.",
            )
        streamed = StreamedReply(request.on_text or _nowhere)
        prompt = Prompt(
            [_written(message) for message in request.messages],
            request.max_tokens,
            schema=request.schema.body if request.schema is not None else None,
            logprobs=request.logprobs,
            seconds=min(self._timeout, request.seconds if request.seconds is not None else self._timeout),
        )
        try:
            self._model.complete(prompt, streamed.add)
            return streamed.completion()
        except OverlongError as error:
            raise EndpointError(
                "ENDPOINT_CONTEXT",
                f"The request is too long for the language model of this machine: {error}.",
                "Ask about fewer videos, or lower notes in [chat].",
            ) from error
        except LateError as error:
            raise EndpointError(
                "ENDPOINT_BUDGET",
                f"No answer from the language model of this machine within {prompt.seconds:.0f} s: {error}.",
                "Raise timeout_seconds in [endpoint], or wait until the machine has less to do.",
            ) from error
        except (RefusedError, UnreadableError, FilteredError) as error:
            raise EndpointError(
                "ENDPOINT_BAD_OUTPUT", f"The language model of this machine gave no answer: {error}."
            ) from error

    def affordable(self, tokens: int) -> int:
        """How many of so many tokens of material the model reads in `READING_SECONDS`, by its speed here and now."""
        left = self._model.measured_speed() * READING_SECONDS - FIXED_TOKENS
        return min(tokens, max(LEAST_TOKENS, round(left)))

    def close(self) -> None:
        """Give the model's memory back."""
        self._model.close()


def _written(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": message.text}


def _nowhere(_: str) -> None:
    pass
