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


def test_nobody_there() -> None:
    with pytest.raises(EndpointError) as failure:
        llm("http://127.0.0.1:9/v1").ask("", "", Colour)
    assert failure.value.code.name == "ENDPOINT_UNREACHABLE"
    assert "base_url" in failure.value.hint


@pytest.mark.parametrize("reply", ["[]", "<html>hello</html>", '{"choices": [{"index": 0}]}', '{"object": "list"}'])
def test_replies_that_are_no_chat_completion_are_coded_errors(reply: str) -> None:
    with chat_server(reply, raw=True) as server, pytest.raises(EndpointError) as failure:
        llm(server.base_url).ask("", "", Colour)
    assert failure.value.code.name == "ENDPOINT_BAD_OUTPUT"
