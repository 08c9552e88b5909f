"""The web app's files: pages, hashed assets, compressed copies; and what is said where it is not built."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.server.web_files import WebFiles
from tests.unit.server.serving import Served, served

INDEX = "<!doctype html><title>Kinodex</title>"
SCRIPT = "console.log('kinodex');" * 50


@pytest.fixture
def web(library: Library, tmp_path: Path) -> Iterator[Served]:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text(INDEX)
    (dist / "icon.svg").write_text("<svg/>")
    (dist / "assets" / "app-1a2b.js").write_text(SCRIPT)
    (dist / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (dist / "assets" / "app-1a2b.js.br").write_bytes(b"brotli")
    (tmp_path / "secret.txt").write_text("nobody's business")
    app = create_app(library)
    app.state.web = WebFiles(dist)
    with served(app) as running:
        yield running


@pytest.mark.parametrize(
    "path",
    ["/", "/search?q=a.b", "/videos/vid_1?t=12.3", "/chat/thr_1", "/review", "/jobs", "/settings", "/videos/a.b"],
)
def test_every_page_is_the_app(web: Served, path: str):
    answer = web.client.get(path)
    assert (answer.status_code, answer.text) == (200, INDEX)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in answer.headers
    assert web.client.head(path).status_code == 200


def test_assets_are_kept_for_ever_and_sent_compressed(web: Served):
    url = "/assets/app-1a2b.js"
    plain = web.client.get(url, headers={"accept-encoding": "identity"})
    assert plain.text == SCRIPT
    assert "immutable" in plain.headers["cache-control"]
    assert "javascript" in plain.headers["content-type"]
    assert plain.headers["vary"] == "Accept-Encoding"
    zipped = web.client.get(url, headers={"accept-encoding": "gzip, deflate"})
    assert (zipped.headers["content-encoding"], zipped.text) == ("gzip", SCRIPT)
    assert "javascript" in zipped.headers["content-type"]
    with web.client.stream("GET", url, headers={"accept-encoding": "gzip, br"}) as answer:
        assert answer.headers["content-encoding"] == "br"
        assert b"".join(answer.iter_raw()) == b"brotli"
    assert web.client.get("/icon.svg").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone.js",
        "/assets/",
        "/api/v1/gone",
        "/api",
        "/v1/models",
        "/favicon.ico",
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
    ],
)
def test_what_is_no_page_is_not_found(web: Served, path: str):
    answer = web.client.get(path)
    assert "business" not in answer.text
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_page_takes_no_other_method(web: Served):
    assert web.client.post("/search").status_code == 404


def test_a_missing_app_says_so(library: Library, tmp_path: Path):
    app = create_app(library)
    app.state.web = WebFiles(tmp_path / "none")
    with served(app) as running:
        answer = running.client.get("/")
        assert answer.status_code == 200
        assert "The web app is not built" in answer.text
        assert running.client.get("/api/v1/health").status_code == 200
