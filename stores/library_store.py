"""The library: one folder, and one class through which everything in it is read and written.

kinodex-library/
├── library.json        version of this layout, and where the parts are that are not in the folder
├── kinodex.sqlite3     the tables: the source of truth
├── vectors/            Chroma: can be rebuilt
├── blobs/              video_id/stage/fingerprint/name
├── frame_hashes.index which videos have like pictures: can be rebuilt
├── checkpoints/        answers in the making, until they are finished
├── playback/           what was made of videos for players: can be made again
├── exports/            files that export jobs made, for some days; with the blobs where these are in an object store
├── training/           data and states of networks in training on Ray: can be removed
├── staging/            staged outputs on their way from workers to the writer
├── writer.lock         held while something is written, for moments
├── writer.next         held by who waits for it and comes next
└── job.lock            held by an ingest and the like, for as long as it runs

Tables, vectors and blobs may be on servers instead (`stores.core.places`). Then several machines can work on one
library, each with a folder of its own for the rest.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sqlalchemy import URL, Engine

from stores import writer_lock
from stores.access.store import AccessStore
from stores.catalog import Catalog
from stores.commit import Replaced, check_output, replace_rows, with_kept_vectors
from stores.core.errors import StoreError, UsageError
from stores.core.places import Places
from stores.core.records import Receipt, StageOutput
from stores.corrections.store import Corrections
from stores.files.blobs import BlobStore
from stores.files.derived import DerivedFiles
from stores.files.export_files import ExportFiles
from stores.files.staging_area import StagingArea
from stores.identity import check_library_file, identify, write_library_file
from stores.jobs.job_ledger import JobLedger
from stores.jobs.store import JobStore
from stores.ledger import MAX_ATTEMPTS, Attempt, Ledger
from stores.people.reading import People
from stores.runs import RunLog
from stores.sql.database import reading
from stores.sql.faults import storage_faults
from stores.sql.fulltext import FullText
from stores.sql.opening import MAKE_ONE, open_database
from stores.tags.batches.runs import TagRuns
from stores.tags.library import TagLibrary
from stores.tags.listing import TagListing
from stores.tags.rankers import RankerStore
from stores.tags.recall.clicks import ClickStore
from stores.tags.recall.products import ProductStore
from stores.tags.recall.search_log import SearchLog
from stores.tags.review import ReviewStore
from stores.tags.vectors import KeptTagVectors
from stores.tags.vocabulary.editing import TagEditor
from stores.tags.vocabulary.proposals import ProposalStore
from stores.threads.checkpoint_files import CheckpointFiles
from stores.threads.records import Lease
from stores.threads.store import ThreadStore
from stores.threads.turn_ledger import TurnLedger
from stores.vectors.rows import VectorRows
from stores.vectors.store import VectorStore
from stores.video_memory import VideoMemory
from stores.writer_lock import Locks

if TYPE_CHECKING:
    from stores.query.guarded_sql import GuardedSql

EVERYTHING_HERE = Places()
"""Nothing outside the library's folder."""

_LOG = logging.getLogger(__name__)


