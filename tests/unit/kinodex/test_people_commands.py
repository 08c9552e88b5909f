"""`kinodex people`: what a person is told, and a script by the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.usecases.people import photos
from stores.library_store import LibraryStore


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    LibraryStore.open(tmp_path / "kinodex-library", create=True).close()
    return tmp_path


def run(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["people", *words])
    assert result.exit_code == status, result.output
    return result.output


def test_photos_that_say_nothing_are_named_and_the_exit_status_says_so(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Anna 1.jpg", "Bela.png"):
        (library / name).write_bytes(b"no picture")
    said = run("import", ".", status=3)
    assert "Left out: Anna 1.jpg: It cannot be read as a picture" in said
    assert "Left out: Bela.png" in said
    seen = photos._face

    def face(encoders: Any, path: Path) -> Any:
        return (np.ones(4, np.float32) / 2, "") if path.stem == "Anna 1" else seen(encoders, path)

    monkeypatch.setattr(photos, "_face", face)
    some = json.loads(run("import", ".", "--json", status=3))
    assert [one["name"] for one in some["people"]] == ["Anna"]
    assert [one["file"] for one in some["problems"]] == ["Bela.png"]
    (library / "Bela.png").unlink()
    assert "Anna: 1 photos" in run("import", ".")
