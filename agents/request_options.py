"""Which parameters of a chat completion an endpoint supports: servers and models differ, and reject what they do not.

After each rejection just the parameter that the server names is left out or replaced, so the number of attempts is
bounded: ``response_format`` goes from ``json_schema`` to ``json_object`` to none, ``max_tokens`` becomes
``max_completion_tokens``, and ``temperature`` is left out.

Source: OpenAI API reference, chat completions (``max_tokens`` is deprecated and rejected by reasoning models, which
accept no temperature other than 1). Its error objects name the parameter in ``param``; other servers name it in the
message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import openai
from pydantic import BaseModel

Format = Literal["json_schema", "json_object", "text"]

_SIMPLER: dict[Format, Format] = {"json_schema": "json_object", "json_object": "text"}
_NAMED = re.compile(r"\b(response_format|json_schema|json_object|max_tokens|temperature)\b")
_UNSUPPORTED = ("unsupported_parameter", "unsupported_value")
_REFUSAL = re.compile(
    r"max_completion_tokens|unsupported|unrecogni[sz]ed|unknown|unexpected|only the default"
    r"|(?:is|are|do|does)(?: not|n't) (?:be )?(?:supported|support|allowed|permitted|available|implemented|accept)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What is sent with the messages.

    Attributes:
        form: how structured output is requested.
        limit: name of the parameter that limits the length of the reply.
        temperature: whether one is sent.
    """

    form: Format = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True

    def parameters(self, shape: type[BaseModel], most_tokens: int) -> dict[str, Any]:
        """The parameters of a request for a reply of the given shape."""
        made: dict[str, Any] = {self.limit: most_tokens}
        if self.temperature:
            made["temperature"] = 0.0
        if self.form == "json_schema":
            schema = {"name": shape.__name__, "schema": shape.model_json_schema()}
            made["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.form == "json_object":
            made["response_format"] = {"type": "json_object"}
        return made

    def without(self, error: openai.APIStatusError) -> RequestOptions | None:
        """The options to try after a rejection; None if it has another reason, or nothing is left to try."""
        name = refused_parameter(error)
        if name == "response_format" and self.form in _SIMPLER:
            return replace(self, form=_SIMPLER[self.form])
        if name == "max_tokens" and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if name == "temperature" and self.temperature:
            return replace(self, temperature=False)
        return None


def refused_parameter(error: openai.APIStatusError) -> str:
    """Name of the parameter that a server's error rejects; "" if it rejects none."""
    if error.status_code not in (400, 422):  # 422: servers that check requests against a schema
        return ""
    body = error.body if isinstance(error.body, dict) else {}
    message = str(body.get("message") or error.message)
    param = body.get("param")
    if isinstance(param, str) and param:
        name = param.partition(".")[0]
        # Rejections of a response format have many wordings; a number may merely be out of range.
        if name == "response_format" or body.get("code") in _UNSUPPORTED or _REFUSAL.search(message):
            return name
        return ""
    named = _NAMED.search(message)
    if named is None:
        return ""
    if named[1] in ("response_format", "json_schema", "json_object"):
        return "response_format"
    return named[1] if _REFUSAL.search(message) else ""
