"""The command line without models: how it is asked, how it fails, what it knows of an empty library."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from kinodex import __version__
from kinodex.cli.app import app, main
from kinodex.settings import ENVIRONMENT
from stores.library_store import LibraryStore

COMMANDS = (
    *("ingest", "search", "ask", "tag", "videos", "show", "status", "errors", "models", "doctor", "evaluate"),
    *("chat", "threads list", "threads show", "threads export", "threads rename", "threads delete"),
    *("jobs list", "jobs show", "jobs cancel", "jobs retry", "jobs work"),
    *("describe", "tags import", "tags export", "tags list", "tags remove"),
    *("retry", "quarantine list", "quarantine release", "replay", "verify", "index rebuild", "gc", "forget", "reembed"),
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
    [
        ("ingest",),
        ("search", "x", "-k", "0"),
        ("tag",),
        ("tag", "a", "--all"),
        ("describe",),
        ("describe", "a", "--all"),
        ("describe", "--all", "--by", "magic"),
        ("describe", "--all", "--budget", "much"),
        ("ingest", "x", "--executor", "moon"),
        ("ingest", "x", "--budget", "much"),
        ("ingest", "x", "--part-minutes", "0"),
        ("ingest", "x", "--attempts", "0"),
        ("errors", "--code", "BROKEN"),
        ("retry", "--code", "BROKEN"),
        ("quarantine", "release"),
        ("forget",),
        ("forget", "x", "--missing"),
    ],
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
    assert json.loads(run("errors", "--json").stdout) == {"errors": [], "gone": 0}
    assert json.loads(run("status", "--json").stdout)["index"]["state"] == "empty"
    assert "library is empty" in run("videos").stdout


def test_tags_without_any_model():
    Path("tags.csv").write_text("id,name,facet,aliases\nt1,[red] dog,who,狗;犬\n", encoding="utf-8")
    assert "1 added, 0 updated, 0 unchanged; 1 tag in the library\n" in run("tags", "import", "tags.csv").stdout
    assert "[red] dog" in run("tags", "list").stdout
    assert json.loads(run("tags", "list", "--json").stdout)["tags"][0]["aliases"] == ["狗", "犬"]
    assert "t1,[red] dog,who,狗;犬" in run("tags", "export").stdout
    nowhere = run("tags", "export", "nowhere/tags.csv")
    assert (nowhere.exit_code, nowhere.stderr.split(":")[0]) == (2, "error USAGE")
    unknown = run("tags", "remove", "t1", "t2")
    assert unknown.exit_code == 2
    assert "no tag 't2'" in unknown.stderr
    assert run("tags", "remove", "t1").stdout.startswith("1 removed, with 0 decisions; 0 tags in the library\n")
    Path("bad.csv").write_text("id,name\n,nameless\n")
    bad = run("tags", "import", "bad.csv")
    assert bad.exit_code == 1
    assert bad.stderr.startswith("error TAG_FILE_INVALID: ")


def test_exported_names_steer_no_terminal():
    name = "\x1b]0;owned\x07dog\u202e"
    Path("tags.csv").write_text(f"id,name\nt1,{name}\n", encoding="utf-8")
    run("tags", "import", "tags.csv")
    assert f"t1,{name}," in run("tags", "export").stdout, "a pipe gets what is stored"
    ours, theirs = os.openpty()
    os.set_blocking(ours, False)
    code = subprocess.call([sys.executable, "-m", "kinodex", "tags", "export"], stdout=theirs, stdin=subprocess.DEVNULL)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    assert code == 0
    assert r"t1,\x1b]0;owned\x07dog\u202e," in shown
    assert "\x1b" not in shown


def test_doctor_fails_where_the_library_cannot_be(tmp_path: Path):
    (tmp_path / "file").write_text("")
    ran = run("doctor", "--library", "file", "--json")
    findings = {check["name"]: check["result"] for check in json.loads(ran.stdout)["checks"]}
    assert findings["library"] == "fail"
    assert ran.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("ingest", "--colour", "--json"), "--colour"),
        (("ingest", "x", "--workers", "many", "--json"), "--workers"),
        (("search", "--json"), "QUERY"),
        (("paint", "--json"), "paint"),
        (("watch", ".", "--settle", "3", "--json"), "--stable"),
        (("watch", "--settle", "0", "--json"), "--stable"),
        (("verify", "--mend", "--json"), "--repair"),
    ],
)
def test_what_the_parser_does_not_take_is_json_where_json_was_asked_for(
    arguments: tuple[str, ...], named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["kinodex", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    error = json.loads(said.out)["error"]
    assert error["code"] == "USAGE"
    assert named in error["message"]
    assert "--help" in error["hint"]
    assert len(said.err.splitlines()) == 1


def test_what_the_parser_does_not_take_is_plain_otherwise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["kinodex", "ingest", "--colour"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Usage: kinodex ingest" in said.err


@pytest.mark.parametrize(
    ("words", "built"),
    [
        (["status"], ["status"]),
        (["threads", "list", "--json"], ["list"]),
        (["tags", "proposals", "list"], ["list"]),
        (["help", "status"], ["help", "status"]),
    ],
)
def test_only_the_command_that_is_called_is_built(
    words: list[str], built: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    made: list[str] = []
    build = typer.main.get_command_from_info

    def noted(*given: Any, **named: Any) -> Any:
        made.append(build(*given, **named).name)
        return build(*given, **named)

    monkeypatch.setattr(typer.main, "get_command_from_info", noted)
    monkeypatch.setattr("sys.argv", ["kinodex", *words])
    with pytest.raises(SystemExit):
        main()
    assert made == built


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serch", "dog"], "search"),
        (["threads", "lst"], "list"),
        (["threads", "--nothing", "list"], "--nothing"),
        (["threads", "--help"], "rename"),
        (["--help"], "ingest"),
    ],
)
def test_where_no_command_is_called_all_are_known(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["kinodex", *words])
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr()
    assert said in shown.out + shown.err


@pytest.mark.parametrize(("command", "former"), [("watch", "--settle"), ("verify", "--mend")])
def test_an_option_by_its_former_name_is_not_in_the_help(command: str, former: str):
    assert former not in run(command, "--help").stdout


def test_a_typing_error_makes_no_library():
    ran = run("ingest", "no such.mp4", "--json")
    assert ran.exit_code == 3
    (video,) = json.loads(ran.stdout)["videos"]
    assert video["error"]["code"] == "FILE_MISSING"
    assert json.loads(ran.stdout)["report"] is None
    assert not Path("kinodex-library").exists()


def test_every_run_leaves_a_report():
    Path("films").mkdir()
    report = Path(json.loads(run("ingest", "films", "--json").stdout)["report"])
    assert report.parent == Path("kinodex-library/reports").absolute()
    assert json.loads(report.read_text())["totals"]["inputs"] == 0
    last = json.loads(run("status", "--json").stdout)["last_run"]
    assert (last["report"], last["ended"] is None) == (str(report), False)
    assert "last run: " in run("status").stdout


def test_sigterm_ends_a_command_like_an_interruption(monkeypatch: pytest.MonkeyPatch):
    LibraryStore.open(Path("kinodex-library"), create=True).close()
    before = signal.getsignal(signal.SIGTERM)

    def killed(*arguments: object, **options: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(LibraryStore, "open", killed)
    ran = run("videos")
    assert ran.exit_code == 143
    assert ran.stderr == "terminated; the library is consistent, run the same command to go on\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_password_is_never_printed(monkeypatch: pytest.MonkeyPatch):
    # Port 9 discards; nobody listens there.
    monkeypatch.setenv("KINODEX_DATABASE", "postgresql://me:sesame@127.0.0.1:9/films")
    monkeypatch.setenv("KINODEX_VECTORS", "http://me:sesame@127.0.0.1:9")
    doctor, status = run("doctor", "--json"), run("status", "--json")
    findings = {check["name"]: check for check in json.loads(doctor.stdout)["checks"]}
    assert findings["database"]["result"] == findings["vectors"]["result"] == "fail"
    assert json.loads(status.stdout)["error"]["code"] == "DATABASE_UNREACHABLE"
    assert "sesame" not in doctor.output + status.output


def test_servers_that_are_not_named_are_not_checked():
    names = [check["name"] for check in json.loads(run("doctor", "--json").stdout)["checks"]]
    assert not {"database", "vectors", "blobs"} & set(names)


def test_forgetting_needs_a_yes():
    LibraryStore.open(Path("kinodex-library"), create=True).close()
    run("ingest", "gone.mp4")
    asked = run("forget", "--missing", "--json")
    assert asked.exit_code == 2
    assert "--yes" in json.loads(asked.stdout)["error"]["hint"]
    done = json.loads(run("forget", "--missing", "--yes", "--json").stdout)
    assert done["inputs"] == [str(Path("gone.mp4").absolute())]
    assert json.loads(run("errors", "--json").stdout) == {"errors": [], "gone": 0}


def test_an_empty_library_is_whole():
    LibraryStore.open(Path("kinodex-library"), create=True).close()
    verified = json.loads(run("verify", "--json").stdout)
    assert (verified["ok"], verified["problems"]) == (True, [])
    assert "Nothing to remove" in run("gc").stdout
    assert json.loads(run("index", "rebuild", "--json").stdout)["vectors"] == 0


def test_a_typing_error_is_an_error_until_the_next_ingest():
    Path("films").mkdir()
    run("ingest", "films")
    run("ingest", "flims")
    (error,) = json.loads(run("errors", "--json").stdout)["errors"]
    assert (error["code"], Path(error["uri"]).name) == ("FILE_MISSING", "flims")
    run("ingest", "films")
    assert json.loads(run("errors", "--json").stdout) == {"errors": [], "gone": 0}


@pytest.mark.parametrize("left", ["warming up", "turn trn_0"])
def test_models_that_are_still_at_work_do_not_see_python_end(left: str):
    # It would crash: their libraries' code runs on while Python takes itself apart.
    code = (
        "import atexit, sys, threading, time\n"
        "atexit.register(print, 'Python has ended')\n"
        f"threading.Thread(target=time.sleep, args=(60,), name={left!r}, daemon=True).start()\n"
        "sys.argv = ['kinodex', '--version']\n"
        "from kinodex.cli.app import main\n"
        "main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip() == f"kinodex {__version__}"
