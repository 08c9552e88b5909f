"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 240.0


def until(what: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until it is so; fails after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
