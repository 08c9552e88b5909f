"""Answers that do not come, come late, or are no answers: what users are told, and what is tried before."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

import pytest
from pydantic import BaseModel

from agents.llm import LLM, Budget, EndpointSettings
from stores.core.errors import EndpointError
from tests.unit.agents.scripted_endpoint import (
    Answer,
    Raw,
    Said,
    last_text,
    pictures,
    refuses,
    scripted_endpoint,
    small_context,
)


class Colour(BaseModel):
    name: str


GREY = '{"name": "grey"}'


def llm(base_url: str, retries: int = 0, timeout: float = 5.0, model: str = "m") -> LLM:
    return LLM(EndpointSettings(base_url, model, api_key="secret-key", timeout_seconds=timeout, max_retries=retries))


def failure_of(*replies: Answer | Callable[[dict[str, object]], Answer], **options: float) -> EndpointError:
    with scripted_endpoint(*replies) as server, pytest.raises(EndpointError) as failure:
        llm(server.base_url, **options).ask("", "", Colour)  # type: ignore[arg-type]
    assert "secret-key" not in str(failure.value)
    return failure.value


def limited(**headers: str) -> Raw:
    return Raw({"error": {"message": "Rate limit reached.", "code": "rate_limit_exceeded"}}, 429, headers)


def test_a_rate_limit_is_waited_for_as_long_as_it_says() -> None:
    with scripted_endpoint(limited(**{"Retry-After": "1"}), limited(**{"Retry-After-Ms": "50"}), GREY) as server:
        assert llm(server.base_url, retries=2).ask("", "", Colour).name == "grey"
    first, second, third = server.times
    assert 1.0 <= second - first < 3.0
    assert 0.05 <= third - second < 0.45, "it said so in milliseconds"


def test_a_rate_limit_with_a_date_is_understood() -> None:
    soon = limited(**{"Retry-After": formatdate(time.time() + 2, usegmt=True)})
    with scripted_endpoint(soon, GREY) as server:
        assert llm(server.base_url, retries=1).ask("", "", Colour).name == "grey"
    assert 0.9 < server.times[1] - server.times[0] < 4.0


def test_a_rate_limit_longer_than_the_time_out_is_told_and_not_waited_for() -> None:
    began = time.monotonic()
    failure = failure_of(limited(**{"Retry-After": "90"}), retries=3, timeout=2.0)
    assert time.monotonic() - began < 2.0
    assert failure.code.name == "ENDPOINT_UNREACHABLE"
    assert failure.code.retryable
    assert "wait for 90 s" in failure.hint
    assert "Rate limit reached" in failure.message


def test_a_spent_quota_is_no_reason_to_wait() -> None:
    quota = {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}
    with scripted_endpoint(Raw(quota, 429)) as server, pytest.raises(EndpointError) as failure:
        llm(server.base_url, retries=3).ask("", "", Colour)
    assert (failure.value.code.name, server.served) == ("ENDPOINT_REFUSED", 1)
    assert "quota is spent" in failure.value.hint


def test_a_server_that_is_slow_is_given_up_and_the_time_out_named() -> None:
    failure = failure_of(Said(GREY, pause=1.0), timeout=0.2)
    assert failure.code.name == "ENDPOINT_UNREACHABLE"
    assert "within 0.2 s" in failure.message
    assert "timeout_seconds" in failure.hint


def test_a_reply_that_breaks_off_is_asked_for_again_and_then_told() -> None:
    with scripted_endpoint(Said(GREY, cut=40), GREY) as server:
        assert llm(server.base_url, retries=1).ask("", "", Colour).name == "grey"
    failure = failure_of(Said(GREY, cut=40))
    assert failure.code.name == "ENDPOINT_UNREACHABLE"
    assert "broke off" in failure.message


# What servers really say when a request is too long.
TOO_LONG: dict[str, Answer] = {
    "openai": {
        "message": "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 "
        "tokens. Please reduce the length of the messages.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    },
    "openai, new": {"message": "Your input exceeds the context window of this model. Please adjust your input."},
    "vllm": Raw(
        {
            "object": "error",
            "message": "'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's maximum context "
            "length is 4096 tokens and your request has 3900 input tokens (1024 > 4096 - 3900).",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        400,
    ),
    "vllm, prompt": {
        "message": "The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that "
        "`max_model_len` is no smaller than the number of text tokens."
    },
    "llama.cpp": {
        "code": 400,
        "message": "the request exceeds the available context size. try increasing the context size or enable context "
        "shift",
        "type": "invalid_request_error",
    },
    "llama.cpp, new": {
        "code": 400,
        "message": "request (5137 tokens) exceeds the available context size (4096 tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 5137,
        "n_ctx": 4096,
    },
    "ollama": Raw({"error": "the input length exceeds the context length"}, 400),
    "ollama, prompt": Raw({"error": {"message": "prompt too long; exceeded max context length by 12 tokens"}}, 400),
    "lm studio": {
        "message": "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with "
        "context length of only 4096 tokens."
    },
    "tgi": Raw(
        {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000"}, 422
    ),
    "anthropic": {"message": "prompt is too long: 210000 tokens > 200000 maximum", "type": "invalid_request_error"},
    "gemini": Raw(
        [{"error": {"message": "The input token count (9) exceeds the maximum number of tokens allowed (8)."}}].pop(),
        400,
    ),
    "mistral": {
        "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context "
        "length"
    },
    "a proxy": Raw("<html><h1>413 Request Entity Too Large</h1></html>", 413, {"Content-Type": "text/html"}),
    "groq": Raw({"error": {"message": "Request too large for model `x` on tokens per minute (TPM)"}}, 413),
}


@pytest.mark.parametrize("server", TOO_LONG)
def test_a_request_that_is_too_long_is_told_so_and_not_repeated(server: str) -> None:
    with scripted_endpoint(TOO_LONG[server]) as endpoint, pytest.raises(EndpointError) as failure:
        llm(endpoint.base_url, retries=2).ask("", "", Colour)
    assert failure.value.code.name == "ENDPOINT_CONTEXT"
    assert endpoint.served == 1
    assert "'m'" in failure.value.message
    assert "longer context" in failure.value.hint


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, {"message": "The number of input tokens has exceeded your per-minute rate limit."}),
        (429, {"message": "Rate limit reached on tokens per min (TPM): Limit 30000, Used 29000, Requested 4000."}),
        (400, {"message": "Invalid 'messages[0].content': expected a string."}),
    ],
)
def test_other_refusals_are_not_taken_for_too_long_requests(status: int, error: dict[str, object]) -> None:
    failure = failure_of(Raw({"error": error}, status))
    assert failure.code.name == ("ENDPOINT_UNREACHABLE" if status == 429 else "ENDPOINT_REFUSED")
    assert str(error["message"]).rstrip(".") in failure.message, "users read what the endpoint says"


def test_a_small_model_gets_as_much_as_it_can_read_and_that_is_remembered() -> None:
    lines = [f"line {number}" for number in range(400)]

    def material(tokens: int) -> str:
        return "\n".join(lines[: tokens // 4])

    with scripted_endpoint(small_context(300, TOO_LONG["llama.cpp"], GREY)) as server:
        model = llm(server.base_url)
        assert model.ask_within("", material, Colour, tokens=1600).name == "grey"
        tried = server.served
        assert tried > 1
        assert len(last_text(server.requests[-1]).splitlines()) >= 90, "as much as fits, not the least"
        assert model.ask_within("", material, Colour, tokens=1600).name == "grey"
        assert server.served == tried + 1
    with scripted_endpoint(TOO_LONG["llama.cpp"]) as server, pytest.raises(EndpointError, match="ENDPOINT_CONTEXT"):
        llm(server.base_url).ask_within("", material, Colour, tokens=1600)
    assert server.served < 6


FILTERS: dict[str, Answer] = {
    "azure": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "code": "content_filter",
    },
    "openai": {"message": "Your request was rejected as a result of our safety system.", "code": "moderation_blocked"},
    "in the reply": Said("", ends="content_filter"),
    "the model": Said("", refusal="I cannot help with that."),
}


@pytest.mark.parametrize("where", FILTERS)
def test_what_a_filter_keeps_back_is_told_as_that(where: str) -> None:
    failure = failure_of(FILTERS[where])
    assert failure.code.name == "ENDPOINT_FILTERED"
    assert "declined" in failure.message
    if where == "the model":
        assert "I cannot help with that" in failure.message


NO_COMPLETION: dict[str, Raw] = {
    "a web page": Raw("<html>Welcome to nginx</html>", 200, {"Content-Type": "text/html"}),
    "broken JSON": Raw('{"choices": [{"mess'),
    "no choices": Raw({"object": "chat.completion", "choices": []}),
    "choices of nothing": Raw({"choices": [None]}),
    "a list": Raw("[]"),
    "nothing": Raw(""),
}


@pytest.mark.parametrize("what", NO_COMPLETION)
def test_replies_that_are_no_chat_completion_are_told_as_that(what: str) -> None:
    failure = failure_of(NO_COMPLETION[what])
    assert failure.code.name == "ENDPOINT_BAD_OUTPUT"
    assert "did not answer with a chat completion" in failure.message
    assert "/v1" in failure.hint


def test_an_error_inside_a_good_reply_is_an_error() -> None:
    inside = Raw({"error": {"message": "Provider returned error", "code": 502}})
    with scripted_endpoint(inside, GREY) as server:
        assert llm(server.base_url, retries=1).ask("", "", Colour).name == "grey"
    assert failure_of(inside).code.name == "ENDPOINT_UNREACHABLE"


def test_a_wrong_model_and_a_wrong_path_are_told_with_what_to_check() -> None:
    missing = Raw({"error": {"message": 'model "m" not found, try pulling it first', "code": 404}}, 404)
    failure = failure_of(missing, retries=2)
    assert failure.code.name == "ENDPOINT_REFUSED"
    assert "try pulling it first" in failure.message
    assert "the model's name" in failure.hint


def test_a_key_that_the_endpoint_repeats_is_not_shown() -> None:
    assert "api_key" not in failure_of(Raw({"error": {"message": "Incorrect API key: secret-key"}}, 401)).message
    assert "***" in failure_of(Raw({"error": {"message": "no such user secret-key"}}, 400)).message


def test_an_answer_that_was_cut_off_is_asked_for_again_shorter() -> None:
    with scripted_endpoint(Said('{"name": "grey and', ends="length"), GREY) as server:
        assert llm(server.base_url).ask("", "", Colour).name == "grey"
    assert "shorter" in last_text(server.requests[1])
    assert "max_output_tokens" in failure_of(Said('{"name": "grey and', ends="length")).hint


def test_thoughts_of_a_reasoning_model_are_no_part_of_its_answer() -> None:
    with scripted_endpoint('<think>{"name": "red"}? No: {x}.</think>\n{"name": "blue"}') as server:
        assert llm(server.base_url).ask("", "", Colour).name == "blue"


def test_contents_in_parts_are_read() -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": GREY}]
    reply = Raw({"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": parts}}]})
    with scripted_endpoint(reply) as server:
        assert llm(server.base_url).ask("", "", Colour).name == "grey"


def test_pictures_arrive_as_they_were_sent() -> None:
    with scripted_endpoint(GREY) as server:
        llm(server.base_url).ask("", "Which colour?", Colour, [b"\xff\xd8one", b"\xff\xd8two"])
    assert pictures(server.requests[0]) == [b"\xff\xd8one", b"\xff\xd8two"]


@pytest.mark.parametrize(
    "message",
    [
        "For more information on the format see the documentation.",
        "Invalid image format: only JPEG and PNG are decoded",
        "unsupported image format",
    ],
)
def test_other_talk_of_formats_is_no_refused_response_format(message: str) -> None:
    with scripted_endpoint({"message": message}) as server, pytest.raises(EndpointError) as failure:
        llm(server.base_url).ask("", "", Colour)
    assert (failure.value.code.name, server.served) == ("ENDPOINT_REFUSED", 1)


def test_validation_errors_of_python_servers_are_understood() -> None:
    detail = Raw({"detail": [{"loc": ["body", "temperature"], "msg": "Extra inputs are not permitted"}]}, 422)
    with scripted_endpoint(refuses(temperature=detail)) as server:
        assert llm(server.base_url).ask("", "", Colour).name == "grey"
    assert "response_format" in server.requests[-1]


def test_usage_is_counted_as_told_and_estimated_where_nothing_is_told() -> None:
    with scripted_endpoint(Said(GREY, usage=(100, 20), cached=60), Said(GREY, usage=None)) as server:
        model = llm(server.base_url)
        model.ask("Name it.", "the sky", Colour)
        usage = model.usage.copy()
        assert (usage.calls, usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (1, 100, 20, 60)
        assert usage.estimated == 0
        assert usage.seconds > 0
        assert usage.cost(2.0, 10.0) == pytest.approx((100 * 2 + 20 * 10) / 1e6)
        model.ask("Name it.", "天空的颜色" * 100, Colour)
        told_nothing = model.usage.since(usage)
        assert (told_nothing.calls, told_nothing.estimated) == (1, 1)
        assert told_nothing.prompt_tokens >= 500, "each Chinese character counts"
        assert told_nothing.completion_tokens > 0


def test_a_budget_ends_before_the_call_that_would_exceed_it() -> None:
    with scripted_endpoint(GREY) as server:
        model = llm(server.base_url)
        budget = Budget(calls=2)
        for _ in range(2):
            model.ask("", "", Colour, budget=budget)
        with pytest.raises(EndpointError) as failure:
            model.ask("", "", Colour, budget=budget)
    assert server.served == 2
    assert failure.value.code.name == "ENDPOINT_BUDGET"
    assert "all 2 calls" in failure.value.message


def test_a_budget_of_seconds_ends_a_call_that_takes_longer() -> None:
    began = time.monotonic()
    with scripted_endpoint(Said(GREY, pause=3.0)) as server, pytest.raises(EndpointError) as failure:
        llm(server.base_url, retries=2).ask("", "", Colour, budget=Budget(seconds=0.3))
    assert time.monotonic() - began < 4.0
    assert failure.value.code.name == "ENDPOINT_BUDGET"
    assert "0.3 seconds" in failure.value.message
