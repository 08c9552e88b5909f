"""Every error that Kinodex raises on purpose, with its code and whose fault it is.

    KinodexError            has .code (ErrorCode), .message, .hint
    ├── MediaError          one video cannot be read or decoded; the others go on
    ├── ModelError          a model's weights are missing, altered or do not run
    ├── StoreError          the library itself: locked, read-only, full, of another version
    ├── TagFileError        a tag library file that cannot be imported
    ├── EndpointError       the OpenAI-compatible endpoint failed or gave an unusable answer
    └── UsageError          a request that fails however often it is retried: unknown video, bad option

Models raise `encoders.types.WeightsError`, which becomes a `ModelError` where a stage begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Blame = Literal["input", "infra", "bug"]


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A stable name for one kind of failure.

    Attributes:
        name: what scripts match on, e.g. ``FILE_EMPTY``.
        retryable: whether the same command may succeed later with nothing changed.
        blame: ``input`` (the file), ``infra`` (disk, memory, network, settings) or ``bug`` (Kinodex).
    """

    name: str
    retryable: bool
    blame: Blame

    def __str__(self) -> str:
        return self.name


CODES: dict[str, ErrorCode] = {
    code.name: code
    for code in (
        ErrorCode("FILE_MISSING", False, "input"),
        ErrorCode("FILE_EMPTY", False, "input"),
        ErrorCode("FILE_UNREADABLE", True, "infra"),
        ErrorCode("NOT_MEDIA", False, "input"),
        ErrorCode("TRUNCATED", False, "input"),
        ErrorCode("ENCRYPTED", False, "input"),
        ErrorCode("NO_VIDEO_STREAM", False, "input"),
        ErrorCode("NO_FRAMES", False, "input"),
        ErrorCode("UNSUPPORTED_CODEC", False, "input"),
        ErrorCode("ABSURD_DIMENSIONS", False, "input"),
        ErrorCode("DECODE_FAILED", False, "input"),
        ErrorCode("DECODE_CRASHED", True, "input"),
        ErrorCode("DECODE_TIMEOUT", True, "input"),
        ErrorCode("DECODE_MEMORY", True, "input"),
        ErrorCode("AUDIO_DECODE_FAILED", False, "input"),
        ErrorCode("MODEL_MISSING", False, "infra"),
        ErrorCode("MODEL_CORRUPT", False, "infra"),
        ErrorCode("MODEL_FAILED", True, "bug"),
        ErrorCode("LIBRARY_MISSING", False, "infra"),
        ErrorCode("LIBRARY_LOCKED", True, "infra"),
        ErrorCode("LIBRARY_READ_ONLY", False, "infra"),
        ErrorCode("LIBRARY_VERSION", False, "infra"),
        ErrorCode("LIBRARY_DAMAGED", False, "infra"),
        ErrorCode("DISK_FULL", True, "infra"),
        ErrorCode("STALE_ATTEMPT", True, "infra"),
        ErrorCode("VECTOR_STORE_FAILED", True, "infra"),
        ErrorCode("DATABASE_UNREACHABLE", True, "infra"),
        ErrorCode("VECTOR_STORE_UNREACHABLE", True, "infra"),
        ErrorCode("BLOB_STORE_UNREACHABLE", True, "infra"),
        ErrorCode("TAG_FILE_INVALID", False, "input"),
        ErrorCode("NO_TAGS", False, "input"),
        ErrorCode("ENDPOINT_UNREACHABLE", True, "infra"),
        ErrorCode("ENDPOINT_REFUSED", False, "infra"),
        ErrorCode("ENDPOINT_BAD_OUTPUT", True, "infra"),
        ErrorCode("ENDPOINT_CONTEXT", False, "infra"),
        ErrorCode("ENDPOINT_FILTERED", False, "input"),
        ErrorCode("ENDPOINT_BUDGET", False, "infra"),
        ErrorCode("UNKNOWN_VIDEO", False, "input"),
        ErrorCode("QUERY_REFUSED", False, "input"),
        ErrorCode("QUERY_LIMIT", False, "input"),
        ErrorCode("UNKNOWN_THREAD", False, "input"),
        ErrorCode("THREAD_BUSY", True, "infra"),
        ErrorCode("TURN_TIMEOUT", True, "infra"),
        ErrorCode("EVIDENCE_GONE", True, "infra"),
        ErrorCode("NOT_FOUND", False, "input"),
        ErrorCode("CONFLICT", False, "input"),
        ErrorCode("TOO_LARGE", False, "input"),
        ErrorCode("TOO_MANY_REQUESTS", True, "input"),
        ErrorCode("LOGIN_REQUIRED", False, "input"),
        ErrorCode("FORBIDDEN", False, "input"),
        ErrorCode("USAGE", False, "input"),
        ErrorCode("SETTINGS_INVALID", False, "input"),
        ErrorCode("WORKER_LOST", True, "infra"),
        ErrorCode("INTERNAL", False, "bug"),
    )
}


class KinodexError(Exception):
    """Base of all errors raised on purpose.

    Args:
        code: a name in `CODES`.
        message: one sentence that says what is wrong and names the file, video or setting concerned.
        hint: one sentence that says what to do about it; may be empty.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = CODES[code]
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[KinodexError], tuple[str, str, str]]:
        return type(self), (self.code.name, self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" {self.hint}" if self.hint else "")


class MediaError(KinodexError):
    """One video cannot be read or decoded."""


class ModelError(KinodexError):
    """A model's weights are missing, altered or do not run."""


class StoreError(KinodexError):
    """The library cannot be opened, read or written."""


class TagFileError(KinodexError):
    """A tag library file cannot be imported."""


class EndpointError(KinodexError):
    """The OpenAI-compatible endpoint failed or answered something unusable."""


class UsageError(KinodexError):
    """A request that fails however often it is retried."""
