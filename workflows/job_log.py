"""Where tracebacks go: a log in the library, not the terminal of whoever ingests."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


@contextmanager
def job_log(root: Path) -> Iterator[Path]:
    """Append what the workflows log to ``root/logs/ingest.log`` for as long as the block runs."""
    path = root / "logs" / "ingest.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace", delay=True)
    handler.setFormatter(logging.Formatter(_FORMAT))
    logger = logging.getLogger("workflows")
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield path
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated
        handler.close()
