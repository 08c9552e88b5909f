"""Where workers leave staged outputs (`stores.core.staged_output`) for the one writer."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from stores.core.errors import StoreError
from stores.core.records import StageKey, StageOutput
from stores.core.staged_output import pack, unpack
from stores.files.blobs import write_whole
from stores.files.objects import ObjectFiles, modified
from stores.sql.faults import storage_faults

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\.npz")


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file in the staging area, complete or not. ``size`` in bytes; ``modified``: seconds since the epoch."""

    name: str
    size: int
    modified: float


class StagingArea:
    """The staged outputs of one library: in ``staging/`` of its folder, or with its blobs in an object store.

    With a folder, workers on other machines must share it; with an object store they need not.

    Args:
        folder: for staged outputs and their temporary files.
        objects: the object store of the blobs, if they are in one.
    """

    def __init__(self, folder: Path, objects: ObjectFiles | None = None) -> None:
        self._folder = folder
        self._objects = objects

    def write(self, key: StageKey, output: StageOutput, attempt: int = 0) -> str:
        """Writes a staged output atomically and returns its unique name.

        The name is ``video-stage-fingerprint-attempt-`` and a UUID.

        Raises:
            StoreError: DISK_FULL, LIBRARY_READ_ONLY or BLOB_STORE_UNREACHABLE.
        """
        name = f"{key.video_id}-{key.stage}-{key.fingerprint}-{attempt}-{uuid.uuid4().hex}.npz"
        data = pack(key, output)
        if self._objects is not None:
            self._objects.write(self._path(name), data)
            return name
        with storage_faults(f"Writing {self._path(name)}"):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._folder / name, data)
        return name

    def read(self, name: str) -> tuple[StageKey, StageOutput]:
        """The arguments of `write`.

        Raises:
            ValueError: if ``name`` is not the name of a staged output.
            StoreError: WORKER_LOST if it is missing or incomplete; BLOB_STORE_UNREACHABLE.
        """
        path = self._path(name)
        try:
            data = Path(path).read_bytes() if self._objects is None else self._objects.read(path)
            if data is None:
                raise FileNotFoundError("it does not exist")
            return unpack(data)
        except (OSError, ValueError) as error:
            message = f"The result that a worker left as {path} cannot be read: {error}."
            raise StoreError("WORKER_LOST", message, "Run the same command again.") from error

    def delete(self, name: str) -> None:
        """Removes a staged output; no error if it does not exist.

        Raises:
            ValueError: if ``name`` is not the name of a staged output.
            StoreError: LIBRARY_READ_ONLY or BLOB_STORE_UNREACHABLE.
        """
        self.remove(self._checked(name))

    def names(self) -> list[str]:
        """The names of all staged outputs, sorted.

        Raises:
            StoreError: BLOB_STORE_UNREACHABLE.
        """
        return sorted(file.name for file in self.files() if _NAME.fullmatch(file.name))

    def files(self) -> list[StagedFile]:
        """All files, including remains of interrupted writes, by name.

        Raises:
            StoreError: BLOB_STORE_UNREACHABLE.
        """
        if self._objects is not None:
            root = f"{self._objects.root}/staging"
            found = self._objects.found(root).items()
            return sorted(
                (StagedFile(path[len(root) + 1 :], int(about["size"]), modified(about)) for path, about in found),
                key=lambda file: file.name,
            )
        files = []
        for path in sorted(self._folder.rglob("*")):
            try:
                about = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                name = path.relative_to(self._folder).as_posix()
                files.append(StagedFile(name, about.st_size, about.st_mtime))
        return files

    def remove(self, name: str) -> None:
        """Removes one of `files`; no error if it does not exist.

        Raises:
            StoreError: LIBRARY_READ_ONLY or BLOB_STORE_UNREACHABLE.
        """
        if self._objects is not None:
            self._objects.delete(f"{self._objects.root}/staging/{name}")
            return
        with storage_faults(f"Deleting {name}"):
            (self._folder / name).unlink(missing_ok=True)

    def _path(self, name: str) -> str:
        self._checked(name)
        return str(self._folder / name) if self._objects is None else f"{self._objects.root}/staging/{name}"

    def _checked(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not the name of a staged output: {name!r}")
        return name
