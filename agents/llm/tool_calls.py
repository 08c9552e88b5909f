"""Tools that a model may call: told to it, its calls checked, and the JSON form for models without tool calls.

In the JSON form the model replies with ``{"tool": NAME, "arguments": {…}}``, or ``{"finish": TEXT}`` when it is done.
Whatever a model gets wrong comes back to it as one sentence; nothing that does not fit is ever called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from agents.llm.completion import Message, RawCall, Schema, ToolSpec

MOST_CALLS = 8
"""Calls in one reply that are made; a model that writes more is told so. Source: our choice."""

LONGEST_ARGUMENTS = 4000
"""Characters of the arguments of one call."""

_AFTER_A_RESULT = 'If that answers the question, reply with a JSON object whose "finish" is the answer.'
"""Small models call the same tool again if they are not reminded, and copy any example of an answer that they are
given. Source: tried with Qwen2.5 1.5B."""

_FENCE = re.compile(r"\A(?:```(?:json)?|<tool_call>)(.*?)(?:```|</tool_call>)?\Z", re.DOTALL)
_BETWEEN = re.compile(r"[\s,\[\]]+|</?tool_call>|```(?:json)?")


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its name, when to use it, and a pydantic model of its arguments."""

    name: str
    description: str
    arguments: type[BaseModel]

    @property
    def spec(self) -> ToolSpec:
        """As the model is told of it."""
        return ToolSpec(self.name, self.description, _without_titles(self.arguments.model_json_schema()))


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool that there is, with arguments that fit it."""

    call_id: str
    name: str
    arguments: BaseModel

    @property
    def values(self) -> dict[str, Any]:
        """The arguments that the model gave, as JSON values."""
        return self.arguments.model_dump(mode="json", exclude_unset=True)

    def answered(self, text: str) -> Message:
        """The message with what the call gave."""
        return Message("tool", text, call_id=self.call_id, name=self.name)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a conversation with tools.

    Attributes:
        messages: to be added to the conversation before the results of ``calls``.
        calls: to be made now; none if the model is done.
        text: the final answer if there are no calls, else what the model said along with them.
        cut: whether ``text`` was cut off at the longest reply.
    """

    messages: tuple[Message, ...]
    calls: tuple[Call, ...]
    text: str
    cut: bool = False


def checked(raw: Sequence[RawCall], tools: Sequence[Tool]) -> tuple[list[Call], list[Message]]:
    """The calls that can be made, and for each other one the message that says what is wrong with it."""
    by_name = {tool.name: tool for tool in tools}
    calls: list[Call] = []
    mistakes: list[Message] = []
    for number, call in enumerate(raw):
        tool = by_name.get(call.name)
        wrong, arguments = "", None
        if number >= MOST_CALLS:
            wrong = f"Too many calls at once: only the first {MOST_CALLS} were made."
        elif tool is None:
            wrong = f"There is no tool {call.name[:80]!r}. There are: {', '.join(by_name)}."
        else:
            arguments, wrong = _arguments(call.arguments, tool)
        if arguments is None:
            mistakes.append(Message("tool", wrong, call_id=call.call_id, name=call.name))
        else:
            calls.append(Call(call.call_id, call.name, arguments))
    return calls, mistakes


def with_ids(calls: Sequence[RawCall], first: int) -> tuple[RawCall, ...]:
    """The calls with an id each: some endpoints give none, or the same to all."""
    ids = [call.call_id for call in calls]
    return tuple(
        call
        if call.call_id and ids.count(call.call_id) == 1
        else RawCall(f"call_{first + n}", call.name, call.arguments)
        for n, call in enumerate(calls)
    )


def _arguments(text: str, tool: Tool) -> tuple[BaseModel | None, str]:
    if len(text) > LONGEST_ARGUMENTS:
        return None, f"The arguments of {tool.name} are too long: at most {LONGEST_ARGUMENTS} characters."
    try:
        values = json.loads(text or "{}", strict=False)
        if isinstance(values, str):  # encoded twice
            values = json.loads(values or "{}", strict=False)
    except (ValueError, RecursionError):
        return None, f"The arguments of {tool.name} are not valid JSON. Call it again."
    try:
        return tool.arguments.model_validate({} if values is None else values), ""
    except ValidationError as error:
        return None, f"The arguments of {tool.name} do not fit: {short(error)}. Call it again."


