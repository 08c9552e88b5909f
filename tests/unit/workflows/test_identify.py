import os
import shutil
from pathlib import Path

import pytest

from stores.library_store import LibraryStore
from workflows.discover import discover
from workflows.identify import Input, identify


@pytest.fixture
def store(tmp_path: Path):
    with LibraryStore.open(tmp_path / "lib", create=True) as opened:
        yield opened


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(b"one")
    (folder / "b.mp4").write_bytes(b"two")
    return folder


def identified(store: LibraryStore, *paths: Path) -> tuple[list[Input], int]:
    """The inputs, and how many files had to be hashed."""
    hashed = []
    inputs = identify(store, discover(paths), lambda done, total: hashed.append(done))
    return inputs, len(hashed)


def test_files_are_hashed_once(store, films):
    first, hashed = identified(store, films)
    assert hashed == 2
    again, hashed = identified(store, films)
    assert hashed == 0
    assert again == first


def test_renaming_and_copying_keep_the_video(store, films):
    (before, _), _ = identified(store, films)
    (films / "a.mp4").rename(films / "z.mp4")
    shutil.copy(films / "z.mp4", films / "y.mp4")
    after, hashed = identified(store, films)
    assert hashed == 2
    assert [one.video_id == before.video_id for one in after] == [False, True, True]


def test_new_content_is_a_new_video(store, films):
    (before, _), _ = identified(store, films)
    (films / "a.mp4").write_bytes(b"ONE")
    os.utime(films / "a.mp4", ns=(1, 1))
    (after, _), hashed = identified(store, films)
    assert hashed == 1
    assert after.video_id != before.video_id


def test_an_unreadable_input_is_recorded_until_it_can_be_read(store, films):
    inputs, _ = identified(store, films / "none.mp4", films)
    assert [bool(one.video_id) for one in inputs] == [True, True, False]
    assert inputs[2].code == "FILE_MISSING"
    assert [error.error_code for error in store.catalog.input_errors()] == ["FILE_MISSING"]
    (films / "none.mp4").write_bytes(b"three")
    identified(store, films / "none.mp4")
    assert store.catalog.input_errors() == []


def test_a_file_that_is_being_written_is_left_for_later(store, films):
    found = discover([films / "a.mp4"])
    (films / "a.mp4").write_bytes(b"longer than before")
    (only,) = identify(store, found, lambda done, total: None)
    assert only.code == "FILE_UNREADABLE"
    assert "written" in only.message


def test_a_used_up_budget_stops_hashing_and_the_next_run_goes_on(store, films):
    for number in range(20):
        (films / f"more-{number}.mp4").write_bytes(bytes([number]))
    read = 0

    def count(done: int, total: int) -> None:
        nonlocal read
        read = done

    inputs = identify(store, discover([films]), count, lambda: read >= 5)
    assert (len(inputs), sum(bool(one.video_id) for one in inputs)) == (22, 5)
    assert all(one.postponed and not one.code for one in inputs if not one.video_id)
    assert store.catalog.input_errors() == []
    again, hashed = identified(store, films)
    assert (hashed, sum(bool(one.video_id) for one in again)) == (17, 22)


def test_a_large_file_is_not_read_to_its_end_once_the_budget_is_used_up(store, films):
    with (films / "a.mp4").open("wb") as file:
        file.truncate(1 << 40)  # a sparse file: hashing it would take half an hour
    asked = 0

    def after_a_while() -> bool:
        nonlocal asked
        asked += 1
        return asked > 10

    inputs = identify(store, discover([films / "a.mp4"]), lambda done, total: None, after_a_while)
    assert [one.postponed for one in inputs] == [True]


def test_an_interruption_does_not_wait_for_a_large_file(store, films):
    with (films / "b.mp4").open("wb") as file:
        file.truncate(1 << 40)

    def interrupted(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        identify(store, discover([films]), interrupted)
