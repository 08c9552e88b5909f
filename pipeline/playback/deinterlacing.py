"""Pictures of two half pictures, as television and tape recorded them, made into whole ones. Runs in the child."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import av
from av.filter import Graph

# A picture for each picture, at its time; those that are whole already stay as they are.
_HOW = "mode=send_frame:deint=interlaced"


class Deinterlacer:
    """Passes pictures on as they are until the first one of two half pictures comes, and makes those whole."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._form: tuple[int, int, str] = (0, 0, "")

    def whole(self, frame: Any) -> Iterator[Any]:
        """The next pictures, each with a ``pts`` and a ``time_base`` of its own; some come one call later."""
        if self._graph is None and not frame.interlaced_frame:
            yield frame
            return
        form = frame.width, frame.height, frame.format.name
        if self._graph is None or form != self._form:
            yield from self.rest()
            self._open(frame)
            self._form = form
        self._graph.push(frame)
        yield from self._ready()

    def rest(self) -> Iterator[Any]:
        """The last pictures."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._ready()
            self._graph = None

    def _open(self, frame: Any) -> None:
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        weaver, sink = self._graph.add("yadif", _HOW), self._graph.add("buffersink")
        source.link_to(weaver)
        weaver.link_to(sink)
        self._graph.configure()

    def _ready(self) -> Iterator[Any]:
        with suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                yield self._graph.pull()
