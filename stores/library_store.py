"""The library: one folder, one door to all that is stored in it.

kinodex-library/
├── library.json      version of this layout
├── kinodex.sqlite3   the tables: the truth
├── vectors/          Chroma: can be rebuilt
├── blobs/            video_id/stage/fingerprint/name
├── staging/          parcels on their way from workers to the writer
└── writer.lock       held while something is written
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sqlalchemy import Engine

from stores.blobs import BlobStore, write_whole
from stores.catalog import Catalog
from stores.commit import Replaced, check_output, replace_rows
from stores.database import open_database, reading
from stores.errors import StoreError
from stores.faults import storage_faults
from stores.fulltext import FullText
from stores.ledger import Attempt, Ledger
from stores.memory import VideoMemory
from stores.records import Receipt, StageOutput
from stores.runs import RunLog
from stores.taglibrary import TagLibrary
from stores.vectors import VectorStore
from stores.writer_lock import writer_lock

FORMAT = 1
"""Version of the folder's layout; the database has its own (`stores.database.HEAD`)."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What `LibraryStore.sweep` removed."""

    blobs: int
    vectors: int
    staged: int


class LibraryStore:
    """An opened library. Use `open`, and as a context manager; safe to use from several threads.

    Attributes:
        root: its folder, absolute.
        staging: folder for parcels.
        ledger, catalog, fulltext, vectors, blobs, tags, runs: the stores in it.
    """

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root = root
        self.staging = root / "staging"
        self._engine = engine
        self._writing = 0
        self.ledger = Ledger(engine)
        self.catalog = Catalog(engine)
        self.fulltext = FullText(engine)
        self.blobs = BlobStore(root / "blobs")
        self.vectors = VectorStore(root / "vectors", self.catalog.shown_vectors, self.catalog.revision)
        self.tags = TagLibrary(engine)
        self.runs = RunLog(engine)

    @classmethod
    def open(cls, root: Path | str, create: bool = False) -> LibraryStore:
        """Opens the library in the folder ``root``.

        Args:
            create: make it if it is not there.

        Raises:
            StoreError: LIBRARY_MISSING, LIBRARY_READ_ONLY, LIBRARY_VERSION if a newer Kinodex wrote it,
                LIBRARY_DAMAGED or DISK_FULL.
        """
        root = Path(root).expanduser().absolute()
        mark = root / "library.json"
        with storage_faults(f"The library {root}"):
            if mark.is_file():
                _check_format(mark)
            elif not create:
                message = f"There is no Kinodex library at {root}."
                raise StoreError("LIBRARY_MISSING", message, "Run `kinodex ingest` on your videos to make one.")
            elif root.exists() and not root.is_dir():
                raise StoreError("LIBRARY_MISSING", f"{root} is a file; a library is a folder.", "Choose another path.")
            for folder in (root, root / "staging"):
                folder.mkdir(parents=True, exist_ok=True)
            if not os.access(root, os.W_OK):
                message = f"The library {root} cannot be written."
                raise StoreError(
                    "LIBRARY_READ_ONLY", message, "Make the folder writable: even reading takes locks in it."
                )
            engine = open_database(f"sqlite:///{root / 'kinodex.sqlite3'}")
            if not mark.is_file():
                # Last, so that a library that was made by halves is made again.
                write_whole(mark, json.dumps({"kinodex_library": FORMAT}).encode())
        return cls(root, engine)

    def close(self) -> None:
        """Releases the files. Using the library afterwards is an error."""
        self.vectors.close()
        self._engine.dispose()

    def __enter__(self) -> LibraryStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def writer(self) -> Iterator[None]:
        """Makes this the only process that writes; may be nested.

        Raises:
            StoreError: LIBRARY_LOCKED if another process writes.
        """
        if not self._writing:
            with writer_lock(self.root / "writer.lock"):
                self._writing += 1
                try:
                    yield
                finally:
                    self._writing -= 1
        else:
            yield

    def commit(self, attempt: Attempt, output: StageOutput) -> Receipt:
        """Stores what a stage found and ends the attempt: readers see all of it, or still the old.

        Blobs, then vectors, then one SQL transaction with the rows and the word *done*, guarded by the
        attempt's number. What is left over from before is removed afterwards; if that fails, `sweep` does it.

        Raises:
            ValueError: if the output contradicts itself or the video (`stores.commit.check_output`).
            StoreError: STALE_ATTEMPT, DISK_FULL, LIBRARY_READ_ONLY, VECTOR_STORE_FAILED.
        """
        with reading(self._engine) as connection:
            self.ledger.current(connection, attempt)
            check_output(connection, attempt.key, output)
        self.blobs.put(attempt.key, *output.blobs)
        if output.vectors:
            self.vectors.upsert(output.vectors, attempt.key)
        receipt, replaced = replace_rows(self._engine, self.ledger, attempt, output)
        self._remove(replaced)
        return receipt

    def memory(self, video_id: str) -> VideoMemory:
        """What is known of one video."""
        return VideoMemory(self.catalog, self.blobs, video_id)

    def thumbnail_uri(self, video_id: str, name: str) -> str:
        """Where the thumbnail of that name lies; "" if the video has none."""
        key, names = self.catalog.blobs(video_id, "thumbnails")
        return self.blobs.uri(key, name) if key is not None and name in names else ""

    def sweep(self) -> Swept:
        """Removes blobs, vectors and parcels that nothing done points at: leavings of crashes.

        Raises:
            StoreError: LIBRARY_LOCKED if another process writes.
        """
        with self.writer():
            kept = self.catalog.shown_blobs()
            orphans = [item for item in self.blobs.stored() if item not in kept]
            for key, name in orphans:
                self.blobs.delete(key, name)
            vectors = 0
            for collection, stored in self.vectors.stored():
                shown = self.catalog.shown_vectors(collection)
                hidden = [vector_id for vector_id in stored if vector_id not in shown]
                self.vectors.delete(collection, hidden)
                vectors += len(hidden)
            staged = [path for path in self.staging.rglob("*") if path.is_file()]
            for path in staged:
                path.unlink(missing_ok=True)
        return Swept(len(orphans), vectors, len(staged))

    def _remove(self, replaced: Replaced) -> None:
        try:
            for collection, vector_ids in replaced.vectors.items():
                self.vectors.delete(collection, vector_ids)
            for key, name in replaced.blobs:
                self.blobs.delete(key, name)
        except StoreError as error:
            _LOG.warning("Leftovers stay until the next sweep: %s", error)


def _check_format(mark: Path) -> None:
    version: object = None
    with suppress(ValueError, AttributeError):
        version = json.loads(mark.read_text(encoding="utf-8")).get("kinodex_library")
    if not isinstance(version, int):
        raise StoreError("LIBRARY_DAMAGED", f"{mark} does not say which library this is.", "Restore it from a backup.")
    if version > FORMAT:
        message = f"The library {mark.parent} has format {version}; this Kinodex knows only up to {FORMAT}."
        raise StoreError("LIBRARY_VERSION", message, "Update Kinodex.")
