"""Exports of a real library, by the command line and by HTTP."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pysubs2
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.settings import ENVIRONMENT
from kinodex.views import exports as exporting
from stores.core.records import Decision
from tests.unit.kinodex.chat_library import copied, make


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("exports"))


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A library of three videos, of which one is tagged."""
    (tmp_path / "tags.csv").write_text("id,name\nt1,披萨\nt2,boats\n")
    place = copied(made, tmp_path)
    with Library.open(place, create=False) as library:
        library.import_tags(tmp_path / "tags.csv")
        pizza = library.resolve("pizza.mp4")
        decided = Decision(pizza, "t1", "accepted", 0.9, ("speech",), ("utt_pizza_0",))
        library.store.tags.save_decisions(pizza, [decided])
    return place


def run(root: Path, *words: str) -> tuple[int, bytes, str]:
    result = CliRunner().invoke(app, [*words, "--library", str(root)])
    return result.exit_code, result.stdout_bytes, result.stderr


def test_one_transcript_goes_to_stdout_and_several_to_a_folder(root: Path, tmp_path: Path) -> None:
    code, out, _ = run(root, "export", "srt", "pizza.mp4")
    assert code == 0
    assert len(pysubs2.SSAFile.from_string(out.decode(), format_="srt")) == 3
    code, _, said = run(root, "export", "vtt")
    assert code == 2
    assert "3 files" in said
    code, out, _ = run(root, "export", "vtt", "-o", "made/", "--json")
    assert code == 0
    files = json.loads(out)["files"]
    assert sorted(Path(one["path"]).name for one in files) == ["boats.vtt", "pizza.vtt", "taxi.vtt"]
    code, _, said = run(root, "export", "vtt", "-o", "made/")
    assert code == 1
    assert "CONFLICT" in said
    assert "--force" in said
    assert run(root, "export", "vtt", "-o", "made/", "--force")[0] == 0
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["boats.vtt", "pizza.vtt", "taxi.vtt"]


def test_tags_narrow_videos_and_rows(root: Path) -> None:
    code, out, _ = run(root, "export", "tags.jsonl", "--tag", "披萨")
    assert code == 0
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert (row["name"], row["tag"], row["by"]) == ("pizza.mp4", "披萨", "automatic")
    assert run(root, "export", "tags.jsonl", "--tag", "t2")[1] == b""
    code, _, said = run(root, "export", "tags.jsonl", "--tag", "no such")
    assert code == 2
    assert "no such" in said


