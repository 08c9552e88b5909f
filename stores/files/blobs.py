"""Blobs: named bytes that a stage produced, on disk or in an object store.

A blob's path is ``video_id/stage/fingerprint/name``. One that was written before its stage was renamed keeps its former
path (`stores.core.former_names`) and is found there. The tables say which blobs belong to the library.
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
from stores.core.former_names import current_blob, current_stage, former_blob, former_stage
from stores.core.records import Blob, StageKey
from stores.files.objects import ObjectFiles, modified
from stores.sql.faults import storage_faults

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_TEMPORARY = ".part-"


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A file under the root. ``size`` in bytes; ``modified``: seconds since the epoch, 0.0 where that is unknown.

    ``key`` and ``name`` are the current ones, also of a file with former names, unless there is one with each.
    """

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
        """Writes blobs, each atomically and durably.

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
            StoreError: LIBRARY_DAMAGED if it is missing, BLOB_STORE_UNREACHABLE.
        """
        data = self._read(self._path(key, name))
        if data is None and (former := self._former_path(key, name)):
            data = self._read(former)
        if data is None:
            message = f"The file {self.uri(key, name)} of the library is missing."
            hint = "Run `kinodex verify --repair`, then `kinodex ingest` on the video."
            raise StoreError("LIBRARY_DAMAGED", message, hint)
        return data

    def exists(self, key: StageKey, name: str) -> bool:
        """Whether the blob exists.

        Raises:
            StoreError: BLOB_STORE_UNREACHABLE.
        """
        former = self._former_path(key, name)
        return self._is_there(self._path(key, name)) or bool(former and self._is_there(former))

    def uri(self, key: StageKey, name: str) -> str:
        """The blob's absolute path, or the URL of the object."""
        path = self._path(key, name)
        former = self._former_path(key, name)
        if former and self._is_there(former) and not self._is_there(path):
            path = former
        return path if self._objects is None else self._objects.uri(path)

    def stored(self) -> Iterator[StoredBlob]:
        """Every file under the root, including remains of interrupted writes, each with its current key and name.

        Raises:
            StoreError: BLOB_STORE_UNREACHABLE.
        """
        if self._objects is not None:
            found = self._objects.found(self._root)
        else:
            found = LocalFileSystem().find(self._root, detail=True)
        for path, details in found.items():
            parts = path[len(self._root) :].strip("/").split("/")
            if len(parts) != 4:
                continue
            video_id, stage, fingerprint, name = parts
            now = current_stage(stage), current_blob(name)
            if now != (stage, name) and f"{self._root}/{video_id}/{now[0]}/{fingerprint}/{now[1]}" not in found:
                # If the blob was written again under its current name, the old file is an orphan and keeps its own.
                stage, name = now
            yield StoredBlob(StageKey(video_id, stage, fingerprint), name, int(details["size"]), modified(details))

    def delete(self, key: StageKey, name: str) -> None:
        """Removes one file that `stored` named, and folders left empty; no error if it does not exist."""
        self._delete(f"{self._folder(key)}/{name}")
        former = f"{self._folder(_former_key(key))}/{former_blob(name)}"
        if former != f"{self._folder(key)}/{name}":
            self._delete(former)

    def _delete(self, path: str) -> None:
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

    def _read(self, path: str) -> bytes | None:
        if self._objects is not None:
            return self._objects.read(path)
        try:
            return Path(path).read_bytes()
        except FileNotFoundError:
            return None

    def _is_there(self, path: str) -> bool:
        return Path(path).exists() if self._objects is None else self._objects.exists(path)

    def _former_path(self, key: StageKey, name: str) -> str:
        """Where an earlier version stored the blob; "" if that is where it is stored now."""
        former = self._path(_former_key(key), former_blob(name))
        return "" if former == self._path(key, name) else former

    def _folder(self, key: StageKey) -> str:
        for part in (key.video_id, key.stage, key.fingerprint):
            if not _PART.fullmatch(part):
                raise ValueError(f"cannot be part of a blob's key: {part!r}")
        return f"{self._root}/{key.video_id}/{key.stage}/{key.fingerprint}"

    def _path(self, key: StageKey, name: str) -> str:
        if not _PART.fullmatch(name):
            raise ValueError(f"not a blob's name: {name!r}")
        return f"{self._folder(key)}/{name}"


def _former_key(key: StageKey) -> StageKey:
    return StageKey(key.video_id, former_stage(key.stage), key.fingerprint)


def write_whole(target: Path, data: bytes) -> None:
    """Writes a file atomically: a temporary file beside it, fsync, rename."""
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
    """Makes renames and new files in ``folder`` durable (fsync)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
