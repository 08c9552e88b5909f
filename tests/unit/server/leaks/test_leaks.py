"""Nobody learns anything of videos that they do not see: by no route, and not by an id, a string, a count or an order.

Every route is asked as the reader and as the editor of one collection, as somebody who sees none, and with a key that
an administrator narrowed to one, in a library where another collection is full of canaries.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from kinodex.jobs.worker import Worker
from kinodex.library import Library
from kinodex.server.app import create_app
from tests.unit.server.leaks.asking import API, Answer, Asked, Asker, leaks, names_ids, plain
from tests.unit.server.leaks.calls import PUBLIC, ROWS, Call
from tests.unit.server.leaks.canaries import WORD, Canaries, make

WHO = ("reader", "editor", "narrow", "outsider")

ALL_ON = {"openai": True}
"""Settings of the server with which it has all its routes."""

Answers = dict[tuple[str, int, Asked], Answer]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Canaries:
    return make(tmp_path_factory.mktemp("leaks"))


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Canaries:
    """The same library without what is hidden."""
    return make(tmp_path_factory.mktemp("twin"), hidden=False)


@pytest.fixture
def opened(made: Canaries, tmp_path: Path) -> Iterator[tuple[Library, Canaries]]:
    """A copy for a test of its own."""
    copy = replace(made, root=Path(shutil.copytree(made.root, tmp_path / "library")))
    with Library.open(copy.root, create=False, server=ALL_ON) as library:
        yield library, copy


def all_answers(made: Canaries, who: str, root: Path) -> Answers:
    """What is answered to all calls, in the order of the table: seen ids last, since these calls change something."""
    copy = Path(shutil.copytree(made.root, root))
    found: Answers = {}
    with Library.open(copy, create=False, server=ALL_ON) as library:
        asker = Asker(library, made, who)
        for route, calls in ROWS.items():
            for number, call in enumerate(calls):
                for asked in ("hidden", "absent") if names_ids(route, call) else ():
                    found[route, number, asked] = asker.ask(route, call, asked)
                found[route, number, "seen"] = asker.ask(route, call, "seen")
    return found


@pytest.fixture(scope="module")
def asked_as(made: Canaries, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Answers]:
    """All answers to somebody."""
    return cache(lambda who: all_answers(made, who, tmp_path_factory.mktemp("asked") / "library"))


@pytest.fixture(params=WHO)
def answers(asked_as: Callable[[str], Answers], request: pytest.FixtureRequest) -> Answers:
    return asked_as(request.param)


def routes(library: Library) -> set[str]:
    """Every route of the API, by method and path below its root."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        paths = create_app(library).openapi()["paths"]
    return {f"{method.upper()} {path.removeprefix(API)}" for path, methods in paths.items() for method in methods}


def test_every_route_has_a_row(opened: tuple[Library, Canaries]) -> None:
    there = routes(opened[0])
    assert there - set(ROWS) == set(), "Add rows to tests/unit/server/leaks/calls.py: how are these called?"
    gone = set(ROWS) - there
    assert all(one.startswith("HEAD ") for one in gone), f"These routes are gone: {gone}"  # HEAD is not documented


