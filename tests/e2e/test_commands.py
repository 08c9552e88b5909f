"""The commands on a library that holds films: what they print, for people and for programs."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kinodex import KinodexError, Library
from tests.e2e.conftest import ROOT, Ingested, command

pytestmark = pytest.mark.slow

TAGS = """id,name,facet,aliases
t1,bicycle,object,自行车
t2,car,object,汽车
t3,submarine,object,潜水艇
t4,rabbit,who,兔子
t5,no sound,how,
"""


@pytest.fixture(scope="module")
def tagged(ingested: Ingested, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """The library with a tag library."""
    file = tmp_path_factory.mktemp("tags") / "tags.csv"
    file.write_text(TAGS, encoding="utf-8")
    assert ingested.run("tags", "import", file).code == 0
    return ingested


def test_search_tells_where_and_why(ingested: Ingested):
    ran = ingested.run("search", "a rabbit", "-k", "3", "--json", apart=True)
    assert ran.code == 0, ran.err
    found = ran.json
    assert set(found) == {"query", "verdict", "index", "results"}
    assert found["index"]["videos_indexed"] < found["index"]["videos_known"]
    assert found["index"]["state"] == "partial"
    for place, moment in enumerate(found["results"]):
        assert moment["rank"] == place + 1
        assert 0 <= moment["start"] < moment["end"]
        assert moment["uri"].endswith(".mp4")
        keys = ("rank", "video_id", "uri", "start", "end", "score", "channels", "text", "thumbnail", "also")
        assert set(moment) == {*keys}
    assert len(found["results"]) <= 3


def test_search_in_chinese_finds_what_english_finds(ingested: Ingested):
    english = ingested.run("search", "rabbit", "--json").json["results"]
    chinese = ingested.run("search", "兔子", "--json").json["results"]
    assert english[0]["uri"].endswith("bigbuckbunny.mp4")
    assert chinese[0]["video_id"] == english[0]["video_id"]


def test_search_for_people_shows_how_to_open_the_moment(ingested: Ingested):
    ran = ingested.run("search", "a bicycle in the street")
    assert "bikes.mp4" in ran.out
    assert "mpv --start=" in ran.out
    assert "Partly indexed" in ran.out
    nothing = ingested.run("search", "xqzzv blorf wug")
    assert "No match" in nothing.out
    assert "mpv" not in nothing.out


def test_a_conversation_goes_on_from_one_process_to_the_next(ingested: Ingested):
    first = ingested.run("chat", "Which video shows a bicycle?", "--json", apart=True)
    assert first.code == 0, first.err
    assert first.json["claims"][0]["citations"][0]["uri"].endswith("bikes.mp4")
    second = ingested.run("chat", "--thread", "last", "When is it seen for the first time?", apart=True)
    assert second.code == 0, second.err
    assert "bicycle" in second.out
    assert "[1] bikes.mp4 0:" in second.out
    thread = first.json["thread_id"]
    assert "2. When is it seen" in ingested.run("threads", "show", thread).out
    assert ingested.run("threads", "delete", thread).code == 0


def test_an_empty_library_says_not_indexed(tmp_path: Path):
    command("ingest", tmp_path, "--library", tmp_path / "lib")
    ran = command("search", "anything", "--library", tmp_path / "lib")
    assert ran.code == 0
    assert "Nothing is indexed yet" in ran.out


def test_tags_go_in_and_out(tagged: Ingested, tmp_path: Path):
    listed = tagged.run("tags", "list", "--json").json["tags"]
    assert [tag["name"] for tag in listed] == ["bicycle", "car", "submarine", "rabbit", "no sound"]
    assert listed[0]["aliases"] == ["自行车"]
    assert tagged.run("tags", "export", tmp_path / "out.csv").code == 0
    again = tagged.run("tags", "import", tmp_path / "out.csv", "--json")
    assert {name: again.json[name] for name in ("added", "updated", "unchanged", "total")} == {
        "added": 0,
        "updated": 0,
        "unchanged": 5,
        "total": 5,
    }
    assert "自行车" in tagged.run("tags", "export").out


def test_tagging_decides_with_evidence_and_keeps_it(tagged: Ingested):
    ran = tagged.run("tag", "bikes.mp4", "bigbuckbunny.mp4", "--json")
    assert ran.code == 0, ran.err
    bikes, bunny = ran.json["videos"]
    assert bikes["uri"].endswith("bikes.mp4")
    for video in (bikes, bunny):
        names = [made["name"] for made in video["decisions"] if made["decision"] == "accepted"]
        assert "submarine" not in names
        for made in video["decisions"]:
            assert 0 <= made["confidence"] <= 1
            assert made["recalled_by"]
            for line in made["evidence"]:
                assert set(line) == {"evidence_id", "start", "end", "channel", "text"}
    accepted = {made["name"] for made in bikes["decisions"] + bunny["decisions"] if made["decision"] == "accepted"}
    assert accepted
    shown = tagged.run("show", bikes["video_id"], "--json").json
    assert {tag["name"] for tag in shown["tags"]} == {
        made["name"] for made in bikes["decisions"] if made["decision"] == "accepted"
    }


def test_tag_all_takes_every_indexed_video_and_only_those(tagged: Ingested):
    ran = tagged.run("tag", "--all", "--json")
    assert ran.code == 0, ran.err
    indexed = tagged.run("status", "--json").json["index"]["videos_indexed"]
    assert len(ran.json["videos"]) == indexed


def test_tagging_without_tags_says_what_to_do(tmp_path: Path):
    command("ingest", tmp_path, "--library", tmp_path / "lib")
    ran = command("tag", "--all", "--json", "--library", tmp_path / "lib")
    assert ran.code == 1
    assert ran.json["error"]["code"] == "NO_TAGS"
    assert "kinodex tags import" in ran.json["error"]["hint"]


def test_ask_cites_what_is_stored(ingested: Ingested):
    ran = ingested.run("ask", "What animal is there?", "--json")
    assert ran.code == 0, ran.err
    answer = ran.json
    assert set(answer) == {"question", "answer", "abstained", "mode", "claims"}
    assert answer["mode"] == "extractive"
    assert answer["answer"]
    assert answer["abstained"] == (not answer["claims"])
    for claim in answer["claims"]:
        for citation in claim["citations"]:
            lines = ingested.run("show", citation["video_id"], "--json").json["evidence"]
            (cited,) = [line for line in lines if line["evidence_id"] == citation["evidence_id"]]
            assert citation["quote"] in cited["text"]
            assert (citation["start"], citation["end"]) == (cited["start"], cited["end"])


def test_ask_in_one_video_cites_no_other(ingested: Ingested):
    answer = ingested.run("ask", "Is there a bicycle?", "--video", "bikes.mp4", "--json").json
    bikes = ingested.of("bikes.mp4")["video_id"]
    assert {c["video_id"] for claim in answer["claims"] for c in claim["citations"]} <= {bikes}


def test_a_dead_language_model_is_named(ingested: Ingested):
    ran = ingested.run(
        "ask",
        "What is on the street?",
        "--json",
        KINODEX_BASE_URL="http://127.0.0.1:9/v1",
        KINODEX_MODEL="m",
        KINODEX_API_KEY="sk-1",
    )
    assert ran.code == 1
    assert ran.json["error"]["code"] == "ENDPOINT_UNREACHABLE"
    assert "sk-1" not in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_videos_need_no_model(ingested: Ingested):
    ran = ingested.run(
        "videos", "--json", after="print(sorted({'torch', 'chromadb', 'ray'} & set(sys.modules)), file=sys.stderr)"
    )
    assert ran.err.splitlines()[-1] == "[]"
    by_name = {Path(video["uri"]).name: video for video in ran.json["videos"]}
    assert by_name["turned.mp4"]["media"]["rotation"] == 90
    assert (by_name["turned.mp4"]["media"]["width"], by_name["turned.mp4"]["media"]["height"]) == (96, 160)
    assert by_name["vfr.mp4"]["media"]["variable_frame_rate"] is True
    assert by_name["text.mp4"]["media"] is None
    assert len(by_name["copy of no sound.mp4"]["uris"]) == 2


def test_status_counts_stages_and_space(ingested: Ingested):
    status = ingested.run("status", "--json").json
    assert status["stages"]["probe"]["done"] == status["index"]["videos_indexed"]
    assert status["stages"]["probe"]["failed"] == 4
    assert status["disk"]["total"] > 100_000
    assert "videos can be searched" in ingested.run("status").out


def test_errors_say_whose_fault_it_is(ingested: Ingested):
    errors = {e["code"]: e for e in ingested.run("errors", "--json").json["errors"]}
    assert {"FILE_EMPTY", "NOT_MEDIA", "NO_VIDEO_STREAM", "TRUNCATED", "FILE_MISSING"} <= set(errors)
    assert all(error["blame"] == "input" and error["retryable"] is False for error in errors.values())


def test_models_and_doctor(ingested: Ingested):
    models = ingested.run("models", "--json").json["models"]
    required = {"image", "text", "speech", "voice", "reader", "detector"}
    assert {model["task"] for model in models} == {*required, "sounds", "faces", "face", "speaker"}
    assert all(model["verified"] and model["licence"] and model["limits"] for model in models)
    doctor = ingested.run("doctor", "--json")
    assert doctor.code == 0
    assert {check["result"] for check in doctor.json["checks"]} <= {"ok", "warn"}
    dead = ingested.run("doctor", KINODEX_BASE_URL="http://127.0.0.1:9/v1", KINODEX_MODEL="m")
    assert dead.code == 1


def test_evaluate_compares_with_what_people_say(tagged: Ingested, tmp_path: Path):
    truth = {
        "clips": {
            "bunny": {
                "file": "bigbuckbunny.mp4",
                "sha256": "of an older copy",
                "queries": {"en": ["a rabbit"], "zh": ["兔子"]},
                "tags": ["rabbit"],
                "tags_acceptable": ["no sound"],
                "qa": [{"q": "What is the capital of Peru?", "a": "Lima", "answerable": True}],
            },
            "absent": {"file": "absent.mp4", "queries": {"en": ["a whale"]}, "tags": ["submarine"]},
        },
        "unanswerable": ["Who won the ice hockey final?"],
    }
    (tmp_path / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    ran = tagged.run("evaluate", tmp_path / "truth.json", "--clips", tagged.films, "--json")
    assert ran.code == 0, ran.err
    result = ran.json
    assert result["clips"] == {"annotated": 2, "missing": ["absent"]}
    overall = result["retrieval"]["overall"]
    assert (overall["queries"], overall["found"], overall["recall_at_1"]) == (3, 2, pytest.approx(2 / 3))
    assert result["tagging"]["overall"]["expected"] == 2
    assert result["tagging"]["by_tag"]["submarine"]["recall"] == 0.0
    assert result["answers"]["right"] == 0
    assert result["answers"]["unanswerable"] == 1
    assert "R@1" in tagged.run("evaluate", tmp_path / "truth.json", "--clips", tagged.films).out


def test_the_library_facade(ingested: Ingested, tmp_path: Path):
    with Library.open(ingested.root, create=False) as library:
        assert library.search("rabbit", k=1).moments[0].video_id == ingested.of("bigbuckbunny.mp4")["video_id"]
        assert library.ingest(ingested.films / "bikes.mp4").totals.reused == 1
    with pytest.raises(KinodexError) as missing:
        Library.open(tmp_path / "none", create=False)
    assert missing.value.code.name == "LIBRARY_MISSING"


def test_a_film_that_speaks_terminal_does_not_steer_it(ingested: Ingested, tmp_path: Path):
    name = "evil \x1b[31m\x1b]0;owned\x07 [bold]x.mp4"
    shutil.copy(ingested.films / "vfr.mp4", tmp_path / name)
    ran = command("ingest", tmp_path / name, "--dry-run", "--library", tmp_path / "lib")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "[bold]" in ran.out


def test_output_to_an_ascii_pipe(ingested: Ingested):
    ran = ingested.run(
        "search",
        "打鼓 \udcff".encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"),
        "--json",
        PYTHONIOENCODING="ascii",
    )
    assert ran.code == 0, ran.err
    assert ran.json["query"].startswith("打鼓")


@pytest.mark.parametrize("form", ["", "--json"])
def test_a_reader_that_leaves_early_sees_no_trace(ingested: Ingested, form: str):
    line = f"{sys.executable} -m kinodex show bikes.mp4 {form} --library {ingested.root} | head -1"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(["bash", "-c", line], capture_output=True, env=environment, text=True, check=True)
    assert ran.stderr == ""


def processor_seconds(*command: str) -> float:
    """The least that a Python program takes of three times: of what others do at the time, it says nothing."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, *command], env=environment, capture_output=True, check=True)
        times.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(times)


def test_help_and_import_are_quick():
    """Beside what any program of its kind takes: the models and stores are not loaded to print a page of help."""
    assert processor_seconds("-m", "kinodex", "--help") < 4 * processor_seconds("-c", "import typer, rich.table")
    assert processor_seconds("-c", "import kinodex") < 3 * processor_seconds("-c", "import json, pathlib, typing")
