"""What every test has: what one library took to be made and to be asked, further ones need not do again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, Engine, event

from stores.access import passwords
from stores.sql import opening
from stores.sql.database import writing
from tests.kept import kept


class NotedMigrations:
    """`opening._migrate` for databases without tables, of which the first of each kind is migrated by it."""

    def __init__(self) -> None:
        self._migrate = opening._migrate
        self._statements: dict[str, list[tuple[str, Any]]] = {}

    def __call__(self, engine: Engine, current: str | None) -> None:
        if current is not None:
            self._migrate(engine, current)
        elif engine.dialect.name in self._statements:
            self._replay(engine)
        else:
            self._note(engine)

    def _note(self, engine: Engine) -> None:
        noted: list[tuple[str, Any]] = []

        def note(connection: Connection, cursor: object, statement: str, parameters: Any, *_: object) -> None:
            if statement.split(None, 1)[0].upper() not in ("SELECT", "PRAGMA", "BEGIN"):
                noted.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            self._migrate(engine, None)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        if noted:  # else another process was faster
            self._statements[engine.dialect.name] = noted

    def _replay(self, engine: Engine) -> None:
        with writing(engine) as connection:
            if opening._revision(connection) is None:
                cursor = connection.connection.cursor()
                for statement, parameters in self._statements[engine.dialect.name]:
                    cursor.execute(statement, parameters or ())
                cursor.close()


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A suite that runs in the background ignores Ctrl-C, and programs that it starts would, too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def quick_libraries() -> Iterator[None]:
    """Saves a tenth of a second a library. Programs that tests start do without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_migrate", NotedMigrations())
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_starts() -> Iterator[None]:
    """Saves seconds for whatever opens models that other tests opened before, and a fifth for each command."""
    with kept():
        yield


@pytest.fixture(scope="session", autouse=True)
def shipped_hasher() -> Iterator[PasswordHasher]:
    """The hasher of passwords as it is shipped, which takes its time; tests have one that takes none."""
    shipped = passwords._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1, shipped.hash_len, shipped.salt_len))
        yield shipped


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small networks learn faster on one thread, and the same each time."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
