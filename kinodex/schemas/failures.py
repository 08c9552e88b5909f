"""What failed, what is retried, and the outcome of a replayed stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number
from kinodex.schemas.ingest import IngestDocument
from stores.core.errors import CODES

if TYPE_CHECKING:
    from stores.core.records import Receipt
    from stores.entries import InputError
    from workflows.replay import Replay


class FailureDocument(Document):
    """One failed stage, or an input that could not be read (``video_id`` and ``stage`` are "").

    Attributes:
        blame: ``input`` the file, ``infra`` disk, memory, network or settings, ``bug`` Kinodex.
        retryable: whether the same command may succeed later.
        strikes: attempts that count against the video.
        replay: the command that runs the stage again without changing the library.
    """

    video_id: str
    uri: str
    stage: str
    status: str
    code: str
    message: str
    blame: str
    retryable: bool
    attempts: int
    strikes: int
    seconds: Number
    replay: str


class ErrorsDocument(Document):
    """What `kinodex errors` lists; ``gone`` counts failures of files that have been removed since."""

    errors: list[FailureDocument]
    gone: int


class QuarantinedDocument(Document):
    """The stages that used up their attempts."""

    quarantined: list[FailureDocument]


class RequeuedDocument(Document):
    """What `quarantine release` has retried.

    Attributes:
        videos: how many; gone: ids of those whose files are missing.
    """

    dry_run: bool
    stages: list[FailureDocument]
    videos: int
    gone: list[str]


class RetryDocument(RequeuedDocument):
    """What `kinodex retry` has retried, and what ``--now`` did; null where nothing was ingested."""

    ingest: IngestDocument | None = None


class ReplayDocument(Document):
    """The outcome of a replayed stage.

    Attributes:
        error_code, error_message: "" where it succeeded; trace: of a bug.
        records: how many of each kind it found; blobs: name to bytes; vectors: how many.
        same: whether records and vectors equal those that are stored; null where nothing is stored with the present
            settings.
        recorded: the failure that is recorded for this run, "" where there is none. Where the replay succeeds all the
            same, the cause has gone, or it was not the stage that failed, but storing what it found.
    """

    video_id: str
    stage: str
    uri: str
    seconds: Number
    error_code: str
    error_message: str
    trace: str
    records: dict[str, int]
    blobs: dict[str, int]
    vectors: int
    same: bool | None
    recorded: str
    failed: bool


def stage_failure(run: Receipt, uri: str, replay: str) -> FailureDocument:
    """A failed run, and the command that makes it happen again."""
    return FailureDocument(
        video_id=run.key.video_id,
        uri=uri,
        stage=run.key.stage,
        status=run.status,
        code=run.error_code,
        message=run.error_message,
        blame=CODES[run.error_code].blame,
        retryable=CODES[run.error_code].retryable,
        attempts=run.attempt,
        strikes=run.strikes,
        seconds=run.seconds,
        replay=replay,
    )


def input_failure(error: InputError, replay: str) -> FailureDocument:
    """An input that could not be read."""
    return FailureDocument(
        video_id="",
        uri=error.uri,
        stage="",
        status="failed",
        code=error.error_code,
        message=error.error_message,
        blame=CODES[error.error_code].blame,
        retryable=CODES[error.error_code].retryable,
        attempts=0,
        strikes=0,
        seconds=0.0,
        replay=replay,
    )


def replayed(made: Replay) -> ReplayDocument:
    """The document of a replay."""
    return ReplayDocument(
        video_id=made.video_id,
        stage=made.stage,
        uri=made.uri,
        seconds=made.seconds,
        error_code=made.error_code,
        error_message=made.error_message,
        trace=made.trace,
        records=dict(made.records),
        blobs=dict(made.blobs),
        vectors=made.vectors,
        same=made.same,
        recorded=made.recorded,
        failed=bool(made.error_code),
    )
