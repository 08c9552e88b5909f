"""A full disk and a read-only one: a clear error, nothing corrupt, and the job resumes once the disk is usable."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.amount import FULL
from tests.chaos.harness import Ran, Runs
from tests.chaos.scenario import assert_as_undisturbed, assert_same, assert_whole
from tests.chaos.snapshot import Snapshot, snapshot

SIZE = 64 << 20
# Bytes that are free for the library: too few for its tables, its vector index, or its blobs.
ROOM = (200_000, 600_000, 1_200_000, 2_000_000, 3_000_000) if FULL else (200_000, 1_200_000)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mounted("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder):
        pytest.skip("mounting a disk takes root privileges")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def mounted(*arguments: str | Path) -> bool:
    if shutil.which("mount") is None or os.geteuid() != 0:
        return False
    return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0


@pytest.mark.parametrize("executor", ["local", "ray"] if FULL else ["local"])
def test_full_disk(executor: str, disk: Path, films: Path, undisturbed: Snapshot, runs: Runs):
    library = disk / "lib"
    ingest = ("ingest", films, "--library", library, "--executor", executor, "--workers", 2)
    ballast = disk / "ballast"
    full = 0
    for room in ROOM:
        fill(ballast, disk, room)
        ran = runs.run(*ingest)
        if ran.code == 0:
            continue
        full += 1
        assert ran.code == 1, ran.err
        assert_error(ran, "DISK_FULL", "Free some space")
        assert "Traceback" not in ran.err
        ballast.unlink()
        if (library / "library.json").is_file():
            assert_readable(library)
    assert full, "the disk was never full"
    ballast.unlink(missing_ok=True)
    again = runs.run(*ingest)
    assert again.code == 0, again.err
    assert_as_undisturbed(undisturbed, library)


def test_read_only_disk(disk: Path, films: Path, runs: Runs, tmp_path: Path):
    library = disk / "lib"
    one = sorted(films.iterdir())[0]
    assert runs.run("ingest", one, "--library", library).code == 0
    before = snapshot(copied(library, tmp_path / "before"))
    assert mounted("-o", "remount,ro", disk)
    ran = runs.run("ingest", films, "--library", library)
    assert ran.code == 1, ran.err
    assert_error(ran, "LIBRARY_READ_ONLY", "writable")
    assert "Traceback" not in ran.err
    assert_same(before, snapshot(copied(library, tmp_path / "after")))
    assert mounted("-o", "remount,rw", disk)
    again = runs.run("ingest", films, "--library", library)
    assert again.code == 0, again.err
    assert_whole(library)


def fill(ballast: Path, disk: Path, room: int) -> None:
    """Leave ``room`` bytes."""
    ballast.unlink(missing_ok=True)
    free = shutil.disk_usage(disk).free
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - room))


def assert_error(ran: Ran, code: str, hint: str) -> None:
    error = ran.json["error"]
    assert error["code"] == code, error
    assert hint in error["hint"]
    assert ran.err.splitlines()[-1].startswith(f"error {code}: ")


def assert_readable(library: Path) -> None:
    """Everything that was stored is complete; orphans are allowed."""
    from stores.library_store import LibraryStore
    from stores.maintenance.verify import verify

    with LibraryStore.open(library) as store:
        assert not verify(store).harmful


def copied(library: Path, target: Path) -> Path:
    read: Callable[..., str] = shutil.copytree
    read(library, target)
    return target
