import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from stores.core.errors import StoreError
from workflows.report import IngestReport, VideoReport, total
from workflows.watch_folder import Round, WatchOptions, watch_folder

STABLE_SECONDS = 0.3


def ended(files: Sequence[Path], code: str = "") -> IngestReport:
    status = "failed" if code else "done"
    videos = tuple(VideoReport("vid_1", str(path), status, code, "", (), reused=False) for path in files)
    return IngestReport(videos, total(videos, len(videos), 0.0, 0.0))


class Watched:
    """Watches a folder in a thread, with an ingest that records its files."""

    def __init__(self, folder: Path, ingest: Callable[[Sequence[Path]], IngestReport] | None = None, **options) -> None:
        self.stop = threading.Event()
        self.rounds: list[Round] = []
        self.given: list[list[str]] = []
        self.error: BaseException | None = None
        self._ingest = ingest or ended
        self._options = WatchOptions(**{"stable_seconds": STABLE_SECONDS, "every": 60.0, **options})
        self._thread = threading.Thread(target=self._run, args=(folder,))

    def _run(self, folder: Path) -> None:
        try:
            watch_folder([folder], self.ingest, self._options, stop=self.stop, on_round=self.rounds.append)
        except StoreError as error:
            self.error = error

    def ingest(self, files: Sequence[Path]) -> IngestReport:
        self.given.append([path.name for path in files])
        return self._ingest(files)

    def __enter__(self) -> "Watched":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def wait(self, rounds: int, seconds: float = 10.0) -> None:
        until = time.monotonic() + seconds
        while len(self.rounds) < rounds and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.rounds) >= rounds


def test_existing_and_new_files_are_ingested_once(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"one")
    with Watched(tmp_path) as watched:
        watched.wait(1)
        (tmp_path / "deeper").mkdir()
        (tmp_path / "deeper" / "b.mp4").write_bytes(b"two")
        (tmp_path / "notes.txt").write_bytes(b"no film")
        watched.wait(2)
        (tmp_path / "a.mp4").write_bytes(b"one, but longer")
        watched.wait(3)
        time.sleep(3 * STABLE_SECONDS)
    assert watched.given == [["a.mp4"], ["b.mp4"], ["a.mp4"]]
    assert [made.number for made in watched.rounds] == [1, 2, 3]


def test_a_growing_file_waits_and_others_do_not(tmp_path):
    with Watched(tmp_path) as watched:
        (tmp_path / "still.mp4").write_bytes(b"one")
        until = time.monotonic() + 5 * STABLE_SECONDS
        while time.monotonic() < until:
            with (tmp_path / "grows.mp4").open("ab") as file:
                file.write(b"more")
            time.sleep(STABLE_SECONDS / 5)
        assert watched.given == [["still.mp4"]]
        assert watched.rounds[0].waiting == 1
        size = (tmp_path / "grows.mp4").stat().st_size
        watched.wait(2)
    assert watched.given[1] == ["grows.mp4"]
    assert (tmp_path / "grows.mp4").stat().st_size == size


def test_folders_without_notifications_are_scanned_regularly(tmp_path, monkeypatch):
    def no_watches_left(*paths, **options):
        raise OSError("no space left on device")  # the message of inotify at its limit of watches

    monkeypatch.setattr("workflows.watch_folder.watch", no_watches_left)
    with Watched(tmp_path, every=0.5) as watched:
        time.sleep(0.2)
        (tmp_path / "a.mp4").write_bytes(b"one")
        watched.wait(1)
    assert watched.given == [["a.mp4"]]


def test_a_locked_library_is_retried(tmp_path):
    tries = []

    def locked(files: Sequence[Path]) -> IngestReport:
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise StoreError("LIBRARY_LOCKED", "another process writes.")
        return ended(files)

    (tmp_path / "a.mp4").write_bytes(b"one")
    with Watched(tmp_path, locked, every=0.5) as watched:
        watched.wait(3)
    assert [made.error.code.name if made.error else "" for made in watched.rounds] == [
        *("LIBRARY_LOCKED", "LIBRARY_LOCKED", ""),
    ]
    assert tries[2] - tries[1] > 0.4


def test_only_retryable_failures_are_retried(tmp_path):
    def failing(files: Sequence[Path]) -> IngestReport:
        return ended(files, "FILE_UNREADABLE" if len(watched.given) == 1 else "NOT_MEDIA")

    (tmp_path / "a.mp4").write_bytes(b"one")
    watched = Watched(tmp_path, failing, every=0.5)
    with watched:
        watched.wait(2)
        time.sleep(1.2)
    assert watched.given == [["a.mp4"], ["a.mp4"]]


def test_an_error_that_is_not_retryable_ends_watching(tmp_path):
    def broken(files: Sequence[Path]) -> IngestReport:
        raise StoreError("LIBRARY_READ_ONLY", "it cannot be written.")

    (tmp_path / "a.mp4").write_bytes(b"one")
    watched = Watched(tmp_path, broken)
    with watched:
        watched._thread.join(10)
    assert watched.error is not None
    assert watched.rounds == []


def test_a_stop_ends_watching_at_once(tmp_path):
    with Watched(tmp_path) as watched:
        time.sleep(0.5)
        began = time.monotonic()
    assert time.monotonic() - began < 3
    assert watched.rounds == []


@pytest.mark.parametrize("names", [(), ("a.mp4", "b.mp4")])
def test_once_ingests_the_existing_files_and_ends(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    rounds: list[Round] = []
    options = WatchOptions(stable_seconds=STABLE_SECONDS, once=True)
    made = watch_folder([tmp_path], ended, options, stop=threading.Event(), on_round=rounds.append)
    assert made == len(rounds) == (1 if names else 0)
    assert [each.files for each in rounds] == [2] * made


def test_the_library_is_not_an_input(tmp_path):
    library = tmp_path / "lib"
    library.mkdir()
    (library / "thumb.mp4").write_bytes(b"ours")
    options = WatchOptions(stable_seconds=0.1, library=library, once=True)
    assert not watch_folder([tmp_path], ended, options, stop=threading.Event())
