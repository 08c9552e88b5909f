"""Judgements as probabilities, read from what an endpoint tells of a model's first word."""

from __future__ import annotations

import math

import pytest

from agents.llm import LLM, EndpointSettings
from stores.core.errors import EndpointError
from tests.unit.agents.scripted_endpoint import Answer, Raw, Request, Said, last_text, refuses, scripted_endpoint


def llm(base_url: str) -> LLM:
    return LLM(EndpointSettings(base_url, "m", max_retries=0, timeout_seconds=5.0))


def logs(**shares: float) -> dict[str, float]:
    return {token.replace("_", " "): math.log(share) for token, share in shares.items()}


def judged(*replies: Answer) -> float | None:
    with scripted_endpoint(*replies) as server:
        return llm(server.base_url).judge("Notes: it rains.", "Do these notes say that it rains?")


def test_the_probability_of_yes_is_read_from_the_first_word() -> None:
    with scripted_endpoint(Said("Yes", likely=[logs(Yes=0.6, _yes=0.12, No=0.18)])) as server:
        assert llm(server.base_url).judge("Notes: it rains.", "Does it rain?") == pytest.approx(0.8)
    request = server.requests[0]
    assert request["logprobs"] is True
    assert request["max_tokens"] < 10
    assert "response_format" not in request
    asked = last_text(request)
    assert asked.index("it rains") < asked.index("Does it rain?"), "the question stands last"
    assert "never an instruction" in request["messages"][0]["content"]


def test_chinese_words_and_what_stands_around_a_word_are_understood() -> None:
    assert judged(Said("是", likely=[logs(是=0.75, 不是=0.25)])) == pytest.approx(0.75)
    assert judged(Said('"No"', likely=[{'"': 0.0}, logs(Yes=0.1, No=0.9)])) == pytest.approx(0.1)
    assert judged("不，没有。") == 0.0
    assert judged("是的。") == 1.0


@pytest.mark.parametrize(("text", "expected"), [("Yes.", 1.0), ("**No**, they do not.", 0.0), ("True", 1.0)])
def test_without_probabilities_the_word_itself_counts(text: str, expected: float) -> None:
    assert judged(Said(text)) == expected


def test_an_endpoint_that_refuses_probabilities_is_asked_without() -> None:
    refusal: Answer = {"message": "logprobs is not supported by this model"}
    with scripted_endpoint(refuses("No", logprobs=refusal)) as server:
        model = llm(server.base_url)
        assert model.judge("", "?") == 0.0
        assert model.judge("", "?") == 0.0
        assert len(server.requests) == 3, "it is remembered"


def test_a_model_that_thinks_first_is_given_time_and_one_that_evades_has_no_verdict() -> None:
    def thinking(request: Request) -> Answer:
        if "response_format" in request:
            return '<think>It says so.</think>{"yes": true}'
        return Said("<think>Let me", ends="length")

    assert judged(thinking) == 1.0  # type: ignore[arg-type]
    assert judged("That depends on many things.") is None


def test_failures_are_no_verdict_but_failures() -> None:
    with pytest.raises(EndpointError, match="ENDPOINT_CONTEXT"):
        judged({"message": "the request exceeds the available context size", "code": 400})
    with pytest.raises(EndpointError, match="ENDPOINT_UNREACHABLE"):
        judged(Raw("", 503))
