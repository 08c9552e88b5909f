"""The exit status and HTTP status of every error code, and the exit status of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.report import Totals

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_SOME_FAILED = 3
EXIT_NOT_RECONCILED = 4
EXIT_STOPPED = 5
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an error ends a request: ``exit_status`` of a command, ``http_status`` of an answer (RFC 9110)."""

    exit_status: int
    http_status: int


_UNPROCESSABLE = Outcome(EXIT_FAILED, 422)
_BROKEN = Outcome(EXIT_FAILED, 500)
_UNAVAILABLE = Outcome(EXIT_FAILED, 503)

OUTCOMES: Mapping[str, Outcome] = {
    "FILE_MISSING": Outcome(EXIT_FAILED, 404),
    "FILE_EMPTY": _UNPROCESSABLE,
    "FILE_UNREADABLE": _UNPROCESSABLE,
    "NOT_MEDIA": Outcome(EXIT_FAILED, 415),
    "TRUNCATED": _UNPROCESSABLE,
    "ENCRYPTED": _UNPROCESSABLE,
    "NO_VIDEO_STREAM": _UNPROCESSABLE,
    "NO_FRAMES": _UNPROCESSABLE,
    "UNSUPPORTED_CODEC": Outcome(EXIT_FAILED, 415),
    "ABSURD_DIMENSIONS": _UNPROCESSABLE,
    "DECODE_FAILED": _UNPROCESSABLE,
    "DECODE_CRASHED": _UNPROCESSABLE,
    "DECODE_TIMEOUT": _UNPROCESSABLE,
    "DECODE_MEMORY": _UNPROCESSABLE,
    "AUDIO_DECODE_FAILED": _UNPROCESSABLE,
    "MODEL_MISSING": _BROKEN,
    "MODEL_CORRUPT": _BROKEN,
    "MODEL_FAILED": _BROKEN,
    "LIBRARY_MISSING": Outcome(EXIT_FAILED, 404),
    "LIBRARY_LOCKED": Outcome(EXIT_FAILED, 423),
    "LIBRARY_READ_ONLY": _BROKEN,
    "LIBRARY_VERSION": _BROKEN,
    "LIBRARY_DAMAGED": _BROKEN,
    "DISK_FULL": Outcome(EXIT_FAILED, 507),
    "STALE_ATTEMPT": Outcome(EXIT_FAILED, 409),
    "VECTOR_STORE_FAILED": _BROKEN,
    "DATABASE_UNREACHABLE": _UNAVAILABLE,
    "VECTOR_STORE_UNREACHABLE": _UNAVAILABLE,
    "BLOB_STORE_UNREACHABLE": _UNAVAILABLE,
    "TAG_FILE_INVALID": _UNPROCESSABLE,
    "NO_TAGS": Outcome(EXIT_FAILED, 409),
    "ENDPOINT_UNREACHABLE": Outcome(EXIT_FAILED, 504),
    "ENDPOINT_REFUSED": Outcome(EXIT_FAILED, 502),
    "ENDPOINT_BAD_OUTPUT": Outcome(EXIT_FAILED, 502),
    "ENDPOINT_CONTEXT": Outcome(EXIT_FAILED, 502),
    "ENDPOINT_FILTERED": _UNPROCESSABLE,
    "ENDPOINT_BUDGET": Outcome(EXIT_FAILED, 503),
    "UNKNOWN_VIDEO": Outcome(EXIT_FAILED, 404),
    "UNKNOWN_THREAD": Outcome(EXIT_FAILED, 404),
    "THREAD_BUSY": Outcome(EXIT_FAILED, 409),
    "TURN_TIMEOUT": Outcome(EXIT_FAILED, 504),
    "EVIDENCE_GONE": Outcome(EXIT_FAILED, 409),
    "QUERY_REFUSED": Outcome(EXIT_USAGE, 400),
    "QUERY_LIMIT": _UNPROCESSABLE,
    "NOT_FOUND": Outcome(EXIT_FAILED, 404),
    "CONFLICT": Outcome(EXIT_FAILED, 409),
    "TOO_LARGE": Outcome(EXIT_FAILED, 413),
    "TOO_MANY_REQUESTS": Outcome(EXIT_FAILED, 429),
    "LOGIN_REQUIRED": Outcome(EXIT_FAILED, 401),
    "FORBIDDEN": Outcome(EXIT_FAILED, 403),
    "USAGE": Outcome(EXIT_USAGE, 400),
    "SETTINGS_INVALID": Outcome(EXIT_USAGE, 500),
    "WORKER_LOST": _UNAVAILABLE,
    "INTERNAL": _BROKEN,
}
"""Every code of `stores.core.errors.CODES`."""


def exit_code(totals: Totals) -> int:
    """The exit status of a job: 0 all done, 3 some failed, 4 the counts do not add up, 5 a budget stopped it."""
    if not totals.reconciled:
        return EXIT_NOT_RECONCILED
    if totals.postponed:
        return EXIT_STOPPED
    return EXIT_SOME_FAILED if totals.failed or totals.quarantined else 0
