"""What is asked of a language model and what comes back, whatever runs it: the interface of a backend.

A backend turns one `Request` into one `Completion`. There is one for OpenAI-compatible endpoints (`openai_backend`); a
model in this process is another: it has to offer no more than `Backend`. This module imports nothing of either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class RawCall:
    """A tool call as the model wrote it: nothing is checked yet. ``arguments`` should be, but may not be, JSON."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        pictures: JPEG files, in order; of ``user`` messages only.
        calls: which an ``assistant`` message makes.
        call_id, name: of the call that a ``tool`` message answers.
    """

    role: Role
    text: str
    pictures: tuple[bytes, ...] = ()
    calls: tuple[RawCall, ...] = ()
    call_id: str = ""
    name: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON values, to be kept in the state of a graph. Pictures are left out."""
        made: dict[str, Any] = {"role": self.role, "text": self.text}
        if self.calls:
            made["calls"] = [[call.call_id, call.name, call.arguments] for call in self.calls]
        if self.call_id:
            made |= {"call_id": self.call_id, "name": self.name}
        return made

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Message:
        """The message that `to_json` wrote."""
        calls = tuple(RawCall(*call) for call in kept.get("calls", ()))
        return cls(kept["role"], kept["text"], (), calls, kept.get("call_id", ""), kept.get("name", ""))


@dataclass(frozen=True, slots=True)
class Schema:
    """The form of a reply: a name and a JSON schema, which may hold ``$defs``."""

    name: str
    body: Mapping[str, Any]

    def __str__(self) -> str:
        return json.dumps(self.body, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it; ``schema`` is that of its arguments, a JSON object."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a model.

    Attributes:
        max_tokens: of the reply.
        schema: the reply must fit it, as far as the backend can see to that (a grammar); replies are checked anyway.
        tools: that the model may call.
        logprobs: number of likeliest tokens wanted with their log-probabilities at each place of the reply; 0 for none.
        on_text: gets the text of the reply piece by piece, as it is written. What it raises ends the call.
        seconds: until when the reply must be there, in seconds from now; None for as long as the backend allows.
    """

    messages: Sequence[Message]
    max_tokens: int
    schema: Schema | None = None
    tools: tuple[ToolSpec, ...] = ()
    logprobs: int = 0
    on_text: Callable[[str], None] | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """Counts of one call: read (``cached`` of them out of a cache) and written."""

    read: int
    written: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model replied.

    Attributes:
        ended: ``length`` if the reply was cut off at ``max_tokens``.
        tokens: None if the backend does not count them.
        likely: for each of the first places of the reply the likeliest tokens there with their log-probabilities, what
            was chosen included; empty if none were wanted or the backend knows none.
    """

    text: str
    calls: tuple[RawCall, ...] = ()
    ended: Literal["stop", "length"] = "stop"
    tokens: Tokens | None = None
    likely: tuple[Mapping[str, float], ...] = ()


class UnsupportedError(Exception):
    """The backend cannot do what was asked of it: ``tools``. It is asked in another way then."""


class Backend(Protocol):
    """Runs a language model. Called from several threads at once; one that cannot work so locks itself."""

    def complete(self, request: Request) -> Completion:
        """The model's reply.

        Raises:
            UnsupportedError: if the request has tools and the backend knows none.
            EndpointError: ENDPOINT_UNREACHABLE, ENDPOINT_REFUSED, ENDPOINT_CONTEXT (the messages and ``max_tokens``
                exceed the model's context), ENDPOINT_FILTERED or ENDPOINT_BAD_OUTPUT.
        """
        ...

    def close(self) -> None:
        """Give everything back; calling it twice is no error."""
        ...


@runtime_checkable
class Paced(Protocol):
    """A backend that knows how fast it reads."""

    def affordable(self, tokens: int) -> int:
        """How many of so many tokens of material it reads in a time that people wait."""
        ...
