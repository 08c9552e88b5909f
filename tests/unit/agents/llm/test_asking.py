from __future__ import annotations

import pytest
from pydantic import BaseModel

from agents.llm import LLM, EndpointSettings
from stores.core.errors import EndpointError
from tests.unit.agents.chat_server import chat_server


class Colour(BaseModel):
    name: str


def llm(base_url: str, retries: int = 0, timeout: float = 5.0) -> LLM:
    return LLM(EndpointSettings(base_url, "m", api_key="secret-key", timeout_seconds=timeout, max_retries=retries))


def test_structured_answer_and_usage_over_real_http() -> None:
    with chat_server('{"name": "red"}') as server:
        model = llm(server.base_url)
        assert model.ask("Name a colour.", "the sky at dusk", Colour).name == "red"
        assert (model.usage.calls, model.usage.prompt_tokens, model.usage.completion_tokens) == (1, 11, 7)
        request = server.requests[0]
        assert request["response_format"]["type"] == "json_schema"
        assert request["messages"][1] == {"role": "user", "content": "the sky at dusk"}
        assert server.keys == ["Bearer secret-key"]
        model.close()


def test_prose_around_the_json_is_tolerated() -> None:
    with chat_server('Sure! ```json\n{"name": "blue"}\n```') as server:
        assert llm(server.base_url).ask("", "", Colour).name == "blue"


def test_a_bad_answer_is_repaired_once_then_refused() -> None:
    with chat_server("no json", '{"name": "green"}') as server:
        assert llm(server.base_url).ask("", "", Colour).name == "green"
    with chat_server("no json at all") as server:
        with pytest.raises(EndpointError) as failure:
            llm(server.base_url).ask("", "", Colour)
        assert failure.value.code.name == "ENDPOINT_BAD_OUTPUT"
        assert server.served == 2


def test_servers_without_json_schema_are_asked_more_simply() -> None:
    def only_plain(request: dict[str, object]) -> str | int:
        return 400 if "response_format" in request else '{"name": "grey"}'

    with chat_server(only_plain) as server:
        assert llm(server.base_url).ask("", "", Colour).name == "grey"
        assert len(server.requests) == 3


def refuses(**refusals: dict[str, object]):
    """Replies as a model that takes none of the given parameters."""

    def reply(request: dict[str, object]) -> str | dict[str, object]:
        return next((error for name, error in refusals.items() if name in request), '{"name": "grey"}')

    return reply


# What servers really say: OpenAI of its reasoning models, vLLM, llama.cpp, Azure, LiteLLM.
NO_MAX_TOKENS = {
    "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
    "instead.",
    "type": "invalid_request_error",
    "param": "max_tokens",
    "code": "unsupported_parameter",
}
NO_TEMPERATURE = {
    "message": "Unsupported value: 'temperature' does not support 0.0 with this model. Only the default (1) value is "
    "supported.",
    "type": "invalid_request_error",
    "param": "temperature",
    "code": "unsupported_value",
}
NO_FORMAT = {
    "message": "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
    "type": "invalid_request_error",
    "param": "response_format",
    "code": None,
}


def test_models_that_take_neither_max_tokens_nor_a_temperature_are_asked_as_they_want() -> None:
    with chat_server(refuses(max_tokens=NO_MAX_TOKENS, temperature=NO_TEMPERATURE)) as server:
        model = llm(server.base_url)
        assert model.ask("", "", Colour).name == "grey"
        last = server.requests[-1]
        assert last["max_completion_tokens"] == 1024
        assert not {"max_tokens", "temperature"} & last.keys()
        assert last["response_format"]["type"] == "json_schema", "what was not refused is still asked for"
        asked = len(server.requests)
        assert asked == 3
        assert model.ask("", "", Colour).name == "grey"
        assert len(server.requests) == asked + 1, "it is remembered"


