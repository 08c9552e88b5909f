"""`kinodex serve` as a process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from kinodex.server.running import url_of
from kinodex.settings import ServerSettings
from stores.library_store import LibraryStore
from tests.unit.server.serving import events

API = "/api/v1"

pytestmark = pytest.mark.slow


@contextmanager
def serving(library: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`kinodex serve` at a free port, and its address."""
    command = [sys.executable, "-m", "kinodex", "serve", "--library", str(library), "--port", "0", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KINODEX_")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+?(?=[\s\"])", line)
        assert found, line + "".join(process.communicate(timeout=20))
        yield process, found[0]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(made, tmp_path / "library"))


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_asked_to_and_ends_its_streams(root: Path, with_signal: signal.Signals):
    with LibraryStore.open(root) as store:
        thread = store.threads.create()
        # Somebody else answers it, so that it stays open.
        lease = store.turns.begin(thread.thread_id, "How hot?")
        with serving(root) as (process, url), httpx2.Client(base_url=url, timeout=30) as client:
            assert client.get(f"{API}/ready").json()["status"] == "ready"
            seen: list[object] = []
            follower = threading.Thread(
                target=lambda: seen.extend(events(client, f"{API}/turns/{lease.turn_id}/events"))
            )
            follower.start()
            time.sleep(1)
            begun = time.monotonic()
            process.send_signal(with_signal)
            assert process.wait(20) == 0
            follower.join(10)
            assert time.monotonic() - begun < 10
            assert [kind for _, kind, _ in seen] == ["begun"]  # type: ignore[misc]


def test_a_turn_goes_on_after_a_kill(root: Path):
    with serving(root) as (process, url), httpx2.Client(base_url=url, timeout=60) as client:
        thread = client.post(f"{API}/threads", json={}).json()["thread_id"]
        asked = {"question": "How hot must the oven be?"}
        turn = client.post(f"{API}/threads/{thread}/turns", json=asked).json()
        process.kill()
        process.wait(20)
    with serving(root) as (_, url), httpx2.Client(base_url=url, timeout=60) as client:
        found = events(client, turn["events"])
        assert found[-1][2]["status"] == "done"
        assert "250" in found[-1][2]["answer"]
        assert [number for number, _, _ in found[:-1]] == list(range(1, len(found)))


def test_a_port_in_use_is_said(root: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = subprocess.run(
            [sys.executable, "-m", "kinodex", "serve", "--library", str(root), "--port", str(port), "--json"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ran.returncode == 1
    said = json.loads(ran.stdout)["error"]
    assert (said["code"], str(port) in said["message"]) == ("CONFLICT", True)
    assert "--port" in said["hint"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "no.such.host.invalid"])
def test_other_machines_are_not_let_in_without_access_control(root: Path, host: str):
    ran = subprocess.run(
        [sys.executable, "-m", "kinodex", "serve", "--library", str(root), "--port", "0", "--host", host],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("error USAGE: Everybody who reaches")


def test_it_reads_while_another_process_ingests(root: Path):
    holder = (
        "import sys; from stores.library_store import LibraryStore\n"
        f"with LibraryStore.open({str(root)!r}) as store, store.job(), store.writer():\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with serving(root, "--json") as (_, url), httpx2.Client(base_url=url, timeout=60) as client:
            assert client.get(f"{API}/videos").json()["total"] == 4
            assert client.get(f"{API}/search", params={"q": "oven"}).json()["verdict"] == "match"
            thread = client.post(f"{API}/threads", json={}).json()["thread_id"]
            asked = {"question": "How hot must the oven be?"}
            turn = client.post(f"{API}/threads/{thread}/turns", json=asked).json()
            assert events(client, turn["events"])[-1][2]["status"] == "done"
    finally:
        other.communicate("", timeout=20)


@pytest.mark.parametrize(
    ("host", "loopback", "url"),
    [
        ("127.0.0.1", True, "http://127.0.0.1:1"),
        ("127.8.8.8", True, "http://127.8.8.8:1"),
        ("localhost", True, "http://localhost:1"),
        ("::1", True, "http://[::1]:1"),
        ("[::1]", True, "http://[::1]:1"),
        ("0.0.0.0", False, "http://localhost:1"),
        ("192.168.1.2", False, "http://192.168.1.2:1"),
        ("kino.example", False, "http://kino.example:1"),
    ],
)
def test_addresses_of_this_machine(host: str, loopback: bool, url: str):
    assert ServerSettings(host=host).local == loopback
    assert url_of(host, 1) == url


def test_other_machines_are_let_in_once_people_log_in(root: Path):
    with LibraryStore.open(root) as store:
        store.access.users.add("ada", "correct horse battery", scopes=("read", "admin"), everything=True)
    with (
        serving(root, "--host", "0.0.0.0") as (_, url),
        httpx2.Client(base_url=url.replace("localhost", "127.0.0.1"), timeout=60) as client,
    ):
        answer = client.get(f"{API}/videos")
        assert (answer.status_code, answer.json()["code"]) == (401, "LOGIN_REQUIRED")
        assert client.get("/").status_code == 200
        assert client.get(f"{API}/health").status_code == 200
        asked = {"name": "ada", "password": "correct horse battery"}
        assert client.post(f"{API}/login", json=asked).status_code == 200
        assert client.get(f"{API}/videos").json()["total"] == 4
        assert client.get(f"{API}/videos", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(("proxies", "secure"), [("", False), ('["192.0.2.0/24"]', False), ('["127.0.0.1"]', True)])
def test_only_a_trusted_proxy_says_that_people_came_by_https(root: Path, proxies: str, secure: bool):
    with LibraryStore.open(root) as store:
        store.access.users.add("ada", "correct horse battery", scopes=("read", "admin"), everything=True)
    config = f'[server]\nallowed_hosts = "kino.example, b.example"\n{proxies and f"trusted_proxies = {proxies}"}\n'
    (root / "kinodex.toml").write_text(config, encoding="utf-8")
    with serving(root) as (_, url), httpx2.Client(base_url=url, timeout=60) as client:
        sent = {"x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.7", "host": "kino.example"}
        asked = {"name": "ada", "password": "correct horse battery"}
        answer = client.post(f"{API}/login", json=asked, headers=sent)
        assert answer.status_code == 200
        assert ("secure" in answer.headers["set-cookie"].lower()) == secure