def test_the_suite_notices_canaries(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    admin = Asker(library, made, "admin")
    shown = ("GET /status", "GET /videos", "GET /search", "POST /query", "POST /exports", "GET /collections")
    for route in (*shown, "GET /users", "GET /failures", "GET /jobs", "GET /keys"):
        assert leaks(admin.ask(route, ROWS[route][0], "seen"), made), route
    for route in (
        "GET /videos/{video_id}/lines",
        "GET /videos/{video_id}/media",
        "GET /videos/{video_id}/captions.vtt",
    ):
        assert leaks(admin.ask(route, Call(), "hidden"), made), route


def test_every_route_asks_who_it_is(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    nobody = Asker(library, made, "nobody")
    for route, calls in ROWS.items():
        answer = nobody.ask(route, calls[0], "absent")
        assert (answer.status == 401) == (route not in PUBLIC or route == "POST /login"), answer
        assert leaks(answer, made) == []


def test_no_answer_holds_a_canary(answers: Answers, made: Canaries) -> None:
    found = {one.where: seen for one in answers.values() if (seen := leaks(one, made))}
    assert found == {}


def test_no_answer_is_a_fault_of_the_server(answers: Answers) -> None:
    assert [one for one in answers.values() if one.status >= 500] == []


def test_hidden_and_absent_ids_are_told_alike(answers: Answers) -> None:
    for (route, number, asked), one in answers.items():
        if asked == "hidden":
            other = answers[route, number, "absent"]
            assert (one.status, plain(one.without_ids())) == (other.status, plain(other.without_ids())), one.where


@pytest.mark.parametrize("who", WHO)
def test_answers_are_those_of_a_library_without_what_is_hidden(
    asked_as: Callable[[str], Answers], twin: Canaries, who: str, tmp_path: Path
) -> None:
    here, there = asked_as(who), all_answers(twin, who, tmp_path / "library")
    different = {}
    for key, one in here.items():
        # What was answered before in conversations is another thing in the two.
        if key[2] != "seen" or "/threads" in key[0] or "/turns" in key[0]:
            continue
        other = there[key]
        if (one.status, plain(one.text)) != (other.status, plain(other.text)):
            different[one.where] = plain(one.text)[:2_000], plain(other.text)[:2_000]
    assert different == {}


def test_what_was_answered_before_is_withheld(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    reader = Asker(library, made, "reader")
    shown = reader.ask("GET /threads/{thread_id}", Call(), "seen").json
    first, second = shown["turns"]
    assert first["answer"] == "(withheld)"
    assert [claim["text"] for claim in first["claims"]] == ["It opens."]
    assert second["answer"] == "It opens."
    assert second["stand_alone"] == "And then?"
    steps = reader.ask("GET /turns/{turn_id}/events", Call(), "seen").text
    assert "looking" not in steps
    assert "event: ended" in steps
    with ExitStack() as stack:
        stack.callback(library.close)
        store = library.store
        store.access.collections.grant(made.ids["hidden_collection"], made.ids["id_of_reader"], "reader")
        # It was answered from a collection that is gone: what was counted stays withheld, what is cited is there again.
        first = reader.ask("GET /threads/{thread_id}", Call(), "seen").json["turns"][0]
        assert first["claims"][0]["text"].startswith(f"The {WORD} opens")


def test_a_question_is_answered_from_what_is_seen(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    for who in ("reader", "outsider"):
        asker = Asker(library, made, who)
        for question in ("How many videos are there?", "What opens in the harbour?", "Which videos show a taxi?"):
            asked = Call(body={"question": question})
            answer = asker.ask("POST /threads/{thread_id}/turns", asked, "seen")
            assert answer.status == 202
            assert leaks(answer, made) == [], answer.text


def test_a_file_of_videos_that_are_seen_no_longer_is_not_given(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    for who, status in (("reader", 403), ("editor", 404), ("outsider", 404)):  # the reader may order no jobs
        file = Call(path={"job": made.ids[f"export_of_{who}"]})
        answer = Asker(library, made, who).ask("GET /jobs/{job}/file", file, "seen")
        assert (answer.status, leaks(answer, made)) == (status, []), answer.text


def test_an_export_made_before_access_was_lost_is_not_given(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    access, lost = library.store.access, made.ids["hidden_collection"]
    editor, other = Asker(library, made, "editor"), Asker(library, made, "outsider")
    user = made.ids["id_of_editor"]
    access.collections.grant(lost, user, "reader")
    for queued in library.store.jobs.page(state="queued"):
        library.store.job_ledger.cancel(queued.job_id)
    body = {"kind": "export", "format": "srt"}
    ordered = editor.ask("POST /jobs", Call(body=body), "seen")
    assert ordered.status == 202, ordered.text
    job_id = library.store.jobs.page(1)[0].job_id
    assert Worker(library).run(once=True) == 1
    file = Call(path={"job": job_id})
    given = editor.ask("GET /jobs/{job}/file", file, "seen")
    assert (given.status, WORD in given.text) == (200, True)
    assert editor.ask("GET /jobs/{job}", file, "seen").json["file"]["name"] == "kinodex.srt.zip"
    assert other.ask("GET /jobs/{job}/file", file, "seen").status == 404
    access.collections.revoke(lost, user)
    refused = editor.ask("GET /jobs/{job}/file", file, "seen")
    assert (refused.status, leaks(refused, made)) == (404, [])
    assert refused.json["hint"] == "Export again."
    assert editor.ask("GET /jobs/{job}", file, "seen").json["file"] is None


def test_a_key_that_sees_less_than_its_user_sees_only_the_threads_that_it_began(
    opened: tuple[Library, Canaries],
) -> None:
    library, made = opened
    asker, user_id = Asker(library, made, "narrow"), made.ids["id_of_narrow"]
    listed = asker.ask("GET /threads", Call(), "seen").json["threads"]
    assert [one["thread_id"] for one in listed] == [made.ids["thread_of_narrow"]]
    of_user = {"thread_id": made.ids["thread_of_user_of_narrow"], "turn_id": made.ids["turn_of_user_of_narrow"]}
    for route, body in (
        ("GET /threads/{thread_id}", None),
        ("GET /threads/{thread_id}/export", None),
        ("PATCH /threads/{thread_id}", {"title": "mine"}),
        ("POST /threads/{thread_id}/turns", {"question": "What opens?"}),
        ("DELETE /threads/{thread_id}", None),
        ("GET /turns/{turn_id}", None),
        ("GET /turns/{turn_id}/events", None),
        ("POST /turns/{turn_id}/cancel", None),
    ):
        method, path = route.split(" ", 1)
        refused = asker.client.request(method, f"{API}{path.format(**of_user)}", json=body)
        absent = asker.ask(route, Call(body=body), "absent")
        assert (refused.status_code, plain(refused.text)) == (404, plain(absent.text)), route
    begun = asker.ask("POST /threads", Call(body={"title": "Mine"}), "seen").json["thread_id"]
    listed = asker.ask("GET /threads", Call(), "seen").json["threads"]
    assert {one["thread_id"] for one in listed} == {begun, made.ids["thread_of_narrow"]}
    # The user, and a key that sees as much, see what it began.
    _, secret = library.store.access.keys.add(user_id, "all", ["read", "chat"])
    whole = replace(made, keys={**made.keys, "narrow": secret})
    seen = Asker(library, whole, "narrow").ask("GET /threads", Call(), "seen").json["threads"]
    assert {one["thread_id"] for one in seen} == {begun, made.ids["thread_of_narrow"], of_user["thread_id"]}
