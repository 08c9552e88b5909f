"""`[endpoint] model = "local"`: the language model of this process, chosen, listed, and told of when it is not here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from encoders.adapters.llama import LlamaModel
from encoders.language_model import DEFAULT
from encoders.types import WeightsError
from kinodex.cli.app import app
from kinodex.settings import ENVIRONMENT, Settings
from kinodex.usecases import config
from kinodex.usecases.doctor import Finding
from stores.core.errors import UsageError


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KINODEX_MODEL", "local")


def test_the_name_alone_is_enough_and_only_this_name() -> None:
    endpoint = Settings.load().endpoint
    assert endpoint.local
    assert endpoint.configured
    with pytest.raises(UsageError, match="base_url is missing") as caught:
        Settings.load(endpoint={"model": "large"})
    assert 'model = "local"' in caught.value.hint


def test_behind_an_address_it_is_a_name_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINODEX_BASE_URL", "http://localhost:9/v1")
    assert not Settings.load().endpoint.local


def test_it_is_opened_for_short_prompts_with_threads_and_times_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []

    def model(profile: str, threads: int, added: object) -> LlamaModel:
        opened.append(threads)
        return LlamaModel(Path("none.gguf"), threads)

    monkeypatch.setattr("encoders.language_model.open_language_model", model)
    llm = config.open_llm(Settings.load())
    assert llm is not None
    assert llm.settings.short_prompts
    assert llm.settings.timeout_seconds == config.LOCAL_SECONDS
    config.open_llm(Settings.load(threads=3))
    assert opened == [0, 3], "0: what is idle"
    chosen = config.open_llm(Settings.load(endpoint={"model": "local", "timeout_seconds": 7.0}))
    assert chosen is not None
    assert chosen.settings.timeout_seconds == 7.0


def test_where_it_is_not_installed_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WeightsError) as caught:
        config.open_llm(Settings.load())
    assert "pip install 'kinodex[local-llm]'" in caught.value.hint


def test_doctor_and_models_say_that_it_is_missing_and_how_large_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KINODEX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("kinodex.usecases.doctor._weights", lambda settings: Finding("ok", "", "weights_ok"))
    monkeypatch.setattr("encoders.language_model.check_installed", lambda: None)
    monkeypatch.setattr("encoders.registry.registry.packaged", lambda file, cache: None)
    ran = CliRunner().invoke(app, ["doctor", "--json"])
    (check,) = [one for one in json.loads(ran.stdout)["checks"] if one["name"] == "language model"]
    assert check["result"] == "fail"
    assert "kinodex[local-llm]" in check["finding"]
    listed = json.loads(CliRunner().invoke(app, ["models", "--json"]).stdout)["models"]
    (row,) = [one for one in listed if one["name"] == DEFAULT]
    assert not row["present"]
    assert "1.1 GB" in row["citation"]
    monkeypatch.delenv("KINODEX_MODEL")
    listed = json.loads(CliRunner().invoke(app, ["models", "--json"]).stdout)["models"]
    assert DEFAULT not in [one["name"] for one in listed]


def test_nothing_of_it_is_loaded_where_it_is_not_used() -> None:
    code = "import sys; import kinodex, agents.chat.graph, kinodex.usecases.config\n"
    code += "print([one for one in ('xllamacpp', 'agents.llm.local_backend') if one in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
