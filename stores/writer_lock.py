"""The two locks of a library, which die with the process that holds them.

The *writer lock* is held while something is written, for moments. The *job lock* is held by what works on the library
for long: an ingest, a sweep, a rebuild. It keeps two of them apart, while others may still write a tag or a review.

A file lock keeps out the processes of this machine, and of those that share the folder. A library in
Postgres also takes a lock of the server, held by a connection of its own, for the machines that do not.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from stores.core.errors import StoreError
from stores.sql.faults import storage_faults
from stores.sql.postgres import key_of, process_name

WAIT_SECONDS = 30.0
"""How long a writer waits for another one. Source: our choice: a write takes moments, also one of 100,000 tags."""

COMMIT_WAIT_SECONDS = 300.0
"""How long the commit of a stage waits for another writer: hours of work may rest on it. Source: our choice."""

_NAME = text("SELECT set_config('application_name', :name, false)")
_HINT = "Wait for it to end; searching and asking work meanwhile."
_ENDING_SECONDS = 2.0
_PAUSE = 0.02


class Locks:
    """Both locks of one opened library.

    Attributes:
        writer: any number of threads may hold it at the same time; others wait for it.
        job: held by one thread, as often as it likes; others are refused at once.
    """

    def __init__(self, root: Path, engine: Engine) -> None:
        server = _ServerLocks(engine, root) if engine.dialect.name == "postgresql" else None
        self.writer = Lock("writer", root, server)
        self.job = Lock("job", root, server, one_thread=True)


class Lock:
    """One of the locks: taken by the first thread of this process that enters, given up by the last one that leaves.

    Args:
        name: of the lock file ``<name>.lock``, in which the holder's process id stands, and of the server's lock.
        root: the library's folder.
        server: the locks of the database server, if the tables are in one.
        one_thread: refuse other threads, too.
    """

    def __init__(self, name: str, root: Path, server: _ServerLocks | None, one_thread: bool = False) -> None:
        self._name = name
        self._root = root
        self._file = _FileLock(root / f"{name}.lock")
        self._server = server
        self._one_thread = one_thread
        self._changing = threading.Lock()
        self._inside = 0
        self._owner = 0

    @contextmanager
    def held(self, wait_seconds: float = 0.0) -> Iterator[None]:
        """Holds the lock for the block; may be nested.

        A server's lock whose connection was lost is taken again, also if this thread is not the first one inside.

        Raises:
            StoreError: LIBRARY_LOCKED if another process (or another opened library in this one) still holds it after
                ``wait_seconds``; DATABASE_UNREACHABLE while the server is away.
        """
        until = time.monotonic() + wait_seconds
        with self._changing:
            self._enter(until)
        try:
            yield
        finally:
            with self._changing:
                self._leave()

    def _enter(self, until: float) -> None:
        if self._inside and self._one_thread and self._owner != threading.get_ident():
            raise _locked(self._root, f"process {os.getpid()}")
        if self._inside:
            if self._server is not None:
                self._server.ensure(until)
        else:
            self._file.take(until)
            try:
                if self._server is not None:
                    self._server.take(self._name, until)
            except BaseException:
                self._file.give_up()
                raise
            self._owner = threading.get_ident()
        self._inside += 1

    def _leave(self) -> None:
        self._inside -= 1
        if not self._inside:
            try:
                if self._server is not None:
                    self._server.give_up(self._name)
            finally:
                self._file.give_up()


class _FileLock:
    # Not filelock's: that one neither leaves the holder's process id in the file nor tells it.

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self, until: float) -> None:
        with storage_faults(f"The lock {self._path}"):
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() >= until:
                        holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
                        who = f"process {holder}" if holder else "another process"
                        raise _locked(self._path.parent, who) from error
                time.sleep(_PAUSE)
            with storage_faults(f"The lock {self._path}"):
                os.ftruncate(handle, 0)
                os.pwrite(handle, str(os.getpid()).encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle

    def give_up(self) -> None:
        handle, self._handle = self._handle, None
        if handle is None:
            return
        with suppress(OSError):
            os.ftruncate(handle, 0)
        # Closing alone would not do: a child process that was forked meanwhile has the file open, too.
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


class _ServerLocks:
    """Advisory locks of one Postgres session, which the server gives up when the session ends."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self._engine = engine
        self._root = root
        self._name = f"{process_name()} writer {secrets.token_hex(3)}"[:63]
        self._connection: Connection | None = None
        self._held: list[str] = []
        self._guard = threading.Lock()

    def take(self, name: str, until: float) -> None:
        """Takes a lock; the first one opens the connection."""
        with self._guard, self._faults():
            connection = self._connected(until)
            try:
                self._take(connection, name, until)
                self._held.append(name)
            finally:
                if not self._held:
                    self._drop()

    def ensure(self, until: float) -> None:
        """Takes again what was held by a connection that was lost."""
        with self._guard, self._faults():
            self._connected(until)

    def give_up(self, name: str) -> None:
        with self._guard:
            self._held.remove(name)
            if self._connection is not None:
                # Closing alone is not enough: the server ends the session, and with it the lock, a moment later.
                with suppress(DBAPIError):
                    self._connection.execute(text(f"SELECT pg_advisory_unlock({key_of(name)})"))
            if not self._held:
                self._drop()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        with storage_faults(f"The library's database {self._engine.url.host or ''}".rstrip()):
            yield

    def _connected(self, until: float) -> Connection:
        if self._connection is not None:
            with suppress(DBAPIError):
                self._connection.execute(text("SELECT 1"))
                return self._connection
            self._drop()
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection = connection
        try:
            # Out of the pool: there it would keep the locks after it is closed.
            connection.detach()
            connection.execute(_NAME, {"name": self._name})
            for name in self._held:
                self._take(connection, name, until)
        except BaseException:
            self._drop()
            raise
        return connection

    def _take(self, connection: Connection, name: str, until: float) -> None:
        ending = time.monotonic() + _ENDING_SECONDS
        take, who_holds = text(f"SELECT pg_try_advisory_lock({key_of(name)})"), text(_holder(name))
        while not connection.execute(take).scalar_one():
            holder = connection.execute(who_holds).first()
            if holder is None and time.monotonic() < ending:
                # It was given up between the two questions.
                continue
            if holder is not None and holder.application_name == self._name and time.monotonic() < ending:
                # Our own lost connection, which the server has not noticed yet.
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": holder.pid})
                time.sleep(0.05)
                continue
            if time.monotonic() < until:
                time.sleep(_PAUSE)
                continue
            who = "another process"
            if holder is not None:
                called = holder.application_name or "a process without a name"
                who = f"{called} (database session {holder.pid} from {holder.address})"
            raise _locked(self._root, who)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError):
                connection.close()


def _holder(name: str) -> str:
    return (
        "SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'a local socket') AS address "
        "FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid "
        f"CROSS JOIN (SELECT {key_of(name)} AS key) AS k "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
        "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND (l.classid::bigint << 32 | l.objid::bigint) = k.key"
    )


def _locked(root: Path, who: str) -> StoreError:
    return StoreError("LIBRARY_LOCKED", f"The library {root} is being written by {who}.", _HINT)
