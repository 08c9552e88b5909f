import os
from pathlib import Path

import pytest

from workflows.discover import discover


def names(found):
    return [file.path.name for file in found.files]


def test_directories_are_walked_for_files_with_video_suffixes(tmp_path: Path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("b.MP4", "a.mkv", "notes.txt", ".hidden.mp4", "deep/er/c.webm"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".trash").mkdir()
    (tmp_path / ".trash" / "gone.mp4").write_bytes(b"x")
    found = discover([tmp_path])
    assert names(found) == ["a.mkv", "b.MP4", "c.webm"]
    assert found.problems == ()


def test_a_file_given_explicitly_is_taken_whatever_its_name(tmp_path: Path):
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


def test_names_need_not_be_utf8(tmp_path: Path):
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


def test_all_supported_containers_are_found_in_a_folder(tmp_path: Path):
    from av.format import ContainerFormat

    from pipeline.decode.open import _CONTAINERS

    sounds = "mp3 aac flac wav w64 aiff caf ac3 eac3 dts amr au ape wv tta opus gif apng".split()
    no_videos = {"avif", "heic", "heif", "mpo", "m4a", "m4b", "isma", "mka", "mks", "ogg", "avs"}
    expected = {"m2t", "m2ts", "tp"}
    for name in set(_CONTAINERS.split(",")) - set(sounds) - {"amv"}:
        expected |= ContainerFormat(name, "r").extensions - no_videos
    for suffix in expected:
        (tmp_path / f"a.{suffix.upper()}").write_bytes(b"\x47" + bytes(187))
    assert {name.split(".")[1].lower() for name in names(discover([tmp_path]))} == expected


def test_a_mod_file_of_a_camcorder_is_a_video_and_go_mod_is_not(tmp_path: Path):
    (tmp_path / "go.mod").write_text("module example")
    (tmp_path / "MOV001.MOD").write_bytes(b"\x00\x00\x01\xba" + bytes(60))
    (tmp_path / "AVSEQ01.DAT").write_bytes(b"RIFF\x00\x00\x00\x00CDXA" + bytes(60))
    (tmp_path / "table.dat").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    assert names(discover([tmp_path])) == ["AVSEQ01.DAT", "MOV001.MOD"]


def test_skipped_files_are_reported(tmp_path: Path):
    (tmp_path / "deep").mkdir()
    for name in ("a.mkv", "notes.txt", ".hidden", "deep/cover.jpg", "deep/code.ts"):
        (tmp_path / name).write_bytes(b"x")
    found = discover([tmp_path, tmp_path])
    assert [path.name for path in found.skipped] == ["code.ts", "cover.jpg", "notes.txt"]
    assert discover([tmp_path / "notes.txt", tmp_path / "deep", tmp_path]).skipped == found.skipped[:2]


def test_links_out_of_a_confined_folder_are_told_and_not_followed(tmp_path: Path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside / "real", outside):
        folder.mkdir(parents=True)
        (folder / "film.mp4").write_bytes(b"x")
    (inside / "way").symlink_to(outside)
    (inside / "link.mp4").symlink_to(outside / "film.mp4")
    (inside / "same.mp4").symlink_to(inside / "real" / "film.mp4")
    (inside / "real" / "deep").symlink_to("../../outside")
    free, confined = discover([inside]), discover([inside], confined=True)
    assert {file.path.name for file in free.files} == {"film.mp4", "link.mp4", "same.mp4"}
    assert len(free.files) == 4
    assert {file.path for file in confined.files} == {inside / "real" / "film.mp4", inside / "same.mp4"}
    assert {one.path.name for one in confined.problems} == {"way", "link.mp4", "deep"}
    # One that is named itself is what was meant.
    assert len(discover([inside / "way"], confined=True).files) == 1
