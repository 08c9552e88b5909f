"""Blobs: named bytes that a stage left, beside the tables, on disk or in an object store.

Key of a blob: ``video_id/stage/fingerprint/name``. Which of them count is the tables' business.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from stores.errors import StoreError
from stores.faults import storage_faults
from stores.records import Blob, StageKey

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_TEMPORARY = ".part-"


class BlobStore:
    """Blobs under one root.

    Args:
        root: a folder, or an fsspec URL such as ``s3://bucket/prefix``.
    """

    def __init__(self, root: Path | str) -> None:
        if isinstance(root, Path):
            self._files: Any = LocalFileSystem()
            self._root = str(root.absolute())
        else:
            self._files, self._root = fsspec.core.url_to_fs(root)
        self._local = isinstance(self._files, LocalFileSystem)

    def put(self, key: StageKey, *blobs: Blob) -> None:
        """Writes blobs so that each is there whole or not at all, and stays after a power cut.

        Raises:
            ValueError: if a name is not made of letters, digits, ``.``, ``_`` and ``-``.
            StoreError: DISK_FULL or LIBRARY_READ_ONLY.
        """
        targets = [(self._path(key, blob.name), blob.data) for blob in blobs]
        if not targets:
            return
        with storage_faults(f"Writing blobs under {self._root}"):
            if not self._local:
                # An object store shows an object only when all of it has arrived.
                for target, data in targets:
                    self._files.pipe_file(target, data)
                return
            folder = Path(self._folder(key))
            folder.mkdir(parents=True, exist_ok=True)
            for target, data in targets:
                write_whole(Path(target), data)
            _sync_folder(folder)

    def get(self, key: StageKey, name: str) -> bytes:
        """The bytes of one blob.

        Raises:
            StoreError: LIBRARY_DAMAGED if it is not there.
        """
        path = self._path(key, name)
        try:
            data: bytes = self._files.cat_file(path)
        except FileNotFoundError as error:
            message = f"The library misses the file {self.uri(key, name)}."
            raise StoreError("LIBRARY_DAMAGED", message, "Ingest the video again with --force.") from error
        return data

    def exists(self, key: StageKey, name: str) -> bool:
        """Whether the blob is there."""
        return bool(self._files.exists(self._path(key, name)))

    def uri(self, key: StageKey, name: str) -> str:
        """Where the blob lies: an absolute path, or the object's URL."""
        path = self._path(key, name)
        return path if self._local else str(self._files.unstrip_protocol(path))

    def stored(self) -> Iterator[tuple[StageKey, str]]:
        """Every file under the root, also what an interrupted write left."""
        if not self._files.exists(self._root):
            return
        for path in self._files.find(self._root):
            parts = path[len(self._root) :].strip("/").split("/")
            if len(parts) == 4:
                yield StageKey(*parts[:3]), parts[3]

    def delete(self, key: StageKey, name: str) -> None:
        """Removes one file that `stored` named, and folders that become empty; no error if it is gone already."""
        path = f"{self._folder(key)}/{name}"
        with storage_faults(f"Deleting {path}"):
            if not self._local:
                if self._files.exists(path):
                    self._files.rm_file(path)
                return
            Path(path).unlink(missing_ok=True)
            for folder in list(Path(path).parents)[:3]:
                try:
                    folder.rmdir()
                except OSError:
                    return

    def _folder(self, key: StageKey) -> str:
        for part in (key.video_id, key.stage, key.fingerprint):
            if not _PART.fullmatch(part):
                raise ValueError(f"cannot be part of a blob's key: {part!r}")
        return f"{self._root}/{key.video_id}/{key.stage}/{key.fingerprint}"

    def _path(self, key: StageKey, name: str) -> str:
        if not _PART.fullmatch(name):
            raise ValueError(f"not a blob's name: {name!r}")
        return f"{self._folder(key)}/{name}"


def write_whole(target: Path, data: bytes) -> None:
    """Writes a file by a temporary neighbour, fsync and rename: it is there whole or not at all."""
    temporary = target.with_name(f"{_TEMPORARY}{os.getpid()}-{target.name}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
