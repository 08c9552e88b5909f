"""One writer a library: locks that die with the process that holds them.

A file lock keeps out the processes of this machine, and of those that share the folder. A library in
Postgres also takes a lock of the server, held by a connection of its own, for the machines that do not.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from stores.core.errors import StoreError
from stores.sql.faults import storage_faults
from stores.sql.postgres import key_of, process_name

_TAKE = text(f"SELECT pg_try_advisory_lock({key_of('writer')})")
_GIVE_UP = text(f"SELECT pg_advisory_unlock({key_of('writer')})")
_NAME = text("SELECT set_config('application_name', :name, false)")
_HOLDER = text(
    "SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'a local socket') AS address "
    "FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid "
    f"CROSS JOIN (SELECT {key_of('writer')} AS key) AS k "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (l.classid::bigint << 32 | l.objid::bigint) = k.key"
)
_HINT = "Wait for it to end; searching and asking work meanwhile."
_ENDING_SECONDS = 2.0


@contextmanager
def writer_lock(path: Path, engine: Engine | None = None) -> Iterator[Callable[[], None]]:
    """Holds the lock file ``path`` for the block, the holder's process id stands in it; and the lock of a Postgres.

    Yields:
        A check to call before each use: it takes the server's lock again if the connection that held it was lost.
        Raises LIBRARY_LOCKED if another process was faster, DATABASE_UNREACHABLE while the server is away.

    Raises:
        StoreError: LIBRARY_LOCKED if another process (or another opened library in this one) holds it.
    """
    with _file_lock(path):
        if engine is None or engine.dialect.name != "postgresql":
            yield lambda: None
            return
        lock = _ServerLock(engine, path.parent)
        try:
            lock.ensure()
            yield lock.ensure
        finally:
            lock.release()


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with storage_faults(f"The lock {path}"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            who = f"process {holder}" if holder else "another process"
            message = f"The library {path.parent} is being written by {who}."
            raise StoreError("LIBRARY_LOCKED", message, _HINT) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


class _ServerLock:
    """An advisory lock of a Postgres session, which the server gives up when the session ends."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self._engine = engine
        self._root = root
        self._name = f"{process_name()} writer {secrets.token_hex(3)}"[:63]
        self._connection: Connection | None = None
        self._guard = threading.Lock()

    def ensure(self) -> None:
        with self._guard, storage_faults(f"The library's database {self._engine.url.host or ''}".rstrip()):
            if self._connection is not None:
                with suppress(DBAPIError):
                    self._connection.execute(text("SELECT 1"))
                    return
                self._drop()
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection = connection
            try:
                # Out of the pool: there it would keep the lock after it is closed.
                connection.detach()
                connection.execute(_NAME, {"name": self._name})
                self._take(connection)
            except BaseException:
                self._drop()
                raise

    def release(self) -> None:
        with self._guard:
            if self._connection is not None:
                # Closing alone is not enough: the server ends the session, and with it the lock, a moment later.
                with suppress(DBAPIError):
                    self._connection.execute(_GIVE_UP)
            self._drop()

    def _take(self, connection: Connection) -> None:
        deadline = time.monotonic() + _ENDING_SECONDS
        while not connection.execute(_TAKE).scalar_one():
            holder = connection.execute(_HOLDER).first()
            if holder is None and time.monotonic() < deadline:
                # It was given up between the two questions.
                continue
            if holder is not None and holder.application_name == self._name and time.monotonic() < deadline:
                # Our own lost connection, which the server has not noticed yet.
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": holder.pid})
                time.sleep(0.05)
                continue
            who = "another process"
            if holder is not None:
                name = holder.application_name or "a process without a name"
                who = f"{name} (database session {holder.pid} from {holder.address})"
            raise StoreError("LIBRARY_LOCKED", f"The library {self._root} is being written by {who}.", _HINT)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError):
                connection.close()
