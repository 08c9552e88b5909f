"""The library as a model of OpenAI's API, asked by OpenAI's own client over HTTP."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.views.conversations import answering
from tests.unit.server.serving import FOLDER, Served, served

OVEN, DOUGH = "How hot must the oven be?", "What does the dough need?"


@pytest.fixture(scope="module")
def opened(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    copy = Path(shutil.copytree(made, tmp_path_factory.mktemp("completions") / "library"))
    with Library.open(copy, create=False, server={"openai": True}) as library:
        yield library


@pytest.fixture(scope="module")
def running(opened: Library) -> Iterator[Served]:
    with served(create_app(opened)) as one:
        yield one


def client_of(running: Served, key: str = "none") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"http://127.0.0.1:{running.port}/v1", api_key=key, max_retries=0)


@pytest.fixture
def client(running: Served) -> Iterator[openai.OpenAI]:
    with client_of(running) as one:
        yield one


def asked(*said: str) -> Any:
    roles = ("user", "assistant")
    return [
        {"role": "system", "content": "Be kind."},
        *({"role": roles[at % 2], "content": one} for at, one in enumerate(said)),
    ]


def answer(client: openai.OpenAI, *said: str) -> str:
    found = client.chat.completions.create(model="kinodex", messages=asked(*said))
    return found.choices[0].message.content or ""


def test_it_is_off_by_default(server: Served):
    assert server.client.get("/v1/models", headers={"accept": "application/json"}).status_code == 404
    answer = server.client.post("/v1/chat/completions", json={"model": "kinodex", "messages": asked(OVEN)})
    assert answer.status_code in (404, 405)


def test_there_is_one_model(client: openai.OpenAI):
    assert [one.id for one in client.models.list()] == ["kinodex"]
    assert client.models.retrieve("kinodex").object == "model"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-5")
    assert caught.value.code == "model_not_found"


def test_an_answer_links_to_where_it_plays(client: openai.OpenAI, running: Served, opened: Library):
    found = client.chat.completions.create(
        model="kinodex", messages=asked(OVEN), temperature=0.3, max_tokens=5, seed=7, user="me", n=1
    )
    (choice,) = found.choices
    link = f"http://127.0.0.1:{running.port}/videos/{opened.resolve('pizza.mp4')}?t=2#utt_pizza_1"
    assert choice.finish_reason == "stop"
    text = choice.message.content or ""
    assert "250 degrees" in text
    assert f"[[1]]({link})" in text
    assert text.splitlines()[-1] == f"1. [pizza again.mp4 0:02.0–0:03.9]({link})"
    assert running.client.get(link).status_code == 200
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.total_tokens) == (0, 0, 0)
    assert FOLDER not in found.model_dump_json()
    assert opened.store.threads.page() == []


def test_a_streamed_answer_is_the_same(client: openai.OpenAI, opened: Library):
    whole = answer(client, OVEN)
    chunks = list(
        client.chat.completions.create(
            model="kinodex", messages=asked(OVEN), stream=True, stream_options={"include_usage": True}
        )
    )
    assert len({one.id for one in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(one.choices[0].delta.content or "" for one in chunks[:-1]) == whole
    assert [one.choices[0].finish_reason for one in chunks[-3:-1]] == [None, "stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert all(one.usage is None for one in chunks[:-1])
    assert opened.store.threads.page() == []


def test_a_stream_ends_as_clients_expect(running: Served):
    body = {"model": "kinodex", "messages": asked(DOUGH), "stream": True}
    found = running.client.post("/v1/chat/completions", json=body)
    assert found.headers["content-type"].startswith("text/event-stream")
    blocks = [one for one in found.text.split("\n\n") if one and not one.startswith(":")]
    assert all(one.startswith("data: ") for one in blocks)
    assert blocks[-1] == "data: [DONE]"
    assert json.loads(blocks[-2][6:])["choices"][0]["finish_reason"] == "stop"
    # What is said in a video is no markup.
    assert "<b>" not in found.text
    assert "![x](" not in found.text


def test_follow_ups_know_what_was_said(client: openai.OpenAI):
    first = answer(client, OVEN)
    later = answer(client, OVEN, first, "What is said after that?")
    assert "dough" in later
    assert later.startswith("*Understood as: ")
    alone = answer(client, "What is said after that?")
    assert "dough" not in alone
    # A program may send anything as a former answer; evidence that is not there says nothing.
    odd = answer(client, OVEN, "Hot. [[1]](http://a.example/videos/vid_x?t=1#utt_none) [[2]](#", OVEN)
    assert "250 degrees" in odd


def test_parts_of_messages_are_read(client: openai.OpenAI):
    parts: Any = [{"role": "user", "content": [{"type": "text", "text": OVEN}]}]
    found = client.chat.completions.create(model="kinodex", messages=parts)
    assert "250 degrees" in (found.choices[0].message.content or "")
    parts[0]["content"].append({"type": "image_url", "image_url": {"url": "data:image/png;base64,"}})
    with pytest.raises(openai.BadRequestError, match="not looked at"):
        client.chat.completions.create(model="kinodex", messages=parts)


@pytest.mark.parametrize(
    "body",
    [
        {"model": "kinodex", "messages": []},
        {"model": "kinodex"},
        {"model": "kinodex", "messages": [{"role": "user", "content": " "}]},
        {"model": "kinodex", "messages": [{"role": "user", "content": "x" * 4_001}]},
        {"model": "kinodex", "messages": [{"role": "assistant", "content": "Yes."}]},
        {"model": "kinodex", "messages": "?"},
        [1],
    ],
)
def test_what_cannot_be_answered_is_said_as_clients_read_it(running: Served, opened: Library, body: Any):
    found = running.client.post("/v1/chat/completions", json=body)
    assert found.status_code == 400
    error = found.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == ("invalid_request_error", "USAGE")
    assert opened.store.threads.page() == []


def test_so_many_at_once_and_no_more(client: openai.OpenAI, opened: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answering, "_SLOTS", {opened: answering.Slots(0)})
    with pytest.raises(openai.RateLimitError) as caught:
        answer(client, OVEN)
    assert caught.value.code == "rate_limit_exceeded"
    assert opened.store.threads.page() == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_that_fails_says_why(
    client: openai.OpenAI, opened: Library, monkeypatch: pytest.MonkeyPatch, stream: bool
):
    # The one who watches removes its thread meanwhile.
    begin, held = opened.runner.run, threading.Event()

    def run(lease: Any, *more: Any, **options: Any) -> Any:
        opened.store.threads.delete(lease.thread_id)
        held.set()
        return begin(lease, *more, **options)

    monkeypatch.setattr(opened.runner, "run", run)
    with pytest.raises(openai.APIError) as caught:
        list(client.chat.completions.create(model="kinodex", messages=asked(OVEN), stream=stream))
    assert held.is_set()
    assert caught.value.code == "UNKNOWN_THREAD"


def test_who_hangs_up_leaves_nothing(running: Served, opened: Library):
    body = {"model": "kinodex", "messages": asked(DOUGH), "stream": True}
    with running.client.stream("POST", "/v1/chat/completions", json=body) as found:
        next(found.iter_raw())
    until = time.monotonic() + 60
    while opened.store.threads.page() and time.monotonic() < until:
        time.sleep(0.05)
    assert opened.store.threads.page() == []


def test_with_access_on_a_key_is_asked_for(made: Path, tmp_path: Path):
    copy = Path(shutil.copytree(made, tmp_path / "library"))
    with Library.open(copy, create=False, server={"openai": True}) as library:
        access = library.store.access
        boats = access.collections.add("Boats")
        access.collections.put_videos(boats.collection_id, [library.resolve("boats.mp4")])
        access.users.add("Ada", "correct horse battery")
        bob = access.users.add("Bob", "correct horse battery", ["read", "chat"])
        access.collections.grant(boats.collection_id, bob.user_id, "reader")
        _, key = access.keys.add(bob.user_id, "of Bob", ["read", "chat"])
        _, reads = access.keys.add(bob.user_id, "reads", ["read"])
        with served(create_app(library)) as running:
            with client_of(running) as nobody, pytest.raises(openai.AuthenticationError) as caught:
                nobody.models.list()
            assert caught.value.code == "invalid_api_key"
            with client_of(running, reads) as reader, pytest.raises(openai.PermissionDeniedError):
                answer(reader, OVEN)
            with client_of(running, key) as client:
                assert "250" not in answer(client, OVEN)
                hidden = f"Hot. [[1]](http://x/videos/{library.resolve('pizza.mp4')}?t=2#utt_pizza_1)"
                absent = "Hot. [[1]](http://x/videos/vid_none?t=2#utt_none_1)"
                assert answer(client, OVEN, hidden, "When is that?") == answer(client, OVEN, absent, "When is that?")
        assert library.store.threads.page(owner=bob.user_id) == []
