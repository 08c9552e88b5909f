"""`kinodex describe` on a film that was really ingested: found, cited, counted, left alone, checked and forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from agents.describing.portraits import portraits
from encoders.types import Pixels
from kinodex.cli.app import app
from kinodex.library import Library
from kinodex.settings import ENVIRONMENT
from tests.unit.agents.chat_server import ChatServer, chat_server
from tests.unit.pipeline.media import GREEN, RED, flat, make_video


class Potter:
    """A video model of one idea."""

    name = "potter"

    def describe(self, frames: Pixels, seconds: Sequence[float], question: str) -> str:
        return "A potter glazes a vase in his workshop."


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with one ingested film and one that is not described."""
    folder = tmp_path_factory.mktemp("films")
    noise = np.random.default_rng(1).integers(0, 60, (96, 160, 3), dtype=np.uint8)
    make_video(folder / "one.mp4", [flat(RED) + noise // 2] * 150)
    make_video(folder / "two.mp4", [flat(GREEN)] * 50)
    with Library.open(folder / "lib") as library:
        report = library.ingest(folder / "one.mp4", folder / "two.mp4")
        assert report.totals.done == 2
    return folder


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    def reply(request: dict[str, Sequence[dict[str, object]]]) -> str:
        content = request["messages"][1]["content"]
        if isinstance(content, list):
            return json.dumps({"description": "[red]A red wall[/red] is seen."})
        ids = [part.split("]")[0] for part in str(content).split("[")[1:] if part.startswith("cap_")]
        return json.dumps({"sentences": [{"text": "A red wall is seen.", "evidence_ids": ids}]})

    with chat_server(reply) as server:
        monkeypatch.setenv("KINODEX_BASE_URL", server.base_url)
        monkeypatch.setenv("KINODEX_MODEL", "eyes")
        yield server


def run(films: Path, *arguments: str):
    return CliRunner().invoke(app, [*arguments, "--library", str(films / "lib")])


def test_a_profile_without_a_captioner_says_what_to_do(films: Path):
    said = run(films, "describe", "--all", "--json")
    assert said.exit_code == 2
    error = json.loads(said.stdout)["error"]
    assert "has no captioner" in error["message"]
    assert "endpoint.base_url" in error["hint"]
    said = run(films, "describe", "--all", "--by", "endpoint")
    assert said.exit_code == 2
    assert "No endpoint is set" in said.output


def test_from_a_plan_to_an_answer_and_out_again(films: Path, endpoint: ChatServer):
    assert "descriptions: none yet" in run(films, "status").stdout
    planned = json.loads(run(films, "describe", "--all", "--dry-run", "--json").stdout)
    assert [video["state"] for video in planned["videos"]] == ["not_described"] * 2
    assert planned["totals"]["calls"] == planned["totals"]["clips"] + 2
    assert endpoint.requests == []
    assert "2 of 2 videos to describe" in run(films, "describe", "--all", "--dry-run").stdout

    done = run(films, "describe", "one.mp4", "--json")
    assert done.exit_code == 0, done.output
    payload = json.loads(done.stdout)
    (video,) = payload["videos"]
    assert (video["status"], video["captions"] > 0, video["script"]) == ("done", True, "A red wall is seen.")
    assert video["stages"] == {"captions": "done", "caption_vectors": "done", "script": "done"}
    assert payload["endpoint"]["calls"] == len(endpoint.requests)

    again = run(films, "describe", "one.mp4")
    assert again.exit_code == 0
    assert "known already" in again.stdout
    shown = run(films, "show", "one.mp4").stdout
    assert "[red]A red wall[/red] is seen." in shown
    assert "script" in shown
    status = json.loads(run(films, "status", "--json").stdout)["descriptions"]
    assert (status["described"], status["not_described"], status["scripts"]) == (1, 1, 1)
    assert "1 videos described" in run(films, "status").stdout

    with Library.open(films / "lib") as library:
        assert library.ingest(films / "one.mp4").totals.reused == 1
        found = library.search("a red wall").moments[0]
        assert "caption" in found.channels
        assert library.store.catalog.evidence_of(library.resolve("one.mp4"), "caption")
        assert not library.verify().harmful
        assert library.rebuild_index().lines


def test_an_audio_description_is_written_from_what_is_stored(films: Path, endpoint: ChatServer, tmp_path: Path):
    """After the film was described, above."""
    asked = len(endpoint.requests)
    folder = tmp_path / "vtt"
    said = run(films, "describe", "--all", "--audio-description", str(folder), "--json")
    assert said.exit_code == 3, said.output
    done, undone = json.loads(said.stdout)["audio_descriptions"]
    assert (done["path"], done["descriptions"], done["error"]) == (str(folder / "one.ad.vtt"), 1, None)
    assert undone["path"] is None
    assert "kinodex describe" in undone["error"]["message"]
    text = (folder / "one.ad.vtt").read_text()
    assert text.startswith("WEBVTT\n\nNOTE Audio description made by Kinodex")
    assert "eyes@endpoint" in text
    assert [path.name for path in folder.iterdir()] == ["one.ad.vtt"]
    assert len(endpoint.requests) == asked

    assert run(films, "describe", "one.mp4", "--audio-description", str(folder)).exit_code == 0, "its own is replaced"
    (folder / "one.ad.vtt").write_text("WEBVTT\n\nNOTE mine")
    said = run(films, "describe", "one.mp4", "--audio-description", str(folder))
    assert said.exit_code == 3
    assert "not written by Kinodex" in " ".join(said.stdout.split())
    assert (folder / "one.ad.vtt").read_text().endswith("mine")
    (tmp_path / "file").write_text("")
    assert run(films, "describe", "one.mp4", "--audio-description", str(tmp_path / "file")).exit_code == 2
    assert run(films, "describe", "one.mp4", "--dry-run", "--audio-description", str(folder)).exit_code == 2


def test_portraits_are_sent_on_request_and_by_settings(films: Path, endpoint: ChatServer, tmp_path: Path):
    people = tmp_path / "people"
    people.mkdir()
    made, data = cv2.imencode(".jpg", np.full((40, 30, 3), 99, np.uint8))
    assert made
    (people / "Mina Sato.jpg").write_bytes(data.tobytes())
    plain = json.loads(run(films, "describe", "two.mp4", "--dry-run", "--json").stdout)["totals"]
    costly = run(films, "describe", "two.mp4", "--people", str(people), "--dry-run", "--json")
    assert json.loads(costly.stdout)["totals"]["tokens"] > plain["tokens"]
    (tmp_path / "kinodex.toml").write_text('[describe]\npeople = "people"\n')
    set_so = run(films, "describe", "two.mp4", "--dry-run", "--json", "--config", str(tmp_path / "kinodex.toml"))
    assert json.loads(set_so.stdout)["totals"] == json.loads(costly.stdout)["totals"]
    assert endpoint.requests == []
    assert run(films, "describe", "two.mp4", "--no-script", "--people", str(people)).exit_code == 0
    assert all("picture 1: 'Mina Sato'" in str(one["messages"][1]) for one in endpoint.requests)
    stored = [path for path in (films / "lib").rglob("*") if path.is_file()]
    picture = portraits(people)[0].picture
    assert not any(picture in path.read_bytes() or data.tobytes() in path.read_bytes() for path in stored)

    refused = run(films, "describe", "two.mp4", "--people", str(tmp_path / "nowhere"))
    assert refused.exit_code == 2
    assert "cannot be read" in refused.output
    refused = run(films, "describe", "two.mp4", "--by", "profile", "--people", str(people))
    assert refused.exit_code == 2
    assert "Only an endpoint" in refused.output


def test_the_help_says_what_is_sent_where():
    said = " ".join(CliRunner().invoke(app, ["describe", "--help"], env={"COLUMNS": "120"}).output.split())
    assert "Privacy: the endpoint is sent frames" in said
    assert "never stored in the library" in said


def test_any_video_model_can_describe(films: Path):
    with Library.open(films / "lib") as library:
        report = library.describe("two.mp4", by=Potter())
        assert report.videos[0].report.status == "done"
        (moment, *_) = library.search("a potter glazing a vase").moments
        assert moment.video_id == library.resolve("two.mp4")
        assert moment.channels["caption"] > 0.5
        answer = library.ask("What does the potter glaze?")
        assert "caption" in {citation.channel for claim in answer.claims for citation in claim.citations}
        again = library.describe("two.mp4", by=Potter())
        assert again.totals.reused == 1
        library.forget("two.mp4")
        assert library.search("a potter glazing a vase").verdict == "no_match"
        assert not library.verify().problems


def test_an_endpoint_that_is_away_is_exit_3_and_can_be_seen_again(films: Path, monkeypatch: pytest.MonkeyPatch):
    with chat_server(401) as server:
        monkeypatch.setenv("KINODEX_BASE_URL", server.base_url)
        monkeypatch.setenv("KINODEX_MODEL", "other-eyes")
        said = run(films, "describe", "--all")
        assert said.exit_code == 3
        assert "ENDPOINT_REFUSED" in said.stdout
    errors = json.loads(run(films, "errors", "--json").stdout)["errors"]
    assert {error["stage"] for error in errors} == {"captions"}
    assert all(" describe vid_" in error["replay"] and "--retry" in error["replay"] for error in errors)
