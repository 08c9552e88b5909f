"""Server-sent events: numbered, resumed by ``Last-Event-ID``, kept alive, ended at once when the server stops."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Header, Query
from starlette.responses import StreamingResponse

from kinodex.views.names import without_paths
from stores.core.errors import KinodexError, UsageError

if TYPE_CHECKING:
    from fastapi import FastAPI

MEDIA_TYPE = "text/event-stream"

HEARTBEAT_SECONDS = 15.0
"""Of silence, after which a comment is sent: proxies give up silent connections. Source: the HTML standard, 9.2.7."""

SOONEST, LATEST = 0.15, 1.0
"""Seconds between two looks for news: after some came, and after long silence. Source: our choice."""

AT_ONCE = 8
"""Looks for news at the same time, of all streams: they must not take the threads of other requests."""

MOST = 256
"""Streams of one app: each looks for news once a second or more often. Source: our choice: `AT_ONCE` looks of some
milliseconds."""

RETRY_MILLISECONDS = 1_000
"""After which a browser whose connection broke connects again."""

LastEventId = Annotated[int, Header(alias="Last-Event-ID", ge=0, description="Events up to this number are known.")]
After = Annotated[int, Query(ge=0, description="As Last-Event-ID, for clients that cannot send headers.")]

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events as they happen: `id` is a number, `event` the kind, `data` JSON.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``number``: None for one that is not counted, such as the last one of a stream."""

    kind: str
    data: Any
    number: int | None = None

    def encoded(self) -> bytes:
        """The event on the wire; JSON holds no line breaks."""
        lines = [] if self.number is None else [f"id: {self.number}"]
        body = json.dumps(self.data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return "\n".join([*lines, f"event: {self.kind}", f"data: {body}", "", ""]).encode()


@dataclass(frozen=True, slots=True)
class News:
    """What one look found: events in order, and whether nothing will follow them."""

    events: Sequence[Event]
    over: bool = False


Look = Callable[[int], News]
"""Finds what came after the event with a number; called in a thread, once at a time for each stream. It checks access
each time, and raises if there is none any more."""


class Streams:
    """The streams of one app, which end when it stops."""

    def __init__(self) -> None:
        self._closing = threading.Event()
        self._limiter: CapacityLimiter | None = None
        self._open = 0

    def close(self) -> None:
        """End all streams: clients connect again, to the next server, and miss nothing."""
        self._closing.set()

    @property
    def closing(self) -> bool:
        """Whether they end."""
        return self._closing.is_set()

    def stream(self, look: Look, after: int = 0) -> StreamingResponse:
        """The response that sends what ``look`` finds until it is over.

        Args:
            after: the number of the last event that the client has.

        Raises:
            UsageError: TOO_MANY_REQUESTS if there are `MOST` streams.
        """
        if self._open >= MOST:
            hint = "Close pages that follow jobs or answers."
            raise UsageError("TOO_MANY_REQUESTS", f"{MOST} streams of events are open.", hint)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._counted(look, after), headers=headers, media_type=MEDIA_TYPE)

    async def _counted(self, look: Look, after: int) -> AsyncIterator[bytes]:
        self._open += 1  # in the event loop, by one task at a time
        try:
            async for chunk in self._chunks(look, after):
                yield chunk
        finally:
            self._open -= 1

    async def _chunks(self, look: Look, after: int) -> AsyncIterator[bytes]:
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        pause, spoken = SOONEST, time.monotonic()
        while not self.closing:
            try:
                news = await run_sync(look, after, limiter=self._limiter)
            except KinodexError as error:
                # Access was taken away, or what was followed is gone.
                yield Event("error", {"code": error.code.name, "title": without_paths(error.message)}).encoded()
                return
            for event in news.events:
                after = event.number if event.number is not None else after
                yield event.encoded()
            if news.over:
                return
            pause = SOONEST if news.events else min(LATEST, pause * 1.3)
            if news.events:
                spoken = time.monotonic()
            elif time.monotonic() - spoken > HEARTBEAT_SECONDS:
                spoken = time.monotonic()
                yield b": still here\n\n"
            await self._sleep(pause)

    async def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.closing and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.2))


def streams_of(app: FastAPI) -> Streams:
    """The streams of an app."""
    found: Streams = app.state.streams
    return found
