"""What every request passes and every response carries."""

from __future__ import annotations

import http.client
import json

import pytest

from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.server.perimeter import POLICY
from tests.unit.server.serving import Served, served

API = "/api/v1"
GUARDS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", f"{API}/health", {}, 200),
        ("GET", "/", {}, 200),
        ("GET", f"{API}/nothing", {}, 404),
        ("PUT", f"{API}/health", {}, 405),
        ("GET", f"{API}/videos?limit=x", {}, 400),
        ("GET", f"{API}/videos?name=%00", {}, 400),
        ("GET", f"{API}/videos/%00", {}, 400),
        ("GET", f"{API}/health", {"host": "evil.example"}, 421),
        ("POST", f"{API}/threads", {"sec-fetch-site": "cross-site"}, 403),
    ],
)
def test_every_response_is_guarded(server: Served, method: str, path: str, headers: dict[str, str], status: int):
    answer = server.client.request(method, path, headers=headers)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in GUARDS} == GUARDS
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers or "Kinodex" not in answer.headers["server"]


def test_the_policy_lets_nothing_in_from_elsewhere():
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8730", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8730"])
def test_this_machine_may_be_asked_by_all_its_names(server: Served, host: str):
    assert server.client.get(f"{API}/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8730", "[::2]", "", "[", "192.168.1.1"]
)
def test_another_name_is_refused_so_that_rebinding_comes_to_nothing(server: Served, host: str):
    answer = server.client.get(f"{API}/status", headers={"host": host})
    assert answer.status_code == 421 or (not host and answer.status_code == 400)
    assert b"videos" not in answer.content


def test_a_name_of_the_settings_is_answered(library: Library):
    settings = library.settings
    chosen = settings.server.model_copy(update={"allowed_hosts": ("kino.example",)})
    library.settings = settings.model_copy(update={"server": chosen})
    try:
        with served(create_app(library)) as running:
            assert running.client.get(f"{API}/health", headers={"host": "kino.example"}).status_code == 200
            assert running.client.get(f"{API}/health", headers={"host": "evil.example"}).status_code == 421
    finally:
        library.settings = settings


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:PORT"}, 200),
        ({"origin": "http://127.0.0.1:1"}, 403),
    ],
)
def test_another_site_cannot_have_a_browser_change_anything(server: Served, headers: dict[str, str], status: int):
    given = {name: value.replace("PORT", str(server.port)) for name, value in headers.items()}
    answer = server.client.post(f"{API}/query", json={"sql": "select 1 as one from videos limit 1"}, headers=given)
    assert answer.status_code == status
    assert server.client.get(f"{API}/health", headers=given).status_code == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: Served):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("POST", f"{API}/query")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", "100000000")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["code"] == "TOO_LARGE"
    connection.close()


def test_a_body_without_a_length_is_refused_when_it_is_too_large(server: Served):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    pieces = iter([b'{"sql": "'] + [b"x" * 1_000_000] * 11 + [b'"}'])
    connection.request(
        "POST", f"{API}/query", body=pieces, headers={"content-type": "application/json"}, encode_chunked=True
    )
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["code"] == "TOO_LARGE"
    connection.close()


def test_a_server_that_is_open_to_the_network_answers_to_addresses_but_to_no_strange_name(library: Library):
    named = (("192.168.1.7:8730", 200), ("[fd00::7]:8730", 200), ("evil.example", 421), ("7.evil", 421))
    with (
        Library.open(library.store.root, create=False, server={"host": "0.0.0.0"}) as opened,
        served(create_app(opened)) as beyond,
    ):
        for host, status in named:
            assert beyond.client.get(f"{API}/health", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        rb'{"title": "a\u0000b"}',
        rb'{"title": ["x", {"y": "\u0000"}]}',
        rb'{"a\u0000": 1}',
        rb'"\u0000"',
        r'{"title": "a\u0000b"}'.encode("utf-16"),
    ],
)
@pytest.mark.parametrize("path", [f"{API}/threads", f"{API}/query", f"{API}/jobs", "/mcp"])
def test_a_nul_in_a_document_is_refused_before_a_database_does(server: Served, path: str, body: bytes):
    for kind in ("application/json", "application/json; charset=utf-8"):
        answer = server.client.post(path, content=body, headers={"content-type": kind})
        assert (answer.status_code, answer.json()["code"]) == (400, "USAGE")
        assert "NUL" in answer.json()["title"]


def test_what_only_looks_like_a_nul_is_taken(server: Served):
    # A backslash before it makes letters of it; and a body comes in pieces.
    sent = rb"""{"sql": "select '\\u0000' as one from videos limit 1"}"""
    answer = server.client.post(f"{API}/query", content=sent, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    pieces = [sent[n : n + 5] for n in range(0, len(sent), 5)]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", f"{API}/query", iter(pieces), {"content-type": "application/json"}, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    broken = server.client.post(
        f"{API}/query", content=rb'{"sql": "\u0000', headers={"content-type": "application/json"}
    )
    assert (broken.status_code, broken.json()["code"]) == (400, "USAGE")
