"""Staged outputs are in a folder or with the blobs, complete or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from stores.core.errors import StoreError
from stores.core.records import Blob, StageKey, StageOutput
from stores.files.objects import ObjectFiles
from stores.files.staging_area import StagingArea

KEY = StageKey("vid_1", "pictures.003", "f1")
OUTPUT = StageOutput(blobs=(Blob("part.npz", b"123"),))


@pytest.fixture(params=["folder", "memory"])
def staging_area(request: pytest.FixtureRequest, tmp_path: Path) -> StagingArea:
    objects = ObjectFiles(f"memory://{tmp_path.name}", {}) if request.param == "memory" else None
    return StagingArea(tmp_path / "staging", objects)


def test_a_staged_output_is_written_listed_read_and_removed(staging_area: StagingArea) -> None:
    assert staging_area.names() == []
    names = [staging_area.write(KEY, OUTPUT) for _ in range(3)]
    assert staging_area.names() == sorted(names)
    assert len(set(names)) == 3
    assert staging_area.read(names[0]) == (KEY, OUTPUT)
    for name in [*names, names[0]]:
        staging_area.delete(name)
    assert staging_area.names() == []
    with pytest.raises(StoreError, match="WORKER_LOST"):
        staging_area.read(names[0])


def test_an_incomplete_output_is_a_lost_worker(tmp_path: Path) -> None:
    staging_area = StagingArea(tmp_path / "staging")
    name = staging_area.write(KEY, OUTPUT)
    whole = tmp_path / "staging" / name
    whole.write_bytes(whole.read_bytes()[:100])
    with pytest.raises(StoreError, match="WORKER_LOST"):
        staging_area.read(name)


def test_remains_of_an_interrupted_write_are_listed_apart_and_can_be_removed(tmp_path: Path) -> None:
    staging_area = StagingArea(tmp_path)
    (tmp_path / ".part-7-x.npz").write_bytes(b"12")
    assert staging_area.names() == []
    assert [(file.name, file.size) for file in staging_area.files()] == [(".part-7-x.npz", 2)]
    staging_area.remove(".part-7-x.npz")
    assert staging_area.files() == []


@pytest.mark.parametrize("name", ["../library.json", "/etc/passwd", "", "a/b.npz", ".npz", "x.txt"])
def test_names_cannot_escape_the_folder(staging_area: StagingArea, name: str) -> None:
    for do in (staging_area.read, staging_area.delete):
        with pytest.raises(ValueError):
            do(name)
