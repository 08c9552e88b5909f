"""What commands say where a newcomer would otherwise be misled, without models."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from kinodex.cli.app import app, main
from kinodex.cli.render import found_videos
from kinodex.cli.render import results as render
from kinodex.settings import ENVIRONMENT
from stores.library_store import LibraryStore
from tests.unit.kinodex.test_render import MOMENT, found
from tests.unit.stores.builders import add_video, begun, put, utterance
from workflows.telemetry.progress import PlainProgress, Planned, VideoFinished

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ids() -> list[str]:
    """Ids of the videos of a library of three."""
    with LibraryStore.open(Path("kinodex-library"), create=True) as store:
        for name in ("one.mp4", "two.mp4", "three.mp4"):
            video_id = add_video(store, name)
            put(store, video_id, "speech", utterance(video_id, 0, "hello"))
        return sorted(entry.video_id for entry in store.catalog.videos())


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def console() -> Console:
    return Console(file=io.StringIO(), markup=False, highlight=False, emoji=False, width=160)


def test_past_the_last_video_nothing_follows_and_the_library_is_not_called_empty(ids: list[str]):
    ran = run("videos", "--after", ids[-1])
    assert (ran.exit_code, ran.stdout) == (0, f"No video follows {ids[-1]}.\n")
    assert "library is empty" not in run("videos", "--after", "vid_ffff").stdout


def test_a_full_page_says_how_to_get_the_next_one(ids: list[str]):
    first = run("videos", "--limit", "2")
    assert f"more: kinodex videos --limit 2 --after {ids[1]}\n" in first.stdout
    last = run("videos", "--limit", "2", "--after", ids[1])
    assert ids[2] in last.stdout
    assert "more:" not in last.stdout
    assert "more:" not in run("videos", "--limit", "3").stdout, "nothing follows a full page that is the last"
    assert set(json.loads(run("videos", "--limit", "2", "--json").stdout)) == {"videos"}


def test_a_page_may_begin_after_a_name(ids: list[str]):
    with LibraryStore.open(Path("kinodex-library")) as store:
        names = {Path(uri).name for uri in store.catalog.display_uri(ids[0]).split()}
    assert ids[1] in run("videos", "--after", *names).stdout
    assert ids[0] not in run("videos", "--after", *names).stdout
    unknown = run("videos", "--after", "nothing.mp4", "--json")
    assert (unknown.exit_code, json.loads(unknown.stdout)["error"]["code"]) == (2, "USAGE")


@pytest.mark.parametrize(
    "command", ["status", "videos", "search x", "ask x", "errors", "tags list", "ingest .", "verify"]
)
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[perception.look]", "[perception.visual_stats]"),
        ("[perception.pictures]\nstrongest = 4", "top_k"),
        ("[perception.nonsense]", "[perception.nonsense]"),
        ('profile = "nonsense"', "embedded"),
    ],
)
def test_settings_that_ingest_refuses_are_refused_by_every_command(
    ids: list[str], command: str, settings: str, said: str
):
    Path("kinodex.toml").write_text(settings)
    ran = run(*command.split(), "--json")
    error = json.loads(ran.stdout)["error"]
    assert (ran.exit_code, error["code"]) == (2, "SETTINGS_INVALID")
    assert said in error["message"] + error["hint"]
    assert not list(Path("kinodex-library").glob("reports/*"))


def test_settings_are_refused_before_a_library_is_made_or_a_folder_watched():
    Path("kinodex.toml").write_text("[perception.look]")
    assert run("ingest", ".").exit_code == run("watch", ".", "--once").exit_code == 2
    assert not Path("kinodex-library").exists()


def test_settings_without_tables_load_no_stage_to_be_checked():
    code = "from kinodex.settings import Settings; import sys; Settings.load().check(); "
    code += "print([name for name in ('torch', 'cv2', 'pipeline', 'encoders') if name in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retry", "--stage", "voice"), "Stage voice is now speech_activity."),
        (("retry", "--stage", "look.003"), "Stage look.003 is now visual_stats.003."),
        (("retry", "--stage", "dance"), "Stages: probe, speech_activity,"),
        (("replay", "one.mp4", "--stage", "look"), "Stage look is now visual_stats."),
        (("replay", "one.mp4", "--stage", "dance"), "Stages: probe, speech_activity,"),
    ],
)
def test_a_stage_that_there_is_not_is_a_usage_error(ids: list[str], arguments: tuple[str, ...], said: str):
    ran = run(*arguments)
    assert ran.exit_code == 2
    assert ran.stderr.startswith("error USAGE: ")
    assert said in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("watch", ".", "--stabel", "3"), "(Possible options: --stable)"),
        (("watch", ".", "--settle", "3"), "--settle is now --stable."),
        (("verify", "--mend"), "--mend is now --repair."),
    ],
)
def test_options_by_former_names_are_never_suggested(
    arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["kinodex", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert said in error
    assert "Invalid value" not in error


def test_a_run_that_was_interrupted_is_not_called_running(monkeypatch: pytest.MonkeyPatch):
    Path("films").mkdir()
    for number in (1, 2):
        Path(f"films/{number}.mp4").write_text(f"This is no film: {number}.")

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PlainProgress, "__call__", interrupted)
    ran = run("ingest", "films")
    assert ran.exit_code == 130
    said = run("status").stdout
    assert "last run: " in said
    assert "interrupted; the same command goes on" in said
    assert "still running" not in said


def test_an_interruption_while_a_command_is_loaded_is_one_line(tmp_path: Path):
    # What `kinodex ingest` loads before it begins.
    code = "import signal, sys, types\nclass Loading(types.ModuleType):\n"
    code += "    def __getattr__(self, name):\n        signal.raise_signal(signal.SIGINT)\n"
    code += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "import kinodex.cli.app\nsys.modules['kinodex.schemas.ingest'] = None\n"
    code += "sys.modules['kinodex.cli.progress_bars'] = Loading('x')\n"
    code += "sys.argv = ['kinodex', 'ingest', '.']\nfrom kinodex.__main__ import main\nmain()"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "interrupted\n")


def test_what_failed_is_not_said_to_wait_for_an_index():
    waits, failed, both, narrowed = console(), console(), console(), console()
    render.search(waits, found("match", 5, 8, [MOMENT]))
    render.search(failed, found("match", 5, 8, [MOMENT]), failed=3)
    render.search(both, found("match", 5, 8, [MOMENT]), failed=2)
    render.search(narrowed, found("no_match", 0, 1, []), failed=1, narrowed=True)
    assert "Partly indexed: 3 of 8 videos not indexed yet." in waits.file.getvalue()
    assert "Partly indexed: 3 of 8 videos failed, see kinodex errors." in failed.file.getvalue()
    assert "Partly indexed: 1 of 8 videos not indexed yet; 2 failed, see kinodex errors." in both.file.getvalue()
    assert narrowed.file.getvalue() == "Not indexed: 1 of 1 video failed, see kinodex errors.\n"


def test_the_health_of_named_videos_is_about_them(ids: list[str]):
    with LibraryStore.open(Path("kinodex-library")) as store:
        put(store, ids[0], "vectors")
        store.ledger.fail(begun(store, ids[1], "vectors"), "DECODE_FAILED", "no picture")
        one, two = (store.catalog.index_health(["vectors"], [video_id]) for video_id in ids[:2])
        both = store.catalog.index_health(["vectors"], ids)
    assert (one.state, one.videos_indexed, one.videos_known, one.videos_failed) == ("complete", 1, 1, 0)
    assert (two.state, two.videos_indexed, two.videos_known, two.videos_failed) == ("empty", 0, 1, 1)
    assert (both.state, both.videos_indexed, both.videos_known, both.videos_failed) == ("partial", 1, 3, 1)


def test_one_is_not_many_in_what_is_printed():
    stream = io.StringIO()
    progress = PlainProgress(stream, str)
    progress(Planned(1, 1, ()))
    progress(VideoFinished("vid_1", "/a.mp4", "failed", "NOT_MEDIA", 0.0))
    assert stream.getvalue() == "1 input, 1 video to work on\n[1/1] failed NOT_MEDIA: /a.mp4\n"
    one = console()
    index = {"state": "complete", "videos_indexed": 1, "videos_known": 1}
    found_videos.show(one, {"verdict": "no_match", "index": index, "videos": []})
    assert "No match in 1 video." in one.file.getvalue()


def test_a_plan_for_a_path_that_is_misspelt_fails():
    ran = run("ingest", "flims", "--dry-run")
    assert ran.exit_code == 3
    assert "Nothing to do: 1 input cannot be read." in ran.stdout
    assert not Path("kinodex-library").exists()


def test_a_video_without_evidence_has_no_table_of_it(ids: list[str]):
    with LibraryStore.open(Path("kinodex-library")) as store:
        add_video(store, "silent.mp4")
    shown = run("show", "silent.mp4").stdout
    assert "silent.mp4" in shown
    assert "confidence" not in shown


@pytest.mark.parametrize(
    "command", ["ingest", "watch", "search", "tag", "tags remove", "quarantine release", "reembed"]
)
def test_help_speaks_of_no_types(command: str):
    text = run(*command.split(), "--help").stdout
    assert not {"<", "{"}.intersection(text)
    assert "list[" not in text
    assert "x>=" not in text


def test_help_says_how_many_arguments_there_may_be():
    assert "Usage: kinodex ingest [OPTIONS] PATH...\n" in run_named("ingest")
    assert "[VIDEO]...\n" in run_named("tag")


def run_named(command: str) -> str:
    return CliRunner().invoke(app, [command, "--help"], prog_name="kinodex").stdout


def test_the_first_abstained_tags_are_named():
    names = [f"tag {number}" for number in range(7)]
    made = {"facet": "who", "confidence": 0.4, "recalled_by": ["picture"], "evidence": []}
    decisions = [{**made, "tag_id": name, "name": name, "decision": "abstained"} for name in names]
    decisions.append({**made, "tag_id": "no", "name": "no", "decision": "rejected"})
    shown = console()
    render.decisions(shown, {"videos": [{"video_id": "vid_1", "uri": "/a.mp4", "decisions": decisions}]})
    text = shown.file.getvalue()
    assert "7 abstained: tag 0, tag 1, tag 2, tag 3, tag 4 and 2 more" in text
    assert "1 rejected\n" in text
