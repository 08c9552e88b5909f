"""Settings, checks, models, metrics and readiness over HTTP: useful, and without a secret."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kinodex.library import Library
from kinodex.settings import ServerSettings, Settings
from stores.core.principal import OWNER, Principal
from tests.unit.agents.scripted_endpoint import Said, scripted_endpoint
from tests.unit.server.test_jobs import READER, Server

SECRETS = ("sk-very-secret", "db-password", "blob-secret")


def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_url: str = "http://127.0.0.1:9/v1") -> Settings:
    file = tmp_path / "kinodex.toml"
    file.write_text(
        f'attempts = 5\n[endpoint]\nbase_url = "{base_url}"\nmodel = "small"\napi_key = "sk-very-secret"\n'
        '[blob_options]\nsecret = "blob-secret"\n[perception.pictures]\n'
    )
    monkeypatch.setenv("KINODEX_WORKERS", "2")
    monkeypatch.setenv("KINODEX_MODEL", "tiny")
    return Settings.load(file, library=tmp_path / "library")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    with Library(settings_of(tmp_path, monkeypatch), create=True) as opened:
        yield opened


def shown(server: Server) -> dict[str, Any]:
    return {one["name"]: one for one in server.get("/settings")["settings"]}


def test_settings_say_where_they_come_from_and_hide_what_is_secret(library: Library) -> None:
    server = Server(library).by(OWNER)
    found = shown(server)
    assert (found["attempts"]["value"], found["attempts"]["origin"]) == (5, "file")
    assert (found["workers"]["origin"], found["workers"]["variable"]) == ("environment", "KINODEX_WORKERS")
    assert (found["endpoint.model"]["value"], found["endpoint.model"]["origin"]) == ("tiny", "environment")
    assert (found["library"]["origin"], found["threads"]["origin"]) == ("option", "default")
    assert (found["endpoint.api_key"]["value"], found["endpoint.api_key"]["secret"]) == (True, True)
    assert found["blob_options"]["value"] is True
    text = json.dumps(found)
    assert not any(secret in text for secret in SECRETS)
    for path in ("/settings", "/doctor", "/models"):
        server.by(READER).get(path, 403)
    server.post("/settings/endpoint-test", None, 403)


def test_passwords_in_addresses_are_masked(tmp_path: Path, library: Library) -> None:
    library.settings = library.settings.model_copy(update={"database": "postgresql://anna:db-password@host/films"})
    value = shown(Server(library).by(OWNER))["database"]["value"]
    assert "db-password" not in value
    assert "host" in value


def test_checks_and_models_are_those_of_the_commands(library: Library) -> None:
    server = Server(library).by(OWNER)
    checks = {one["name"]: one["result"] for one in server.get("/doctor")["checks"]}
    assert (checks["library"], checks["language model"]) == ("ok", "fail")
    assert server.get("/models")["profile"] == "embedded"


def test_the_configured_endpoint_is_asked_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_endpoint(Said("Yes")) as good, scripted_endpoint(Said("Yes")) as other:
        settings = settings_of(tmp_path, monkeypatch, good.base_url)
        with Library(settings, create=True) as library:
            server = Server(library).by(OWNER)
            body = {"base_url": other.base_url, "url": other.base_url, "endpoint": {"base_url": other.base_url}}
            tested = server.post(f"/settings/endpoint-test?base_url={other.base_url}&url={other.base_url}", body)
            assert (tested["configured"], tested["answers"], tested["sensible"]) == (True, True, True)
            assert (tested["model"], tested["where"], tested["error"]) == ("tiny", "127.0.0.1", None)
        assert (len(good.requests), len(other.requests)) == (1, 0)


def test_what_is_wrong_with_the_endpoint_is_said_with_a_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_endpoint(401) as refusing:
        with Library(settings_of(tmp_path, monkeypatch, refusing.base_url), create=True) as library:
            tested = Server(library).by(OWNER).post("/settings/endpoint-test")
        assert (tested["answers"], tested["error"]["code"]) == (False, "ENDPOINT_REFUSED")
        assert "sk-very-secret" not in json.dumps(tested)
    with Library(settings_of(tmp_path, monkeypatch), create=True) as library:
        tested = Server(library).by(OWNER).post("/settings/endpoint-test")
    assert (tested["answers"], tested["error"]["code"]) == (False, "ENDPOINT_UNREACHABLE")
    monkeypatch.delenv("KINODEX_MODEL")
    with Library.open(tmp_path / "plain") as plain:
        assert Server(plain).by(OWNER).post("/settings/endpoint-test")["configured"] is False


def test_metrics_count_requests_by_route_and_jobs_by_state(library: Library) -> None:
    server = Server(library).by(OWNER)
    job_id = server.post("/jobs", {"kind": "verify"}, 202)["job_id"]
    server.get(f"/jobs/{job_id}")
    server.get("/jobs/job_none", 404)
    text = server.client.get("/metrics").text
    assert 'kinodex_jobs{state="queued"} 1.0' in text
    assert 'kinodex_requests_total{method="GET",route="/jobs/{job_id}",status="404"} 1.0' in text
    assert job_id not in text


def test_metrics_are_for_this_machine_unless_switched_on(library: Library) -> None:
    library.settings = library.settings.model_copy(update={"server": ServerSettings(host="0.0.0.0")})
    assert Server(library).client.get("/metrics").status_code == 404
    library.settings = library.settings.model_copy(update={"server": ServerSettings(host="0.0.0.0", metrics=True)})
    assert Server(library).client.get("/metrics").status_code == 200
    library.settings = library.settings.model_copy(update={"server": ServerSettings()})
    library.store.access.users.add("Ada", "correct horse battery")
    assert Server(library).client.get("/metrics").status_code == 404


class Worker:
    def __init__(self, alive: bool, failing: bool) -> None:
        self.alive, self.failing = alive, failing


@pytest.mark.parametrize(
    ("worker", "status", "said"),
    [
        (None, 200, "elsewhere"),
        (Worker(True, False), 200, "alive"),
        (Worker(False, False), 200, "starting"),
        (Worker(False, True), 503, "WORKER_LOST"),
    ],
)
def test_readiness_knows_of_the_worker(library: Library, worker: Worker | None, status: int, said: str) -> None:
    server = Server(library).by(Principal("", "nobody", frozenset()))
    server.app.state.worker = worker
    answer = server.get("/ready", status)
    assert said in (answer.get("worker"), answer.get("code"))


def test_readiness_notices_that_the_library_is_gone(library: Library, tmp_path: Path) -> None:
    server = Server(library).by(Principal("", "nobody", frozenset()))
    folder = library.store.root
    folder.rename(folder.with_name("moved"))
    assert server.get("/ready", 404)["code"] == "LIBRARY_MISSING"
    folder.with_name("moved").rename(folder)
    assert server.get("/ready")["status"] == "ready"


def test_the_server_starts_its_worker_and_ends_it(tmp_path: Path) -> None:
    import os
    import signal
    import subprocess
    import sys
    from urllib.request import urlopen

    library = tmp_path / "library"
    with Library.open(library) as opened:
        job, _ = opened.store.jobs.order("verify", {})
        command = [sys.executable, "-m", "kinodex", "serve", "--port", "0", "--library", str(library), "--json"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        deadline = time.monotonic() + 120
        while opened.store.jobs.get(job.job_id).state != "done":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        with urlopen(f"{url}/api/v1/ready") as ready:
            assert json.load(ready)["worker"] == "alive"
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        os.kill(server.pid, signal.SIGTERM)
        server.wait(60)
        server.stdout.close()
        assert not any(Path(f"/proc/{child}").exists() for child in children)
