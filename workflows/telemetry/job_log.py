"""The job's log: one line of JSON for each event, in the library's folder.

Lines name videos, stages, codes and times, but never the content of a video or of any other file. The traceback of a
bug is logged, since it is needed to fix the bug; its message is truncated.
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
"""Its path in a library."""

MAX_BYTES = 10_000_000
"""Size at which the log is rotated. Source: our choice: some 40,000 lines."""

KEPT = 5
"""Older files that are kept: ``ingest.jsonl.1`` is the newest of them. Source: our choice: 60 MB at most."""

_FIELDS = "_kinodex"
_LONGEST_MESSAGE = 300  # characters of an exception's message, which may quote content
_LOGGERS = {"workflows": logging.INFO, "pipeline": logging.WARNING, "stores": logging.WARNING}
_log = logging.getLogger(__name__)


@contextmanager
def job_log(root: Path, run: int | None = None) -> Iterator[Path]:
    """Log what happens in the block to ``root/logs/ingest.jsonl``; several processes may do so at once.

    Args:
        run: number of the job, added to every line.

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
    """A callback that logs each event and passes it on to ``progress``.

    Args:
        run: number of the job; needed only where `job_log` was not given it.
    """

    def log_and_pass_on(event: Event) -> None:
        if not isinstance(event, Identified | StageAdvanced):
            note(_event_name(event), _event_fields(event) | ({} if run is None else {"run": run}))
        # A closed pipe (`| head`) must not end the job.
        with suppress(OSError):
            progress(event)

    return log_and_pass_on


def note(event: str, fields: Mapping[str, object], level: int = logging.INFO) -> None:
    """Write one line to the log of the job that runs, if there is one.

    Args:
        event: what happened, as a name.
        fields: anything that JSON can hold; never the content of a video.
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
    """Appends lines to a file to which other processes append as well, and rotates it when it is full."""

    def __init__(self, path: Path, run: int | None) -> None:
        super().__init__()
        self._path = path
        self._run = run
        self._process = f"{socket.gethostname()}-{os.getpid()}"

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = json.dumps(self._fields(record), ensure_ascii=True, default=str).encode() + b"\n"
            with (self._path.parent / ".lock").open("w") as lock:
                # Held while any process writes or rotates.
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self._path.exists() and self._path.stat().st_size + len(line) > MAX_BYTES:
                    self._rotate()
                with self._path.open("ab") as file:
                    file.write(line)
        except OSError:
            # A full disk must neither end the job through its log nor flood the terminal; the job itself will notice.
            return

    def _rotate(self) -> None:
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
    """The traceback with all causes; each exception's message is truncated."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=False)
    lines: list[str] = []
    for one in _chain(shown):
        message = "".join(one.format_exception_only()).strip()
        lines += [*one.stack.format(), message[:_LONGEST_MESSAGE] + "\n"]
    return "".join(lines)


def _chain(shown: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Causes first, as Python prints them."""
    cause = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
    if cause is not None:
        yield from _chain(cause)
    yield shown
