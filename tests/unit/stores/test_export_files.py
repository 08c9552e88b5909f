"""Files of export jobs, in a folder and in an object store: whole or not there, for some days, within some room."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stores.core.errors import StoreError
from stores.files.export_files import LOOKS, ExportFiles
from stores.files.objects import ObjectFiles


@pytest.fixture(params=["folder", "memory"])
def exports(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], ExportFiles]:
    """The exports of one library as a machine sees them, each with a folder of its own where objects are elsewhere."""

    def opened(machine: str) -> ExportFiles:
        if request.param == "folder":
            return ExportFiles(tmp_path / "exports")
        return ExportFiles(tmp_path / machine / "exports", ObjectFiles(f"memory://{tmp_path.name}", {}))

    return opened


def write(data: bytes, *video_ids: str) -> Callable[[Path], tuple[str, ...]]:
    def writing(out: Path) -> tuple[str, ...]:
        out.write_bytes(data)
        return video_ids

    return writing


def data_of(exports: ExportFiles, name: str) -> bytes:
    with exports.open(name) as file:
        return file.read()


def test_what_a_worker_made_is_read_by_a_server_elsewhere(exports: Callable[[str], ExportFiles]) -> None:
    worker, server = exports("worker"), exports("server")
    assert server.kept(7) == {}
    assert worker.make("job_a", 1, write(b"some data", "vid_1", "vid_2")) == 9
    assert [(one.name, one.size) for one in server.kept(7).values()] == [("job_a.1", 9)]
    assert server.videos("job_a.1") == {"vid_1", "vid_2"}
    assert data_of(server, "job_a.1") == b"some data"
    assert data_of(server, "job_a.1") == b"some data"  # fetched before
    for gone in (server.open, server.videos):
        with pytest.raises(FileNotFoundError):
            gone("job_b.1")
        with pytest.raises(ValueError, match="not the name"):
            gone("../job_a.1")


def test_copies_of_what_is_gone_elsewhere_are_removed(tmp_path: Path) -> None:
    objects = ObjectFiles(f"memory://{tmp_path.name}", {})
    worker, server = ExportFiles(tmp_path / "worker", objects), ExportFiles(tmp_path / "server", objects)
    for job_id in ("job_a", "job_b"):
        worker.make(job_id, 1, write(b"some data", "vid_1"))
    assert data_of(server, "job_a.1") == b"some data"
    old = tmp_path / "server" / "job_a.1"
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    worker.forget_job("job_a", 1)
    server.open("job_b.1").close()
    assert [one.name for one in (tmp_path / "server").iterdir()] == ["job_b.1"]


def test_what_fails_in_the_middle_leaves_nothing(exports: Callable[[str], ExportFiles], tmp_path: Path) -> None:
    worker = exports("worker")

    def failing(out: Path) -> tuple[str, ...]:
        out.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.make("job_a", 1, failing)
    assert worker.kept(7) == {}
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_a_later_attempt_removes_what_a_killed_one_left(exports: Callable[[str], ExportFiles], tmp_path: Path) -> None:
    worker = exports("worker")
    worker.make("job_a", 1, write(b"first"))
    left = next(one for one in tmp_path.rglob("exports")) / ".part-job_a.2"
    left.write_bytes(b"half")
    worker.make("job_a", 3, write(b"third"))
    assert not left.exists()
    worker.forget_job("job_a", 2)
    assert list(worker.kept(7)) == ["job_a.3"]
    worker.forget_job("job_a", 3)
    assert worker.kept(7) == {}


def test_who_lost_a_job_leaves_the_files_of_the_one_who_has_it(
    exports: Callable[[str], ExportFiles], tmp_path: Path
) -> None:
    lost, newer = exports("lost"), exports("newer")
    newer.make("job_a", 2, write(b"second"))
    folder = next(tmp_path.rglob("exports"))
    for being_written in (".part-job_a.3", ".part-7-job_a.3.videos"):
        (folder / being_written).write_bytes(b"half")
    lost.make("job_a", 1, write(b"first"))
    lost.forget_job("job_a", 1)
    assert list(newer.kept(7)) == ["job_a.2"]
    assert newer.videos("job_a.2") == set()
    assert len(list(folder.glob(".part-*job_a.3*"))) == 2


def test_exports_of_forgotten_videos_are_removed(exports: Callable[[str], ExportFiles]) -> None:
    worker = exports("worker")
    worker.make("job_a", 1, write(b"a", "vid_1", "vid_2"))
    worker.make("job_b", 1, write(b"b", "vid_3"))
    worker.forget_videos(["vid_2", "vid_9"])
    assert list(worker.kept(7)) == ["job_b.1"]


def test_the_old_and_what_has_no_room_go_the_newest_stays(tmp_path: Path) -> None:
    now = time.time()
    exports = ExportFiles(tmp_path, clock=lambda: now)
    for number in range(4):
        exports.make(f"job_{number}", 1, write(b"x" * 10, "vid_1"))
        at = now - (4 - number) * 86_400
        os.utime(tmp_path / f"job_{number}.1", (at, at))
    assert sorted(exports.kept(2.5)) == ["job_2.1", "job_3.1"]
    stale = tmp_path / ".part-job_9.1"
    stale.write_bytes(b"half")
    os.utime(stale, (now - 2 * 86_400,) * 2)
    (tmp_path / ".part-job_8.1").write_bytes(b"being written")
    assert exports.trim(3.5, 1_000) == 10 + 4
    assert exports.trim(3.5, 20) == 10
    assert exports.trim(3.5, 0) == 10
    assert sorted(one.name for one in tmp_path.iterdir()) == [".part-job_8.1", "job_3.1", "job_3.1.videos"]
    assert exports.trim(0.5, 0, "job_3.1") == 0
    assert exports.trim(0.5, 1_000) == 10
    assert [one.name for one in tmp_path.iterdir()] == [".part-job_8.1"]


def test_what_is_not_ours_is_left_alone(exports: Callable[[str], ExportFiles], tmp_path: Path) -> None:
    worker = exports("worker")
    worker.make("job_a", 1, write(b"a", "vid_1"))
    folder = next(tmp_path.rglob("exports"))
    for name in ("lost+found", "@eaDir", "job_b.1", ".part-job_b.2"):
        (folder / name).mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "job_c.1").symlink_to(folder / "notes.txt")
    before = sorted(folder.iterdir())
    for each in before:
        os.utime(each, (0, 0), follow_symlinks=False)
    assert worker.trim(30_000, 1_000) == 0
    worker.forget_job("job_b", 9)
    worker.forget_videos(["vid_2"])
    assert list(worker.kept(30_000)) == ["job_a.1"]
    assert sorted(folder.iterdir()) == before


def test_a_folder_that_may_not_be_changed_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports = ExportFiles(tmp_path)
    exports.make("job_a", 1, write(b"a", "vid_1"))
    stale = tmp_path / ".part-job_b.1"
    stale.write_bytes(b"half")
    os.utime(stale, (0, 0))

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", forbidden)  # root, as whom tests may run, may delete everywhere
    for remove in (lambda: exports.trim(7, 0), lambda: exports.forget_job("job_b", 1)):
        with pytest.raises(StoreError, match="Deleting"):
            remove()


def test_what_is_open_is_read_to_its_end_though_it_is_removed(exports: Callable[[str], ExportFiles]) -> None:
    worker, server = exports("worker"), exports("server")
    worker.make("job_a", 1, write(b"some data", "vid_1"))
    with server.open("job_a.1") as file:
        for machine in (server, worker):
            machine.forget_job("job_a", 1)
        assert file.read() == b"some data"
    with pytest.raises(FileNotFoundError):
        server.open("job_a.1")


def test_lists_of_videos_without_a_file_are_removed_from_an_object_store(tmp_path: Path) -> None:
    objects = ObjectFiles(f"file://{tmp_path / 'bucket'}", {"auto_mkdir": True})
    worker = ExportFiles(tmp_path / "worker", objects)
    for job_id in ("job_a", "job_b", "job_c"):
        worker.make(job_id, 1, write(b"some data", "vid_1"))
    kept = tmp_path / "bucket" / "exports"
    for killed in ("job_b.1", "job_c.1"):  # before the file itself was there
        (kept / killed).unlink()
    for old in ("job_a.1.videos", "job_b.1.videos"):
        os.utime(kept / old, (1, 1))
    worker.trim(7, 1_000)
    assert sorted(one.name for one in kept.iterdir()) == ["job_a.1", "job_a.1.videos", "job_c.1.videos"]


def test_some_are_looked_for_without_a_listing_of_all(
    exports: Callable[[str], ExportFiles], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = exports("worker")
    for number in range(LOOKS + 2):
        worker.make(f"job_{number}", 1, write(b"some data", "vid_1"))
    many = [f"job_{number}.1" for number in range(1, LOOKS + 3)]
    assert set(worker.kept(7, many)) == set(many[:-1])
    with monkeypatch.context() as unlisted:
        unlisted.setattr(ExportFiles, "_all", lambda _self: pytest.fail("listed"))
        assert [one.size for one in worker.kept(7, ["job_1.1", "job_none.1"]).values()] == [9]
        assert worker.kept(7, []) == worker.kept(-1, ["job_1.1"]) == {}
    with pytest.raises(ValueError, match="not the name"):
        worker.kept(7, ["../job_1.1"])
