"""One step of a conversation with tools: by the endpoint's own tool calls where it has them, else in the JSON form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from agents.llm.completion import Completion, Message, RawCall, Request, UnsupportedError
from agents.llm.costs import Budget
from agents.llm.tool_calls import (
    Step,
    Tool,
    calls_in_text,
    checked,
    form_of,
    in_json_form,
    read_json_form,
    with_ids,
)
from stores.core.errors import EndpointError

CORRECTIONS = 2
"""Times in a row that a model is told of its mistakes before it is given up."""

DOUBTS = 2
"""First answers without a call that are asked for again in the JSON form: an endpoint that ignores tools looks the same
as a model that needs none. After that many that needed none, it is believed."""

_LONGEST_ECHO = 2000
_NOTHING = "…"  # endpoints reject messages without any text
_EMPTY = "Your reply was empty. Use a tool, or answer."
_NO_FORM = 'That is no JSON object {"tool": NAME, "arguments": {...}} or {"finish": ANSWER}. Send only one.'

Run = Callable[[Request, Budget | None], Completion]
Mode = Literal["unknown", "native", "json"]


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the model said: its message, its calls unchecked, and the complaint if it is neither call nor text."""

    message: Message
    calls: tuple[RawCall, ...] = ()
    text: str = ""
    cut: bool = False
    complaint: str = ""


class Conversing:
    """Makes steps; remembers whether the endpoint knows tool calls.

    Args:
        run: makes one call of the model.
        max_tokens: of a reply.
    """

    def __init__(self, run: Run, max_tokens: int) -> None:
        self._run = run
        self._max_tokens = max_tokens
        self._doubts = 0
        self.mode: Mode = "unknown"

    def step(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        on_text: Callable[[str], None] | None,
        budget: Budget | None,
    ) -> Step:
        """As `agents.llm.client.LLM.converse`."""
        added: list[Message] = []
        complaint = _EMPTY
        for _ in range(1 + CORRECTIONS):
            reply = self._reply([*messages, *added], tools, on_text, budget)
            calls, mistakes = checked(reply.calls, tools)
            added += [reply.message, *mistakes]
            if calls or (reply.text.strip() and not mistakes and not reply.complaint):
                return Step(tuple(added), tuple(calls), reply.text, reply.cut)
            if not mistakes:
                complaint = reply.complaint or _EMPTY
                added.append(Message("user", complaint))
            else:
                complaint = mistakes[0].text
        raise EndpointError(
            "ENDPOINT_BAD_OUTPUT",
            f"The model neither answered nor used its tools rightly, {1 + CORRECTIONS} times in a row: {complaint}",
            "Use a model that is made for tool calls, or unset base_url to do without a language model.",
        )

    def _reply(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        on_text: Callable[[str], None] | None,
        budget: Budget | None,
    ) -> _Reply:
        if not tools:
            return _plain(self._run(Request(messages, self._max_tokens, on_text=on_text), budget))
        if self.mode == "json":
            return _shown(self._in_json(messages, tools, budget), on_text)
        doubtful = self.mode == "unknown" and not any(message.role == "tool" for message in messages)
        # What may turn out to be no answer is not shown while it is written.
        shown = None if doubtful else on_text
        request = Request(messages, self._max_tokens, tools=tuple(tool.spec for tool in tools), on_text=shown)
        try:
            completion = self._run(request, budget)
        except UnsupportedError:
            self.mode = "json"
            return _shown(self._in_json(messages, tools, budget), on_text)
        if completion.calls:
            self.mode = "native"
            return _calling(completion.calls, completion.text, len(messages))
        if written := calls_in_text(completion.text, tools):
            self.mode = "json"
            return _calling(written, "", len(messages))
        if doubtful and completion.text.strip():
            return _shown(self._doubted(completion, messages, tools, budget), on_text)
        return _plain(completion)

    def _doubted(
        self, completion: Completion, messages: Sequence[Message], tools: Sequence[Tool], budget: Budget | None
    ) -> _Reply:
        """An answer without calls, unless the same model calls a tool when it is told of them in words."""
        try:
            again = self._in_json(messages, tools, budget)
        except EndpointError:
            return _plain(completion)
        if checked(again.calls, tools)[0]:
            self.mode = "json"
            return again
        self._doubts += 1
        if self._doubts >= DOUBTS:
            self.mode = "native"
        return _plain(completion)

    def _in_json(self, messages: Sequence[Message], tools: Sequence[Tool], budget: Budget | None) -> _Reply:
        written = in_json_form(messages, tools)
        completion = self._run(Request(written, self._max_tokens, schema=form_of(tools)), budget)
        calls, text = read_json_form(completion.text)
        if calls:
            return _calling(calls, "", len(messages))
        echo = Message("assistant", completion.text[:_LONGEST_ECHO] or _NOTHING)
        if text is None:
            return _Reply(echo, complaint=_NO_FORM)
        return _Reply(Message("assistant", text or _NOTHING), text=text, cut=completion.ended == "length")


def _plain(completion: Completion) -> _Reply:
    message = Message("assistant", completion.text or _NOTHING)
    return _Reply(message, text=completion.text, cut=completion.ended == "length")


def _calling(calls: Sequence[RawCall], text: str, first: int) -> _Reply:
    named = with_ids(calls, first)
    return _Reply(Message("assistant", text, calls=named), named, text)


def _shown(reply: _Reply, on_text: Callable[[str], None] | None) -> _Reply:
    if on_text is not None and reply.text and not reply.calls:
        on_text(reply.text)
    return reply
