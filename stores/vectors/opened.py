"""Chroma's client of one index, opened again whenever what it has read may be no longer what is stored.

An embedded client keeps what it reads of a collection in memory, and learns nothing of what other processes write: it
then fails on vectors that it does not know, or does not find them. Closing it is the only way to have it read again, so
nobody may be using it meanwhile.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from stores.core.errors import StoreError
from stores.vectors import generations
from stores.vectors.chroma import close_client, open_client

REOPEN_SECONDS = 1.0
"""How long a client is kept at least, though others write: large graphs are read again when it is opened. Where it
fails, it is opened again at once. Source: our choice: opening takes 10 ms, a graph of 100,000 vectors a second."""

_COUNTER = slice(24, 28)
"""Where SQLite counts the changes of a file without a write-ahead log. Source: sqlite.org/fileformat2.html, 1.3.10."""

_Written = tuple[int, int, int, bytes] | None

_Arguments = ParamSpec("_Arguments")
_Found = TypeVar("_Found")


class OpenedIndex:
    """The client of an index. Thread-safe.

    Args:
        path: folder of Chroma's persistent client, or the URL of a server.
        database: name of the library's own database, if ``path`` is a server.
        forget: called when another index is in place, of which nothing is known that was read before.
    """

    def __init__(self, path: Path | str, database: str, forget: Callable[[], None]) -> None:
        self._path, self._database, self._forget = path, database, forget
        self._client: Any = None
        self._retired: Any = None
        self._folder: Path | str = path
        self._lock = threading.RLock()
        self._changed = threading.Condition()
        self._users = 0
        self._writers = 0
        self._reopening = False
        self._known: _Written = None
        self._opened_at = 0.0
        self._failed = False
        self._depth = threading.local()

    @property
    def place(self) -> Path | str:
        """The folder of the index that counts, or the URL of a server."""
        return generations.current_folder(self._path) if isinstance(self._path, Path) else self._path

    def client(self, create: bool = False) -> Any:
        """The client; None if there is nothing yet and ``create`` is not set.

        Raises:
            StoreError: as `stores.vectors.chroma.chroma_faults`.
        """
        with self._lock:
            place = self.place
            if self._client is not None and place != self._folder:
                # Somebody, perhaps another process, has put a rebuilt index in place.
                self.retire()
            if self._client is None:
                self._client = open_client(place, self._database, create)
                self._folder = place
                # Opening it may write, and reads nothing of collections yet.
                self._known, self._opened_at = _written(place), time.monotonic()
            return self._client

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While the client is used; before, it is opened again if others have written."""
        with self._using(REOPEN_SECONDS):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While the client writes: upon what is stored, not upon what it once read."""
        with self._using(0.0):
            with self._changed:
                self._writers += 1
            try:
                yield
            finally:
                with self._changed:
                    self._writers -= 1
                    if not self._writers:
                        self._known = _written(self._folder)

    def failed(self, error: StoreError) -> bool:
        """Whether it is worth to try again what failed: the client may have read too early, and is opened again."""
        if not isinstance(self._path, Path) or error.code.name != "VECTOR_STORE_FAILED":
            return False
        self._failed = True
        return True

    def retire(self) -> None:
        """Forgets the client that is open, and what it read. Other threads may be using it still: it is closed when the
        next one is retired, or by `close`."""
        with self._lock:
            former, self._retired, self._client = self._retired, self._client, None
            self._forget()
            if former is not None:
                close_client(former)

    def close(self) -> None:
        """Releases Chroma's files; they are opened again when they are needed."""
        with self._lock:
            self.retire()
            self.retire()

    @contextmanager
    def _using(self, least: float) -> Iterator[None]:
        depth = getattr(self._depth, "n", 0)
        if not depth:
            self._enter(least)
        self._depth.n = depth + 1
        try:
            yield
        finally:
            self._depth.n = depth
            if not depth:
                with self._changed:
                    self._users -= 1
                    self._changed.notify_all()

    def _enter(self, least: float) -> None:
        with self._changed:
            while self._reopening:
                self._changed.wait()
            if self._is_old(least):
                self._reopening = True
                try:
                    while self._users:
                        self._changed.wait()
                    self._reopen()
                finally:
                    self._reopening = False
                    self._changed.notify_all()
            self._users += 1

    def _is_old(self, least: float) -> bool:
        if self._client is None or self._writers or not isinstance(self._path, Path):
            return False
        if self._failed:
            return True
        return time.monotonic() - self._opened_at >= least and _written(self._folder) != self._known

    def _reopen(self) -> None:
        with self._lock:
            for client in (self._client, self._retired):
                if client is not None:
                    close_client(client)
            self._client = self._retired = None
            self._failed = False


def _written(place: Path | str) -> _Written:
    """What changes with every transaction of an embedded index, of any process; None if it is none."""
    if not isinstance(place, Path):
        return None
    try:
        handle = os.open(place / "chroma.sqlite3", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(handle)
        return about.st_ino, about.st_mtime_ns, about.st_size, os.pread(handle, 28, 0)[_COUNTER]
    finally:
        os.close(handle)


class _Indexed(Protocol):
    @property
    def opened(self) -> OpenedIndex: ...


_Index = TypeVar("_Index", bound=_Indexed)
_Method = Callable[Concatenate[_Index, _Arguments], _Found]


def reads(method: _Method[_Index, _Arguments, _Found]) -> _Method[_Index, _Arguments, _Found]:
    """A method that reads the index. It is repeated if it failed while a rebuilt one was put in place, whose files it
    may have been reading, or because another process has written since."""

    @wraps(method)
    def read(index: _Index, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Found:
        opened = index.opened
        before = opened.place
        try:
            with opened.reading():
                return method(index, *args, **kwargs)
        except StoreError as error:
            if opened.place == before and not opened.failed(error):
                raise
        with opened.reading():
            return method(index, *args, **kwargs)

    return read


def writes(method: _Method[_Index, _Arguments, _Found]) -> _Method[_Index, _Arguments, _Found]:
    """A method that writes the index."""

    @wraps(method)
    def written(index: _Index, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Found:
        with index.opened.writing():
            return method(index, *args, **kwargs)

    return written
