"""Metrics of the server. They tell nothing about videos, and so need no principal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workflows.telemetry.server_metrics import CONTENT_TYPE as CONTENT_TYPE
from workflows.telemetry.server_metrics import ServerMetrics

if TYPE_CHECKING:
    from kinodex.library import Library

STATES = ("queued", "running", "done", "failed", "cancelled", "interrupted")


def server_metrics(library: Library, worker: Callable[[], bool | None]) -> ServerMetrics:
    """The metrics of a server of this library.

    Args:
        worker: returns whether its worker process is alive; None if it has none.
    """
    return ServerMetrics(lambda: dict.fromkeys(STATES, 0) | library.store.jobs.counts(), worker)