class LibraryStore:
    """An opened library. Use `open`, and as a context manager; safe to use from several threads.

    Attributes:
        root: its folder, absolute.
        places: where its parts are.
        staging: folder for staged outputs, if they are not in an object store (`staging_area`).
        ledger, catalog, fulltext, vectors, blobs, tags, tag_vectors, tag_runs, runs, threads, turns: the stores in it.
        rankers: what was learned from what people decided about tags.
        tag_listing, tag_editor, reviews: tags page by page, changing them, and what people decide about them.
        proposals: what no tag covers.
        products, clicks: what videos are sold with, and which searches led to them; search_log notes those.
        jobs, job_ledger: likewise, for those who order jobs and for the workers that do them.
        people: whose faces are seen.
        checkpoints: the files of turns in flight on this machine.
        access: who may use it, and who sees what.
        derived: what was made of videos for players, on this machine.
        exports: files that export jobs made.
        query: its door for SQL.
    """

    def __init__(
        self, root: Path, engine: Engine, places: Places, blobs: BlobStore, library_id: str, max_attempts: int
    ) -> None:
        self.root = root
        self.library_id = library_id
        self.places = places
        self.staging = root / "staging"
        self._engine = engine
        self._locks = Locks(root, engine)
        self.ledger = Ledger(engine, max_attempts)
        self.catalog = Catalog(engine)
        self.fulltext = FullText(engine)
        self.blobs = blobs
        self.staging_area = StagingArea(self.staging, blobs.objects)
        self.vectors = VectorStore(
            places.vectors or root / "vectors",
            VectorRows(engine),
            self.catalog.revision,
            f"kinodex-{library_id}",
        )
        self.derived = DerivedFiles(root / "playback")
        self.exports = ExportFiles(root / "exports", blobs.objects)
        self.tags = TagLibrary(engine)
        self.corrections = Corrections(engine)
        self.tag_vectors = KeptTagVectors(engine)
        self.tag_runs = TagRuns(engine)
        self.people = People(engine)
        self.rankers = RankerStore(engine)
        self.runs = RunLog(engine)
        self.checkpoints = CheckpointFiles(root)
        self.threads = ThreadStore(engine, self.checkpoints)
        self.turns = TurnLedger(engine, self.checkpoints)
        self.access = AccessStore(engine)
        self.tag_listing = TagListing(engine)
        self.tag_editor = TagEditor(engine)
        self.proposals = ProposalStore(engine)
        self.reviews = ReviewStore(engine)
        self.products = ProductStore(engine)
        self.clicks = ClickStore(engine)
        self.search_log = SearchLog(self.clicks)
        self.jobs = JobStore(engine)
        self.job_ledger = JobLedger(engine)

    @classmethod
    def open(
        cls, root: Path | str, create: bool = False, places: Places = EVERYTHING_HERE, max_attempts: int = MAX_ATTEMPTS
    ) -> LibraryStore:
        """Opens the library in the folder ``root``.

        If its tables are in a database server, ``root`` is only this machine's folder for locks, staging and everything
        that is not on a server; it is created if it is missing.

        Args:
            create: create the library if it does not exist.
            places: where its parts are; the same every time.
            max_attempts: strikes after which the ledger quarantines a stage of a video.

        Raises:
            StoreError: LIBRARY_MISSING, LIBRARY_READ_ONLY, LIBRARY_VERSION if a newer Kinodex wrote it,
                LIBRARY_DAMAGED, DISK_FULL, DATABASE_UNREACHABLE or BLOB_STORE_UNREACHABLE.
            UsageError: SETTINGS_INVALID if the library has its parts in other places, or a server refuses access.
        """
        root = Path(root).expanduser().absolute()
        library_file = root / "library.json"
        with storage_faults(f"The library {root}"):
            if library_file.is_file():
                check_library_file(library_file, places)
            elif not create and not places.database:
                raise StoreError("LIBRARY_MISSING", f"There is no Kinodex library at {root}.", MAKE_ONE)
            elif root.exists() and not root.is_dir():
                raise StoreError("LIBRARY_MISSING", f"{root} is a file; a library is a folder.", "Choose another path.")
            elif places.database and (root / "kinodex.sqlite3").exists():
                # A library whose library.json is missing: its tables must not be ignored silently.
                message = f"{root} has tables of its own, and the settings name a database elsewhere."
                raise UsageError("SETTINGS_INVALID", message, "Choose another --library.")
            if not places.database:
                _make_folders(root)
            engine = _open_tables(root, places, create and not library_file.is_file())
            blobs = None
            try:
                _make_folders(root)
                blobs = BlobStore(places.blobs or root / "blobs", places.blob_options)
                library_id = identify(engine, places, blobs.objects)
                if not library_file.is_file():
                    # Last, so that a library whose creation was interrupted is created again.
                    write_library_file(library_file, places)
            except BaseException:
                if blobs is not None:
                    blobs.close()
                engine.dispose()
                raise
        return cls(root, engine, places, blobs, library_id, max_attempts)

    def check_folder(self) -> None:
        """Notices that the library's folder was moved or removed: what is open of it would be written to nowhere.

        Raises:
            StoreError: LIBRARY_MISSING.
        """
        if not self.root.is_dir():
            message = f"The folder {self.root} of the library is no longer there."
            raise StoreError("LIBRARY_MISSING", message, "Bring it back, or start again with --library.")

    def close(self) -> None:
        """Closes all files and connections. Using the library afterwards is an error."""
        self.vectors.close()
        self.blobs.close()
        self._engine.dispose()

    def __enter__(self) -> LibraryStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """The database, for the other modules of `stores`."""
        return self._engine

    @cached_property
    def query(self) -> GuardedSql:
        """The library in SQL, for reading."""
        # Imported late: the parser takes a tenth of a second, and most commands ask nothing in SQL.
        from stores.query.guarded_sql import GuardedSql

        return GuardedSql(self._engine)

    @contextmanager
    def writer(self, wait_seconds: float | None = None) -> Iterator[None]:
        """Makes this the only process that writes. Hold it for moments: compute or download nothing inside.

        Reentrant, and threads of this process may be inside at the same time; the last one to leave releases the lock.
        To hold both locks, enter `job` first.

        Args:
            wait_seconds: how long to wait for another writer; None for `stores.writer_lock.WAIT_SECONDS`.

        Raises:
            StoreError: LIBRARY_LOCKED if another process still writes then; with a database server also
                DATABASE_UNREACHABLE.
        """
        with self._locks.writer.acquired(writer_lock.WAIT_SECONDS if wait_seconds is None else wait_seconds):
            yield

    def begin_turn(self, thread_id: str, question: str, wait_seconds: float = 0.0, key_id: str = "") -> Lease:
        """A new turn of a conversation, to be answered at once. It needs no model and no graph, so nobody waits for it.

        Args:
            key_id: the API key that it is asked with, which may see less than the owner of the thread.

        Raises:
            As `stores.threads.turn_ledger.TurnLedger.begin`: UNKNOWN_THREAD, THREAD_BUSY.
        """
        seen_as = self.access.seen_as(self.threads.get(thread_id).owner, key_id)
        return self.turns.begin(thread_id, question, wait_seconds, key_id, seen_as)

    @contextmanager
    def job(self) -> Iterator[None]:
        """Makes this the only job on the library: an ingest, describe, sweep, rebuild or another one that must not run
        at the same time. Tags and reviews can be written meanwhile. Reentrant in one thread; it never waits.

        Raises:
            StoreError: LIBRARY_LOCKED if another process, or another thread, has a job; with a database server also
                DATABASE_UNREACHABLE.
        """
        with self._locks.job.acquired():
            yield

    def commit(self, attempt: Attempt, output: StageOutput) -> Receipt:
        """Stores the output of a stage and ends the attempt. It is atomic: readers see all of it, or still the old one.

        Blobs, then vectors, then one SQL transaction with the rows and the status *done*, guarded by the
        attempt's number. What it replaces is removed afterwards; if that fails, the next
        `stores.maintenance.sweeping.sweep` removes it.
        Only `job` keeps a sweep from removing what is not committed yet.
        An attempt that is done already returns its receipt again: the answer to the first commit was lost.

        Raises:
            ValueError: if the output contradicts itself or the video (`stores.commit.check_output`).
            StoreError: STALE_ATTEMPT, DISK_FULL, LIBRARY_READ_ONLY, LIBRARY_LOCKED, VECTOR_STORE_FAILED.
        """
        output = with_kept_vectors(output)
        # Entering also acquires locks again that were lost while a server was away.
        with self.writer(writer_lock.COMMIT_WAIT_SECONDS):
            with reading(self._engine) as connection:
                ended = self.ledger.current(connection, attempt)
                if ended is not None:
                    return ended
                check_output(connection, attempt.key, output)
            self.blobs.put(attempt.key, *output.blobs)
            if output.vectors:
                self.vectors.upsert(output.vectors, attempt.key)
            receipt, replaced = replace_rows(self._engine, self.ledger, attempt, output)
            self.discard(replaced)
        return receipt

    def memory(self, video_id: str) -> VideoMemory:
        """The stored results of one video."""
        return VideoMemory(self.catalog, self.blobs, video_id)

    def discard(self, replaced: Replaced) -> None:
        """Removes what nothing points at any more; what cannot be removed now is left to the next sweep."""
        try:
            for collection, vector_ids in replaced.vectors.items():
                self.vectors.delete(collection, vector_ids)
            for key, name in replaced.blobs:
                self.blobs.delete(key, name)
        except StoreError as error:
            _LOG.warning("Replaced blobs and vectors stay until the next sweep: %s", error)


def _open_tables(root: Path, places: Places, create: bool) -> Engine:
    try:
        # The name of the folder may contain characters with a meaning in URLs.
        return open_database(places.database or URL.create("sqlite", database=str(root / "kinodex.sqlite3")), create)
    except StoreError as error:
        if error.code.name != "LIBRARY_MISSING" or not (root / "library.json").is_file():
            raise
        message = f"The library {root} has lost its tables: {error.message}"
        raise StoreError("LIBRARY_DAMAGED", message, "Restore the database from a backup.") from error


def _make_folders(root: Path) -> None:
    try:
        str(root).encode()
    except UnicodeEncodeError:
        # Chroma accepts only UTF-8 paths.
        message = f"The name of the folder {os.fsencode(root)!r} is not UTF-8: no library can be kept there."
        raise UsageError("USAGE", message, "Rename the folder, or choose another with --library.") from None
    for folder in (root, root / "staging"):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(root, os.W_OK):
        message = f"The library {root} cannot be written."
        raise StoreError("LIBRARY_READ_ONLY", message, "Make the folder writable: even reading needs lock files in it.")
