"""A client for any OpenAI-compatible endpoint: structured output, time-outs, bounded retries, token counts."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import openai
from openai.types.chat import ChatCompletion, ChatCompletionContentPartParam, ChatCompletionMessageParam
from pydantic import BaseModel, ValidationError

from agents.request_options import RequestOptions
from stores.core.errors import EndpointError
from stores.core.places import masked

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """The endpoint of a language model.

    Attributes:
        base_url: e.g. ``http://localhost:11434/v1``; model: its name at that endpoint.
        api_key: sent as bearer token; many local servers ignore it.
        timeout_seconds: for one request; max_retries: after time-outs, 429 and 5xx, with exponential back-off.
        max_output_tokens: upper bound for one answer.
    """

    base_url: str
    model: str
    api_key: str = "none"
    timeout_seconds: float = 60.0
    max_retries: int = 2
    max_output_tokens: int = 1024

    def __repr__(self) -> str:
        return f"EndpointSettings(base_url={self.address!r}, model={self.model!r}, api_key=***)"

    @property
    def address(self) -> str:
        """The ``base_url`` without any password or token, for messages."""
        return masked(self.base_url)


@dataclass(slots=True)
class Usage:
    """Tokens and calls so far, as the endpoint reports them."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class LLM:
    """Asks for structured output. Replies are parsed and validated, never executed. Thread-safe."""

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.usage = Usage()
        self._lock = threading.Lock()
        self._options = RequestOptions()
        self._endpoint = masked(settings.base_url)
        self._client = openai.OpenAI(
            base_url=settings.base_url,
            api_key=settings.api_key,
            timeout=settings.timeout_seconds,
            max_retries=settings.max_retries,
        )

    def ask(self, instructions: str, material: str, shape: type[Answer], pictures: Sequence[bytes] = ()) -> Answer:
        """An answer in the form of a pydantic model.

        Args:
            instructions: the system message (trusted, ours).
            material: the user message (untrusted: questions, and what is said or read in videos).
            shape: pydantic model of the reply; an invalid reply is sent back once for correction.
            pictures: JPEG files for a vision-language model, in order.

        Raises:
            EndpointError: ENDPOINT_UNREACHABLE, ENDPOINT_REFUSED or ENDPOINT_BAD_OUTPUT.
        """
        schema = json.dumps(shape.model_json_schema(), ensure_ascii=False)
        messages: list[ChatCompletionMessageParam] = [
            {
                "role": "system",
                "content": f"{instructions}\nReply with one JSON object that fits this schema:\n{schema}",
            },
            {"role": "user", "content": _content(material, pictures)},
        ]
        reply = self._complete(messages, shape)
        try:
            return shape.model_validate_json(_json_part(reply))
        except ValidationError as error:
            messages += [
                {"role": "assistant", "content": reply},
                {
                    "role": "user",
                    "content": f"That does not fit the schema: {_short(error)}. Send only the JSON object.",
                },
            ]
        try:
            return shape.model_validate_json(_json_part(self._complete(messages, shape)))
        except ValidationError as error:
            raise EndpointError(
                "ENDPOINT_BAD_OUTPUT",
                f"The model {self.settings.model!r} did not answer in the requested form: {_short(error)}.",
                "Use a model that follows JSON schemas, or unset base_url to answer extractively.",
            ) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _complete(self, messages: list[ChatCompletionMessageParam], shape: type[BaseModel]) -> str:
        while True:
            options = self._options
            try:
                completion = self._client.chat.completions.create(
                    model=self.settings.model,
                    messages=messages,
                    **options.parameters(shape, self.settings.max_output_tokens),
                )
            except openai.APITimeoutError as error:
                raise EndpointError(
                    "ENDPOINT_UNREACHABLE",
                    f"No answer from {self.settings.address} within {self.settings.timeout_seconds:g} s.",
                    "Raise timeout_seconds, or lighten the server's load.",
                ) from error
            except openai.APIConnectionError as error:
                raise EndpointError(
                    "ENDPOINT_UNREACHABLE",
                    f"Cannot connect to {self.settings.address}.",
                    "Check base_url and that the server runs, or unset both to do without a language model.",
                ) from error
            except openai.APIStatusError as error:
                if self._adapts(options, error):
                    continue
                raise self._refused(error) from error
            except (openai.APIError, ValueError) as error:
                raise self._no_completion() from error
            break
        if not isinstance(completion, ChatCompletion):
            raise self._no_completion()
        with self._lock:
            self.usage.calls += 1
            if completion.usage:
                self.usage.prompt_tokens += completion.usage.prompt_tokens or 0
                self.usage.completion_tokens += completion.usage.completion_tokens or 0
        message = completion.choices[0].message if completion.choices else None
        content = message.content if message else None
        return content if isinstance(content, str) else ""

    def _adapts(self, refused: RequestOptions, error: openai.APIStatusError) -> bool:
        """Leave out the parameter that the server rejects; False if there is nothing left to try."""
        with self._lock:
            if self._options != refused:  # another thread has adapted them
                return True
            options = refused.without(error)
            self._options = options or refused
            return options is not None

    def _no_completion(self) -> EndpointError:
        return EndpointError(
            "ENDPOINT_BAD_OUTPUT",
            f"{self.settings.address} did not answer with a chat completion.",
            "Check base_url (it usually ends in /v1).",
        )

    def _refused(self, error: openai.APIStatusError) -> EndpointError:
        code = "ENDPOINT_UNREACHABLE" if error.status_code == 429 or error.status_code >= 500 else "ENDPOINT_REFUSED"
        hint = {
            401: "Check the API key.",
            403: "Check the API key.",
            404: "Check base_url (it usually ends in /v1) and the model's name.",
            429: "The endpoint's rate limit is used up: wait, or lower the load.",
        }.get(error.status_code, "")
        return EndpointError(code, f"{self.settings.address} answered HTTP {error.status_code}.", hint)


def _content(material: str, pictures: Sequence[bytes]) -> str | list[ChatCompletionContentPartParam]:
    if not pictures:
        return material
    parts: list[ChatCompletionContentPartParam] = [{"type": "text", "text": material}]
    for picture in pictures:
        url = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return parts


def _json_part(reply: str) -> str:
    """The text from the first ``{`` to the last ``}``: small models wrap JSON in prose or code fences."""
    start, end = reply.find("{"), reply.rfind("}")
    return reply[start : end + 1] if 0 <= start < end else reply


def _short(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'reply'}: {first['msg']}"
