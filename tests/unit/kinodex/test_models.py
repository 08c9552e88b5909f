"""`kinodex models`, `models pull` and `models verify` against a hub on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.settings import ENVIRONMENT
from tests.unit.encoders.hub_server import COMMIT, HEAD, Hub, asked, file_table, write_registry


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in (*ENVIRONMENT, "KINODEX_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KINODEX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("encoders.registry.registry._MODELS_TOML", write_registry(tmp_path / "models.toml"))
    with asked(monkeypatch) as served:
        yield served


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def tiny(*arguments: str):
    """What a command says of the model from the hub."""
    (one,) = [model for model in json.loads(run(*arguments, "--json").stdout)["models"] if model["name"] == "tiny"]
    return one


FOLDER = Path("cache", "hub", f"tiny-{COMMIT[:8]}")


@pytest.mark.parametrize("command", ["models", "models pull", "models verify"])
def test_every_command_teaches_by_example_and_takes_the_common_options(command: str):
    text = run(*command.split(), "--help").stdout
    assert "Example: kinodex " in text
    for option in ("--library", "--profile", "--json", "--config"):
        assert option in text


def test_pull_fetches_what_the_list_said_was_missing(hub: Hub):
    before = tiny("models", "--profile", "small")
    assert (before["present"], before["verified"]) == (False, False)
    assert "kinodex models pull tiny" in before["problem"]
    assert hub.sent == [], "the list fetches nothing"
    assert "weights are not here" in run("models", "--profile", "small").stdout

    ran = run("models", "pull", "--profile", "small", "--json")
    assert ran.exit_code == 0
    pulled = {model["name"]: model["fetched"] for model in json.loads(ran.stdout)["models"]}
    assert pulled.pop("packaged-image") == [], "packages are installed, not fetched"
    assert [Path(file["path"]).name for file in pulled["tiny"]] == ["model.safetensors", "config.json"]
    assert all(len(file["sha256"]) == 64 and file["source"].startswith("hf:owner/tiny@") for file in pulled["tiny"])

    after = tiny("models", "--profile", "small")
    assert (after["present"], after["verified"], after["problem"]) == (True, True, "")
    assert "weights are not here" not in run("models", "--profile", "small").stdout
    asked = len(hub.sent)
    assert json.loads(run("models", "pull", "tiny", "--json").stdout)["models"] == [
        {"name": "tiny", "pinned": "", "fetched": []}
    ]
    assert "0 files downloaded; complete already: tiny" in run("models", "pull", "tiny").stdout
    assert len(hub.sent) == asked


def test_pull_tells_people_what_came(hub: Hub):
    said = run("models", "pull", "tiny").stdout
    assert "config.json" in said
    assert "2 files downloaded" in said


def test_verify_finds_what_was_altered(hub: Hub):
    missing = run("models", "verify", "--json")
    assert missing.exit_code == 0, "what is missing is not altered"
    states = {model["name"]: model["state"] for model in json.loads(missing.stdout)["models"]}
    assert (states["tiny"], states["packaged-text"]) == ("missing", "ok")
    run("models", "pull", "tiny")
    intact = run("models", "verify", "tiny", "--json")
    assert intact.exit_code == 0
    assert json.loads(intact.stdout)["models"][0]["state"] == "ok"
    assert "2 intact" in run("models", "verify").stdout

    (FOLDER / "config.json").write_text("{}")
    altered = run("models", "verify", "--json")
    assert altered.exit_code == 1
    model = tiny("models", "verify")
    assert model["state"] == "altered"
    files = {file["name"]: file for file in model["files"]}
    assert {name: file["state"] for name, file in files.items()} == {
        "model.safetensors": "ok",
        "config.json": "altered",
    }
    assert files["config.json"]["expected"] != files["config.json"]["found"]
    table = run("models", "verify", "--profile", "small")
    assert table.exit_code == 1
    assert "altered" in table.stdout
    assert "config.json" in table.stdout


def test_offline_names_the_files_and_the_command(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    ran = run("models", "pull", "tiny", "--json")
    assert ran.exit_code == 1
    error = json.loads(ran.stdout)["error"]
    assert error["code"] == "MODEL_MISSING"
    assert "model.safetensors" in error["message"]
    assert str(FOLDER / "config.json") in error["message"]
    assert "kinodex models pull tiny" in error["hint"]
    assert hub.sent == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("models", "pull"), 1),
        (("models", "pull", "tiny", "--profile", "small"), 2),
        (("models", "verify", "tiny", "--profile", "small"), 2),
        (("models", "--json", "verify"), 2),
        (("models", "pull", "nobody"), 1),
        (("models", "verify", "nobody"), 1),
        (("models", "verify", "--profile", "nobody"), 1),
    ],
)
def test_wrong_usage_is_said(hub: Hub, arguments: tuple[str, ...], code: int):
    ran = run(*arguments)
    assert ran.exit_code == code
    assert ran.stdout == ""
    assert hub.sent == []


def test_pull_without_a_name_takes_the_profile_of_the_settings(hub: Hub):
    Path("kinodex.toml").write_text('profile = "small"\n')
    said = run("models").stdout
    assert "not on this machine: tiny. Run: kinodex models pull --profile small" in said
    assert run("models", "pull").exit_code == 0
    assert "not on this machine" not in run("models").stdout


def test_a_commit_that_is_left_open_is_settled_by_the_first_pull_and_told(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    files = file_table("weights", "model.safetensors", "?") + file_table("config", "config.json", "?")
    monkeypatch.setattr("encoders.registry.registry._MODELS_TOML", write_registry(tmp_path / "open.toml", files, "?"))
    before = tiny("models", "--profile", "small")
    assert (before["revision"], before["present"]) == ("?", False)
    assert f"tiny is now pinned to hf:owner/tiny@{HEAD}" in " ".join(run("models", "pull", "tiny").stdout.split())
    after = tiny("models", "--profile", "small")
    assert (after["revision"], after["present"], after["verified"]) == (HEAD[:8], True, True)
    assert json.loads(run("models", "pull", "tiny", "--json").stdout)["models"][0]["pinned"] == ""


def test_doctor_names_what_is_missing_and_where_models_run(hub: Hub):
    def findings(*options: str):
        checks = json.loads(run("doctor", "--profile", "small", "--json", *options).stdout)["checks"]
        return {check["name"]: check for check in checks}

    weights = findings()["weights"]
    assert weights["result"] == "fail"
    assert "not on this machine: tiny. Run: kinodex models pull --profile small" in weights["finding"]
    run("models", "pull", "tiny")
    found = findings("--device", "cpu")
    assert found["weights"]["result"] == "ok"
    assert found["device"] == {"name": "device", "result": "ok", "finding": "cpu: cpu, float32"}
