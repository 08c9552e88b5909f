"""One writer a library: a lock that dies with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stores.errors import StoreError
from stores.faults import storage_faults


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Holds the lock file ``path`` for the block; the holder's process id stands in it.

    Raises:
        StoreError: LIBRARY_LOCKED if another process (or another opened library in this one) holds it.
    """
    with storage_faults(f"The lock {path}"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            who = f"process {holder}" if holder else "another process"
            message = f"The library {path.parent} is being written by {who}."
            hint = "Wait for it to end; searching and asking work meanwhile."
            raise StoreError("LIBRARY_LOCKED", message, hint) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)
