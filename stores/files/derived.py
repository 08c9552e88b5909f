"""Media that were made of videos for players, and can be made again: a cache of limited size.

A file's path is ``video_id/name``. Nothing in the tables points at it. What was used longest ago goes first; the time
of last use is the file's time of access, which is set here and not left to the file system.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stores.files.blobs import sync_folder
from stores.sql.faults import storage_faults

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_TEMPORARY = ".part-"
_LOCK = ".lock-"


class DerivedFiles:
    """The cache in one folder. Safe to use from several threads and processes.

    Args:
        root: its folder; made when it is needed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, video_id: str, name: str) -> Path | None:
        """A file that was made, noted as used now; None if it is to be made (again)."""
        path = self._path(video_id, name)
        try:
            about = path.stat()
        except FileNotFoundError:
            return None
        with suppress(OSError):
            os.utime(path, ns=(time.time_ns(), about.st_mtime_ns))
        return path

    def make(self, video_id: str, name: str, write: Callable[[Path], None], limit: int) -> Path:
        """A file, made if it is not there; a second caller waits for the first.

        Args:
            write: writes the whole file at the path that it is given, whose suffix is that of ``name``.
            limit: bytes that the cache may have afterwards; the new file stays, however large it is.

        Raises:
            StoreError: DISK_FULL, LIBRARY_READ_ONLY; and what ``write`` raises.
        """
        path = self._path(video_id, name)
        if (found := self.find(video_id, name)) is not None:
            return found
        with storage_faults(f"Writing {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked(path):
                if (found := self.find(video_id, name)) is not None:
                    return found
                for left in path.parent.glob(f"{_TEMPORARY}*-{name}"):
                    left.unlink(missing_ok=True)  # of one who was killed: we hold the lock
                temporary = path.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}-{name}")
                try:
                    write(temporary)
                    with temporary.open("rb") as file:
                        os.fsync(file.fileno())
                    temporary.replace(path)
                except BaseException:
                    temporary.unlink(missing_ok=True)
                    raise
                sync_folder(path.parent)
        self.trim(limit, path)
        return path

    def trim(self, limit: int, kept: Path | None = None) -> int:
        """Remove files, those used longest ago first, until the others have ``limit`` bytes; returns the bytes freed.

        Args:
            kept: a file that stays.
        """
        found = sorted(self._files(), key=lambda file: file[2])
        left = sum(size for _, size, _ in found)
        freed = 0
        for path, size, _ in found:
            if left <= limit:
                break
            if path == kept or path.name.startswith(_TEMPORARY):
                continue
            with suppress(OSError):
                path.unlink()
                left -= size
                freed += size
        return freed

    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size, _ in self._files())

    def sweep(self, video_ids: Collection[str], dry_run: bool = False) -> int:
        """Remove files of other videos, and what was being written when a process was killed.

        Args:
            video_ids: the videos of the library.

        Returns:
            The bytes that were freed, or would be.
        """
        freed = 0
        for path, size, _ in list(self._files()):
            gone = path.parent.name not in video_ids
            if not gone and not (path.name.startswith(_TEMPORARY) and self._is_abandoned(path)):
                continue
            freed += size
            if not dry_run:
                path.unlink(missing_ok=True)
        if not dry_run:
            for folder in self._folders():
                if folder.name not in video_ids:
                    self.forget(folder.name)
        return freed

    def forget(self, video_id: str) -> None:
        """Remove all files of a video."""
        folder = self._path(video_id, "-").parent
        with suppress(FileNotFoundError):
            for path in list(folder.iterdir()):
                path.unlink(missing_ok=True)
            with suppress(OSError):  # something was just made in it
                folder.rmdir()

    def _is_abandoned(self, part: Path) -> bool:
        name = part.name.removeprefix(_TEMPORARY).partition("-")[2]
        with (part.parent / f"{_LOCK}{name}").open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        # Released by the system when the process ends, however it ends.
        with path.with_name(f"{_LOCK}{path.name}").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        """Path, bytes and time of last use of every file but the locks."""
        for folder in self._folders():
            with suppress(FileNotFoundError), os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(_LOCK):
                        continue
                    with suppress(FileNotFoundError):
                        about = entry.stat(follow_symlinks=False)
                        yield Path(entry.path), about.st_size, about.st_atime

    def _folders(self) -> list[Path]:
        try:
            return sorted(path for path in self.root.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []

    def _path(self, video_id: str, name: str) -> Path:
        for part in (video_id, name):
            if not _PART.fullmatch(part):
                raise ValueError(f"not the name of a derived file: {part!r}")
        return self.root / video_id / name
