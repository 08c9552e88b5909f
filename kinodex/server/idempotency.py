"""Requests that are sent twice and done once: ``Idempotency-Key``.

Kept in memory for a day: a client that retries does so within seconds. After a restart of the server a key is new; what
must not even then be done twice keeps the key in its own table.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Header, Request

from stores.core.errors import UsageError

if TYPE_CHECKING:
    from kinodex.schemas.base import Document
    from kinodex.views.library_view import LibraryView

SECONDS = 24 * 3600.0
MOST = 10_000
"""How long and how many keys are known. Source: our choice."""

Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=255, description="A request with a known key gets the first answer."),
]

_Made = TypeVar("_Made")


@dataclass(slots=True)
class _Entry:
    body: str
    until: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: list[Any] = field(default_factory=list)


class Idempotency:
    """Answers by key. Thread-safe: of two requests with one key at the same time the second waits for the first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, ...], _Entry] = OrderedDict()

    def once(self, name: tuple[str, ...], body: str, make: Callable[[], _Made]) -> _Made:
        """What ``make`` returned when it was first called for this name; if it raised, it is called again.

        Args:
            name: who, what and the key.
            body: of the request.

        Raises:
            UsageError: CONFLICT if the key was used for another body.
        """
        entry = self._entry(name, body)
        if entry.body != body:
            hint = "Take a new key for a new request."
            raise UsageError("CONFLICT", "This Idempotency-Key was used for another request.", hint)
        with entry.lock:
            if not entry.made:
                entry.made.append(make())
            return entry.made[0]  # type: ignore[no-any-return]

    def _entry(self, name: tuple[str, ...], body: str) -> _Entry:
        now = self._clock()
        with self._lock:
            while self._entries and next(iter(self._entries.values())).until <= now:
                self._entries.popitem(last=False)
            while len(self._entries) > MOST:
                self._entries.popitem(last=False)
            return self._entries.setdefault(name, _Entry(body, now + SECONDS))


def once(request: Request, view: LibraryView, key: str | None, body: Document, make: Callable[[], _Made]) -> _Made:
    """What a route returns for a key (None: always new), the same for the same principal, path and body.

    Raises:
        UsageError: CONFLICT if the key was used for another body.
    """
    if not key:
        return make()
    memory: Idempotency = request.app.state.idempotency
    who = view.principal
    name = (who.user_id, who.key_id, request.method, request.url.path, key)
    return memory.once(name, hashlib.sha256(body.model_dump_json().encode()).hexdigest(), make)
