"""Blobs: named bytes that a stage left, beside the tables, on disk or in an object store.

Key of a blob: ``video_id/stage/fingerprint/name``. Which of them count is the tables' business.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from stores.core.errors import StoreError
from stores.core.records import Blob, StageKey
from stores.files.objects import ObjectFiles, modified
from stores.sql.faults import storage_faults

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_TEMPORARY = ".part-"


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A file under the root. ``size`` in bytes; ``modified``: seconds since the epoch, 0.0 where that is unknown."""

    key: StageKey
    name: str
    size: int
    modified: float


class BlobStore:
    """Blobs under one root.

    Args:
        root: a folder, or an fsspec URL such as ``s3://bucket/prefix``.
        options: what fsspec's file system is opened with, if ``root`` is a URL (`stores.core.places.Places`).

    Raises:
        UsageError: SETTINGS_INVALID if there is no file system for the URL.
    """

    def __init__(self, root: Path | str, options: Mapping[str, Any] | None = None) -> None:
        self._objects: ObjectFiles | None = None
        if isinstance(root, Path):
            self._root = str(root.absolute())
        else:
            self._objects = ObjectFiles(root, options or {})
            self._root = self._objects.root

    @property
    def objects(self) -> ObjectFiles | None:
        """The object store that the blobs are in; None if they are in a folder."""
        return self._objects

    def put(self, key: StageKey, *blobs: Blob) -> None:
        """Writes blobs so that each is there whole or not at all, and stays after a power cut.

        Raises:
            ValueError: if a name is not made of letters, digits, ``.``, ``_`` and ``-``.
            StoreError: DISK_FULL, LIBRARY_READ_ONLY or BLOB_STORE_UNREACHABLE.
            UsageError: SETTINGS_INVALID if the bucket does not exist or no key is given.
        """
        targets = [(self._path(key, blob.name), blob.data) for blob in blobs]
        if not targets:
            return
        if self._objects is not None:
            for target, data in targets:
                self._objects.write(target, data)
            return
        with storage_faults(f"Writing blobs under {self._root}"):
            folder = Path(self._folder(key))
            folder.mkdir(parents=True, exist_ok=True)
            for target, data in targets:
                write_whole(Path(target), data)
            sync_folder(folder)

    def get(self, key: StageKey, name: str) -> bytes:
        """The bytes of one blob.

        Raises:
            StoreError: LIBRARY_DAMAGED if it is not there, BLOB_STORE_UNREACHABLE.
        """
        path = self._path(key, name)
        data: bytes | None
        if self._objects is not None:
            data = self._objects.read(path)
        else:
            try:
                data = Path(path).read_bytes()
            except FileNotFoundError:
                data = None
        if data is None:
            message = f"The library misses the file {self.uri(key, name)}."
            hint = "Run `kinodex verify --repair`, then `kinodex ingest` on the video."
            raise StoreError("LIBRARY_DAMAGED", message, hint)
        return data

    def exists(self, key: StageKey, name: str) -> bool:
        """Whether the blob is there now.

        Raises:
            StoreError: BLOB_STORE_UNREACHABLE.
        """
        path = self._path(key, name)
        return Path(path).exists() if self._objects is None else self._objects.exists(path)

    def uri(self, key: StageKey, name: str) -> str:
        """Where the blob lies: an absolute path, or the object's URL."""
        path = self._path(key, name)
        return path if self._objects is None else self._objects.uri(path)

    def stored(self) -> Iterator[StoredBlob]:
        """Every file under the root, also what an interrupted write left.

        Raises:
            StoreError: BLOB_STORE_UNREACHABLE.
        """
        if self._objects is not None:
            found = self._objects.found(self._root)
        else:
            found = LocalFileSystem().find(self._root, detail=True)
        for path, details in found.items():
            parts = path[len(self._root) :].strip("/").split("/")
            if len(parts) == 4:
                yield StoredBlob(StageKey(*parts[:3]), parts[3], int(details["size"]), modified(details))

    def delete(self, key: StageKey, name: str) -> None:
        """Removes one file that `stored` named, and folders that become empty; no error if it is gone already."""
        path = f"{self._folder(key)}/{name}"
        if self._objects is not None:
            self._objects.delete(path)
            return
        with storage_faults(f"Deleting {path}"):
            Path(path).unlink(missing_ok=True)
            for folder in list(Path(path).parents)[:3]:
                try:
                    folder.rmdir()
                except OSError:
                    return

    def close(self) -> None:
        """Releases the connections to an object store."""
        if self._objects is not None:
            self._objects.close()

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


def sync_folder(folder: Path) -> None:
    """Makes what was renamed or made in ``folder`` stay after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
