"""The job's log: one line of JSON for each thing that happened, in the library, not on a terminal.

Lines name videos, stages, codes and times. What a video says or shows never stands in them, nor does anything out of
a file; a bug's traceback does, its message cut short, since only that lets it be mended.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stores.sql.faults import storage_faults
from workflows.telemetry.progress import (
    Event,
    Identified,
    Planned,
    Progress,
    StageAdvanced,
    StageFinished,
    StageStarted,
    Waiting,
)

LOG = Path("logs") / "ingest.jsonl"
"""Where it lies in a library."""

MAX_BYTES = 10_000_000
"""Size from which on a new file is begun. Source: our choice: some 40,000 lines."""

KEPT = 5
"""Older files that are kept: ``ingest.jsonl.1`` is the newest of them. Source: our choice: 60 MB at most."""

_FIELDS = "_kinodex"
_LONGEST_MESSAGE = 300  # characters of an exception's own words, which may quote what it failed on
_LOGGERS = {"workflows": logging.INFO, "pipeline": logging.WARNING, "stores": logging.WARNING}
_log = logging.getLogger(__name__)


@contextmanager
def job_log(root: Path, run: int | None = None) -> Iterator[Path]:
    """Append what happens in the block to ``root/logs/ingest.jsonl``; several processes may do so at once.

    Args:
        run: number of the job, to stand on every line.

    Raises:
        StoreError: LIBRARY_READ_ONLY or DISK_FULL if the folder cannot be made.
    """
    path = root / LOG
    with storage_faults(f"The log {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
    handler = _Lines(path, run)
    with ExitStack() as stack:
        for name, level in _LOGGERS.items():
            stack.enter_context(_handled(logging.getLogger(name), handler, level))
        yield path


def log_events(progress: Progress, run: int | None = None) -> Progress:
    """A watcher that writes what it is told to the log, and tells ``progress``, too.

    Args:
        run: number of the job; needed only where `job_log` was not given it.
    """

    def tell(event: Event) -> None:
        if not isinstance(event, Identified | StageAdvanced):
            note(_event_name(event), _event_fields(event) | ({} if run is None else {"run": run}))
        # Somebody who no longer looks (`| head`) must not end the job.
        with suppress(OSError):
            progress(event)

    return tell


def note(event: str, fields: Mapping[str, object], level: int = logging.INFO) -> None:
    """Write one line to the log of the job that runs, if there is one.

    Args:
        event: what happened, as a name.
        fields: anything JSON can hold; never what was seen or heard.
    """
    _log.log(level, event, extra={_FIELDS: dict(fields)})


def _event_name(event: Event) -> str:
    names = {Planned: "planned", StageStarted: "stage_started", StageFinished: "stage_ended", Waiting: "waiting"}
    return names.get(type(event), "video_ended")


def _event_fields(event: Event) -> dict[str, object]:
    fields: dict[str, object] = asdict(event)
    if "error_code" in fields:
        fields["code"] = fields.pop("error_code")
    if isinstance(event, Planned):
        fields["stages"] = dict(event.stages)
    return fields


@contextmanager
def _handled(logger: logging.Logger, handler: logging.Handler, level: int) -> Iterator[None]:
    before = logger.level, logger.propagate
    logger.setLevel(level)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


class _Lines(logging.Handler):
    """Appends lines to a file that other processes append to as well, and begins a new one when it is full."""

    def __init__(self, path: Path, run: int | None) -> None:
        super().__init__()
        self._path = path
        self._run = run
        self._process = f"{socket.gethostname()}-{os.getpid()}"

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = json.dumps(self._fields(record), ensure_ascii=True, default=str).encode() + b"\n"
            with (self._path.parent / ".lock").open("w") as lock:
                # Held by whoever writes or moves files on, in any process.
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self._path.exists() and self._path.stat().st_size + len(line) > MAX_BYTES:
                    self._move_on()
                with self._path.open("ab") as file:
                    file.write(line)
        except OSError:
            # A full disk must not end a job by way of its log, nor fill the terminal; the job finds out by itself.
            return

    def _move_on(self) -> None:
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{number}") for number in range(1, KEPT + 1))]
        for older, newer in zip(reversed(names), list(reversed(names))[1:], strict=False):
            if newer.exists():
                newer.replace(older)

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        given: Mapping[str, object] | None = getattr(record, _FIELDS, None)
        line: dict[str, Any] = {
            "ts": _timestamp(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage() if given is not None else "message",
            "run": self._run,
            "process": self._process,
        }
        if given is None:
            line |= {"logger": record.name, "message": record.getMessage()[:_LONGEST_MESSAGE]}
        else:
            line |= given
        if record.exc_info and record.exc_info[1] is not None:
            line |= {"event": "bug", "trace": _trace(record.exc_info[1])}
        return line


def _timestamp(seconds: float) -> str:
    """UTC in the form of RFC 3339, to the millisecond."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def _trace(error: BaseException) -> str:
    """Where it happened, through all causes; each exception's own words are cut short."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=False)
    lines: list[str] = []
    for one in _chain(shown):
        words = "".join(one.format_exception_only()).strip()
        lines += [*one.stack.format(), words[:_LONGEST_MESSAGE] + "\n"]
    return "".join(lines)


def _chain(shown: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Causes first, as Python prints them."""
    cause = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
    if cause is not None:
        yield from _chain(cause)
    yield shown
