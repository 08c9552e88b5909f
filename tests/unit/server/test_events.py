"""Streams: resumed, kept alive, ended when access ends and when the server stops."""

from __future__ import annotations

import threading
import time

import pytest
from fastapi import FastAPI
from starlette.responses import Response

from kinodex.server import events as module
from kinodex.server.events import Event, News, Streams
from kinodex.server.problems import handle_errors
from stores.core.errors import UsageError
from tests.unit.server.serving import events, served


def app_of(look: module.Look) -> FastAPI:
    app = FastAPI()
    app.state.streams = Streams()

    @app.get("/events", response_model=None)
    def follow() -> Response:
        return app.state.streams.stream(look)

    return app


def test_what_comes_later_is_sent_when_it_comes():
    begun = time.monotonic()

    def look(after: int) -> News:
        there = min(3, int((time.monotonic() - begun) / 0.4))
        return News([Event("step", {"n": n}, n) for n in range(after + 1, there + 1)], over=there == 3)

    with served(app_of(look)) as running:
        assert events(running.client, "/events") == [(n, "step", {"n": n}) for n in (1, 2, 3)]


def test_text_of_any_kind_stays_in_its_event():
    text = "one\ntwo\r\n\r\ndata: {}\n\nevent: evil \u2028 </script>"
    with served(app_of(lambda _after: News([Event("step", {"text": text}, 1)], over=True))) as running:
        assert events(running.client, "/events") == [(1, "step", {"text": text})]


def test_a_stream_ends_when_access_ends():
    def look(after: int) -> News:
        if after:
            raise UsageError("UNKNOWN_THREAD", "There is no such turn in /home/ada/library.", "")
        return News([Event("step", {}, 1)])

    with served(app_of(look)) as running:
        _, (number, kind, data) = events(running.client, "/events")
        assert (number, kind, data["code"]) == (None, "error", "UNKNOWN_THREAD")
        assert "ada" not in data["title"]


def test_silence_is_broken_by_comments(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.3)
    with (
        served(app_of(lambda _after: News([]))) as running,
        running.client.stream("GET", "/events") as answer,
    ):
        assert answer.headers["cache-control"] == "no-store"
        text = ""
        for piece in answer.iter_text():
            text += piece
            if ": still here\n\n" in text:
                break
        assert text.startswith("retry: ")


def test_streams_end_when_the_server_stops_and_more_of_them_than_threads_run():
    looks: set[str] = set()

    def look(_after: int) -> News:
        looks.add(threading.current_thread().name)
        return News([])

    ended = []
    with served(app_of(look)) as running:

        def follow() -> None:
            ended.append(events(running.client, "/events"))

        threads = [threading.Thread(target=follow) for _ in range(40)]
        for one in threads:
            one.start()
        time.sleep(1.5)
        begun = time.monotonic()
        running.app.state.streams.close()
        for one in threads:
            one.join(10)
        assert ended == [[]] * 40
        assert time.monotonic() - begun < 5
        assert len(looks) <= module.AT_ONCE


def test_there_are_not_more_streams_than_can_be_served(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST", 2)
    app = app_of(lambda _after: News([]))
    handle_errors(app)
    with served(app) as running:
        with (
            running.client.stream("GET", "/events") as one,
            running.client.stream("GET", "/events") as other,
        ):
            read = [one.iter_text(), other.iter_text()]  # a stream whose reader is gone is closed
            assert all(next(each) for each in read)
            with running.client.stream("GET", "/events") as third:
                assert third.status_code == 429
        # Their places are free again soon after they are gone.
        until = time.monotonic() + 10
        while app.state.streams._open and time.monotonic() < until:
            time.sleep(0.05)
        assert app.state.streams._open == 0
