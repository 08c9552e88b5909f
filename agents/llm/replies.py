"""What an endpoint sent, read with care: nothing in it is sure to have the type that it should have.

Source: OpenAI API reference, chat completions; Mistral's lists of content parts; DeepSeek's and llama.cpp's counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.llm.completion import Completion, RawCall, Tokens

_THOUGHT = re.compile(r"\A\s*<think>.*?(?:</think>\s*|\Z)", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
_MOST_TOKENS = 1_000_000_000  # that are believed of one reply
_BEGIN, _END = "<think>", "</think>"


class UnreadableError(Exception):
    """The reply is no chat completion; the text says what is missing."""


class FilteredError(Exception):
    """The endpoint, or the model itself, declined to answer; the text says what it said."""


def completion_of(body: object) -> Completion:
    """The completion in the JSON value of a reply.

    Raises:
        UnreadableError: if there is none.
        FilteredError: if a content filter kept it back.
    """
    choices = _mapping(body).get("choices")
    if not isinstance(choices, Sequence) or isinstance(choices, str) or not choices:
        raise UnreadableError("it holds no choices")
    choice = _mapping(choices[0])
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise UnreadableError("its choice holds no message")
    text, calls = text_of(message.get("content")), _calls(message.get("tool_calls"))
    declined = message.get("refusal")
    if choice.get("finish_reason") == "content_filter" or (declined and not text and not calls):
        raise FilteredError(declined if isinstance(declined, str) else "")
    return Completion(
        text=_THOUGHT.sub("", whole(text)),
        calls=calls,
        ended="length" if choice.get("finish_reason") == "length" else "stop",
        tokens=_tokens(_mapping(body).get("usage")),
        likely=_likely(choice.get("logprobs")),
    )


def text_of(content: object) -> str:
    """The text of a message's content: a string, or a list of parts of which only texts count."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    parts = [_mapping(part) for part in content]
    return "".join(str(part.get("text") or "") for part in parts if part.get("type", "text") == "text")


def _calls(calls: object) -> tuple[RawCall, ...]:
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        return ()
    made = []
    for call in map(_mapping, calls):
        function = _mapping(call.get("function"))
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments if arguments is not None else {}, ensure_ascii=False)
        named = (str(call.get("id") or ""), str(function.get("name") or ""), arguments)
        made.append(RawCall(*map(whole, named)))
    return tuple(made)


def _tokens(usage: object) -> Tokens | None:
    counts = _mapping(usage)
    read, written = counts.get("prompt_tokens"), counts.get("completion_tokens")
    if not isinstance(read, int) and not isinstance(written, int):
        return None
    details = _mapping(counts.get("prompt_tokens_details"))
    return Tokens(
        _count(read), _count(written), _count(details.get("cached_tokens") or counts.get("prompt_cache_hit_tokens"))
    )


def _likely(logprobs: object) -> tuple[Mapping[str, float], ...]:
    content = _mapping(logprobs).get("content")
    if not isinstance(content, Sequence) or isinstance(content, str):
        return ()
    places = []
    for place in map(_mapping, content):
        options = place.get("top_logprobs")
        listed = [place, *(options if isinstance(options, Sequence) and not isinstance(options, str) else ())]
        likely = {}
        for one in map(_mapping, listed):
            token, value = one.get("token"), one.get("logprob")
            if isinstance(token, str) and isinstance(value, int | float):
                likely[token] = float(value)
        places.append(likely)
    return tuple(places)


@dataclass(slots=True)
class StreamedReply:
    """Puts a reply together from the chunks of a stream, and passes its text on as it comes.

    Attributes:
        finished: whether the endpoint said that the reply ends; a stream that ends without was cut.
        shown: whether text has been passed on.
    """

    on_text: Callable[[str], None]
    finished: bool = False
    shown: bool = False
    _text: str = ""
    _passed: int = 0
    _refusal: str = ""
    _ended: str = ""
    _calls: list[dict[str, Any]] = field(default_factory=list)
    _open: dict[object, dict[str, Any]] = field(default_factory=dict)
    _usage: object = None
    _places: list[object] = field(default_factory=list)

    def add(self, chunk: object) -> None:
        """Take one chunk."""
        piece = _mapping(chunk)
        self._usage = piece.get("usage") or self._usage
        choices = piece.get("choices")
        if not isinstance(choices, Sequence) or isinstance(choices, str) or not choices:
            return
        choice = _mapping(choices[0])
        delta = _mapping(choice.get("delta"))
        self._text += text_of(delta.get("content"))
        self._refusal += text_of(delta.get("refusal"))
        calls = delta.get("tool_calls")
        for call in map(_mapping, calls if isinstance(calls, Sequence) and not isinstance(calls, str) else ()):
            self._add_call(call)
        places = _mapping(choice.get("logprobs")).get("content")
        if isinstance(places, Sequence) and not isinstance(places, str):
            self._places += places
        if isinstance(choice.get("finish_reason"), str):
            self.finished, self._ended = True, choice["finish_reason"]
        self._pass_on()

    def completion(self) -> Completion:
        """The whole reply.

        Raises:
            UnreadableError, FilteredError: as `completion_of`.
        """
        message = {"content": self._text, "refusal": self._refusal, "tool_calls": self._calls}
        choice = {"finish_reason": self._ended, "message": message, "logprobs": {"content": self._places}}
        return completion_of({"choices": [choice], "usage": self._usage})

    def _add_call(self, delta: Mapping[str, Any]) -> None:
        function = _mapping(delta.get("function"))
        index, name, arguments = delta.get("index"), function.get("name"), function.get("arguments")
        call = self._open.get(index)
        # Some servers give every call the same index, or none: another id begins another call.
        if call is None or (delta.get("id") and call["id"] and delta["id"] != call["id"]):
            call = {"id": delta.get("id") or "", "function": {"name": "", "arguments": ""}}
            self._open[index] = call
            self._calls.append(call)
        call["function"]["name"] += name if isinstance(name, str) else ""
        if isinstance(arguments, str):
            call["function"]["arguments"] += arguments
        elif arguments is not None:
            call["function"]["arguments"] = json.dumps(arguments, ensure_ascii=False)

    def _pass_on(self) -> None:
        """Pass on what is new, without what a model writes for itself between ``<think>`` and ``</think>`` at first."""
        start = 0
        begun = self._text.lstrip()
        if begun.startswith(_BEGIN):
            end = self._text.find(_END)
            if end < 0:
                return
            start = end + len(_END)
        elif _BEGIN.startswith(begun) and not self.finished:
            return  # may become one
        start = max(start, self._passed)
        new = self._text[start:] if self._passed else self._text[start:].lstrip()
        if new:
            self._passed, self.shown = len(self._text), True
            self.on_text(new)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def whole(text: str) -> str:
    """A text without half characters (lone surrogates), which cannot be sent or kept; two halves become one."""
    if not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _count(value: object) -> int:
    if not isinstance(value, int | float) or not 0 <= value <= _MOST_TOKENS:  # also NaN
        return _MOST_TOKENS if isinstance(value, int | float) and value > 0 else 0
    return int(value)
