"""How a batch of tagging ended, and what it would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number

if TYPE_CHECKING:
    from workflows.tagging.batch import TaggingPlan, TaggingReport


class TagReceiptDocument(Document):
    """How one video ended.

    Attributes:
        status: ``done`` or ``failed``; then ``error_code`` and ``message`` say why, else they are "".
        seconds: that deciding took; 0 if nothing was to do.
        reused: whether nothing changed since it was tagged last, or it was decided before an interruption.
    """

    video_id: str
    uri: str
    status: str
    error_code: str
    message: str
    seconds: Number
    reused: bool


class TaggingTotals(Document):
    """Counts of videos by how they ended, and seconds it took."""

    inputs: int
    done: int
    failed: int
    reused: int
    wall_seconds: Number


class TaggedBatch(Document):
    """What `kinodex tag --all` did: ``output``: the file that was written with ``rows`` decisions; null if none."""

    totals: TaggingTotals
    videos: list[TagReceiptDocument]
    output: str | None
    rows: int


class TaggingPlanDocument(Document):
    """What a batch would do.

    Attributes:
        inputs: videos that it is about; ``videos``: those that would be decided about.
        waiting: decided before an interruption, to be put in place.
        work_seconds: of one worker; ``measured``: whether videos of this library told it.
    """

    inputs: int
    videos: int
    waiting: int
    work_seconds: Number
    measured: bool


def tagged(report: TaggingReport, uris: Mapping[str, str], output: str | None = None, rows: int = 0) -> TaggedBatch:
    """The document of a batch.

    Args:
        uris: of each video, by id.
        output: the file that decisions were written to, and how many ``rows``.
    """
    totals = report.totals
    return TaggedBatch(
        totals=TaggingTotals(
            inputs=totals.inputs,
            done=totals.done,
            failed=totals.failed,
            reused=totals.reused,
            wall_seconds=totals.wall_seconds,
        ),
        videos=[
            TagReceiptDocument(
                video_id=one.video_id,
                uri=uris.get(one.video_id, ""),
                status=one.status,
                error_code=one.error_code,
                message=one.error_message,
                seconds=round(one.seconds, 6),
                reused=one.reused,
            )
            for one in report.receipts
        ],
        output=output,
        rows=rows,
    )


def planned(plan: TaggingPlan) -> TaggingPlanDocument:
    """The document of a plan."""
    return TaggingPlanDocument(
        inputs=len(plan.video_ids),
        videos=len(plan.left),
        waiting=len(plan.waiting),
        work_seconds=plan.seconds,
        measured=plan.measured,
    )
