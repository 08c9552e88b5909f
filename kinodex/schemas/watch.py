"""What `kinodex watch` prints of each round of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number
from kinodex.schemas.ingest import IngestedVideo, IngestTotals, ingested, totals

if TYPE_CHECKING:
    from workflows.watch_folder import Round


class RoundError(Document):
    """Why a round could not be run, and what to do."""

    code: str
    message: str
    hint: str


class RoundDocument(Document):
    """One ingest of files that arrived.

    Attributes:
        round: from 1.
        files: how many it was given; waiting: how many are still growing.
        seconds: how long it took; ended_at: seconds since the epoch.
        videos, totals: as `kinodex ingest` prints them; empty and null where it could not be run.
        error: null unless it could not be run.
    """

    round: int
    files: int
    waiting: int
    seconds: Number
    ended_at: Number
    videos: list[IngestedVideo]
    totals: IngestTotals | None
    error: RoundError | None


def watch_round(made: Round) -> RoundDocument:
    """The document of one round."""
    report, error = made.report, made.error
    return RoundDocument(
        round=made.number,
        files=made.files,
        waiting=made.waiting,
        seconds=made.seconds,
        ended_at=made.ended_at,
        videos=[ingested(one) for one in report.videos] if report is not None else [],
        totals=totals(report.totals) if report is not None else None,
        error=RoundError(code=error.code.name, message=error.message, hint=error.hint) if error else None,
    )