def test_a_model_that_refuses_everything_is_asked_a_bounded_number_of_times() -> None:
    refusal = refuses(max_tokens=NO_MAX_TOKENS, temperature=NO_TEMPERATURE, response_format=NO_FORMAT)
    with chat_server(refusal) as server:
        assert llm(server.base_url).ask("", "", Colour).name == "grey"
        assert len(server.requests) == 5
    with chat_server(NO_MAX_TOKENS) as server, pytest.raises(EndpointError):
        llm(server.base_url).ask("", "", Colour)
    assert server.served == 2


@pytest.mark.parametrize(
    "message",
    [
        "Unrecognized request argument supplied: temperature",
        "temperature is not supported by this model",
        "litellm.UnsupportedParamsError: this model doesn't support temperature: unsupported parameter",
    ],
)
def test_a_parameter_that_is_named_in_the_message_alone_is_left_out(message: str) -> None:
    with chat_server(refuses(temperature={"message": message})) as server:
        assert llm(server.base_url).ask("", "", Colour).name == "grey"
        assert len(server.requests) == 2
        assert "response_format" in server.requests[-1]


@pytest.mark.parametrize(
    "error",
    [
        {"message": "For more information see the documentation."},
        {"message": "Your input has an invalid format.", "param": "messages"},
        {"message": "temperature must lie between 0 and 2", "param": "temperature", "code": "invalid_value"},
    ],
)
def test_what_is_refused_for_another_reason_is_not_asked_again(error: dict[str, object]) -> None:
    with chat_server(error) as server, pytest.raises(EndpointError) as failure:
        llm(server.base_url).ask("", "", Colour)
    assert failure.value.code.name == "ENDPOINT_REFUSED"
    assert server.served == 1, "it was no parameter that the server does not take"


@pytest.mark.parametrize("status", [401, 500])
def test_a_password_in_the_address_is_never_printed(status: int) -> None:
    with chat_server(status) as server, pytest.raises(EndpointError) as failure:
        llm(server.base_url.replace("://", "://me:sesame@")).ask("", "", Colour)
    assert "sesame" not in str(failure.value)
    assert "me:***@" in failure.value.message
    with pytest.raises(EndpointError) as failure:
        llm("http://me:sesame@127.0.0.1:9/v1").ask("", "", Colour)
    assert "sesame" not in str(failure.value)
    assert "sesame" not in repr(EndpointSettings("http://me:sesame@host/v1", "m"))


def test_retries_are_bounded() -> None:
    with chat_server(500, 500, '{"name": "pink"}') as server:
        assert llm(server.base_url, retries=2).ask("", "", Colour).name == "pink"
    with chat_server(500) as server:
        with pytest.raises(EndpointError) as failure:
            llm(server.base_url, retries=1).ask("", "", Colour)
        assert failure.value.code.name == "ENDPOINT_UNREACHABLE"
        assert server.served == 2


def test_a_refusal_says_what_to_check_and_hides_the_key() -> None:
    with chat_server(401) as server, pytest.raises(EndpointError) as failure:
        llm(server.base_url).ask("", "", Colour)
    assert failure.value.code.name == "ENDPOINT_REFUSED"
    assert "API key" in failure.value.hint
    assert "secret-key" not in str(failure.value)
    assert "secret-key" not in repr(EndpointSettings("u", "m", api_key="secret-key"))


def test_an_endpoint_without_a_server_is_unreachable() -> None:
    with pytest.raises(EndpointError) as failure:
        llm("http://127.0.0.1:9/v1").ask("", "", Colour)
    assert failure.value.code.name == "ENDPOINT_UNREACHABLE"
    assert "base_url" in failure.value.hint


@pytest.mark.parametrize("reply", ["[]", "<html>hello</html>", '{"choices": [{"index": 0}]}', '{"object": "list"}'])
def test_replies_that_are_no_chat_completion_are_coded_errors(reply: str) -> None:
    with chat_server(reply, raw=True) as server, pytest.raises(EndpointError) as failure:
        llm(server.base_url).ask("", "", Colour)
    assert failure.value.code.name == "ENDPOINT_BAD_OUTPUT"
