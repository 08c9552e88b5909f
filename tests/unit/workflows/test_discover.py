import os
from pathlib import Path

import pytest

from workflows.discover import discover


def names(found):
    return [file.path.name for file in found.files]


def test_walks_directories_and_takes_only_what_looks_like_video(tmp_path: Path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("b.MP4", "a.mkv", "notes.txt", ".hidden.mp4", "deep/er/c.webm"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".trash").mkdir()
    (tmp_path / ".trash" / "gone.mp4").write_bytes(b"x")
    found = discover([tmp_path])
    assert names(found) == ["a.mkv", "b.MP4", "c.webm"]
    assert found.problems == ()


def test_a_file_named_explicitly_is_taken_whatever_its_name(tmp_path: Path):
    (tmp_path / ".movie").write_bytes(b"x")
    assert names(discover([tmp_path / ".movie"])) == [".movie"]


def test_the_library_is_never_an_input(tmp_path: Path):
    library = tmp_path / "kinodex-library"
    (library / "blobs").mkdir(parents=True)
    (library / "blobs" / "x.mp4").write_bytes(b"x")
    (tmp_path / "y.mp4").write_bytes(b"x")
    assert names(discover([tmp_path], library=library)) == ["y.mp4"]


def test_a_path_given_twice_is_one_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.mp4").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert names(discover([tmp_path, "a.mp4", tmp_path / "a.mp4"])) == ["a.mp4"]


def test_missing_paths_and_dead_links_are_reported(tmp_path: Path):
    (tmp_path / "dead.mp4").symlink_to(tmp_path / "nowhere")
    found = discover([tmp_path / "none.mp4", tmp_path])
    assert [(problem.path.name, problem.code) for problem in found.problems] == [
        ("none.mp4", "FILE_MISSING"),
        ("dead.mp4", "FILE_MISSING"),
    ]
    assert "link" in found.problems[1].message


def test_link_loops_end(tmp_path: Path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "back").symlink_to(tmp_path)
    (tmp_path / "inner" / "a.mp4").write_bytes(b"x")
    (tmp_path / "self.mp4").symlink_to(tmp_path / "self.mp4")
    found = discover([tmp_path])
    assert names(found) == ["a.mp4"]
    assert [problem.code for problem in found.problems] == ["FILE_UNREADABLE"]


def test_a_directory_named_like_a_video_is_a_directory(tmp_path: Path):
    (tmp_path / "x.mp4").mkdir()
    (tmp_path / "x.mp4" / "y.mp4").write_bytes(b"x")
    assert names(discover([tmp_path / "x.mp4"])) == ["y.mp4"]


def test_names_are_bytes(tmp_path: Path):
    raw = os.fsencode(tmp_path) + b"/caf\xe9 'q\" \x1b[31m.mp4"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    (found,) = discover([tmp_path]).files
    assert os.fsencode(found.path) == raw


def test_a_pipe_is_not_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.mp4")
    found = discover([tmp_path])
    assert [problem.code for problem in found.problems] == ["FILE_UNREADABLE"]


def test_typescript_is_not_a_transport_stream(tmp_path: Path):
    (tmp_path / "code.ts").write_text("export const x = 1")
    (tmp_path / "stream.ts").write_bytes(b"\x47" + bytes(187))
    (tmp_path / "camera.mts").write_bytes(bytes(4) + b"\x47" + bytes(187))
    assert names(discover([tmp_path])) == ["camera.mts", "stream.ts"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_directory_is_reported(tmp_path: Path):
    (tmp_path / "locked").mkdir(mode=0)
    found = discover([tmp_path])
    assert [problem.code for problem in found.problems] == ["FILE_UNREADABLE"]
