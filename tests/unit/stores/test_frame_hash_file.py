"""The file of frame hashes: read where it lies, added to by several processes, cut off anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stores.files import frame_hash_file
from stores.files.frame_hash_file import FrameHashEntry, FrameHashFile


def entry(number: int, count: int = 12) -> FrameHashEntry:
    hashes = np.random.default_rng(number).integers(0, 2**64, count, dtype=np.uint64, endpoint=False)
    return FrameHashEntry(f"vid_{number}", float(number), hashes)


def found(path: Path, numbers: list[int]) -> list[int]:
    file = FrameHashFile(path)
    file.refresh()
    return [number for number in numbers if file.near(entry(number).hashes[:4] ^ np.uint64(1), 4)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "frame_hashes.index"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_hash_file, "CHUNK", 40)  # three entries and a bit


@pytest.mark.usefixtures("small")
def test_what_is_added_is_found_with_its_video_and_time(path: Path) -> None:
    writer, reader = FrameHashFile(path), FrameHashFile(path)
    reader.refresh()
    assert reader.near(entry(0).hashes, 4) == {}
    for number in range(20):
        writer.append(entry(number))
        reader.refresh()
        for file in (reader, writer):
            assert file.near(entry(number).hashes[:4] ^ np.uint64(1), 4) == {(f"vid_{number}", float(number)): 12}
            assert file.newest == number
    assert found(path, list(range(22))) == list(range(20))
    assert [one.video_id for one in reader.entries()] == [f"vid_{number}" for number in range(20)]
    long = entry(99, 150)  # longer than a chunk
    writer.append(long)
    writer.append(entry(100, 0))
    reader.refresh()
    assert set(reader.near(long.hashes[[0, 60, 149]], 4)) == {("vid_99", 99.0)}
    assert reader.young["vid_100"] == 100.0


@pytest.mark.usefixtures("small")
def test_opening_reads_the_last_entries_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = FrameHashFile(path)
    for number in range(60):
        writer.append(entry(number))
    whole: list[int] = []
    record = frame_hash_file._record

    def noted(data: object, place: int, whole_too: bool) -> object:
        whole.extend([place] if whole_too else [])
        return record(data, place, whole_too)

    monkeypatch.setattr(frame_hash_file, "_record", lambda data, place, whole: noted(data, place, whole))
    FrameHashFile(path).refresh()
    assert len(whole) <= 6


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("entries", [1, 3, 4, 7])
def test_a_writer_that_was_killed_leaves_what_was_complete(path: Path, entries: int) -> None:
    writer = FrameHashFile(path)
    for number in range(entries - 1):
        writer.append(entry(number))
    before = path.stat().st_size if entries > 1 else 0
    writer.append(entry(entries - 1))
    whole = path.read_bytes()
    for length in {before + 1, before + 7, before + 40, len(whole) - 20, len(whole) - 1}:
        path.write_bytes(whole[:length])
        assert found(path, list(range(entries))) == list(range(entries - 1))
        FrameHashFile(path).append(entry(50))
        assert found(path, [*range(entries), 50]) == [*range(entries - 1), 50]
        assert path.stat().st_size <= len(whole) + 8


def test_bytes_that_never_reached_the_disk_are_cut_off_with_all_behind_them(path: Path) -> None:
    writer = FrameHashFile(path)
    sizes = []
    for number in range(4):
        writer.append(entry(number))
        sizes.append(path.stat().st_size)
    data = bytearray(path.read_bytes())
    data[sizes[1] : sizes[1] + 60] = bytes(60)
    path.write_bytes(data)
    assert found(path, list(range(4))) == [0, 1]
    file = FrameHashFile(path)
    file.append(entry(9))
    assert found(path, [0, 1, 2, 3, 9]) == [0, 1, 9]


def test_what_is_not_what_was_written_is_noticed(path: Path) -> None:
    writer = FrameHashFile(path)
    for number in range(4):
        writer.append(entry(number))
    reader = FrameHashFile(path)
    reader.refresh()
    assert len(list(reader.entries())) == 4
    with path.open("r+b") as file:
        file.seek(120)
        file.write(b"!")
    with pytest.raises(ValueError, match="not what was written"):
        list(reader.entries())


def test_a_file_put_in_its_place_counts_at_once(path: Path, tmp_path: Path) -> None:
    file, other = FrameHashFile(path), FrameHashFile(tmp_path / "other")
    file.append(entry(1))
    other.append(entry(2))
    other.path.replace(path)
    file.append(entry(3))
    assert found(path, [1, 2, 3]) == [2, 3]
    assert file.near(entry(1).hashes, 4) == {}
    path.unlink()
    file.refresh()
    assert (file.near(entry(2).hashes, 4), file.newest) == ({}, 0.0)


@pytest.mark.usefixtures("small")
def test_whatever_is_damaged_in_the_file_nobody_who_looks_into_it_fails(path: Path) -> None:
    writer = FrameHashFile(path)
    for number in range(12):
        writer.append(entry(number))
    whole = path.read_bytes()
    for seed in range(400):
        random = np.random.default_rng(seed)
        data = bytearray(whole)
        first = int(random.integers(0, len(data)))
        data[first : first + 8] = random.bytes(len(data[first : first + 8]))
        path.unlink()
        path.write_bytes(data)
        read, added = FrameHashFile(path), FrameHashFile(path)
        read.refresh()
        added.append(entry(50))
        for file in (read, added):
            for number in range(12):
                file.near(entry(number).hashes, 4)  # what is named wrongly is in no table
        assert added.near(entry(50).hashes, 4)


def test_what_a_writer_left_may_be_cut_off_while_others_read_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FrameHashFile(path).append(entry(1))
    whole = path.stat().st_size
    with path.open("ab") as file:
        file.write(bytes(100_000))
    stat = os.fstat

    def cut_off(handle: int) -> os.stat_result:
        about = stat(handle)
        os.truncate(path, whole)  # by the next writer, just now
        return about

    monkeypatch.setattr(frame_hash_file.os, "fstat", cut_off)
    assert found(path, [1, 2]) == [1]


_LOOK = """
import os, sys
from pathlib import Path
import numpy as np
from stores.files.frame_hash_file import FrameHashEntry, FrameHashFile

path, hashes = Path(sys.argv[1]), np.arange(1, 90_000, dtype=np.uint64) << np.uint64(40)
file = FrameHashFile(path)
file.append(FrameHashEntry("vid_a", 1.0, hashes))
os.truncate(path, int(sys.argv[2]))
assert file.near(hashes[:5], 0) == {}
file.append(FrameHashEntry("vid_b", 2.0, hashes[:9]))
assert ("vid_b", 2.0) in file.near(hashes[:5], 0)
"""


@pytest.mark.parametrize("length", [0, 5_000])
def test_who_looks_into_a_file_that_was_made_shorter_goes_on(path: Path, length: int) -> None:
    root = Path(frame_hash_file.__file__).parents[2]
    subprocess.run([sys.executable, "-c", _LOOK, str(path), str(length)], cwd=root, check=True)  # SIGBUS ends a process
