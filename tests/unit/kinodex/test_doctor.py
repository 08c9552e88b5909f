"""`kinodex doctor` asks the language model's endpoint without giving its key or password to anybody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.settings import ENVIRONMENT
from kinodex.usecases.doctor import Finding

Asked = list[tuple[str, str]]


@pytest.fixture
def servers() -> Iterator[tuple[dict[str, str], Asked]]:
    """One server that answers as ``told`` says, and what it and another one, ``other``, were asked, with which key."""
    told: dict[str, str] = {"status": "200"}
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((f"{self.headers['Host']}{self.path}", self.headers.get("Authorization", "")))
            self.send_response(int(told["status"]))
            if "location" in told:
                self.send_header("Location", told["location"])
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    running = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}) for server in running]
    for thread in threads:
        thread.start()
    told["url"], told["other"] = (f"http://127.0.0.1:{server.server_port}/v1" for server in running)
    yield told, asked
    for server, thread in zip(running, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KINODEX_MODEL", "m")
    monkeypatch.setenv("KINODEX_API_KEY", "open-sesame")


def finding(monkeypatch: pytest.MonkeyPatch, base_url: str) -> tuple[str, str]:
    monkeypatch.setenv("KINODEX_BASE_URL", base_url)
    # Everything but the endpoint is looked at elsewhere.
    monkeypatch.setattr("kinodex.usecases.doctor._weights", lambda settings: Finding("ok", "", "weights_ok"))
    ran = CliRunner().invoke(app, ["doctor", "--json"])
    assert "open-sesame" not in ran.output
    assert "hunter2" not in ran.output
    (one,) = [check for check in json.loads(ran.stdout)["checks"] if check["name"] == "language model"]
    return one["result"], one["finding"]


@pytest.mark.parametrize(("status", "result"), [("200", "ok"), ("404", "warn"), ("401", "fail"), ("500", "warn")])
def test_an_endpoint_that_answers_is_told_from_one_that_refuses(servers, monkeypatch, status: str, result: str):
    told, asked = servers
    told["status"] = status
    found = finding(monkeypatch, told["url"])
    assert found[0] == result
    assert ("answers" if status == "200" else f"HTTP {status}") in found[1]
    assert asked == [(told["url"].removeprefix("http://") + "/models", "Bearer open-sesame")]


def test_the_key_does_not_follow_a_redirect(servers, monkeypatch):
    told, asked = servers
    told |= {"status": "302", "location": told["other"].replace("://", "://me:hunter2@") + "/models"}
    result, said = finding(monkeypatch, told["url"])
    assert result == "warn"
    assert "HTTP 302" in said
    assert told["other"].rpartition("/v1")[0].removeprefix("http://") in said
    assert [place for place, _ in asked] == [told["url"].removeprefix("http://") + "/models"]


def test_a_password_in_the_address_is_not_printed(servers, monkeypatch):
    told, _ = servers
    assert finding(monkeypatch, told["url"].replace("://", "://me:hunter2@"))[0] == "ok"
    result, said = finding(monkeypatch, "http://me:hunter2@127.0.0.1:9/v1")
    assert result == "fail"
    assert "me:***@127.0.0.1:9" in said


def test_a_key_in_the_address_is_not_printed(servers, monkeypatch):
    told, _ = servers
    assert finding(monkeypatch, told["url"] + "?api_key=hunter2&x=1")[0] in ("ok", "warn")
    result, said = finding(monkeypatch, "http://127.0.0.1:9/v1?api_key=hunter2")
    assert result == "fail"
    assert "?api_key=***" in said