def short(error: ValidationError) -> str:
    """The first thing that is wrong, in one line."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'reply'}: {first['msg']}"


# --- the JSON form


def guide_to(tools: Sequence[Tool]) -> str:
    """What the system message says of the tools in the JSON form."""
    listed = "\n".join(
        f"- {spec.name}: {spec.description} Arguments: {json.dumps(spec.schema, ensure_ascii=False)}"
        for spec in (tool.spec for tool in tools)
    )
    return (
        f"You may use these tools:\n{listed}\n"
        'Reply with one JSON object and nothing else: {"tool": NAME, "arguments": {...}} to use a tool, or '
        '{"finish": ANSWER} when you need none any more.'
    )


def form_of(tools: Sequence[Tool]) -> Schema:
    """The schema of a reply in the JSON form."""
    closed = ConfigDict(extra="forbid")
    steps: list[Any] = [create_model("Finish", __config__=closed, finish=(str, ...))]
    for tool in tools:
        fields: dict[str, Any] = {"tool": (Literal[tool.name], ...), "arguments": (tool.arguments, ...)}
        steps.insert(-1, create_model(f"Use_{tool.name}", __config__=closed, **fields))
    form: TypeAdapter[Any] = TypeAdapter(reduce(or_, steps))
    return Schema("Step", _without_titles(form.json_schema()))


def in_json_form(messages: Sequence[Message], tools: Sequence[Tool]) -> list[Message]:
    """The same conversation for a model that knows no tool calls: calls and results are written out."""
    guide = guide_to(tools)
    made = [] if any(message.role == "system" for message in messages) else [Message("system", guide)]
    for message in messages:
        if message.role == "system" and guide:
            message = Message("system", f"{message.text}\n{guide}")
            guide = ""
        elif message.role == "tool":
            message = Message("user", f"Result of {message.name or 'the tool'}:\n{message.text}\n{_AFTER_A_RESULT}")
        elif message.calls:
            message = Message("assistant", "\n".join(map(_written, message.calls)))
        # Many chat templates want users and assistants to take turns.
        if made and message.role == "user" == made[-1].role:
            before = made.pop()
            message = Message("user", f"{before.text}\n\n{message.text}", before.pictures + message.pictures)
        made.append(message)
    return made


def read_json_form(text: str) -> tuple[list[RawCall], str | None]:
    """The calls in a reply of the JSON form, and its final text; (no calls, None) if it is neither.

    Lenient, as small models are: code fences, ``<tool_call>`` and several objects are understood, and ``name`` and
    ``parameters`` for ``tool`` and ``arguments``.
    """
    calls: list[RawCall] = []
    for one in _objects(text):
        if isinstance(one.get("finish"), str) and not calls:
            return [], one["finish"]
        name = one.get("tool", one.get("name"))
        if isinstance(name, str):
            arguments = one.get("arguments", one.get("parameters", {}))
            given = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
            calls.append(RawCall("", name, given))
    return calls, None


def calls_in_text(text: str, tools: Sequence[Tool]) -> list[RawCall]:
    """Calls that a model wrote into its text because its server does not know them for calls; only if nothing else
    stands there and all of them name tools that there are."""
    bare = _FENCE.sub(r"\1", text.strip()).strip()
    if not bare.startswith(("{", "[")) or not bare.endswith(("}", "]")):
        return []
    calls, _ = read_json_form(bare)
    names = {tool.name for tool in tools}
    return calls if all(call.name in names for call in calls) else []


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects in a text, one after the other; broken ones and what stands between are passed over."""
    decoder = json.JSONDecoder(strict=False)
    place = text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return
        yield value
        place = text.find("{", end)


def _written(call: RawCall) -> str:
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        arguments = call.arguments
    return json.dumps({"tool": call.name, "arguments": arguments}, ensure_ascii=False)


def _without_titles(schema: Any) -> Any:
    """Without the titles that pydantic makes of names: tokens that tell a model nothing."""
    if isinstance(schema, list):
        return [_without_titles(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_titles(one) for name, one in value.items()}
        if key == "properties"
        else _without_titles(value)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)
    }
