"""Why an endpoint refuses a request, read from what it says: servers agree on neither statuses, codes nor wordings.

Source: OpenAI API reference, "Error codes"; the error texts of vLLM, llama.cpp's server, Ollama, LM Studio, TGI,
LiteLLM, Anthropic, Gemini and Mistral behind the same protocol.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Reason = Literal["context", "filtered", "quota", "busy", "refused"]

_CONTEXT_CODES = (
    "context_length_exceeded",
    "exceed_context_size_error",
    "string_above_max_length",
    "request_too_large",
)
_CONTEXT = re.compile(
    r"context[ _-]?(?:length|size|window)|maximum (?:model|context) length|(?:prompt|input) (?:is )?too long"
    r"|(?:input|prompt)(?: token)?s?(?: count| length)?\b.{0,60}\bexceed\w*|request too large for model"
    r"|`inputs` tokens \+ `max_new_tokens|prompt contains \d+ tokens|reduce the length of the (?:messages|prompt|input)"
    r"|context the overflows|(?:larger|greater|longer) than the (?:maximum )?(?:model|context)",
    re.IGNORECASE | re.DOTALL,
)
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)
_FILTER_CODES = ("content_filter", "content_policy_violation", "contentfilter", "data_inspection_failed")
_FILTER = re.compile(
    r"content (?:management |usage )?(?:policy|filter)|content_filter|responsible ?ai|flagged (?:by|as|for)"
    r"|inappropriate content|safety (?:system|settings|policy)",
    re.IGNORECASE,
)
_QUOTA_CODES = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "quota_exceeded")

_NAMED = re.compile(
    r"\b(response_format|json_schema|json_object|max_tokens|temperature|stream_options|include_usage|top_logprobs|logprobs"
    r"|tool_choice|tool[ _]choice|tools?|tool calling|tool use|function[ _-]call(?:ing|s)?|stream(?:ing)?)\b",
    re.IGNORECASE,
)
_SAME = {
    "json_schema": "response_format",
    "json_object": "response_format",
    "include_usage": "stream_options",
    "top_logprobs": "logprobs",
    "streaming": "stream",
}
_UNSUPPORTED = ("unsupported_parameter", "unsupported_value", "unknown_parameter")
_REFUSAL = re.compile(
    r"max_completion_tokens|unsupported|unrecogni[sz]ed|unknown|unexpected|only the default|extra (?:fields|inputs)"
    r"|no endpoints found"
    r"|(?:is|are|do|does|did)(?: not|n't| currently not) (?:be |yet )?"
    r"(?:supported|support|allowed|allow|permitted|permit|available|implemented|enabled|accept)",
    re.IGNORECASE,
)
_TOOL_FLAGS = re.compile(r"requires? --|--enable-auto-tool-choice|--jinja|--tool-call-parser", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as an endpoint told it. ``status`` is 0 where it came inside an answer with status 200."""

    status: int
    message: str = ""
    code: str = ""
    kind: str = ""
    param: str = ""

    @classmethod
    def of(cls, body: object, status: int) -> Refusal:
        """Read it from the ``error`` of a reply, or from a whole reply, in any of the forms that there are."""
        if isinstance(body, str):
            return cls(status, body)
        if not isinstance(body, Mapping):
            return cls(status)
        if isinstance(body.get("error"), Mapping | str):
            return cls.of(body["error"], status)
        code = body.get("code")
        if not status and isinstance(code, int) and 400 <= code < 600:
            status = code
        message = body.get("message") or body.get("msg") or body.get("detail") or ""
        return cls(
            status,
            message if isinstance(message, str) else str(message),
            code if isinstance(code, str) else "",
            _text(body.get("type")),
            _text(body.get("param")),
        )

    @property
    def reason(self) -> Reason:
        """Why the request failed; ``busy`` if the same may succeed later."""
        codes = {self.code.casefold(), self.kind.casefold()}
        if codes & set(_QUOTA_CODES) or self.status == 402:
            return "quota"
        if codes & set(_FILTER_CODES):
            return "filtered"
        if codes & set(_CONTEXT_CODES) or self.status == 413:
            return "context"
        # Rate limits speak of input tokens, too; only one that a single request exceeds calls for a smaller one.
        if self.status in (0, 400, 422, 500) and _CONTEXT.search(self.message):
            return "context"
        if self.status == 429 and _TOO_LARGE.search(self.message):
            return "context"
        if self.status in (0, 400, 403, 422) and _FILTER.search(self.message):
            return "filtered"
        if self.status in (408, 409, 425, 429) or (self.status >= 500 and self.status != 501):
            return "busy"
        return "refused"

    def parameter(self, sent: Collection[str]) -> str:
        """Name of the parameter that is rejected; "" if it is none of those that were ``sent``."""
        # 404, 500, 501: what OpenRouter, llama.cpp and others answer to tools.
        if self.status not in (0, 400, 422) and not ("tools" in sent and self.status in (404, 500, 501)):
            return ""
        refused = self.code in _UNSUPPORTED or bool(_REFUSAL.search(self.message))
        if self.param:
            name = _same(self.param.partition(".")[0].partition("[")[0])
            # Rejections of a response format have many wordings; a number may merely be out of range.
            return name if name in sent and (name == "response_format" or refused) else ""
        if "tools" in sent and _TOOL_FLAGS.search(self.message):
            return "tools"
        for named in _NAMED.finditer(self.message):
            name = _same(named[1])
            if name in sent and (name == "response_format" or refused):
                return name
        return ""


def _same(name: str) -> str:
    name = name.casefold()
    return "tools" if name.startswith(("tool", "function")) else _SAME.get(name, name)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
