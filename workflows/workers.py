"""The default number of workers."""

from __future__ import annotations

import os


def default_workers() -> int:
    """One worker per processor that this process may use: a model call keeps one busy."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
