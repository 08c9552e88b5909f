"""Whatever a model's endpoint sends, a turn is answered or fails with a code."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from agents.chat.answerer import Answerer
from encoders.bundle import Encoders
from stores.core.errors import EndpointError
from stores.library_store import LibraryStore
from tests.unit.agents.chat.models import Asked
from tests.unit.agents.scripted_endpoint import Raw, Reply, Said, scripted_endpoint
from tests.unit.agents.small_library import add_video

Library = tuple[LibraryStore, Encoders]

HUGE = "1" * 5_000
DEEP = "[" * 100_000


@pytest.fixture(scope="module")
def bread(tmp_path_factory: pytest.TempPathFactory, encoders: Encoders) -> Iterator[Library]:
    root = tmp_path_factory.mktemp("hostile")
    with LibraryStore.open(root / "library", create=True) as store:
        add_video(store, encoders, root / "bread.mp4", "imagenet:963", ("The dough must rest for two hours.",))
        yield store, encoders


def body(**message: object) -> Raw:
    return Raw(json.dumps({"choices": [{"message": {"role": "assistant", "content": "", **message}}]}))


def calls(name: object, arguments: object, call_id: object = "c1") -> list[dict[str, object]]:
    return [{"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}]


HOSTILE: dict[str, Reply] = {
    "a huge number in a JSON form": f'{{"tool": "search_moments", "arguments": {{"k": {HUGE}}}}}',
    "a huge number in a call": Said(calls=[("search_moments", f'{{"query": "dough", "k": {HUGE[:3900]}}}')]),
    "a huge number in the body": Raw(f'{{"choices": [{{"message": {{"content": "x", "n": {HUGE}}}}}]}}'),
    "a huge number of tokens": Raw(
        '{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 1e300, "completion_tokens": '
        + HUGE[:4000]
        + "}}"
    ),
    "many negative tokens": Raw(
        '{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": -9, "completion_tokens": -9}}'
    ),
    "a number of tokens larger than any column": Raw(
        '{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 99999999999999999999, '
        '"completion_tokens": 1}}'
    ),
    "half a character as a name": body(tool_calls=calls("\ud800", "{}")),
    "half a character as an id": body(tool_calls=calls("search_moments", '{"query": "dough"}', "\udc80")),
    "half a character as text": body(content="\ud800 the dough \udc80"),
    "half a character in arguments": body(tool_calls=calls("search_moments", '{"query": "\\ud800"}')),
    "half a raw character in arguments": body(tool_calls=calls("search_moments", '{"query": "\ud800"}')),
    "a null in arguments": body(tool_calls=calls("search_moments", '{"query": "\\u0000", "tag": "\\u0000"}')),
    "a null in SQL": body(tool_calls=calls("query_tables", '{"sql": "SELECT \\u0000 1"}')),
    "deep SQL": body(tool_calls=calls("query_tables", json.dumps({"sql": "SELECT " + "(" * 1900 + "1" + ")" * 1900}))),
    "long SQL": body(tool_calls=calls("query_tables", json.dumps({"sql": "SELECT 1" + "+1" * 1900}))),
    "huge value SQL": body(
        tool_calls=calls("query_tables", json.dumps({"sql": "SELECT hex(zeroblob(900000000)) AS a FROM videos"}))
    ),
    "endless SQL": body(
        tool_calls=calls(
            "query_tables",
            json.dumps({"sql": "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r"}),
        )
    ),
    "odd values SQL": body(
        tool_calls=calls(
            "query_tables", json.dumps({"sql": "SELECT 9e999 AS a, x'ff00' AS b, -9e999 AS c, NULL AS d FROM videos"})
        )
    ),
    "odd bytes as text SQL": body(
        tool_calls=calls("query_tables", json.dumps({"sql": "SELECT CAST(x'ff' AS TEXT) AS a FROM videos"}))
    ),
    "arguments of the wrong kind": body(tool_calls=calls(7, [1, 2])),
    "a deep reply": DEEP,
    "a deep JSON form": '{"tool": "search_moments", "arguments": ' + DEEP,
    "a deep body": Raw('{"choices": ' + DEEP),
    "deep arguments": Said(calls=[("search_moments", "[" * 3_900)]),
    "braces": "{" * 20_000,
    "many objects": '{"tool": "x", "arguments": {}} ' * 5_000,
    "many calls": Said(calls=[("search_moments", {"query": "dough"})] * 500),
    "claims of garbage": json.dumps({"claims": [{"text": "\ud800", "notes": [HUGE]}]}),
    "long text": "the dough must rest " * 50_000,
    "numbers": "[1] " * 20_000,
    "no body": Raw(""),
    "not UTF-8": Raw(b"\xff\xfe\xff" * 100),
    "an infinite number": Raw('{"choices": [{"message": {"content": NaN}}], "usage": {"prompt_tokens": Infinity}}'),
    "an open thought": "<think>" + "<think> " * 10_000,
}


@pytest.mark.parametrize("reply", HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize("streamed", [True, False])
def test_any_reply_ends_in_an_answer_or_a_code(bread: Library, reply: Reply, streamed: bool) -> None:
    with scripted_endpoint(reply) as server:
        try:
            asked = Asked(bread, server.base_url, "How long must the dough rest?")
        except EndpointError:
            return
    json.dumps(asked.answer, allow_nan=False).encode()


@pytest.mark.parametrize("question", ["\0", "\udc80", "\0 \ud800"])
def test_a_question_of_no_characters_is_answered(bread: Library, question: str) -> None:
    Answerer(*bread).ask(question)
