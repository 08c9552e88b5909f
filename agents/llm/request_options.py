"""Which parameters of a chat completion an endpoint supports: servers and models differ, and reject what they do not.

After each rejection just the parameter that the server names is left out or replaced, so the number of attempts is
bounded: ``response_format`` goes from ``json_schema`` to ``json_object`` to none, ``max_tokens`` becomes
``max_completion_tokens``; ``temperature``, ``logprobs``, ``stream_options`` and ``stream`` are left out.

Source: OpenAI API reference, chat completions (``max_tokens`` is deprecated and rejected by reasoning models, which
accept no temperature other than 1). Its error objects name the parameter in ``param``; other servers name it in the
message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from agents.llm.completion import Request

Format = Literal["json_schema", "json_object", "text"]

_SIMPLER: dict[str, Format] = {"json_schema": "json_object", "json_object": "text"}
_LEFT_OUT = ("temperature", "logprobs", "stream_options", "stream")


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What is sent with the messages.

    Attributes:
        form: how structured output is requested.
        limit: name of the parameter that limits the length of the reply.
        temperature, logprobs, stream_options, stream: whether they are sent.
    """

    form: Format = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True
    logprobs: bool = True
    stream_options: bool = True
    stream: bool = True

    def parameters(self, request: Request) -> dict[str, Any]:
        """The parameters of a request, apart from its messages."""
        made: dict[str, Any] = {self.limit: request.max_tokens}
        if self.temperature:
            made["temperature"] = 0.0
        if request.schema and self.form == "json_schema":
            schema = {"name": request.schema.name, "schema": request.schema.body}
            made["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request.schema and self.form == "json_object":
            made["response_format"] = {"type": "json_object"}
        if request.tools:
            made["tools"] = [
                {
                    "type": "function",
                    "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
                }
                for tool in request.tools
            ]
        if request.logprobs and self.logprobs:
            made |= {"logprobs": True, "top_logprobs": request.logprobs}
        if request.on_text is not None and self.stream:
            made["stream"] = True
            if self.stream_options:
                made["stream_options"] = {"include_usage": True}
        return made

    def without(self, name: str) -> RequestOptions | None:
        """The options to try after a parameter was rejected; None if nothing is left to try."""
        if name == "response_format" and self.form in _SIMPLER:
            return replace(self, form=_SIMPLER[self.form])
        if name == "max_tokens" and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if name in _LEFT_OUT and getattr(self, name):
            changed: dict[str, Any] = {name: False}
            return replace(self, **changed)
        return None
