"""MCP by standard input and output, and over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from mcp import Client, StdioServerParameters

from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.settings import ENVIRONMENT
from tests.unit.kinodex.chat_library import make

HERE = "http://127.0.0.1:8730"
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "search_moments", "arguments": {"query": "the harbour opens"}},
}
HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("transports"))


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


def command(root: Path) -> list[str]:
    return [sys.executable, "-m", "kinodex", "mcp", "--library", str(root)]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_session_on_standard_input_and_output(root: Path, mode: str) -> None:
    first, *rest = command(root)

    async def session() -> tuple[Any, Any, Any]:
        server = StdioServerParameters(command=first, args=rest, cwd=str(Path.cwd()))
        async with Client(server, mode=mode) as client:
            tools = await client.list_tools()
            found = await client.call_tool("search_moments", {"query": "the harbour opens in the morning"})
            asked = await client.call_tool("ask", {"question": "When does the harbour open?"})
            return tools, found, asked

    tools, found, asked = anyio.run(session)
    assert len(tools.tools) >= 12
    assert found.structured_content["moments"][0]["name"] == "boats.mp4"
    assert asked.structured_content["status"] == "done"


def test_standard_output_is_the_protocols_alone(root: Path) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_videos", "arguments": {}}},
        {"jsonrpc": "2.0", "id": 3, "method": "resources/read", "params": {"uri": "kinodex://schema"}},
    ]
    pipe = subprocess.PIPE
    answers: dict[int, Any] = {}
    with subprocess.Popen(command(root), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as ran:
        assert ran.stdin is not None
        assert ran.stdout is not None
        for line in lines:
            ran.stdin.write(f"{json.dumps(line)}\n")
            ran.stdin.flush()
            while "id" in line and line["id"] not in answers:
                # Whatever is written there must be a message.
                answer = json.loads(ran.stdout.readline())
                answers[answer.get("id", 0)] = answer
        ran.stdin.close()
        assert ran.stdout.read() == ""
        assert ran.wait(60) == 0
    assert answers[2]["result"]["structuredContent"]["total"] == 3
    assert answers[1]["result"]["serverInfo"]["name"] == "kinodex"


@pytest.fixture
def client(root: Path) -> Iterator[TestClient]:
    with Library.open(root, create=False) as library, TestClient(create_app(library), base_url=HERE) as client:
        yield client


def answer_of(sent: Any) -> Any:
    assert sent.status_code == 200, sent.text
    data = next((line[6:] for line in sent.text.splitlines() if line.startswith("data: {")), sent.text)
    return json.loads(data)


def test_tools_are_called_over_http_with_links_to_this_server(client: TestClient) -> None:
    found = answer_of(client.post("/mcp", json=CALL, headers=HEADERS))["result"]["structuredContent"]
    assert found["moments"][0]["link"].startswith(f"{HERE}/videos/vid_")


def test_there_is_no_stream_that_says_nothing(client: TestClient) -> None:
    for method in ("GET", "DELETE"):
        answer = client.request(method, "/mcp", headers={"Accept": "text/event-stream"})
        assert (answer.status_code, answer.headers["allow"], answer.json()["code"]) == (405, "POST", "USAGE")


def test_foreign_hosts_and_origins_are_refused(client: TestClient) -> None:
    assert client.post("/mcp", json=CALL, headers={**HEADERS, "Host": "evil.example"}).status_code == 421
    assert client.post("/mcp", json=CALL, headers={**HEADERS, "Origin": "http://evil.example"}).status_code == 403
    assert client.post("/mcp", json=CALL, headers={**HEADERS, "Origin": HERE}).status_code == 200


def test_an_address_in_figures_is_refused_with_the_setting_that_is_missing(root: Path) -> None:
    with Library.open(root, create=False) as library:
        server = library.settings.server.model_copy(update={"host": "0.0.0.0"})
        library.settings = library.settings.model_copy(update={"server": server})
        with TestClient(create_app(library), base_url=HERE) as client:
            # The pages are answered there, which makes this so hard to understand.
            assert client.get("/api/v1/health", headers={"Host": "192.168.1.9:8730"}).status_code == 200
            for sent, status in (({"Host": "192.168.1.9:8730"}, 421), ({"Origin": "https://evil.example"}, 403)):
                answer = client.post("/mcp", json=CALL, headers={**HEADERS, **sent})
                said = answer.json()
                assert (answer.status_code, said["code"]) == (status, "FORBIDDEN")
                assert "allowed_hosts" in said["hint"] or status == 403
                assert "KINODEX_ALLOWED_HOSTS" in said["hint"] or status == 403
            for sent in ({"Host": "[::1]:8730"}, {"Host": "localhost"}, {"Host": "127.0.0.1:1"}):
                assert client.post("/mcp", json=CALL, headers={**HEADERS, **sent}).status_code == 200, sent


def test_with_access_control_a_key_is_asked_for_and_seen_by_the_tools(root: Path, tmp_path: Path) -> None:
    import shutil

    with Library.open(Path(shutil.copytree(root, tmp_path / "library")), create=False) as library:
        access = library.store.access
        access.users.add("admin", "correct horse battery")
        user = access.users.add("reader", "correct horse battery")
        app = create_app(library)
        with TestClient(app, base_url=HERE) as client:
            refused = client.post("/mcp", json=CALL, headers=HEADERS)
            assert (refused.status_code, refused.json()["code"]) == (401, "LOGIN_REQUIRED")
            secret = _key(library, user.user_id)
            headers = {**HEADERS, "Authorization": f"Bearer {secret}"}
            # A reader of no collection sees no video: not its moments, not its count, not its words.
            found = answer_of(client.post("/mcp", json=CALL, headers=headers))["result"]["structuredContent"]
            assert (found["moments"], found["index"]["videos_known"]) == ([], 0)
            for name, arguments in (
                ("list_videos", {}),
                ("query_tables", {"sql": "SELECT text FROM transcript"}),
                ("get_evidence", {"evidence_ids": ["utt_boats_0"]}),
                ("ask", {"question": "When does the harbour open?"}),
                ("get_video", {"video_id": library.resolve("boats.mp4")}),
            ):
                asked = {**CALL, "params": {"name": name, "arguments": arguments}}
                text = json.dumps(answer_of(client.post("/mcp", json=asked, headers=headers)))
                assert "morning" not in text, name
                assert "boats" not in text, name


def _key(library: Library, user_id: str) -> str:
    return library.store.access.keys.add(user_id, "test", ("read", "chat"))[1]


def test_white_space_around_headers_is_no_part_of_them(root: Path) -> None:
    # Found by the protocol's conformance suite: some HTTP parsers leave it (RFC 9110, section 5.5).
    with Library.open(root, create=False) as library, TestClient(create_app(library), base_url=HERE) as client:
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
        meta |= {"io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"}}
        meta |= {"io.modelcontextprotocol/clientCapabilities": {}}
        body = {**CALL, "params": {**CALL["params"], "_meta": meta}}
        headers = HEADERS | {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call"}
        for name in ("search_moments", "  search_moments  "):
            answer = client.post("/mcp", json=body, headers=headers | {"Mcp-Name": name})
            assert answer.status_code == 200, answer.text
        assert client.post("/mcp", json=body, headers=headers | {"Mcp-Name": "ask"}).status_code == 400
