"""The runbook and the command lines of deploy/: every code explained as it is, every command one that exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.settings import ENVIRONMENT, Settings
from stores.core.errors import CODES

from .support import DEPLOY, KUBERAY, ROOT, RUNBOOK, documents

ROOMS = ("kinodex", "workflows", "agents", "pipeline", "encoders", "stores")
OTHERS = {
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"),
    *("POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"),
    "WATCHFILES_FORCE_POLLING",
}
"""What other programs read: botocore, the image of Postgres, watchfiles."""

ROW = re.compile(r"^\| ([A-Z_]+) \| (\w+) \| (yes|no) \| (.+?) \| (.+?) \|$", re.M)
SPOKEN = re.compile(r"(?:^|run --rm |-- |sh -c \')kinodex ([a-z-][^`#|&;<>]*)")


def spoken(path: Path) -> Iterator[str]:
    """The command lines in a file: alone, after a wrapper such as ``exec … --``, or inside backticks."""
    text = path.read_text(encoding="utf-8")
    lines = [line.strip(" #").removeprefix("entrypoint: ") for line in text.splitlines()]
    if path.suffix == ".md":
        lines = [line for block in re.findall(r"```\n(.*?)```", text, re.S) for line in block.splitlines()]
        text = re.sub(r"```.*?```", "", text, flags=re.S)
    for piece in (*lines, *re.findall(r"`([^`\n]+)`", text)):
        for found in SPOKEN.finditer(piece):
            yield found[1]


def command_lines() -> Iterator[tuple[str, list[str]]]:
    for path in (RUNBOOK, *sorted(DEPLOY.rglob("*.yaml")), *sorted(DEPLOY.glob("Dockerfile*"))):
        for arguments in spoken(path):
            yield path.name, shlex.split(arguments)
        for health in re.findall(r'CMD \["kinodex", (.+)\]$', path.read_text(encoding="utf-8"), re.M):
            yield path.name, re.findall(r'"([^"]+)"', health)
    for document in documents(KUBERAY / "server.yaml"):
        if document["kind"] == "Deployment":
            for container in document["spec"]["template"]["spec"]["containers"]:
                yield f"server.yaml {container['name']}", container["args"]
    for name, service in documents(DEPLOY / "compose.yaml")[0]["services"].items():
        if "entrypoint" not in service and service["image"].startswith("kinodex"):
            yield f"compose.yaml {name}", service["command"]


def understood(arguments: list[str]) -> bool:
    """Whether the command and its options exist: asked for help, the parser still reads all that stands before."""
    return CliRunner().invoke(app, [*arguments, "--help"]).exit_code == 0


COMMANDS = [pytest.param(words, id=f"{where} {' '.join(words)}") for where, words in command_lines()]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_every_command_line_is_one_that_exists(arguments: list[str]):
    assert understood(arguments)


@pytest.mark.parametrize("wrong", [["ingets", "/media"], ["tags", "exprot"], ["ingest", "/media", "--budgte", "2h"]])
def test_a_command_line_that_does_not_exist_is_noticed(wrong: list[str]):
    assert not understood(wrong)


def test_command_lines_are_found_everywhere():
    found = {where.split()[0] for where, _ in command_lines()}
    assert {"runbook.md", "compose.yaml", "rayjob.yaml", "raycronjob.yaml", "raycluster.yaml", "Dockerfile"} <= found


def test_every_code_is_in_the_failure_table_and_told_as_it_is():
    told = [(code, fault, again) for code, fault, again, _, _ in ROW.findall(RUNBOOK.read_text(encoding="utf-8"))]
    known = [(code.name, code.blame, "yes" if code.retryable else "no") for code in CODES.values()]
    assert sorted(told) == sorted(known)


def test_exit_codes_are_those_of_the_readme():
    for path in (RUNBOOK, ROOT / "README.md"):
        text = " ".join(path.read_text(encoding="utf-8").split())
        for code in ("0 all done", "1 the command failed", "2 wrong usage", "3 some inputs failed", "130 interrupted"):
            assert code in text, f"{path.name}: {code}"


def test_environment_variables_are_known_to_somebody():
    paths = [RUNBOOK, *DEPLOY.rglob("*.yaml"), *DEPLOY.glob("Dockerfile*"), DEPLOY / ".env.example"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    named = set(re.findall(r"\b(?:KINODEX|AWS|POSTGRES|WATCHFILES)_[A-Z_]+\b", text))
    sources = "\n".join(file.read_text(encoding="utf-8") for room in ROOMS for file in (ROOT / room).rglob("*.py"))
    strangers = {name for name in named - OTHERS - set(ENVIRONMENT) if f'"{name}"' not in sources}
    assert not strangers


def test_what_pods_are_told_is_known_too():
    (told,) = documents(KUBERAY / "configmap.yaml")
    (secret,) = documents(KUBERAY / "secret.example.yaml")
    assert set(told["data"]) <= set(ENVIRONMENT)
    assert set(secret["stringData"]) <= set(ENVIRONMENT) | OTHERS


def test_the_settings_of_the_containers_are_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KINODEX_ALLOWED_HOSTS", "videos.example.com,server")
    settings = Settings.load(DEPLOY / "kinodex.toml")
    assert settings.server.allowed_hosts == ("videos.example.com", "server")
    assert settings.library == Path("/library")
    assert settings.vectors == f"http://chroma:{8000}"
    assert "chroma" in documents(DEPLOY / "compose.yaml")[0]["services"]


def test_the_settings_of_the_pods_are_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    (told,) = documents(KUBERAY / "configmap.yaml")
    (secret,) = documents(KUBERAY / "secret.example.yaml")
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**told["data"], **secret["stringData"]}.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert settings.executor == "ray"
    assert settings.ray_address == "auto"
