"""The two locks of a library, which are released when the process that holds them ends.

The *writer lock* is held for the moments in which something is written. The *job lock* is held by long jobs: an
ingest, a sweep, a rebuild. Only one job runs at a time, while others may still write a tag or a review.

Who waits for the writer lock comes next: a process that has just released it, or has more threads that want to enter,
lets that one go first. Else an ingest, which commits stage after stage, would keep a person's correction out for as
long as it runs. So it is among the processes of one machine.

A file lock excludes other processes of this machine and of machines that share the folder. A library in
Postgres also holds an advisory lock of the server, on a connection of its own, for all other machines.
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
"""How long a writer waits for another one. Source: our choice: even 100,000 tags are written in moments."""

COMMIT_WAIT_SECONDS = 300.0
"""How long the commit of a stage waits for another writer: hours of work may depend on it. Source: our choice."""

GIVE_WAY_SECONDS = 1.0
"""How long anybody waits for whose turn it is: a thread that lets another process go first while other threads of its
own process are inside, one of which may be waiting for it; a process behind one that was stopped while it waited. Then
they go for the lock itself: turns are for fairness, not safety. Source: our choice: writers are inside for moments."""

_NAME = text("SELECT set_config('application_name', :name, false)")
_HINT = "Wait for it to end; searching and asking work meanwhile."
_GRACE_SECONDS = 2.0
_PAUSE = 0.02


class Locks:
    """Both locks of one opened library.

    Attributes:
        writer: any number of threads may hold it at the same time; other processes wait for it.
        job: reentrant, held by one thread; others are refused at once.
    """

    def __init__(self, root: Path, engine: Engine) -> None:
        server = _ServerLocks(engine, root) if engine.dialect.name == "postgresql" else None
        self.writer = Lock("writer", root, server, fair=True)
        self.job = Lock("job", root, server, one_thread=True)


class Lock:
    """One of the locks: acquired by the first thread of this process that enters, released by the last one that leaves.

    Args:
        name: of the lock file ``<name>.lock``, which contains the holder's process id, and of the server's lock.
        root: the library's folder.
        server: the locks of the database server, if the tables are in one.
        one_thread: refuse other threads, too.
        fair: those who wait on this machine come one after the other.
    """

    def __init__(
        self, name: str, root: Path, server: _ServerLocks | None, one_thread: bool = False, fair: bool = False
    ) -> None:
        self._name = name
        self._root = root
        self._file = _FileLock(root / f"{name}.lock", _FileLock(root / f"{name}.next") if fair else None)
        self._threads = threading.local()
        self._server = server
        self._one_thread = one_thread
        self._changing = threading.Lock()
        self._inside = 0
        self._owner = 0

    @contextmanager
    def acquired(self, wait_seconds: float = 0.0) -> Iterator[None]:
        """Holds the lock for the block; may be nested.

        A server's lock whose connection was lost is acquired again, even if other threads hold this lock already.

        Raises:
            StoreError: LIBRARY_LOCKED if another process (or another opened library in this one) still holds it after
                ``wait_seconds``; DATABASE_UNREACHABLE while the server is away.
        """
        until = time.monotonic() + wait_seconds
        depth = getattr(self._threads, "depth", 0)
        if not depth:
            self._give_way(until)
        with self._changing:
            self._enter(until)
        self._threads.depth = depth + 1
        try:
            yield
        finally:
            self._threads.depth = depth
            with self._changing:
                self._leave()

    def _give_way(self, until: float) -> None:
        """Waits while another process waits for the threads of this one that are inside."""
        until = min(until, time.monotonic() + GIVE_WAY_SECONDS)
        while self._inside and self._file.awaited() and time.monotonic() < until:
            time.sleep(_PAUSE)

    def _enter(self, until: float) -> None:
        if self._inside and self._one_thread and self._owner != threading.get_ident():
            raise _locked(self._root, f"process {os.getpid()}")
        if self._inside:
            if self._server is not None:
                self._server.ensure(until)
        else:
            self._file.acquire(until)
            try:
                if self._server is not None:
                    self._server.acquire(self._name, until)
            except BaseException:
                self._file.release()
                raise
            self._owner = threading.get_ident()
        self._inside += 1

    def _leave(self) -> None:
        self._inside -= 1
        if not self._inside:
            try:
                if self._server is not None:
                    self._server.release(self._name)
            finally:
                self._file.release()


class _FileLock:
    # Not the package filelock: it does not write the holder's process id into the file.

    def __init__(self, path: Path, turn: _FileLock | None = None) -> None:
        self._path = path
        self._turn = turn
        self._handle: int | None = None

    def awaited(self) -> bool:
        """Whether another process waits to come next."""
        if self._turn is None:
            return False
        # A lock of its own: another thread of this process may be waiting, too.
        probe = _FileLock(self._turn._path)
        if not probe._tried(0.0):
            return True
        probe.release()
        return False

    def acquire(self, until: float) -> None:
        # Only who has its turn waits for the lock itself: a process that releases it comes after.
        in_turn = self._turn is not None and self._turn._tried(min(until, time.monotonic() + GIVE_WAY_SECONDS))
        try:
            self._acquire(until)
        finally:
            if self._turn is not None and in_turn:
                self._turn.release()

    def _tried(self, until: float) -> bool:
        try:
            self._acquire(until)
        except StoreError as error:
            if error.code.name != "LIBRARY_LOCKED":
                raise
            return False
        return True

    def _acquire(self, until: float) -> None:
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

    def release(self) -> None:
        handle, self._handle = self._handle, None
        if handle is None:
            return
        with suppress(OSError):
            os.ftruncate(handle, 0)
        # Closing is not enough: a child process forked meanwhile has the file open, too.
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


class _ServerLocks:
    """Advisory locks of one Postgres session, which the server releases when the session ends."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self._engine = engine
        self._root = root
        self._name = f"{process_name()} writer {secrets.token_hex(3)}"[:63]
        self._connection: Connection | None = None
        self._held: list[str] = []
        self._guard = threading.Lock()

    def acquire(self, name: str, until: float) -> None:
        """Acquires a lock; the first one opens the connection."""
        with self._guard, self._faults():
            connection = self._connected(until)
            try:
                self._acquire(connection, name, until)
                self._held.append(name)
            finally:
                if not self._held:
                    self._drop()

    def ensure(self, until: float) -> None:
        """Acquires again the locks of a connection that was lost."""
        with self._guard, self._faults():
            self._connected(until)

    def release(self, name: str) -> None:
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
            # Detached: a pooled connection would keep the locks after it is closed.
            connection.detach()
            connection.execute(_NAME, {"name": self._name})
            for name in self._held:
                self._acquire(connection, name, until)
        except BaseException:
            self._drop()
            raise
        return connection

    def _acquire(self, connection: Connection, name: str, until: float) -> None:
        grace = time.monotonic() + _GRACE_SECONDS
        acquire, who_holds = text(f"SELECT pg_try_advisory_lock({key_of(name)})"), text(_holder(name))
        while not connection.execute(acquire).scalar_one():
            holder = connection.execute(who_holds).first()
            if holder is None and time.monotonic() < grace:
                # It was released between the two queries.
                continue
            if holder is not None and holder.application_name == self._name and time.monotonic() < grace:
                # Our own lost connection, which the server has not noticed yet.
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": holder.pid})
                time.sleep(0.05)
                continue
            if time.monotonic() < until:
                time.sleep(_PAUSE)
                continue
            who = "another process"
            if holder is not None:
                application = holder.application_name or "a process without a name"
                who = f"{application} (database session {holder.pid} from {holder.address})"
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
