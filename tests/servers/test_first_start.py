"""A deployment as `deploy/` describes it, from an empty volume on: server, worker of jobs, first user."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from stores.core.places import Places

API = "/api/v1"
PASSWORD = "correct horse battery"
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


class Deployment:
    """Commands in one empty folder, with the settings of `deploy/kinodex.toml` and servers elsewhere."""

    def __init__(self, folder: Path, places: Places) -> None:
        written = (ROOT / "deploy" / "kinodex.toml").read_text(encoding="utf-8")
        written = written.replace("http://chroma:8000", places.vectors).replace("/library", str(folder / "library"))
        self.config = folder / "kinodex.toml"
        self.config.write_text(written, encoding="utf-8")
        (folder / "library").mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KINODEX_")}
        self._environment = kept | {"KINODEX_DATABASE": places.database, "KINODEX_ALLOWED_HOSTS": "kino.example,server"}
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "kinodex", *words, "--config", str(self.config)]
        pipe = subprocess.PIPE
        self.processes.append(
            subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=self._environment, cwd=ROOT)
        )
        return self.processes[-1]


@pytest.fixture
def deployment(tmp_path: Path, places: Places) -> Iterator[Deployment]:
    made = Deployment(tmp_path, places)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def test_a_deployment_comes_up_from_an_empty_volume_and_ends_in_order(deployment: Deployment) -> None:
    serve = ("serve", "--host", "0.0.0.0", "--port", "0")
    early, worker = deployment.start(*serve), deployment.start("jobs", "work")
    _, complaint = early.communicate(timeout=60)
    assert early.returncode == 2
    assert "kinodex users add" in complaint
    adding = deployment.start("users", "add", "ada", "--password-stdin")
    said = "".join(adding.communicate(f"{PASSWORD}\n", timeout=60))
    assert adding.returncode == 0, said
    assert worker.poll() is None

    server = deployment.start(*serve)
    assert server.stdout is not None
    found = re.search(r"http://\S+?:(\d+)", server.stdout.readline())
    assert found
    with httpx2.Client(base_url=f"http://127.0.0.1:{found[1]}", timeout=60, headers={"host": "kino.example"}) as people:
        assert people.get(f"{API}/ready").json() == {"status": "ready", "worker": "elsewhere"}
        assert people.get(f"{API}/videos").status_code == 401
        login = people.post(f"{API}/login", json={"name": "ada", "password": PASSWORD})
        assert login.status_code == 200
        # Nobody here is the proxy of the settings.
        assert "secure" not in login.headers["set-cookie"].lower()
        job = people.post(f"{API}/jobs", json={"kind": "verify"})
        assert job.status_code == 202, job.text
        until = time.monotonic() + 60
        while (now := people.get(f"{API}/jobs/{job.json()['job_id']}").json())["state"] != "done":
            assert time.monotonic() < until, now
            time.sleep(0.1)
        assert people.get("/metrics", headers={"host": "server:8730"}).status_code == 200

    for process in (server, worker):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=45)
    assert server.returncode == 0
    assert worker.returncode == 0
