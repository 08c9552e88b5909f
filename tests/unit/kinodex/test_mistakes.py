"""How the command line speaks to a person who makes a mistake, and how errors end at each door."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kinodex.exits import OUTCOMES
from kinodex.settings import ENVIRONMENT
from kinodex.text import several
from stores.core.errors import CODES
from stores.library_store import LibraryStore
from tests.unit.stores.builders import add_video, put, utterance

ROOT = Path(__file__).parents[3]


def kinodex(folder: Path, *arguments: str | bytes, shell: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", "kinodex", *arguments]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    with LibraryStore.open(tmp_path / "kinodex-library", create=True) as store:
        video_id = add_video(store)
        put(store, video_id, "speech", utterance(video_id, 0, "hello"))
    return tmp_path


def test_every_error_code_has_an_exit_and_an_http_status():
    assert set(OUTCOMES) == set(CODES)
    assert {end.exit_status for end in OUTCOMES.values()} <= {1, 2}
    assert all(400 <= end.http_status < 600 for end in OUTCOMES.values())
    # What a caller cannot mend is the server's: nobody is told that a request was wrong when a disk was full.
    for name, code in CODES.items():
        assert code.blame != "bug" or OUTCOMES[name].http_status >= 500


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ingest", "https://example.org/x.mp4"), "Addresses such as https://… are not supported."),
        (("ingest", ".", "--budget", "soon"), "--budget"),
        (("ingest", ".", "--budget", "90 parsecs", "--dry-run"), "90 parsecs"),
    ],
)
def test_a_mistake_leaves_nothing_behind(tmp_path: Path, arguments: tuple[str, ...], said: str):
    ran = kinodex(tmp_path, *arguments)
    assert ran.returncode == 2
    assert said in ran.stderr or said == "--budget"
    assert not list(tmp_path.iterdir())


def test_where_there_is_no_library_both_ways_to_name_one_are_told(tmp_path: Path):
    ran = kinodex(tmp_path, "videos")
    assert "--library" in ran.stderr
    assert "KINODEX_LIBRARY" in ran.stderr


def test_words_without_quotes(tmp_path: Path):
    ran = kinodex(tmp_path, "search", "a", "dog")
    assert ran.returncode == 2
    assert 'kinodex search "a dog"' in ran.stderr


def test_a_file_name_that_begins_with_a_dash(tmp_path: Path):
    (tmp_path / "-x.mp4").write_text("This is no film.")
    ran = kinodex(tmp_path, "ingest", "-x.mp4")
    assert ran.returncode == 2
    assert "-x.mp4 is a file: put -- before its name." in ran.stderr
    assert "put -- before" in json.loads(kinodex(tmp_path, "ingest", "-x.mp4", "--json").stdout)["error"]["hint"]
    ran = kinodex(tmp_path, "ingest", "--json", "--", "-x.mp4")
    (video,) = json.loads(ran.stdout)["videos"]
    assert (ran.returncode, video["error"]["code"]) == (3, "NOT_MEDIA")


def test_an_interruption_while_modules_are_loaded_is_one_line(tmp_path: Path):
    (tmp_path / "typer.py").write_text("import signal; signal.raise_signal(signal.SIGINT)")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    # A process that was started in the background ignores interrupts, and hands that down.
    code = "import signal, runpy; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "runpy.run_module('kinodex', run_name='__main__')"
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "interrupted\n")


def test_videos_are_listed_by_pages(library: Path):
    with LibraryStore.open(library / "kinodex-library") as store:
        for name in ("one.mp4", "two.mp4"):
            add_video(store, name)
        ids = sorted(entry.video_id for entry in store.catalog.videos())

    def listed(*options: str) -> list[str]:
        return [
            video["video_id"] for video in json.loads(kinodex(library, "videos", "--json", *options).stdout)["videos"]
        ]

    assert sorted(listed()) == ids
    assert listed("--limit", "2") == ids[:2]
    assert listed("--limit", "2", "--after", ids[1]) == ids[2:]
    assert listed("--after", ids[-1]) == []
    assert kinodex(library, "videos", "--limit", "0").returncode == 2


def test_help_is_a_command(tmp_path: Path):
    assert "ingest" in kinodex(tmp_path, "help").stdout
    assert "--budget" in kinodex(tmp_path, "help", "ingest").stdout
    assert kinodex(tmp_path, "help", "dance").returncode == 2


@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_results_that_cannot_be_printed_are_no_bug_of_ours(library: Path, where: str, form: list[str]):
    ran = kinodex(library, "videos", *form, shell=where)
    assert ran.returncode == 1
    assert "Standard output" in ran.stderr
    assert "INTERNAL" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_query_that_is_not_utf_8_is_looked_for(library: Path):
    ran = kinodex(library, "search", b"hello \xff")
    assert ran.returncode == 0, ran.stderr


def test_a_search_may_be_narrowed_to_a_video(library: Path):
    assert kinodex(library, "search", "hello", "--video", "holiday").returncode == 0
    unknown = kinodex(library, "search", "hello", "--video", "nothing.mp4")
    assert "UNKNOWN_VIDEO" in unknown.stderr


@pytest.mark.parametrize("name", ["two\nlines.mp4", "caf\udce9.mp4", "100%.mp4"])
def test_a_video_of_any_name_is_shown(tmp_path: Path, name: str):
    with LibraryStore.open(tmp_path / "kinodex-library", create=True) as store:
        video_id = store.catalog.register(Path("/videos") / name, "ab" * 32, 1000, 7)
        assert store.catalog.resolve(name) == store.catalog.resolve(f"/videos/{name}") == video_id
        assert store.catalog.resolve(name.removesuffix(".mp4")) == video_id


def test_one_is_not_many():
    assert (several(1, "input"), several(0, "input"), several(2, "input")) == ("1 input", "0 inputs", "2 inputs")
