"""A language model in this process, with a scripted engine: what it is asked, and how its failures are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from agents.llm import LLM, Budget, EndpointSettings
from agents.llm.completion import Message, Request, ToolSpec, UnsupportedError
from agents.llm.local_backend import LEAST_TOKENS, LocalBackend
from encoders.adapters.llama import LateError, LlamaModel, OverlongError, Prompt, RefusedError
from stores.core.errors import EndpointError


class Scripted(LlamaModel):
    """Says what it is told to, in chunks."""

    def __init__(self, said: str = "", failure: Exception | None = None, speed: float = 50.0) -> None:
        super().__init__(Path("none.gguf"), 1)
        self.said, self.failure, self.tokens_per_second = said, failure, speed
        self.prompts: list[Prompt] = []

    def complete(self, prompt: Prompt, on_chunk: Callable[[Mapping[str, Any]], None]) -> None:
        self.prompts.append(prompt)
        if self.failure is not None:
            raise self.failure
        on_chunk({"choices": [{"delta": {"role": "assistant", "content": None}}], "prompt_progress": {"total": 9}})
        for letter in self.said:
            likely = {"content": [{"token": letter, "logprob": -0.1}]}
            on_chunk({"choices": [{"delta": {"content": letter}, "logprobs": likely if prompt.logprobs else None}]})
        on_chunk({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        on_chunk({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": len(self.said)}})


class Said(BaseModel):
    answer: str = Field(max_length=20)


def llm(model: LlamaModel, timeout: float = 60.0) -> LLM:
    settings = EndpointSettings("", "local", timeout_seconds=timeout, short_prompts=True)
    return LLM(settings, LocalBackend(model, timeout))


def test_the_form_is_a_grammar_and_not_words_of_the_prompt() -> None:
    model = Scripted('{ "answer": "four" }')
    asked = llm(model)
    assert asked.ask("Answer.", "2 + 2?", Said).answer == "four"
    (prompt,) = model.prompts
    assert prompt.schema is not None
    assert list(prompt.schema["properties"]) == ["answer"]
    assert [message["content"] for message in prompt.messages] == ["Answer.", "2 + 2?"]
    assert (asked.usage.prompt_tokens, asked.usage.completion_tokens) == (9, 20)


def test_the_text_is_passed_on_as_it_is_written() -> None:
    pieces: list[str] = []
    step = llm(Scripted("Hello")).converse([Message("user", "Hi")], on_text=pieces.append)
    assert step.text == "Hello"
    assert "".join(pieces) == "Hello"
    assert len(pieces) > 1


def test_what_ends_a_stream_is_raised() -> None:
    def stop(_: str) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        llm(Scripted("Hello")).converse([Message("user", "Hi")], on_text=stop)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (OverlongError("5000 tokens exceed 4096"), "ENDPOINT_CONTEXT"),
        (LateError("its time is over"), "ENDPOINT_BUDGET"),
        (RefusedError("no such schema"), "ENDPOINT_BAD_OUTPUT"),
    ],
)
def test_failures_are_coded_and_say_why(failure: Exception, code: str) -> None:
    with pytest.raises(EndpointError) as caught:
        llm(Scripted(failure=failure)).ask("Answer.", "2 + 2?", Said)
    assert caught.value.code.name == code
    assert str(failure) in caught.value.message


def test_a_reply_gets_no_more_time_than_is_left() -> None:
    model = Scripted('{"answer": "4"}')
    llm(model, timeout=60.0).ask("Answer.", "2 + 2?", Said, budget=Budget(seconds=5.0))
    llm(model, timeout=60.0).ask("Answer.", "2 + 2?", Said)
    first, second = (prompt.seconds for prompt in model.prompts)
    assert first is not None
    assert first <= 5.0
    assert second == 60.0


def test_it_knows_no_tools_and_sees_no_pictures() -> None:
    backend = LocalBackend(Scripted(), 10.0)
    with pytest.raises(UnsupportedError):
        backend.complete(Request([Message("user", "Hi")], 10, tools=(ToolSpec("count", "Counts.", {}),)))
    with pytest.raises(EndpointError) as caught:
        backend.complete(Request([Message("user", "Hi", (b"jpeg",))], 10))
    assert caught.value.code.name == "ENDPOINT_REFUSED"


def test_a_slow_machine_is_shown_less() -> None:
    assert llm(Scripted(speed=200.0)).affordable(600) == 600
    middling = llm(Scripted(speed=50.0)).affordable(600)
    assert LEAST_TOKENS < middling < 600
    assert llm(Scripted(speed=1.0)).affordable(600) == LEAST_TOKENS
