"""The command line without models: how it is asked, how it fails, what it knows of an empty library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinodex import __version__
from kinodex.cli import app
from kinodex.settings import ENVIRONMENT
from stores.library_store import LibraryStore

COMMANDS = (
    *("ingest", "search", "ask", "tag", "videos", "show", "status", "errors", "models", "doctor", "evaluate"),
    *("tags import", "tags export", "tags list"),
)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KINODEX_DEBUG", raising=False)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_version_is_the_package_version():
    import tomllib

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert run("--version").stdout == f"kinodex {__version__}\n"
    assert __version__ == project["version"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_by_example_and_takes_the_common_options(command: str):
    text = run(*command.split(), "--help").stdout
    assert "Example: kinodex " in text
    for option in ("--library", "--profile", "--json", "--config"):
        assert option in text


@pytest.mark.parametrize(
    "arguments",
    [("ingest",), ("search", "x", "-k", "0"), ("tag",), ("tag", "a", "--all"), ("ingest", "x", "--executor", "moon")],
)
def test_wrong_usage_is_exit_2(arguments: tuple[str, ...]):
    LibraryStore.open(Path("kinodex-library"), create=True).close()
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("command", ["videos", "status", "errors", "show x", "search x", "ask x", "tag x", "tags list"])
def test_a_missing_library_is_said_once_with_a_way_out(command: str):
    ran = run(*command.split(), "--json", "--library", "none")
    assert ran.exit_code == 1
    error = json.loads(ran.stdout)["error"]
    assert error["code"] == "LIBRARY_MISSING"
    assert "kinodex ingest" in error["hint"]
    assert ran.stderr.startswith("error LIBRARY_MISSING: ")
    assert len(ran.stderr.splitlines()) == 1
    assert not Path("none").exists()


def test_an_unknown_profile_names_those_there_are():
    ran = run("models", "--profile", "nonsense", "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)["error"]["code"] == "MODEL_MISSING"
    assert "embedded" in ran.stderr


def test_bad_settings_are_exit_2():
    Path("kinodex.toml").write_text("colour = 'red'")
    ran = run("videos")
    assert ran.exit_code == 2
    assert ran.stderr.startswith("error SETTINGS_INVALID: unknown key 'colour' in kinodex.toml.")
    assert run("videos", "--config", "nowhere.toml").exit_code == 2


def test_a_bug_is_one_line_and_says_how_to_see_more(monkeypatch: pytest.MonkeyPatch):
    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("injected \x1b[31m")

    monkeypatch.setattr(LibraryStore, "open", broken)
    ran = run("videos", "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)["error"]["code"] == "INTERNAL"
    assert "KINODEX_DEBUG=1" in ran.stderr
    assert "\x1b" not in ran.stderr
    monkeypatch.setenv("KINODEX_DEBUG", "1")
    assert isinstance(run("videos").exception, ZeroDivisionError)


def test_an_empty_folder_makes_an_empty_library():
    Path("films").mkdir()
    ran = run("ingest", "films")
    assert ran.exit_code == 0
    assert "0 inputs: nothing found" in ran.stdout
    assert json.loads(run("videos", "--json").stdout) == {"videos": []}
    assert json.loads(run("errors", "--json").stdout) == {"errors": []}
    assert json.loads(run("status", "--json").stdout)["index"]["state"] == "empty"
    assert "library is empty" in run("videos").stdout


def test_tags_without_any_model():
    Path("tags.csv").write_text("id,name,facet,aliases\nt1,[red] dog,who,狗;犬\n", encoding="utf-8")
    assert run("tags", "import", "tags.csv").stdout == "1 added, 0 updated, 0 unchanged; 1 tags in the library\n"
    assert "[red] dog" in run("tags", "list").stdout
    assert json.loads(run("tags", "list", "--json").stdout)["tags"][0]["aliases"] == ["狗", "犬"]
    assert "t1,[red] dog,who,狗;犬" in run("tags", "export").stdout
    Path("bad.csv").write_text("id,name\n,nameless\n")
    bad = run("tags", "import", "bad.csv")
    assert bad.exit_code == 1
    assert bad.stderr.startswith("error TAG_FILE_INVALID: ")


def test_doctor_fails_where_the_library_cannot_be(tmp_path: Path):
    (tmp_path / "file").write_text("")
    ran = run("doctor", "--library", "file", "--json")
    findings = {check["name"]: check["result"] for check in json.loads(ran.stdout)["checks"]}
    assert findings["library"] == "fail"
    assert ran.exit_code == 1
