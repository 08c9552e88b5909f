"""Conversations over HTTP: begun, answered in the background, followed, resumed, stopped, written out."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.views.conversations import answering
from stores.core.errors import KinodexError
from stores.threads.turn_ledger import TurnLedger
from tests.unit.server.serving import FOLDER, Served, events, served

API = "/api/v1"
OVEN, DOUGH = "How hot must the oven be?", "What does the dough need?"


def begin(server: Served, **body: Any) -> str:
    answer = server.client.post(f"{API}/threads", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["thread_id"]


def ask(server: Served, thread: str, question: str, **headers: str) -> dict[str, Any]:
    answer = server.client.post(f"{API}/threads/{thread}/turns", json={"question": question}, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_an_answer_cites_what_plays(server: Served, library: Library):
    thread = begin(server)
    begun = ask(server, thread, OVEN)
    followed = events(server.client, begun["events"])
    numbers = [number for number, _, _ in followed[:-1]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [kind for _, kind, _ in followed][:1] == ["begun"]
    assert [kind for _, kind, _ in followed][-2:] == ["ended", "turn"]
    turn = followed[-1][2]
    assert (turn["status"], turn["abstained"], turn["mode"]) == ("done", False, "extractive")
    (citation,) = turn["citations"]
    video_id = library.resolve("pizza.mp4")
    assert citation["number"] == 1
    assert (citation["video_id"], citation["name"], citation["start"]) == (video_id, "pizza again.mp4", 2.0)
    assert citation["link"] == f"/videos/{video_id}?t=2"
    assert citation["frame"].startswith(f"{API}/videos/{video_id}/frame?t=2.9")
    assert "250 degrees" in citation["quote"]
    assert turn["claims"][0]["citations"] == [1]
    assert turn["lines"][0].endswith("[1]")
    assert server.client.get(f"{API}/turns/{begun['turn_id']}").json() == turn
    shown = server.client.get(f"{API}/threads/{thread}").json()
    assert shown["turns"] == [turn]
    assert shown["thread"]["title"] == OVEN


def test_events_go_on_where_a_client_left_off(server: Served):
    begun = ask(server, begin(server), OVEN)
    whole = events(server.client, begun["events"])
    known = whole[3][0]
    rest = events(server.client, begun["events"], **{"Last-Event-ID": str(known)})
    assert rest == whole[4:]
    assert events(server.client, f"{begun['events']}?after={known}") == whole[4:]
    assert events(server.client, begun["events"], **{"Last-Event-ID": "100000"}) == whole[-1:]
    assert server.client.get(begun["events"], headers={"Last-Event-ID": "x"}).status_code == 400


def test_two_who_follow_see_the_same(server: Served):
    begun = ask(server, begin(server), DOUGH)
    seen: list[Any] = [None, None]

    def follow(at: int) -> None:
        seen[at] = events(server.client, begun["events"])

    threads = [threading.Thread(target=follow, args=(at,)) for at in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert seen[0] == seen[1]
    assert seen[0][-1][1] == "turn"


def test_an_answer_survives_a_new_server(server: Served, library: Library):
    begun = ask(server, begin(server), OVEN)
    whole = events(server.client, begun["events"])
    with served(create_app(library)) as other:
        assert events(other.client, begun["events"]) == whole


def test_a_question_whose_process_died_is_answered_when_somebody_looks(server: Served, library: Library):
    thread = begin(server)
    hour_ago = TurnLedger(library.store.engine, clock=lambda: time.time() - 3600)
    lease = hour_ago.begin(thread, OVEN)
    followed = events(server.client, f"{API}/turns/{lease.turn_id}/events")
    kinds = [kind for _, kind, _ in followed]
    assert kinds[:2] == ["begun", "resumed"]
    turn = followed[-1][2]
    assert (turn["status"], turn["claims"] != []) == ("done", True)


@pytest.mark.parametrize("path", ["threads/{thread}", "turns/{turn}"])
def test_a_lost_question_goes_on_by_looking_at_it_once(server: Served, library: Library, path: str):
    thread = begin(server)
    lease = TurnLedger(library.store.engine, clock=lambda: time.time() - 3600).begin(thread, OVEN)
    server.client.get(f"{API}/{path.format(thread=thread, turn=lease.turn_id)}")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.client.get(f"{API}/turns/{lease.turn_id}").json()["status"] == "done":
            return
        time.sleep(0.1)
    pytest.fail("it was not answered")


def test_one_question_at_a_time(server: Served, library: Library):
    thread = begin(server)
    lease = library.store.turns.begin(thread, "somebody else's")
    answer = server.client.post(f"{API}/threads/{thread}/turns", json={"question": OVEN})
    assert (answer.status_code, answer.json()["code"]) == (409, "THREAD_BUSY")
    assert server.client.post(f"{API}/turns/{lease.turn_id}/cancel").json() == {
        "turn_id": lease.turn_id,
        "was_running": True,
    }
    assert library.store.turns.cancel_asked(lease.turn_id)


def test_nobody_who_asks_waits_for_models_that_are_being_opened(server: Served, library: Library):
    thread = begin(server)
    held, leave = threading.Event(), threading.Event()

    def open_something() -> None:
        with library._opening:  # as while the server warms up
            held.set()
            leave.wait(60)

    opening = threading.Thread(target=open_something)
    opening.start()
    try:
        assert held.wait(10)
        begun = ask(server, thread, OVEN)
        assert server.client.get(f"{API}/turns/{begun['turn_id']}").json()["status"] == "running"
    finally:
        leave.set()
        opening.join()
    assert events(server.client, begun["events"])[-1][2]["status"] == "done"


def test_a_question_fails_with_a_code_if_what_answers_cannot_be_opened(tmp_path: Path):
    with Library.open(tmp_path / "lib", create=True) as empty:
        empty.settings = empty.settings.model_copy(update={"profile": "none such"})
        with served(create_app(empty)) as server:
            begun = ask(server, begin(server), OVEN)
            turn = events(server.client, begun["events"])[-1][2]
    assert (turn["status"], turn["error_code"]) == ("failed", "MODEL_MISSING")


def test_a_turn_that_is_over_cannot_be_cancelled(server: Served):
    begun = ask(server, begin(server), OVEN)
    events(server.client, begun["events"])
    assert not server.client.post(f"{API}/turns/{begun['turn_id']}/cancel").json()["was_running"]


def test_so_many_questions_at_once_and_no_more(server: Served, library: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answering, "_SLOTS", {library: answering.Slots(0)})
    answer = server.client.post(f"{API}/threads/{begin(server)}/turns", json={"question": OVEN})
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert int(answer.headers["retry-after"]) > 0


def test_a_retried_request_asks_once(server: Served):
    thread = begin(server)
    first = ask(server, thread, OVEN, **{"Idempotency-Key": "k1"})
    assert ask(server, thread, OVEN, **{"Idempotency-Key": "k1"}) == first
    events(server.client, first["events"])
    answer = server.client.post(
        f"{API}/threads/{thread}/turns", json={"question": DOUGH}, headers={"Idempotency-Key": "k1"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert len(server.client.get(f"{API}/threads/{thread}").json()["turns"]) == 1


def test_threads_are_listed_renamed_and_removed(library: Library):
    with served(create_app(library)) as server:
        made = [begin(server, title=f"No. {n}") for n in range(5)]
        listed: list[str] = []
        cursor = None
        while True:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = server.client.get(f"{API}/threads", params=params).json()
            listed += [one["thread_id"] for one in page["threads"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert listed[:5] == made[::-1]
        assert len(listed) == len(set(listed))
        renamed = server.client.patch(f"{API}/threads/{made[0]}", json={"title": "Another\n one"}).json()
        assert renamed["title"] == "Another one"
        assert server.client.delete(f"{API}/threads/{made[0]}").status_code == 204
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/export")):
            answer = server.client.request(method, f"{API}/threads/{made[0]}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_THREAD")
        answer = server.client.post(f"{API}/threads/{made[0]}/turns", json={"question": "?"})
        assert answer.json()["code"] == "UNKNOWN_THREAD"


def test_a_thread_about_some_videos_knows_no_others(server: Served, library: Library):
    boats = library.resolve("boats.mp4")
    thread = begin(server, video_ids=[boats])
    assert server.client.get(f"{API}/threads/{thread}").json()["videos"] == {boats: "boats.mp4"}
    turn = events(server.client, ask(server, thread, OVEN)["events"])[-1][2]
    assert turn["abstained"]
    answer = server.client.post(f"{API}/threads", json={"video_ids": ["vid_none"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_VIDEO")


def test_a_turn_is_narrowed_to_what_the_one_who_asks_sees(library: Library):
    thread = library.store.threads.create()
    runner = library.runner
    turn = runner.run(runner.begin(thread.thread_id, OVEN), only=[library.resolve("boats.mp4")])
    assert turn.abstained
    assert runner.run(runner.begin(thread.thread_id, OVEN), only=[]).claims == ()
    assert runner.run(runner.begin(thread.thread_id, OVEN), only=[library.resolve("pizza.mp4")]).claims


def test_a_thread_is_written_out_without_paths(server: Served):
    thread = begin(server)
    events(server.client, ask(server, thread, DOUGH)["events"])
    answer = server.client.get(f"{API}/threads/{thread}/export")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert DOUGH in answer.text
    assert FOLDER not in answer.text
    # What is said in a video is no markup.
    assert "<b>" not in answer.text
    assert "\x1b" not in answer.text
    found = server.client.get(f"{API}/threads/{thread}/export", params={"format": "json"})
    assert json.loads(found.text)["turns"][0]["question"] == DOUGH
    assert FOLDER not in found.text
    assert server.client.get(f"{API}/threads/{thread}/export", params={"format": "exe"}).status_code == 400


@pytest.mark.parametrize("question", ["", "   ", "x" * 4001])
def test_no_question_is_refused(server: Served, question: str):
    answer = server.client.post(f"{API}/threads/{begin(server)}/turns", json={"question": question})
    assert (answer.status_code, answer.json()["code"]) == (400, "USAGE")


def test_a_reader_asks_nothing(library: Library):
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import Principal

    view = LibraryView(library, Principal("usr_r", "Reader", frozenset({"read"}), everything=True))
    thread = library.store.threads.create()
    for refused in (
        lambda: answering.begin(view, thread.thread_id, OVEN),
        lambda: answering.cancel(view, "trn_0"),
    ):
        with pytest.raises(KinodexError) as caught:
            refused()
        assert caught.value.code.name == "FORBIDDEN"


def test_threads_of_others_are_not_there(library: Library):
    from kinodex.views.conversations import threads
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import SCOPES, Principal

    view = LibraryView(library, Principal("usr_a", "A", frozenset(SCOPES), everything=True))
    thread = library.store.threads.create(owner="usr_b")
    lease = library.store.turns.begin(thread.thread_id, "a secret?")
    assert threads.threads(view, 10).threads == []
    said = set()
    for thread_id, turn_id in ((thread.thread_id, lease.turn_id), ("thr_none", "trn_none")):
        for refused in (
            lambda one=thread_id: threads.thread(view, one),
            lambda one=thread_id: threads.rename(view, one, "mine"),
            lambda one=thread_id: threads.delete(view, one),
            lambda one=thread_id: threads.as_markdown(view, one),
            lambda one=thread_id: answering.begin(view, one, OVEN),
            lambda one=turn_id: answering.cancel(view, one),
            lambda one=turn_id: answering.events_after(view, one, 0),
        ):
            with pytest.raises(KinodexError) as caught:
                refused()
            said.add((caught.value.code.name, caught.value.message))
    assert said == {("UNKNOWN_THREAD", "There is no such thread."), ("UNKNOWN_THREAD", "There is no such turn.")}
    assert library.store.threads.turn(lease.turn_id).status == "running"
