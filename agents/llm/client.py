"""The client of a language model: structured answers, conversations with tools, judgements; usage and budgets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from agents.llm.completion import Backend, Completion, Message, Paced, Request, Schema, Tokens, UnsupportedError
from agents.llm.conversing import Conversing
from agents.llm.costs import Budget, Usage, estimated_tokens, estimated_tokens_of, used
from agents.llm.judging import FIRST_TOKENS, LIKELIEST, Verdict, messages_of, probability_of_yes, said_yes
from agents.llm.settings import EndpointSettings
from agents.llm.tool_calls import Step, Tool, short
from stores.core.errors import EndpointError

Answer = TypeVar("Answer", bound=BaseModel)

LEAST_MATERIAL = 128
"""Tokens of material below which a prompt is not made smaller again: there would be nothing left to answer from."""

_LONGEST_ECHO = 2000  # characters of a reply that a model is shown again, to correct it


class LLM:
    """Asks a language model. Replies are parsed and validated, never executed. Thread-safe.

    Args:
        backend: what runs the model; by default the endpoint of the settings.
    """

    def __init__(self, settings: EndpointSettings, backend: Backend | None = None) -> None:
        self.settings = settings
        self.usage = Usage()
        self._lock = threading.Lock()
        self._backend = backend or _endpoint(settings)
        self._conversing = Conversing(self._run, settings.max_output_tokens)
        self._fits: int | None = None

    def ask(
        self,
        instructions: str,
        material: str,
        shape: type[Answer],
        pictures: Sequence[bytes] = (),
        budget: Budget | None = None,
    ) -> Answer:
        """An answer in the form of a pydantic model.

        Args:
            instructions: the system message (trusted, ours).
            material: the user message (untrusted: questions, and what is said or read in videos).
            shape: pydantic model of the reply; an invalid reply is sent back once for correction.
            pictures: JPEG files for a vision-language model, in order.
            budget: that the calls must fit into.

        Raises:
            EndpointError: ENDPOINT_UNREACHABLE, ENDPOINT_REFUSED, ENDPOINT_CONTEXT, ENDPOINT_FILTERED,
                ENDPOINT_BAD_OUTPUT or ENDPOINT_BUDGET.
        """
        schema = Schema(shape.__name__, shape.model_json_schema())
        system = instructions
        if not self.settings.short_prompts:  # else the instructions say what the grammar makes sure of
            system += f"\nReply with one JSON object that fits this schema:\n{schema}"
        messages = [Message("system", system), Message("user", material, tuple(pictures))]
        request = Request(messages, self.settings.max_output_tokens, schema)
        reply = self._run(request, budget)
        try:
            return shape.model_validate_json(_json_part(reply.text))
        except ValidationError as error:
            wrong = _wrong_in(error, reply)
        messages.append(Message("assistant", reply.text[:_LONGEST_ECHO] or "{}"))
        messages.append(Message("user", f"{wrong} Send only the JSON object."))
        reply = self._run(request, budget)
        try:
            return shape.model_validate_json(_json_part(reply.text))
        except ValidationError as error:
            raise self._bad_output(error, reply) from error

    def ask_within(
        self,
        instructions: str,
        material: Callable[[int], str],
        shape: type[Answer],
        tokens: int,
        budget: Budget | None = None,
    ) -> Answer:
        """The same with as much material as the model's context takes, which is found out by trying.

        Args:
            material: makes the user message for a number of tokens, see `agents.llm.costs.estimated_tokens`.
            tokens: of material at most. Each time the model finds it too long, half of it is tried; what fitted is
                remembered.

        Raises:
            EndpointError: as `ask`; ENDPOINT_CONTEXT only if even `LEAST_MATERIAL` tokens do not fit.
        """
        size = min(tokens, self._fits or tokens)
        while True:
            text = material(size)
            try:
                answer = self.ask(instructions, text, shape, budget=budget)
                break
            except EndpointError as error:
                smaller = min(size, estimated_tokens(text)) // 2
                if error.code.name != "ENDPOINT_CONTEXT" or smaller < LEAST_MATERIAL:
                    raise
                size = smaller
        if size < tokens:
            with self._lock:
                self._fits = min(size, self._fits or size)
        return answer

    def converse(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool] = (),
        on_text: Callable[[str], None] | None = None,
        budget: Budget | None = None,
    ) -> Step:
        """One step of a conversation: the calls that the model wants made, or its final answer.

        A tool that does not exist, arguments that are broken or do not fit, and empty replies are told to the model,
        at most `conversing.CORRECTIONS` times in a row. Calls that are right are returned even if others are not.

        Args:
            tools: that the model may call; without any it just answers.
            on_text: gets the text of the answer as it is written, where the endpoint streams. If it raises, the call
                ends.
            budget: that all calls of this step must fit into.

        Returns:
            the step; add its messages to the conversation, and one (`Call.answered`) for each of its calls.

        Raises:
            EndpointError: as `ask`; ENDPOINT_UNREACHABLE also if a stream breaks off after text has been shown.
        """
        return self._conversing.step(messages, tools, on_text, budget)

    def judge(self, material: str, question: str, budget: Budget | None = None) -> float | None:
        """The probability that the answer to a question about some material is yes.

        It is read from the probabilities of the first word where the endpoint tells them; else yes is 1.0 and no is
        0.0. None if the model says neither.

        Args:
            material: untrusted: what is said or read in videos, claims about them.
            question: trusted, ours: one that is answered by yes or no.

        Raises:
            EndpointError: as `ask`, but never ENDPOINT_BAD_OUTPUT because of what the model wrote.
        """
        request = Request(messages_of(material, question), FIRST_TOKENS, logprobs=LIKELIEST)
        reply = self._run(request, budget)
        probability = probability_of_yes(reply.likely)
        if probability is None:
            probability = said_yes(reply.text)
        if probability is not None:
            return probability
        # A model that thinks before it answers got no further than its thoughts.
        system, user = request.messages
        try:
            verdict = self.ask(system.text, user.text, Verdict, budget=budget)
        except EndpointError as error:
            if error.code.name != "ENDPOINT_BAD_OUTPUT":
                raise
            return None
        return 1.0 if verdict.yes else 0.0

    def affordable(self, tokens: int) -> int:
        """How many of so many tokens of material to show: less where the backend knows that it reads slowly.

        Raises:
            WeightsError: if a model in this process cannot be loaded.
        """
        return self._backend.affordable(tokens) if isinstance(self._backend, Paced) else tokens

    def close(self) -> None:
        """Close the connections."""
        self._backend.close()

    def _run(self, request: Request, budget: Budget | None) -> Completion:
        """One call, counted."""
        read = estimated_tokens_of(request.messages) + sum(estimated_tokens(str(tool)) for tool in request.tools)
        reserved = None
        if budget is not None:
            reserved = budget.reserve(read, request.max_tokens)
            request = replace(request, max_tokens=reserved.completion_tokens, seconds=budget.left().seconds)
        began = time.monotonic()
        spent = Usage(calls=1)
        try:
            reply = self._backend.complete(request)
            written = estimated_tokens(reply.text) + sum(estimated_tokens(call.arguments) for call in reply.calls)
            spent = used(reply.tokens, time.monotonic() - began, Tokens(read, written))
        except UnsupportedError:
            spent = Usage()
            raise
        except EndpointError as error:
            if budget is not None and _late(error, budget):
                budget.reserve(0, 0)  # raises
            raise
        finally:
            if budget is not None:
                budget.spend(spent, reserved)
        with self._lock:
            self.usage.add(spent)
        return reply

    def _bad_output(self, error: ValidationError, reply: Completion) -> EndpointError:
        hint = "Use a model that follows JSON schemas, or unset base_url to answer extractively."
        if reply.ended == "length":
            hint = f"Its reply was cut off after {self.settings.max_output_tokens} tokens: raise max_output_tokens."
        message = f"The model {self.settings.model!r} did not answer in the requested form: {short(error)}."
        return EndpointError("ENDPOINT_BAD_OUTPUT", message, hint)


def _endpoint(settings: EndpointSettings) -> Backend:
    # Loads the openai library, which takes half a second.
    from agents.llm.openai_backend import OpenAIBackend

    return OpenAIBackend(settings)


def _late(error: EndpointError, budget: Budget) -> bool:
    seconds = budget.left().seconds
    return error.code.name == "ENDPOINT_UNREACHABLE" and seconds is not None and seconds <= 0


def _wrong_in(error: ValidationError, reply: Completion) -> str:
    if reply.ended == "length":
        return "That was too long and has been cut off. Be much shorter."
    return f"That does not fit the schema: {short(error)}."


def _json_part(reply: str) -> str:
    """The text from the first ``{`` to the last ``}``: small models wrap JSON in prose or code fences."""
    start, end = reply.find("{"), reply.rfind("}")
    return reply[start : end + 1] if 0 <= start < end else reply
