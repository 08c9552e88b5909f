"""Files that export jobs made: whole ones, kept for some days where all servers and workers of a library find them.

They are in ``exports/`` of the library's folder, or with its blobs in an object store. One is called after its job and
the attempt that made it, so that a worker that lost its job never touches the file of the one that has it. Beside it
stands, as ``NAME.videos``, which videos it is about.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from stores.files.blobs import sync_folder, write_whole
from stores.files.objects import ObjectFiles, modified
from stores.sql.faults import storage_faults

_NAME = re.compile(r"(job_[A-Za-z0-9]{1,100})\.(\d{1,9})")
_VIDEOS = ".videos"
_TEMPORARY = ".part-"
_PART = re.compile(r"\.part-(?:\d+-){0,2}(job_[A-Za-z0-9]{1,100})\.(\d{1,9})(?:\.videos)?")
_BEGUN = re.compile(rf"\.part-{_NAME.pattern}")

LOOKS = 10
"""Objects that are looked at one by one; more are listed. Source: our choice: a listing of thousands takes as long."""

ABANDONED_SECONDS = 86_400.0
"""After which an unfinished file that nobody writes to is removed. Source: our choice: no batch takes as long."""


@dataclass(frozen=True, slots=True)
class KeptExport:
    """A file that was made. ``size`` in bytes; ``made``: seconds since the epoch."""

    name: str
    size: int
    made: float


class ExportFiles:
    """The exports of one library. Safe to use from several threads and processes.

    Args:
        folder: for them and their temporary files; made when it is needed.
        objects: the object store of the blobs, if they are in one.
        clock: seconds since the epoch.
    """

    def __init__(
        self, folder: Path, objects: ObjectFiles | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._objects = objects
        self._clock = clock

    def make(self, job_id: str, attempt: int, write: Callable[[Path], Iterable[str]]) -> int:
        """A file, there as a whole or not at all; returns its bytes.

        Args:
            write: writes the whole file at the path that it is given, and returns the ids of the videos in it.

        Raises:
            StoreError: DISK_FULL, LIBRARY_READ_ONLY or BLOB_STORE_UNREACHABLE; and what ``write`` raises.
        """
        name = name_of(job_id, attempt)
        with storage_faults(f"Writing the export {name}"):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._forget_parts(job_id, attempt)  # of workers that died of it
            part = self._folder / f"{_TEMPORARY}{name}"
            try:
                video_ids = "\n".join(write(part)).encode()
                with part.open("rb") as file:
                    os.fsync(file.fileno())
                size = part.stat().st_size
                # First of what videos: a file without that is none.
                if self._objects is not None:
                    self._objects.write(self._object(name + _VIDEOS), video_ids)
                    self._objects.upload(self._object(name), part)
                else:
                    write_whole(self._folder / (name + _VIDEOS), video_ids)
                    part.replace(self._folder / name)
                    sync_folder(self._folder)
            except BaseException:
                with suppress(Exception):  # what went wrong first is told
                    self._remove(name)
                raise
            finally:
                part.unlink(missing_ok=True)
        return size

    def kept(self, days: float, names: Collection[str] | None = None) -> Mapping[str, KeptExport]:
        """By name, those that are no older.

        Args:
            names: of these alone; None: of all.

        Raises:
            StoreError: LIBRARY_READ_ONLY or BLOB_STORE_UNREACHABLE.
        """
        since = self._clock() - days * 86_400
        listed = names is None or (self._objects is not None and len(names) > LOOKS)
        found = self._all() if listed else filter(None, map(self._one, names or ()))
        return {one.name: one for one in found if one.made >= since and (names is None or one.name in names)}

    def _one(self, name: str) -> KeptExport | None:
        _check(name)
        if self._objects is not None:
            details = self._objects.details(self._object(name))
            return None if details is None else self._in_objects(name, details)
        with storage_faults(f"Looking at the export {name}"), suppress(FileNotFoundError):
            about = (self._folder / name).lstat()
            if stat.S_ISREG(about.st_mode):
                return KeptExport(name, about.st_size, about.st_mtime)
        return None

    def videos(self, name: str) -> frozenset[str]:
        """Ids of the videos that a file is about.

        Raises:
            FileNotFoundError: if it is gone.
            StoreError: BLOB_STORE_UNREACHABLE.
        """
        _check(name)
        if self._objects is None:
            data: bytes | None = (self._folder / (name + _VIDEOS)).read_bytes()
        else:
            data = self._objects.read(self._object(name + _VIDEOS))
        if data is None:
            raise FileNotFoundError(name)
        return frozenset(data.decode().split())

    def open(self, name: str) -> BinaryIO:
        """A file, opened on this machine, fetched from the object store where it is in one; the caller closes it.

        It can be read to its end whatever becomes of it meanwhile.

        Raises:
            FileNotFoundError: if it is gone.
            StoreError: DISK_FULL, LIBRARY_READ_ONLY or BLOB_STORE_UNREACHABLE.
        """
        _check(name)
        path = self._folder / name
        with storage_faults(f"Reading the export {name}"):
            try:
                return path.open("rb")
            except FileNotFoundError:
                if self._objects is None:
                    raise
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f"{_TEMPORARY}{os.getpid()}-{time.monotonic_ns()}-{name}"
            try:
                if not self._objects.download(self._object(name), part):
                    raise FileNotFoundError(name)
                opened = part.open("rb")
                with suppress(FileNotFoundError):  # forgotten meanwhile
                    part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            self._tidy_folder()
        return opened

    def trim(self, days: float, limit: int, kept: str = "") -> int:
        """Remove files that are older, then the oldest until the others have ``limit`` bytes; returns the bytes freed.

        The newest goes with its age alone, however large it is: somebody waits for it.

        Args:
            kept: the name of one that stays.
        """
        since = self._clock() - days * 86_400
        found = sorted(self._all(), key=lambda one: one.made)
        left = sum(one.size for one in found)
        freed = 0
        for one in found:
            has_room = left <= limit or one is found[-1]
            if one.name == kept or (has_room and one.made >= since):
                continue
            self._remove(one.name)
            left -= one.size
            freed += one.size
        return freed + self._tidy_folder()

    def forget_job(self, job_id: str, up_to: int) -> None:
        """Remove what was made for a job.

        Args:
            up_to: the last attempt whose file goes: who lost the job leaves alone what is made by others after that.
        """
        for one in list(self._all()):
            if _is_of(_NAME.fullmatch(one.name), job_id, up_to):
                self._remove(one.name)
        self._forget_parts(job_id, up_to)

    def forget_parts(self, running: Callable[[], Mapping[str, int]]) -> None:
        """Remove what was begun by workers that are no more, on this machine.

        Args:
            running: by job, the attempts that are being made.
        """
        begun = [(path, found) for path, _ in _files(self._folder) if (found := _BEGUN.fullmatch(path.name))]
        # Asked last: who has begun since then is not among them.
        still = running() if begun else {}
        for path, found in begun:
            if still.get(found[1]) != int(found[2]):
                _delete(path)

    def _forget_parts(self, job_id: str, up_to: int) -> None:
        for path, _ in _files(self._folder):
            if _is_of(_PART.fullmatch(path.name), job_id, up_to):
                _delete(path)

    def forget_videos(self, video_ids: Collection[str]) -> None:
        """Remove what was made of any of these videos."""
        gone = frozenset(video_ids)
        for one in self._all():
            with suppress(FileNotFoundError):
                if gone & self.videos(one.name):
                    self._remove(one.name)

    def _tidy_folder(self) -> int:
        """Remove what is old and unfinished, a copy of an object that is gone, or a list of videos without a file."""
        before, freed, stored = self._clock() - ABANDONED_SECONDS, 0, self._in_store()
        there = {one.name for one in self._all()} if self._objects is None else {one.name for one in stored}
        for one in stored:
            if one.name.endswith(_VIDEOS) and one.name.removesuffix(_VIDEOS) not in there and one.made < before:
                assert self._objects is not None
                self._objects.delete(self._object(one.name))
        for path, about in _files(self._folder):
            if path.name.removesuffix(_VIDEOS) not in there and about.st_mtime < before:
                _delete(path)
                freed += about.st_size
        return freed

    def _remove(self, name: str) -> None:
        # The file first: one without its videos could not be judged.
        for each in (name, name + _VIDEOS):
            if self._objects is not None:
                self._objects.delete(self._object(each))
            _delete(self._folder / each)

    def _all(self) -> Iterator[KeptExport]:
        if self._objects is None:
            for path, about in _files(self._folder):
                if _NAME.fullmatch(path.name):
                    yield KeptExport(path.name, about.st_size, about.st_mtime)
            return
        yield from (one for one in self._in_store() if _NAME.fullmatch(one.name))

    def _in_store(self) -> list[KeptExport]:
        """All that is ours in the object store, with the lists of videos."""
        if self._objects is None:
            return []
        found = []
        for place, details in self._objects.found(f"{self._objects.root}/exports").items():
            name = place.rpartition("/")[2]
            if _NAME.fullmatch(name.removesuffix(_VIDEOS)):
                found.append(self._in_objects(name, details))
        return found

    def _in_objects(self, name: str, details: Mapping[str, Any]) -> KeptExport:
        # Where a store does not say when, files go for want of room alone.
        return KeptExport(name, int(details["size"]), modified(details) or self._clock())

    def _object(self, name: str) -> str:
        return f"{self._objects.root if self._objects else ''}/exports/{name}"


def name_of(job_id: str, attempt: int) -> str:
    """What the file of an attempt of a job is called.

    Raises:
        ValueError: if it is no id of a job.
    """
    return _check(f"{job_id}.{attempt}")


def _is_of(found: re.Match[str] | None, job_id: str, up_to: int) -> bool:
    return found is not None and found[1] == job_id and int(found[2]) <= up_to


def _check(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not the name of an export: {name!r}")
    return name


def _delete(path: Path) -> None:
    with storage_faults(f"Deleting {path}"):
        path.unlink(missing_ok=True)


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """Those that are ours: disks and their servers keep things of their own in any folder."""
    found = []
    with storage_faults(f"Reading {folder}"), suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            ours = _NAME.fullmatch(entry.name.removesuffix(_VIDEOS)) or _PART.fullmatch(entry.name)
            with suppress(FileNotFoundError):
                if ours and stat.S_ISREG((about := entry.stat(follow_symlinks=False)).st_mode):
                    found.append((Path(entry.path), about))
    return found
