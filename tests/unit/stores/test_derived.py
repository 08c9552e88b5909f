"""The cache of derived media: limited, shared by processes, whole after a kill, and cleaned by a sweep."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from stores.files.derived import DerivedFiles
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.sweeping import sweep
from tests.unit.stores.builders import add_video

_PLENTY = 1 << 30

_SLOW = """
import sys, time
from pathlib import Path
from stores.files.derived import DerivedFiles

def write(out):
    with out.open("wb") as file:
        file.write(b"half")
        file.flush()
        print("writing", flush=True)
        time.sleep(float(sys.argv[2]))
        file.write(b" of it")
DerivedFiles(Path(sys.argv[1])).make("vid_a", "proxy.mp4", write, 1 << 30)
"""


def slowly(root: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that is writing."""
    command = [sys.executable, "-c", _SLOW, str(root), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def ended(process: subprocess.Popen[str]) -> None:
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_what_was_made_is_found_and_not_made_again(tmp_path: Path) -> None:
    files = DerivedFiles(tmp_path / "playback")
    assert files.find("vid_a", "x.jpg") is None
    made = files.make("vid_a", "x.jpg", lambda out: void(out.write_bytes(b"picture")), _PLENTY)
    assert files.find("vid_a", "x.jpg") == made
    assert files.make("vid_a", "x.jpg", lambda _: pytest.fail("made twice"), _PLENTY) == made
    assert made.read_bytes() == b"picture"


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    files = DerivedFiles(tmp_path / "playback")
    for name in "abc":
        made = files.make(f"vid_{name}", "x.bin", lambda out: void(out.write_bytes(bytes(100))), _PLENTY)
        os.utime(made, ns=(time.time_ns() - 10**12, made.stat().st_mtime_ns))
        time.sleep(0.01)
    changed = (files.root / "vid_a" / "x.bin").stat().st_mtime_ns
    assert files.find("vid_a", "x.bin") is not None  # used just now
    assert (files.root / "vid_a" / "x.bin").stat().st_mtime_ns == changed
    files.make("vid_d", "x.bin", lambda out: void(out.write_bytes(bytes(100))), 250)
    assert sorted(path.parent.name for path in files.root.glob("*/x.bin")) == ["vid_a", "vid_d"]
    files.make("vid_e", "x.bin", lambda out: void(out.write_bytes(bytes(999))), 250)
    assert [path.parent.name for path in files.root.glob("*/x.bin")] == ["vid_e"]  # too large, and just made


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    files = DerivedFiles(tmp_path / "playback")

    def write(out: Path) -> None:
        out.write_bytes(b"half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        files.make("vid_a", "x.bin", write, _PLENTY)
    assert files.find("vid_a", "x.bin") is None
    assert files.size() == 0


def test_several_threads_make_it_once(tmp_path: Path) -> None:
    files, made = DerivedFiles(tmp_path / "playback"), []

    def write(out: Path) -> None:
        made.append(out)
        time.sleep(0.1)
        out.write_bytes(b"whole")

    def make() -> None:
        assert files.make("vid_a", "x.bin", write, _PLENTY).read_bytes() == b"whole"

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_two_processes_make_it_once(tmp_path: Path) -> None:
    other = slowly(tmp_path / "playback", 0.5)
    files = DerivedFiles(tmp_path / "playback")
    assert files.find("vid_a", "proxy.mp4") is None
    assert files.sweep({"vid_a"}) == 0  # what is being written stays
    made = files.make("vid_a", "proxy.mp4", lambda _: pytest.fail("made twice"), _PLENTY)
    assert made.read_bytes() == b"half of it"
    ended(other)


@pytest.mark.parametrize("then", ["make", "sweep"])
def test_a_killed_process_leaves_nothing_that_looks_whole(tmp_path: Path, then: str) -> None:
    other = slowly(tmp_path / "playback", 60)
    other.send_signal(signal.SIGKILL)
    ended(other)
    files = DerivedFiles(tmp_path / "playback")
    assert files.find("vid_a", "proxy.mp4") is None
    assert files.size() == 4
    if then == "sweep":
        assert files.sweep({"vid_a"}, dry_run=True) == 4
        assert files.sweep({"vid_a"}) == 4
        assert files.size() == 0
    else:
        files.make("vid_a", "proxy.mp4", lambda out: void(out.write_bytes(b"whole")), _PLENTY)
        assert files.size() == 5


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "x" * 300])
def test_names_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    files = DerivedFiles(tmp_path / "playback")
    with pytest.raises(ValueError, match="derived"):
        files.find("vid_a", name)
    with pytest.raises(ValueError, match="derived"):
        files.find(name, "x.jpg")


def test_gc_and_forget_remove_what_was_made_of_videos_that_are_gone(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        kept, gone = add_video(store, "kept.mp4"), add_video(store, "gone.mp4")
        for video_id in (kept, gone, "vid_other"):
            store.derived.make(video_id, "x.bin", lambda out: void(out.write_bytes(bytes(10))), _PLENTY)
        forget(store, [gone])
        assert sorted(path.parent.name for path in store.derived.root.glob("*/x.bin")) == sorted([kept, "vid_other"])
        assert sweep(store, dry_run=True).bytes == 10
        assert sweep(store).bytes == 10
        assert [path.name for path in store.derived.root.iterdir()] == [kept]


def void(_: object) -> None:
    """What is written is not asked."""