def test_moments_need_a_query_and_come_with_their_places(root: Path) -> None:
    code, _, said = run(root, "export", "moments.csv")
    assert code == 2
    assert "--query" in said
    code, out, _ = run(root, "export", "moments.csv", "--query", "the harbour opens in the morning")
    rows = list(csv.DictReader(io.StringIO(out.decode())))
    assert code == 0
    assert rows[0]["name"] == "boats.mp4"
    assert rows[0]["rank"] == "1"
    code, out, _ = run(root, "export", "otio", "--query", "the harbour opens in the morning")
    assert code == 0
    assert "file:///" in out.decode()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("srt", "pizza.mp4", "--kind", "caption"), "no line of the kind caption"),
        (("tags.jsonl", "taxi.mp4"), "no tag was accepted"),
        (("tags.csv", "--tag", "t2"), "no tag was accepted"),
        (("otio", "taxi.mp4"), "no tag was accepted"),
        (("moments.csv", "--query", "xylophone zebra quartz"), "no moment matches"),
        (("edl", "taxi.mp4", "--query", "xylophone zebra quartz"), "no moment matches"),
        (("vtt", "--tag", "t2"), "no line of the kind speech"),
    ],
)
def test_an_export_of_nothing_says_so(root: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    code, _, error = run(root, "export", *words)
    assert code == 0
    assert error == f"Nothing was there to export: {said}.\n"
    code, out, error = run(root, "export", *words, "-o", "made/", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["note"] == error.strip() == f"Nothing was there to export: {said}."
    assert [one["items"] for one in document["files"]] in ([], [0])


def test_an_export_of_something_says_how_much(root: Path) -> None:
    code, out, error = run(root, "export", "srt", "pizza.mp4", "-o", "pizza.srt", "--json")
    document = json.loads(out)
    assert (code, error, document["note"]) == (0, "", "")
    assert [one["items"] for one in document["files"]] == [3]
    assert run(root, "export", "clips", "--tag", "t2", "-o", "cut/")[2].startswith("Nothing was there to export")


def test_wrong_words_are_told_in_one_line(root: Path) -> None:
    for words in (("docx",), ("srt", "--kind", "music"), ("srt", "nowhere.mp4")):
        code, _, said = run(root, "export", *words)
        assert code in (1, 2)
        assert said.count("\n") == 1


def test_a_place_that_cannot_be_written_is_told(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for place in ("a" * 300, "a" * 300 + "/", "file/", "file/x/", "file/x.srt", "loop", "loop/x/", "/proc/none/"):
        for videos in (["pizza.mp4"], []):
            code, _, said = run(root, "export", "srt", *videos, "-o", place)
            assert code in (1, 2), place
            assert "error " in said, place
            assert "INTERNAL" not in said, (place, said)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        (b"100% fun.mp4", "100% fun"),
        (b"a\nb.mp4", "a b"),
        (b"bad\xff.mp4", "bad_xff"),
        ("=cmd\u202e4pm.mp4".encode(), "=cmd4pm"),
        (b"<img src=x onerror=alert(1)>.mp4", "_img src=x onerror=alert(1)_"),
    ],
)
def test_files_are_called_as_people_know_the_videos(root: Path, tmp_path: Path, name: bytes, stem: str) -> None:
    with Library.open(root, create=False) as library:
        film = tmp_path / os.fsdecode(name)
        film.write_bytes(b"a film")
        sha = library.store.catalog.sha256(library.resolve("pizza.mp4"))
        library.store.catalog.register(film, sha, film.stat().st_size, film.stat().st_mtime_ns)
        video_id = library.resolve(os.fsdecode(name))
    with closing(sqlite3.connect(root / "kinodex.sqlite3")) as tables, tables:
        tables.execute("DELETE FROM locations WHERE name = 'pizza.mp4'")
    assert run(root, "export", "srt", video_id, "-o", "out/")[0] == 0
    made = tmp_path / "out" / f"{stem}.srt"
    assert made.is_file(), sorted((tmp_path / "out").iterdir())
    code, _, said = run(root, "import", str(made))
    assert code == 0, said


def test_a_video_that_is_named_twice_is_one(root: Path, tmp_path: Path) -> None:
    assert run(root, "export", "srt", "pizza.mp4", "pizza.mp4", "-o", "a.srt")[0] == 0
    assert (tmp_path / "a.srt").is_file()


@pytest.fixture
def client(root: Path) -> Iterator[TestClient]:
    with (
        Library.open(root, create=False) as library,
        TestClient(create_app(library), base_url="http://127.0.0.1:8730") as client,
    ):
        yield client


def test_downloads_have_names_and_tell_no_places(client: TestClient, root: Path) -> None:
    listed = {one["name"] for one in client.get("/api/v1/exports").json()["formats"]}
    assert {"srt", "otio", "lines.parquet"} <= listed
    with Library.open(root, create=False) as library:
        pizza = library.resolve("pizza.mp4")
    for name in sorted(listed):
        got = client.get(f"/api/v1/videos/{pizza}/export/{name}?query=pizza")
        assert got.status_code == 200, got.text
        assert "attachment" in got.headers["content-disposition"]
        assert got.headers["x-content-type-options"] == "nosniff"
        assert str(root.parent).encode() not in got.content
    got = client.post("/api/v1/exports", json={"format": "srt"})
    assert got.headers["content-type"] == "application/zip"
    assert sorted(zipfile.ZipFile(io.BytesIO(got.content)).namelist()) == ["boats.srt", "pizza.srt", "taxi.srt"]


def test_faults_of_downloads_are_problems(client: TestClient) -> None:
    assert client.get("/api/v1/videos/vid_no/export/srt").status_code == 404
    assert client.post("/api/v1/exports", json={"format": "docx"}).json()["code"] == "USAGE"
    with ExitStack() as busy:
        for _ in range(exporting.AT_ONCE):
            busy.enter_context(exporting._MAKING)
        assert client.post("/api/v1/exports", json={"format": "srt"}).status_code == 429
    assert client.post("/api/v1/exports", json={"format": "srt"}).status_code == 200
    assert client.post("/api/v1/exports", json={"format": "moments.csv"}).status_code == 400
    assert client.post("/api/v1/exports", json={"format": "srt", "video_ids": ["vid_no"]}).status_code == 404


def test_a_line_is_corrected_and_taken_back_over_http(client: TestClient) -> None:
    found = client.get("/api/v1/videos").json()["videos"]
    pizza = next(one["video_id"] for one in found if one["name"] == "pizza.mp4")
    place = f"/api/v1/videos/{pizza}/lines/utt_pizza_1"
    sent = client.patch(place, json={"text": "The oven must be at 180 degrees."})
    assert (sent.status_code, sent.json()["corrected"]) == (200, True)
    lines = client.get(f"/api/v1/videos/{pizza}/lines", params={"kind": "speech"}).json()["lines"]
    assert [(one["text"], one["corrected"]) for one in lines][1] == ("The oven must be at 180 degrees.", True)
    exact = client.get("/api/v1/search", params={"q": "180 degrees", "mode": "exact"}).json()
    assert [one["video_id"] for one in exact["results"]] == [pizza]
    versions = client.get(f"{place}/versions").json()
    assert versions["original"] == "The oven must be at 250 degrees."
    assert [(one["version"], one["state"], one["author"]) for one in versions["versions"]] == [(1, "active", "owner")]
    back = client.delete(place).json()
    assert (back["text"], back["corrected"]) == ("The oven must be at 250 degrees.", False)
    assert client.patch(place, json={"text": "  "}).status_code == 400
    assert client.patch(f"{place}9", json={"text": "x"}).status_code == 404
    assert client.patch("/api/v1/videos/vid_no/lines/utt_pizza_1", json={"text": "x"}).status_code == 404
    label = f"/api/v1/videos/{pizza}/lines/lbl_pizza"
    assert client.patch(label, json={"text": "x"}).json()["code"] == "NOT_FOUND"


def test_a_file_is_imported_over_http(client: TestClient) -> None:
    found = client.get("/api/v1/videos").json()["videos"]
    pizza = next(one["video_id"] for one in found if one["name"] == "pizza.mp4")
    text = client.get(f"/api/v1/videos/{pizza}/export/vtt").content.replace(b"250", b"180")
    headers = {"Content-Type": "application/octet-stream"}
    sent = client.post("/api/v1/imports", params={"name": "a.vtt"}, content=text, headers=headers)
    assert (sent.status_code, sent.json()["changed"], sent.json()["kind"]) == (200, 1, "lines")
    assert b"180 degrees" in client.get(f"/api/v1/videos/{pizza}/export/txt").content
    sent = client.post("/api/v1/imports", params={"name": "a.exe"}, content=b"x", headers=headers)
    assert sent.status_code == 400
