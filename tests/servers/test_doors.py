"""The command line on a library whose parts are all on servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stores.core.places import Places
from tests.e2e.conftest import command, program
from tests.e2e.media import write_video

pytestmark = pytest.mark.slow


def test_a_library_on_servers_is_used_like_any_other(places: Places, tmp_path: Path):
    film = write_video(tmp_path / "film.mp4", seed=31, seconds=1)
    settings = {"database": places.database, "vectors": places.vectors, "blobs": places.blobs}
    options = {name: value for name, value in places.blob_options.items() if isinstance(value, str)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    lines += ["[blob_options]", *(f"{name} = {json.dumps(value)}" for name, value in options.items())]
    (tmp_path / "k.toml").write_text("\n".join(lines))
    common = ("--library", tmp_path / "lib", "--config", tmp_path / "k.toml", "--json")

    checks = {check["name"]: check["result"] for check in command("doctor", *common).json["checks"]}
    assert checks["database"] == "warn"  # there is no library in it yet
    assert checks["vectors"] == checks["blobs"] == "ok"

    planned = command("ingest", film, "--dry-run", *common)
    assert planned.code == 0, planned.err
    assert planned.json["totals"]["videos"] == 1
    assert not (tmp_path / "lib").exists()

    ran = program("ingest", film, *common)
    assert ran.code == 0, ran.err
    assert not (tmp_path / "lib" / "kinodex.sqlite3").exists()
    assert Path(ran.json["report"]).is_file()

    status = command("status", *common)
    assert set(status.json["places"]) == {"database", "vectors", "blobs"}
    verified = command("verify", *common).json
    assert (verified["ok"], verified["problems"]) == (True, [])
    assert verified["checked"]["vectors"] > 0

    secrets = [value for name, value in options.items() if name in ("key", "secret")]
    said = status.out + ran.out + ran.err + Path(ran.json["report"]).read_text()
    assert not [secret for secret in secrets if len(secret) > 4 and secret in said]

    elsewhere = program("videos", "--library", tmp_path / "other machine", "--config", tmp_path / "k.toml", "--json")
    assert [video["status"] for video in elsewhere.json["videos"]] == ["done"], elsewhere.err
