"""Every error is a problem with a code, and says nothing that is nobody's business."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoders.types import WeightsError
from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.views.names import file_name, without_paths
from stores.core.errors import CODES, StoreError
from tests.unit.server.serving import Served, served

API = "/api/v1"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{API}/nothing", 404, "NOT_FOUND"),
        ("POST", f"{API}/nothing", 404, "NOT_FOUND"),
        ("GET", "/assets/gone.js", 404, "NOT_FOUND"),
        ("DELETE", f"{API}/videos", 405, "USAGE"),
        ("GET", f"{API}/videos?limit=0", 400, "USAGE"),
        ("GET", f"{API}/videos?status=fine", 400, "USAGE"),
        ("GET", f"{API}/videos/vid_0", 404, "UNKNOWN_VIDEO"),
        ("GET", f"{API}/threads/thr_0", 404, "UNKNOWN_THREAD"),
        ("GET", f"{API}/turns/trn_0/events", 404, "UNKNOWN_THREAD"),
        ("POST", f"{API}/query", 400, "USAGE"),
        ("GET", f"{API}/search?q=", 400, "USAGE"),
    ],
)
def test_every_error_has_a_code(server: Served, method: str, path: str, status: int, code: str):
    answer = server.client.request(method, path)
    said = answer.json()
    assert (answer.status_code, said["status"], said["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["type"] == f"urn:kinodex:{code}"
    assert said["title"].endswith(".")
    assert said["instance"] == path.split("?")[0]
    assert said["code"] in CODES


def test_what_was_not_allowed_says_what_is(server: Served):
    assert server.client.put(f"{API}/health").headers["allow"] == "GET"


def test_a_bug_is_said_without_its_trace(library: Library):
    app = create_app(library)

    @app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError("secret at /home/ada/films")

    @app.get("/api/v1/locked")
    def locked() -> None:
        raise StoreError("LIBRARY_LOCKED", "/home/ada/library is locked.", "Ask process 7 in /proc/7/stat.")

    @app.get("/api/v1/weights")
    def weights() -> None:
        raise WeightsError("missing", "The weights of a model are missing", "Fetch them.")

    with served(app) as running:
        answer = running.client.get(f"{API}/broken")
        assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
        assert answer.headers["connection"] == "close"
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        answer = running.client.get(f"{API}/locked")
        assert (answer.status_code, answer.json()["code"]) == (423, "LIBRARY_LOCKED")
        assert answer.json()["title"] == "library is locked."
        assert answer.json()["retryable"]
        assert answer.headers["retry-after"].isdigit()
        assert "ada" not in answer.text
        assert "/proc" not in answer.text
        assert running.client.get(f"{API}/weights").json()["code"] == "MODEL_MISSING"


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "videos/vid_0/signed", "{}", "path: field required."),
        ("POST", "query", "{}", "sql: field required."),
        ("POST", "query", '{"sql": 1}', "sql: "),
        ("POST", "query", "[]", "The request cannot be read: "),
        ("POST", "query", "{sql", "The body is no JSON: "),
        ("POST", "exports", '{"format": "srt", "query": 1}', "query: "),
        ("GET", "search", None, "q: field required."),
    ],
)
def test_it_is_said_what_cannot_be_read(server: Served, method: str, path: str, body: str | None, said: str):
    sent = {"content-type": "application/json"}
    answer = server.client.request(method, f"{API}/{path}", content=body, headers=sent).json()
    assert answer["code"] == "USAGE"
    assert answer["title"].startswith(said)


@pytest.mark.parametrize("path", ["videos", "tags", "jobs", "threads", "collections"])
def test_what_was_sent_is_not_sent_back_as_long_as_it_is(server: Served, path: str):
    answer = server.client.get(f"{API}/{path}/{'a' * 20_000}")
    assert answer.status_code == 404
    assert len(answer.content) < 2_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/home/ada/films/a.mp4 is empty.", "a.mp4 is empty."),
        ("The file '/a/b c/d.mp4' is", "The file 'd.mp4' is"),
        ("See https://example.org/a/b and 3/4 of it, and/or more.", None),
        ("The document at /api/v1/openapi.json says it.", None),
        ("Folder /srv/kino/ is full.", "Folder … is full."),
    ],
)
def test_sentences_hold_names_instead_of_paths(text: str, said: str | None):
    assert without_paths(text, "/a/b c/d.mp4") == (said or text)


def test_a_name_is_shown_as_people_know_it():
    assert file_name("/films/100%25 fun%0A.mp4") == "100% fun .mp4"
    assert file_name(str(Path("/films/a.mp4"))) == "a.mp4"
